//! Events as FHIR: bundles, what is in them, and what refers to what.
//!
//! Refuses bundles without an event, events about a patient who is not in the bundle, and references that two resources answer
//! to. Resources of other kinds are passed over.
//!
//! Source: HL7 FHIR R4, Bundle (resolving references in bundles); one bundle may follow another, as in NDJSON.

mod resource;

use super::Event;
use super::check::wrong;
use super::rows::{MAX_REQUEST, Raw, object, too_large, within};
use crate::failure::{Code, Failure};
use crate::issue::products::Products;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What is left of several bundles.
pub(super) struct Bundles<'a> {
    bundles: std::vec::IntoIter<Whole<'a>>,
    current: Option<Bundle<'a>>,
}

/// A bundle, or why it is none.
enum Whole<'a> {
    Good(Bundle<'a>),
    Bad(&'a str, Failure),
}

/// A bundle, of which the rows from `next` on are left.
struct Bundle<'a> {
    entries: Vec<Entry<'a>>,
    /// By full URL and by type and id; nothing where two answer to one.
    index: BTreeMap<String, Option<usize>>,
    rows: Vec<usize>,
    next: usize,
}

/// A resource in a bundle.
struct Entry<'a> {
    part: Part<'a>,
    kind: Cow<'a, str>,
    id: Option<Cow<'a, str>>,
    facts: Facts,
}

/// A resource as it came.
#[derive(Clone)]
pub(super) struct Part<'a> {
    pub(super) full_url: Option<Cow<'a, str>>,
    pub(super) resource: &'a str,
}

/// What others want to know of a resource.
enum Facts {
    /// It is read in its turn.
    Event,
    Person(resource::StatedPerson),
    Thing(resource::Thing),
    /// It cannot be read, for this reason.
    Unreadable(Code),
    Passed,
}

#[derive(Deserialize)]
struct RawBundle<'a> {
    #[serde(rename = "resourceType", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    entry: Vec<RawEntry<'a>>,
}

#[derive(Deserialize)]
struct RawEntry<'a> {
    #[serde(rename = "fullUrl", borrow)]
    full_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "resourceType", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
}

impl<'a> Bundles<'a> {
    /// The bundles in `text`.
    ///
    /// # Errors
    /// `request_invalid` where it is not JSON, `input_too_large` where a bundle is over its ceiling.
    pub(super) fn read(text: &'a [u8]) -> Result<Self, Failure> {
        let mut bundles = Vec::new();
        for raw in serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>() {
            let raw = raw.map_err(|error| {
                let (line, column) = (error.line(), error.column());
                let reason = format!("not JSON (line {line}, column {column})");
                Code::RequestInvalid.because(reason)
            })?;
            let raw = raw.get();
            if raw.len() > MAX_REQUEST {
                return Err(too_large(format!("a bundle is over {MAX_REQUEST} bytes")));
            }
            bundles.push(match Bundle::read(raw) {
                Ok(bundle) => Whole::Good(bundle),
                Err(failure) => Whole::Bad(raw, failure),
            });
        }
        Ok(Self {
            bundles: bundles.into_iter(),
            current: None,
        })
    }

    /// How many rows are left.
    pub(super) fn left(&self) -> usize {
        let left = |bundle: &Bundle<'_>| bundle.rows.len() - bundle.next;
        let others = self.bundles.as_slice().iter().map(|whole| match whole {
            Whole::Good(bundle) => left(bundle),
            Whole::Bad(..) => 1,
        });
        self.current.as_ref().map_or(0, left) + others.sum::<usize>()
    }

    pub(super) fn next_row(
        &mut self,
        products: &Products,
    ) -> Option<(Raw<'a>, Result<Event, Failure>)> {
        loop {
            if let Some(row) = self.current.as_mut().and_then(|b| b.next_row(products)) {
                return Some(row);
            }
            match self.bundles.next()? {
                Whole::Good(bundle) => self.current = Some(bundle),
                Whole::Bad(raw, failure) => return Some((Raw::Text(raw.as_bytes()), Err(failure))),
            }
        }
    }
}

impl<'a> Bundle<'a> {
    fn read(text: &'a str) -> Result<Self, Failure> {
        let raw: RawBundle<'a> =
            serde_json::from_str(text).map_err(|_| wrong("event", "is not a FHIR Bundle"))?;
        // The reader of structures would take a list for one, too.
        if raw.kind != "Bundle" || !text.starts_with('{') {
            return Err(wrong("event", "is not a FHIR Bundle"));
        }
        let mut bundle = Self {
            entries: Vec::new(),
            index: BTreeMap::new(),
            rows: Vec::new(),
            next: 0,
        };
        for raw in raw.entry {
            let Some(resource) = raw.resource else {
                continue;
            };
            bundle.add(raw.full_url, resource.get())?;
        }
        if bundle.rows.is_empty() {
            let what = "is a bundle without an Immunization or Observation";
            return Err(wrong("event", what));
        }
        Ok(bundle)
    }

