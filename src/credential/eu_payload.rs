//! A certificate in the EU's form as rules read it: the JSON of its payload, members by their short names.
//!
//! Refuses to repair a date: it stands as the certificate has it, so that a rule sees no day that was never stated. Numbers are
//! whole, and the four misspelt codes are spelt right, as everywhere. Members that no schema names are not there.
//!
//! Source: ehn-dcc-schema 1.3.3; eHealth Network, EU digital COVID certificate business rules (`payload`).

use super::eu_dcc;
use crate::codec::cbor::Value;
use crate::model::{Dated, HealthCertificate};
use serde_json::Value as Json;

/// `certificate` as rules read it; `None` where it is of another form.
pub fn payload(certificate: &HealthCertificate) -> Option<Json> {
    let mut payload = json(eu_dcc::write(certificate)?);
    for (date, text) in certificate.as_written.iter() {
        let place = match date {
            Dated::Birth => "/dob",
            Dated::Dose => "/v/0/dt",
            Dated::Sample => "/t/0/sc",
            Dated::FirstPositive => "/r/0/fr",
            Dated::ValidFrom => "/r/0/df",
            Dated::ValidUntil => "/r/0/du",
        };
        if let Some(written) = payload.pointer_mut(place) {
            *written = text.into();
        }
    }
    Some(payload)
}

/// `value` as JSON; what certificates are not written with is null.
fn json(value: Value) -> Json {
    match value {
        Value::Text(text) => Json::from(text),
        Value::Integer(number) => i64::try_from(number).map_or(Json::Null, Json::from),
        Value::Array(items) => items.into_iter().map(json).collect(),
        Value::Map(members) => {
            let members = members.into_iter();
            let members =
                members.filter_map(|(key, value)| Some((key.into_text().ok()?, json(value))));
            Json::Object(members.collect())
        }
        Value::Bytes(_) | Value::Float(_) | Value::Bool(_) | Value::Null | Value::Tag(..) | _ => {
            Json::Null
        }
    }
}
