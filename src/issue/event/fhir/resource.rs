//! What is taken from the resources of a bundle: Immunization, Observation, Patient, and what says where and by whom.
//!
//! Refuses resources that say of themselves that they are no event, and to keep any identifier of a person.
//!
//! Source: HL7 FHIR R4; SATUSEHAT's profiles (identifier systems, KFA beside CVX, functions of performers); FHIR extension
//! `iso21090-EN-representation` for names in another script; SNOMED CT and LOINC answers for results.

use super::Bundle;
use crate::failure::Failure;
use crate::issue::event::check::{DETECTED, NOT_DETECTED, Named, Stated, StatedHappening, wrong};
use crate::model::{Date, transliterate};
use serde_json::Value;

/// A patient, without any identifier.
pub(super) struct StatedPerson {
    family_name: Option<String>,
    given_name: Option<String>,
    family_name_icao: Option<String>,
    given_name_icao: Option<String>,
    birth_date: String,
}

/// A facility, a place, a practitioner or a device.
pub(super) struct Thing {
    /// Its identifiers, without those of persons: system and value.
    identifiers: Vec<(String, String)>,
    name: Option<String>,
    /// The reference to the organization that answers for it.
    pub(super) organization: Option<Value>,
}

impl StatedPerson {
    pub(super) fn of(patient: &Value) -> Self {
        let (latin, written): (Vec<&Value>, Vec<&Value>) = list(patient, "/name")
            .iter()
            .partition(|name| representation(name) == Some("ABC"));
        let rank = |name: &&&Value| match text(name, "/use") {
            Some("official") => 0,
            Some("usual") => 1,
            None => 2,
            Some(_) => 3,
        };
        let (family_name, given_name) = written
            .iter()
            .min_by_key(rank)
            .map(parts)
            .unwrap_or_default();
        let (latin_family, latin_given) = latin.first().map(parts).unwrap_or_default();
        let icao = |name: Option<String>| name.and_then(|name| transliterate(&name));
        Self {
            family_name,
            given_name,
            family_name_icao: icao(latin_family),
            given_name_icao: icao(latin_given),
            birth_date: text(patient, "/birthDate").unwrap_or_default().to_owned(),
        }
    }
}

/// In which script a name is written, where that is told.
fn representation(name: &Value) -> Option<&str> {
    let mut extensions = list(name, "/extension").iter();
    let extension = extensions.find(|extension| text(extension, "/url") == Some(REPRESENTATION));
    extension.and_then(|extension| text(extension, "/valueCode"))
}

/// Family and given names; a name that is told whole is a single one.
fn parts(name: &&Value) -> (Option<String>, Option<String>) {
    let family = text(name, "/family").map(str::to_owned);
    let given: Vec<&str> = list(name, "/given")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let given = (!given.is_empty()).then(|| given.join(" "));
    if family.is_none() && given.is_none() {
        return (text(name, "/text").map(str::to_owned), None);
    }
    (family, given)
}

impl Thing {
    pub(super) fn of(thing: &Value) -> Self {
        let name = text(thing, "/name").map(str::to_owned);
        Self {
            identifiers: identifiers(thing),
            name,
            organization: thing.get("managingOrganization").cloned(),
        }
    }
}

/// The identifiers of a resource but those of persons, the official first.
fn identifiers(resource: &Value) -> Vec<(String, String)> {
    let mut all: Vec<&Value> = list(resource, "/identifier").iter().collect();
    all.sort_by_key(|identifier| text(identifier, "/use") != Some("official"));
    all.into_iter().filter_map(identifier).collect()
}

/// System and value, unless it is an identifier of a person.
fn identifier(identifier: &Value) -> Option<(String, String)> {
    let system = text(identifier, "/system").unwrap_or_default();
    if OF_PERSONS.contains(&system) {
        return None;
    }
    Some((system.to_owned(), text(identifier, "/value")?.to_owned()))
}

pub(super) fn immunization(bundle: &Bundle<'_>, resource: &Value) -> Result<Stated, Failure> {
    let action = match text(resource, "/status") {
        Some("completed") => None,
        Some("entered-in-error") => Some("cancel"),
        _ => return Err(wrong("action", "cannot be told: status is of no event")),
    };
    if resource
        .get("isSubpotent")
        .is_some_and(|value| value != false)
    {
        return Err(wrong("dose", "was subpotent, which counts as none"));
    }
    let performers = list(resource, "/performer");
    let actors = performers.iter().filter_map(|each| each.get("actor"));
    let enters = |performer: &&Value| {
        let functions = codings(performer, "/function/coding");
        functions.iter().any(|(_, code)| code == "EP")
    };
    let entering = performers.iter().find(enters);
    let happening = StatedHappening::Vaccination {
        product: named(codings(resource, "/vaccineCode/coding"), None),
        dose: dose(resource)?,
        date: text(resource, "/occurrenceDateTime").map(day),
        lot: text(resource, "/lotNumber").map(str::to_owned),
    };
    Ok(Stated {
        happening: Some(happening),
        facility: facility(bundle, actors, resource.get("location")),
        operator: entering
            .and_then(|performer| performer.get("actor"))
            .and_then(|actor| name(bundle, actor, "Practitioner")),
        ..stated(bundle, resource, action, resource.get("patient"))?
    })
}

