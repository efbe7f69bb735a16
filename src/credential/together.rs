//! What certificates of one person say together, in the form that rules read.
//!
//! Refuses names and identifiers of certificates' holders: no colour depends on them. Whose the certificates are, the caller
//! says.
//!
//! Source: EU DCC schema 1.3.3, of whose members it keeps `v`, `t`, `r` and `dob`.

use super::eu_payload::payload;
use crate::model::{Entry, HealthCertificate};
use serde_json::{Map, Value};
use std::cmp::Reverse;

/// Every vaccination, test and recovery of `certificates`, which are one person's, each list with the newest first.
///
/// Certificates in another form than the EU's say nothing here.
pub fn together<'c>(certificates: impl IntoIterator<Item = &'c HealthCertificate>) -> Value {
    let mut certificates: Vec<_> = certificates.into_iter().collect();
    certificates.sort_by_cached_key(|it| Reverse(age(&it.entry)));
    let mut members = Map::new();
    for stated in certificates.into_iter().filter_map(payload) {
        let Value::Object(stated) = stated else {
            continue;
        };
        for (name, value) in stated {
            let list = members.get_mut(&name).and_then(Value::as_array_mut);
            match (list, value) {
                (Some(list), Value::Array(more)) => list.extend(more),
                (None, list @ Value::Array(_)) if LISTS.contains(&name.as_str()) => {
                    members.insert(name, list);
                }
                (None, text @ Value::String(_)) if name == BIRTH_DATE => {
                    members.insert(name, text);
                }
                _ => {}
            }
        }
    }
    Value::Object(members)
}

/// By what entries of one kind are ordered: when it was, and the dose; the identifier, so that there is one order only.
fn age(entry: &Entry) -> (String, u32, String) {
    let (when, dose) = match entry {
        Entry::Vaccination(it) => (it.date.to_string(), it.dose),
        Entry::Test(it) => (it.sampled_at.to_string(), 0),
        Entry::Recovery(it) => (it.first_positive.to_string(), 0),
        Entry::WhoVaccination(_) | Entry::WhoTest(_) => (String::new(), 0),
    };
    (when, dose, entry.uvci().as_str().to_owned())
}

const LISTS: [&str; 3] = ["v", "t", "r"];
const BIRTH_DATE: &str = "dob";
