//! Writes the model as the current form.
//!
//! Refuses to write the older form: nobody needs more of it.
//!
//! Source: as the module above.

use super::{TEST, VACCINATION};
use crate::codec::cbor::Value;
use crate::model::{Coding, Entry, HealthCertificate, Uvci, WhoTest, WhoVaccination};

/// The map entry and the payload that state `certificate`, with absent fields left out; `None` where it is of another form.
pub fn write(certificate: &HealthCertificate) -> Option<(i64, Value)> {
    let (label, group, fields, uvci, issuer) = match &certificate.entry {
        Entry::WhoVaccination(it) => {
            let fields = vaccination(it);
            (VACCINATION, "vaccination", fields, &it.uvci, &it.issuer)
        }
        Entry::WhoTest(it) => (TEST, "test", test(it), &it.uvci, &it.issuer),
        Entry::Vaccination(_) | Entry::Test(_) | Entry::Recovery(_) => return None,
    };
    let person = &certificate.person;
    let birth_date = person.birth_date.to_string();
    let mut root = Vec::new();
    push(&mut root, "name", person.name.full.as_deref());
    push(
        &mut root,
        "birthDate",
        Some(birth_date).filter(|it| !it.is_empty()),
    );
    push(&mut root, group, Some(Value::Map(fields)));
    let about = about(issuer.as_deref(), uvci, &certificate.schema_version);
    push(&mut root, "certificate", Some(about));
    Some((label, Value::Map(root)))
}

fn about(issuer: Option<&str>, uvci: &Uvci, version: &str) -> Value {
    let mut fields = Vec::new();
    push(
        &mut fields,
        "issuer",
        issuer.map(|issuer| Value::Map(vec![pair("identifier", identifier(issuer))])),
    );
    push(&mut fields, "hcid", Some(identifier(uvci.as_str())));
    push(&mut fields, "version", Some(version));
    Value::Map(fields)
}

fn identifier(value: &str) -> Value {
    Value::Map(vec![pair("value", value)])
}

fn vaccination(it: &WhoVaccination) -> Vec<(Value, Value)> {
    let mut fields = Vec::new();
    push(&mut fields, "disease", it.disease.as_ref().map(coding));
    push(&mut fields, "vaccine", Some(coding(&it.vaccine)));
    push(&mut fields, "brand", it.brand.as_ref().map(coding));
    push(
        &mut fields,
        "manufacturer",
        it.manufacturer.as_ref().map(coding),
    );
    push(&mut fields, "maholder", it.holder.as_ref().map(coding));
    push(&mut fields, "lot", it.lot.as_deref());
    push(&mut fields, "date", it.date.map(|day| day.to_string()));
    push(
        &mut fields,
        "validFrom",
        it.valid_from.map(|day| day.to_string()),
    );
    push(&mut fields, "dose", Some(it.dose));
    push(&mut fields, "totalDoses", it.doses);
    push(&mut fields, "country", it.country.as_ref().map(coding));
    push(&mut fields, "centre", it.centre.as_deref());
    push(
        &mut fields,
        "nextDose",
        it.next_dose.map(|day| day.to_string()),
    );
    fields
}

fn test(it: &WhoTest) -> Vec<(Value, Value)> {
    let mut fields = Vec::new();
    push(&mut fields, "pathogen", Some(coding(&it.pathogen)));
    push(&mut fields, "type", Some(coding(&it.test_type)));
    push(&mut fields, "brand", it.brand.as_ref().map(coding));
    push(
        &mut fields,
        "manufacturer",
        it.manufacturer.as_ref().map(coding),
    );
    push(&mut fields, "origin", it.origin.as_ref().map(coding));
    push(&mut fields, "date", Some(it.sampled_at.to_string()));
    push(&mut fields, "result", it.result.as_ref().map(coding));
    push(&mut fields, "centre", it.centre.as_deref());
    push(&mut fields, "country", it.country.as_ref().map(coding));
    fields
}

fn coding(it: &Coding) -> Value {
    let mut fields = Vec::new();
    push(&mut fields, "code", it.code.as_deref());
    push(&mut fields, "system", it.system.as_deref());
    push(&mut fields, "display", it.display.as_deref());
    Value::Map(fields)
}

fn push(fields: &mut Vec<(Value, Value)>, key: &str, value: Option<impl Into<Value>>) {
    fields.extend(value.map(|value| pair(key, value)));
}

fn pair(key: &str, value: impl Into<Value>) -> (Value, Value) {
    (Value::from(key), value.into())
}