pub(super) fn observation(bundle: &Bundle<'_>, resource: &Value) -> Result<Stated, Failure> {
    let action = match text(resource, "/status") {
        Some("final") => None,
        Some("corrected" | "amended") => Some("correct"),
        Some("entered-in-error") => Some("cancel"),
        _ => return Err(wrong("action", "cannot be told: status is of no event")),
    };
    let performers = list(resource, "/performer");
    let device = resource.get("device").and_then(|reference| {
        let identified = match bundle.thing(reference, "Device") {
            Some((_, device)) => device.identifiers.clone(),
            None => reference
                .get("identifier")
                .and_then(identifier)
                .into_iter()
                .collect(),
        };
        let mut listed = identified.into_iter();
        listed
            .find(|(system, _)| system == DEVICES)
            .map(|(_, number)| number)
    });
    let result = result(resource)?;
    let taken =
        text(resource, "/effectiveDateTime").or_else(|| text(resource, "/effectiveInstant"));
    let happening = if tags(resource, HAPPENING)?.is_empty() {
        StatedHappening::Test {
            test: named(codings(resource, "/code/coding"), device),
            sampled_at: taken.map(str::to_owned),
            result: result.map(str::to_owned),
            centre: centre(bundle, performers),
        }
    } else {
        if result != Some(DETECTED) {
            return Err(wrong("result", "is not a first positive one"));
        }
        StatedHappening::Recovery {
            first_positive: taken.map(day),
        }
    };
    Ok(Stated {
        happening: Some(happening),
        facility: facility(bundle, performers.iter(), None),
        ..stated(bundle, resource, action, resource.get("subject"))?
    })
}

/// What every kind of event states alike.
fn stated(
    bundle: &Bundle<'_>,
    resource: &Value,
    by_status: Option<&str>,
    patient: Option<&Value>,
) -> Result<Stated, Failure> {
    if !list(resource, "/modifierExtension").is_empty() {
        return Err(wrong("modifierExtension", "changes what is told"));
    }
    let action = match (by_status, tags(resource, ACTION)?.as_slice()) {
        (None, []) => None,
        (Some(action), []) => Some(action.to_owned()),
        (None, [action]) => Some(action.clone()),
        (Some(status), [action]) if status == action => Some(action.clone()),
        (Some(_) | None, [_, ..]) => {
            return Err(wrong("action", "is told twice and differently"));
        }
    };
    let destination = match tags(resource, DESTINATION)?.as_slice() {
        [] => None,
        [country] => Some(country.clone()),
        [_, _, ..] => return Err(wrong("destination", "is told twice")),
    };
    let profiles = tags(resource, PROFILE)?;
    let person = bundle.person(patient)?;
    let source_id = identifiers(resource)
        .into_iter()
        .map(|(_, value)| value)
        .next()
        .or_else(|| text(resource, "/id").map(str::to_owned));
    Ok(Stated {
        source_id,
        action,
        family_name: person.family_name.clone(),
        given_name: person.given_name.clone(),
        family_name_icao: person.family_name_icao.clone(),
        given_name_icao: person.given_name_icao.clone(),
        birth_date: Some(person.birth_date.clone()),
        profiles: (!profiles.is_empty()).then_some(profiles),
        destination,
        ..Stated::default()
    })
}

/// The codes of the tags of this `system` of ours.
fn tags(resource: &Value, system: &str) -> Result<Vec<String>, Failure> {
    let mut codes = Vec::new();
    for (of, code) in codings(resource, "/meta/tag") {
        if of == system {
            codes.push(code);
        } else if of.starts_with(OURS) && !TAGS.contains(&of.as_str()) {
            return Err(wrong("tag", "has a system that is not known"));
        }
    }
    if system == HAPPENING && codes.iter().any(|code| code != "recovery") {
        return Err(wrong("tag", "has a code that is not known"));
    }
    Ok(codes)
}

/// The organization that answers for it: who performed it, or whose the place is, or the place itself.
fn facility<'v>(
    bundle: &Bundle<'_>,
    performers: impl Iterator<Item = &'v Value>,
    location: Option<&Value>,
) -> Option<String> {
    let mut performers = performers;
    if let Some(name) = performers.find_map(|actor| name(bundle, actor, "Organization")) {
        return Some(name);
    }
    let location = location?;
    let managing = bundle
        .thing(location, "Location")
        .and_then(|(_, place)| place.organization.as_ref())
        .and_then(|organization| name(bundle, organization, "Organization"));
    managing.or_else(|| name(bundle, location, "Location"))
}

