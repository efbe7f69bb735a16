//! Events in our own JSON, which is also the one form in which an event is kept and compared.
//!
//! Refuses unknown members, members of another type, and more than one happening.

use super::check::{DETECTED, NOT_DETECTED, Named, Stated, StatedHappening, missing, wrong};
use super::{Event, Happening, Wanted};
use crate::failure::{Code, Failure, printable};
use crate::issue::products::Products;
use crate::model::{Person, transliterate};
use serde_json::{Map, Value, json};

impl Event {
    /// The event in `value`; codes of products in it are read by `products`.
    ///
    /// An id of a product or a test is taken as it stands: [`Event::check`] holds it against the table. A member `problem`, as
    /// the file of rejected rows has it, is passed over.
    ///
    /// # Errors
    /// `event_invalid`, `claim_invalid`, `product_unknown`, about a field, which is the member's own name without where it
    /// stands; never a value.
    pub fn from_json(value: Value, products: &Products) -> Result<Self, Failure> {
        let mut event = Members::of("event", value)?;
        event.take(PROBLEM);
        let mut person = event.object("person")?;
        let person = person.as_mut().ok_or_else(|| missing("person"))?;
        let stated = Stated {
            source_id: event.text("source_id")?,
            action: event.text("action")?,
            family_name: person.text("family_name")?,
            given_name: person.text("given_name")?,
            family_name_icao: person.text("family_name_icao")?,
            given_name_icao: person.text("given_name_icao")?,
            birth_date: person.text("birth_date")?,
            happening: happening(&mut event)?,
            facility: event.text("facility")?,
            operator: event.text("operator")?,
            profiles: event.texts("profiles")?,
            destination: event.text("destination")?,
        };
        person.end()?;
        event.end()?;
        stated.event(products)
    }

    /// The canonical form: members in one order, nothing that says nothing. [`Event::from_json`] reads the same event from it.
    pub fn to_json(&self) -> Value {
        let mut event = Map::new();
        event.insert("source_id".into(), json!(self.source_id));
        event.insert("action".into(), json!(self.action.name()));
        event.insert("person".into(), person(&self.person));
        let (name, happening) = match &self.happening {
            Happening::Vaccination {
                product,
                dose,
                date,
                lot,
            } => {
                let mut members =
                    json!({ "product": product, "dose": dose, "date": date.to_string() });
                add(&mut members, "lot", lot.as_deref());
                (VACCINATION, members)
            }
            Happening::Test {
                test,
                sampled_at,
                detected,
                centre,
            } => {
                let result = if *detected { DETECTED } else { NOT_DETECTED };
                let sampled_at = sampled_at.to_string();
                let mut members =
                    json!({ "test": test, "sampled_at": sampled_at, "result": result });
                add(&mut members, "centre", centre.as_deref());
                (TEST, members)
            }
            Happening::Recovery { first_positive } => {
                let members = json!({ "first_positive": first_positive.to_string() });
                (RECOVERY, members)
            }
        };
        event.insert(name.into(), happening);
        event.insert("facility".into(), json!(self.facility));
        if let Some(operator) = &self.operator {
            event.insert("operator".into(), json!(operator));
        }
        match &self.wanted {
            Wanted::Usual => {}
            Wanted::These(profiles) => {
                let names: Vec<&str> = profiles.iter().map(|profile| profile.name()).collect();
                event.insert("profiles".into(), json!(names));
            }
            Wanted::For(country) => {
                event.insert("destination".into(), json!(country.as_str()));
            }
        }
        Value::Object(event)
    }
}

fn person(person: &Person) -> Value {
    let mut members = json!({});
    let name = &person.name;
    for (member, written, icao_member, icao) in [
        (
            "family_name",
            &name.family,
            "family_name_icao",
            &name.family_icao,
        ),
        (
            "given_name",
            &name.given,
            "given_name_icao",
            &name.given_icao,
        ),
    ] {
        add(&mut members, member, written.as_deref());
        // What can be computed is not said.
        let computed = written.as_deref().and_then(transliterate);
        if icao.as_deref() != computed.as_deref() {
            add(&mut members, icao_member, icao.as_deref());
        }
    }
    let birth_date = person.birth_date.to_string();
    add(&mut members, "birth_date", Some(&birth_date));
    members
}