    fn add(&mut self, full_url: Option<Cow<'a, str>>, text: &'a str) -> Result<(), Failure> {
        let head: Head<'a> = serde_json::from_str(text)
            .map_err(|_| wrong("event", "has a resource without one resourceType"))?;
        let position = self.entries.len();
        let facts = match &*head.kind {
            "Immunization" | "Observation" => {
                self.rows.push(position);
                Facts::Event
            }
            "Patient" => facts(text, |value| {
                Facts::Person(resource::StatedPerson::of(value))
            }),
            "Organization" | "Location" | "Practitioner" | "Device" => {
                facts(text, |value| Facts::Thing(resource::Thing::of(value)))
            }
            _ => Facts::Passed,
        };
        let by_id = head.id.as_ref().map(|id| format!("{}/{id}", head.kind));
        let by_url = full_url.as_ref().map(|url| url.clone().into_owned());
        for key in by_id.into_iter().chain(by_url).collect::<BTreeSet<_>>() {
            self.index
                .entry(key)
                .and_modify(|taken| *taken = None)
                .or_insert(Some(position));
        }
        self.entries.push(Entry {
            part: Part {
                full_url,
                resource: text,
            },
            kind: head.kind,
            id: head.id,
            facts,
        });
        Ok(())
    }

    fn next_row(&mut self, products: &Products) -> Option<(Raw<'a>, Result<Event, Failure>)> {
        let position = *self.rows.get(self.next)?;
        self.next += 1;
        let entry = self.entries.get(position)?;
        let text = entry.part.resource;
        let read = within(text.len()).and_then(|()| object(text.as_bytes()));
        let mut parts = Vec::new();
        let event = read.and_then(|value| {
            let related = self.related(&value).into_iter();
            parts.extend(related.filter_map(|place| self.part(place)));
            let stated = match &*entry.kind {
                "Immunization" => resource::immunization(self, &value)?,
                _ => resource::observation(self, &value)?,
            };
            stated.event(products)
        });
        parts.push(entry.part.clone());
        Some((Raw::Parts(parts), event))
    }

    /// The resource at `place`, unless it is an event in its own right.
    fn part(&self, place: usize) -> Option<Part<'a>> {
        let entry = self.entries.get(place)?;
        let own = matches!(entry.facts, Facts::Event);
        (!own).then(|| entry.part.clone())
    }

    /// The resource that `reference` refers to, where exactly one in the bundle answers to it.
    fn resolve(&self, reference: &Value) -> Option<&Entry<'a>> {
        self.entries.get(self.place(reference)?)
    }

    fn place(&self, reference: &Value) -> Option<usize> {
        let text = resource::text(reference, "/reference")?;
        let text = text.split("/_history/").next().unwrap_or_default();
        *self.index.get(text)?
    }

    /// The patient whom `reference` is about.
    fn person(&self, reference: Option<&Value>) -> Result<&resource::StatedPerson, Failure> {
        let entry = reference.and_then(|reference| self.resolve(reference));
        match entry.map(|entry| &entry.facts) {
            Some(Facts::Person(person)) => Ok(person),
            Some(Facts::Unreadable(code)) => {
                Err(code.because("person cannot be read").about("person"))
            }
            Some(Facts::Event | Facts::Thing(_) | Facts::Passed) | None => {
                let what = "is not in the bundle, or there more than once";
                Err(wrong("person", what))
            }
        }
    }

    /// The thing that `reference` refers to, if it is one of the kind `kind`.
    fn thing(&self, reference: &Value, kind: &str) -> Option<(&Entry<'a>, &resource::Thing)> {
        let entry = self.resolve(reference).filter(|entry| entry.kind == kind)?;
        match &entry.facts {
            Facts::Thing(thing) => Some((entry, thing)),
            Facts::Event | Facts::Person(_) | Facts::Unreadable(_) | Facts::Passed => None,
        }
    }

    /// The places of the resources that `value` refers to, and that those refer to which say more of a place.
    fn related(&self, value: &Value) -> BTreeSet<usize> {
        let patient = value.get("patient").or_else(|| value.get("subject"));
        let mut found: BTreeSet<usize> = patient
            .and_then(|reference| self.place(reference))
            .into_iter()
            .collect();
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(members) => {
                    found.extend(self.place(value));
                    open.extend(members.values());
                }
                Value::Array(items) => open.extend(items),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
            if found.len() > MAX_RELATED {
                break;
            }
        }
        let further: Vec<usize> = found
            .iter()
            .filter_map(|place| match &self.entries.get(*place)?.facts {
                Facts::Thing(thing) => self.place(thing.organization.as_ref()?),
                Facts::Event | Facts::Person(_) | Facts::Unreadable(_) | Facts::Passed => None,
            })
            .collect();
        found.extend(further);
        found
    }
}

/// What `of` takes from the resource `text`.
fn facts(text: &str, of: impl Fn(&Value) -> Facts) -> Facts {
    match within(text.len()).and_then(|()| object(text.as_bytes())) {
        Ok(value) => of(&value),
        Err(failure) => Facts::Unreadable(failure.code()),
    }
}

/// Resources that go with a row into the file of rejected ones.
const MAX_RELATED: usize = 100;

#[cfg(test)]
mod tests;