/// What the thing of the kind `kind` is called to which `reference` refers: its id, else an identifier of it.
fn name(bundle: &Bundle<'_>, reference: &Value, kind: &str) -> Option<String> {
    let Some(address) = text(reference, "/reference") else {
        if text(reference, "/type") != Some(kind) {
            return None;
        }
        let (_, value) = reference.get("identifier").and_then(identifier)?;
        return Some(value);
    };
    if let Some((entry, thing)) = bundle.thing(reference, kind) {
        let identified = thing.identifiers.first().map(|(_, value)| value.clone());
        let id = entry.id.as_ref().map(|id| id.clone().into_owned());
        return id.or(identified);
    }
    let address = address.split("/_history/").next().unwrap_or_default();
    let mut segments = address.rsplit('/');
    let (id, of) = (segments.next()?, segments.next()?);
    (of == kind).then(|| id.to_owned())
}

/// The laboratory, as people call it.
fn centre(bundle: &Bundle<'_>, performers: &[Value]) -> Option<String> {
    performers.iter().find_map(|reference| {
        let called = bundle
            .thing(reference, "Organization")
            .and_then(|(_, organization)| organization.name.clone());
        let address = text(reference, "/reference").unwrap_or_default();
        let organization =
            address.contains("Organization/") || text(reference, "/type") == Some("Organization");
        let shown = text(reference, "/display").filter(|_| organization);
        called.or_else(|| shown.map(str::to_owned))
    })
}

/// The number of the dose, in which all protocols must agree.
fn dose(resource: &Value) -> Result<Option<u32>, Failure> {
    let mut dose = None;
    for protocol in list(resource, "/protocolApplied") {
        let number = match protocol.get("doseNumberPositiveInt") {
            Some(number) => number
                .as_u64()
                .and_then(|number| u32::try_from(number).ok()),
            None => match text(protocol, "/doseNumberString") {
                Some(digits) => digits.trim().parse().ok(),
                None => continue,
            },
        };
        let number = number.ok_or_else(|| wrong("dose", "is not a whole number"))?;
        if dose.is_some_and(|earlier| earlier != number) {
            return Err(wrong("dose", "is told twice and differently"));
        }
        dose = Some(number);
    }
    Ok(dose)
}

/// What the result says, in which all its codes must agree; codes of other systems are passed over.
fn result(resource: &Value) -> Result<Option<&'static str>, Failure> {
    let mut told = None;
    let codings = codings(resource, "/valueCodeableConcept/coding");
    for (system, code) in &codings {
        let row = RESULTS
            .iter()
            .find(|(of, known, _)| of == system && known == code);
        let Some((_, _, result)) = row else { continue };
        if told.is_some_and(|earlier| earlier != *result) {
            return Err(wrong("result", "is told twice and differently"));
        }
        told = Some(*result);
    }
    if told.is_none() && !codings.is_empty() {
        return Err(wrong("result", "has no code that is known"));
    }
    Ok(told)
}

fn named(codes: Vec<(String, String)>, device: Option<String>) -> Option<Named> {
    (!codes.is_empty()).then_some(Named::Codes { codes, device })
}

/// The day of a date with or without a time, as it is written where it was.
fn day(text: &str) -> String {
    match Date::parse_with_time(text) {
        Some((day, _)) => day.to_string(),
        None => text.to_owned(),
    }
}

fn codings(value: &Value, pointer: &str) -> Vec<(String, String)> {
    list(value, pointer)
        .iter()
        .filter_map(|coding| {
            let (system, code) = (text(coding, "/system")?, text(coding, "/code")?);
            Some((system.to_owned(), code.to_owned()))
        })
        .collect()
}

pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

const REPRESENTATION: &str = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation";
/// The EU's list of devices for rapid tests.
const DEVICES: &str = "https://covid-19-diagnostics.jrc.ec.europa.eu/devices";
/// Systems of identifiers that lead to a person.
const OF_PERSONS: &[&str] = &[
    "https://fhir.kemkes.go.id/id/nik",
    "https://fhir.kemkes.go.id/id/nik-ibu",
    "https://fhir.kemkes.go.id/id/ihs-number",
    "https://fhir.kemkes.go.id/id/passport",
    "https://fhir.kemkes.go.id/id/kk",
];
const OURS: &str = "urn:lintas:";
const ACTION: &str = "urn:lintas:action";
const HAPPENING: &str = "urn:lintas:happening";
const PROFILE: &str = "urn:lintas:profile";
const DESTINATION: &str = "urn:lintas:destination";
const TAGS: &[&str] = &[ACTION, HAPPENING, PROFILE, DESTINATION];
const SNOMED: &str = crate::issue::products::SNOMED;
const LOINC: &str = crate::issue::products::LOINC;
const RESULTS: &[(&str, &str, &str)] = &[
    (SNOMED, "260373001", DETECTED),
    (SNOMED, "10828004", DETECTED),
    (SNOMED, "260415000", NOT_DETECTED),
    (SNOMED, "260385009", NOT_DETECTED),
    (LOINC, "LA11882-0", DETECTED),
    (LOINC, "LA6576-8", DETECTED),
    (LOINC, "LA11883-8", NOT_DETECTED),
    (LOINC, "LA6577-6", NOT_DETECTED),
];