fn add(members: &mut Value, name: &str, text: Option<&str>) {
    if let (Some(members), Some(text)) = (members.as_object_mut(), text) {
        members.insert(name.to_owned(), json!(text));
    }
}

fn happening(event: &mut Members) -> Result<Option<StatedHappening>, Failure> {
    let mut stated = None;
    for kind in [VACCINATION, TEST, RECOVERY] {
        let Some(mut members) = event.object(kind)? else {
            continue;
        };
        if stated.is_some() {
            return Err(wrong(kind, "stands beside another happening"));
        }
        stated = Some(match kind {
            VACCINATION => StatedHappening::Vaccination {
                product: members.named("product")?,
                dose: members.number("dose")?,
                date: members.text("date")?,
                lot: members.text("lot")?,
            },
            TEST => StatedHappening::Test {
                test: members.named("test")?,
                sampled_at: members.text("sampled_at")?,
                result: members.text("result")?,
                centre: members.text("centre")?,
            },
            _ => StatedHappening::Recovery {
                first_positive: members.text("first_positive")?,
            },
        });
        members.end()?;
    }
    Ok(stated)
}

/// The members of one object, taken out one by one; null is as good as absent.
struct Members(Map<String, Value>);

impl Members {
    fn of(name: &str, value: Value) -> Result<Self, Failure> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(wrong(name, "is not an object")),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name).filter(|value| !value.is_null())
    }

    fn object(&mut self, name: &str) -> Result<Option<Self>, Failure> {
        self.take(name)
            .map(|value| Self::of(name, value))
            .transpose()
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, Failure> {
        self.take(name)
            .map(|value| text(name, &value, "is not a text"))
            .transpose()
    }

    fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let what = "is not a list of texts";
        let items = value.as_array().ok_or_else(|| wrong(name, what))?;
        items
            .iter()
            .map(|item| text(name, item, what))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    fn number(&mut self, name: &str) -> Result<Option<u32>, Failure> {
        self.take(name)
            .map(|value| {
                let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
                number.ok_or_else(|| wrong(name, "is not a whole number"))
            })
            .transpose()
    }

    /// An id, or one code with its system.
    fn named(&mut self, name: &str) -> Result<Option<Named>, Failure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(id)) => Ok(Some(Named::Id(id))),
            Some(value) => {
                let mut coded = Self::of(name, value)?;
                let (system, code, device) = (
                    coded.text("system")?,
                    coded.text("code")?,
                    coded.text("device")?,
                );
                coded.end()?;
                let codes = vec![(
                    system.ok_or_else(|| missing("system"))?,
                    code.ok_or_else(|| missing("code"))?,
                )];
                Ok(Some(Named::Codes { codes, device }))
            }
        }
    }

    /// Refuses what was not taken.
    fn end(&self) -> Result<(), Failure> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => {
                let name = printable(name);
                Err(Code::EventInvalid
                    .because(format!("member `{name}` is not known"))
                    .about(name))
            }
        }
    }
}

fn text(name: &str, value: &Value, what: &str) -> Result<String, Failure> {
    let text = value.as_str().ok_or_else(|| wrong(name, what))?;
    Ok(text.to_owned())
}

/// What the file of rejected rows adds to an event.
pub(super) const PROBLEM: &str = "problem";
const VACCINATION: &str = "vaccination";
const TEST: &str = "test";
const RECOVERY: &str = "recovery";

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Value {
        json!({
            "source_id": "NAR-2026-000123", "action": "new",
            "person": { "family_name": "Sari", "given_name": "Dewi", "birth_date": "1988-03" },
            "vaccination": { "product": "coronavac", "dose": 2, "date": "2026-11-20", "lot": "A1" },
            "facility": "3174001", "operator": "clerk-17", "profiles": ["eu_dcc"],
        })
    }

    fn read(value: Value) -> Result<Event, Failure> {
        Event::from_json(value, &Products::embedded().unwrap())
    }

    #[test]
    fn the_canonical_form_reads_as_the_same_event_and_is_written_the_same() {
        let event = read(sample()).unwrap();
        assert_eq!(event.to_json().to_string(), sample().to_string());
        let mut shuffled = json!({ "problem": { "code": "x" }, "destination": null });
        for (name, value) in sample().as_object().unwrap().iter().rev() {
            shuffled[name] = value.clone();
        }
        assert_eq!(read(shuffled).unwrap(), event);
        for (kind, members) in [
            (
                "test",
                json!({ "test": "pcr", "sampled_at": "2026-11-20T08:00:00+07:00", "result": "not_detected",
                "centre": "Labkesda Probolinggo" }),
            ),
            ("recovery", json!({ "first_positive": "2026-11-01" })),
        ] {
            let mut value = sample();
            let object = value.as_object_mut().unwrap();
            object.shift_remove("vaccination");
            object.shift_remove("profiles");
            object.insert(kind.to_owned(), members);
            object.insert("destination".to_owned(), json!("DE"));
            value["action"] = json!("renew");
            value["person"] =
                json!({ "given_name": "Иван", "given_name_icao": "IVAN", "birth_date": "" });
            let event = read(value).unwrap();
            assert_eq!(event.person.name.family.as_deref(), Some("Иван"));
            assert_eq!(read(event.to_json()).unwrap(), event);
        }
    }

    #[test]
    fn a_product_may_be_named_by_a_code_of_its_own() {
        let mut value = sample();
        value["vaccination"]["product"] =
            json!({ "system": "http://hl7.org/fhir/sid/cvx", "code": "511" });
        assert_eq!(read(value.clone()).unwrap(), read(sample()).unwrap());
        value["vaccination"]["product"]["code"] = json!("500");
        let failure = read(value).unwrap_err();
        assert_eq!(
            (failure.code(), failure.member()),
            (Code::ProductUnknown, Some("product"))
        );
    }

    #[test]
    fn what_is_missing_unknown_or_of_another_type_is_refused_by_its_name() {
        for (pointer, value, field) in [
            ("", json!([]), "event"),
            ("/source_id", json!(null), "source_id"),
            ("/source_id", json!(17), "source_id"),
            ("/source_id", json!("x".repeat(201)), "source_id"),
            ("/source_id", json!("a\u{202e}b"), "source_id"),
            ("/action", json!("delete"), "action"),
            ("/person", json!("Dewi"), "person"),
            ("/person", json!(null), "person"),
            ("/person/birth_date", json!(null), "birth_date"),
            ("/person/nik", json!("3174014107880003"), "nik"),
            ("/vaccination", json!(null), "vaccination"),
            ("/vaccination/product", json!(null), "product"),
            ("/vaccination/product", json!({ "code": "511" }), "system"),
            ("/vaccination/dose", json!("2"), "dose"),
            ("/vaccination/dose", json!(2.5), "dose"),
            ("/vaccination/dose", json!(-1), "dose"),
            ("/vaccination/date", json!("20-11-2026"), "date"),
            ("/vaccination/lot", json!("x".repeat(21)), "lot"),
            ("/vaccination/other", json!(1), "other"),
            (
                "/recovery",
                json!({ "first_positive": "2026-11-01" }),
                "recovery",
            ),
            ("/facility", json!(null), "facility"),
            ("/facility", json!("RS 1"), "facility"),
            ("/operator", json!(""), "operator"),
            ("/profiles", json!([]), "profiles"),
            ("/profiles", json!(["eu_dcc", "eu_dcc"]), "profiles"),
            ("/profiles", json!(["icao"]), "profiles"),
            ("/profiles", json!("eu_dcc"), "profiles"),
            ("/destination", json!("DE"), "destination"),
            ("/nik", json!("3174014107880003"), "nik"),
        ] {
            let mut event = sample();
            match pointer.rsplit_once('/') {
                None => event = value,
                Some((parent, name)) => event.pointer_mut(parent).unwrap()[name] = value,
            }
            let failure = read(event).unwrap_err();
            assert_eq!(failure.code(), Code::EventInvalid, "{pointer}");
            assert_eq!(failure.member(), Some(field), "{pointer}");
        }
    }
}
