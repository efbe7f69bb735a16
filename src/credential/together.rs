//! What certificates of one person say together, in the form that rules read.
//!
//! Refuses names and identifiers of certificates' holders: no colour depends on them. Whose the certificates are, the caller
//! says.
//!
//! Source: EU DCC schema 1.3.3, of whose members it keeps `v`, `t`, `r` and `dob`.

use super::eu_payload::payload;
use super::who_payload::{POSITIVE, who_payload};
use crate::model::{Entry, HealthCertificate, UnixTime};
use serde_json::{Map, Value};
use std::cmp::Reverse;

/// Every vaccination, test and recovery of `certificates`, which are one person's, each list with the newest first; of tests of
/// one instant the positive.
///
/// Certificates in the WHO's form say what the EU's say, too: `tg`, `dn`, `sd` and `dt` of a dose against COVID-19; `tg`, `sc`
/// and `tr` of a test for it.
pub fn together<'c>(certificates: impl IntoIterator<Item = &'c HealthCertificate>) -> Value {
    let mut certificates: Vec<_> = certificates.into_iter().collect();
    certificates.sort_by_cached_key(|it| Reverse(age(it)));
    let mut members = Map::new();
    for stated in certificates.into_iter().filter_map(stated) {
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

/// Whether `certificate` says anything that rules of colours read.
pub fn says_something(certificate: &HealthCertificate) -> bool {
    match certificate.entry {
        Entry::Vaccination(_) | Entry::Test(_) | Entry::Recovery(_) => true,
        Entry::WhoVaccination(_) | Entry::WhoTest(_) => who_payload(certificate).is_some(),
    }
}

/// Whether `certificate` states a test that found an infection.
pub fn is_positive(certificate: &HealthCertificate) -> bool {
    match &certificate.entry {
        Entry::Test(it) => it.result.0 == POSITIVE,
        Entry::WhoTest(_) => who_payload(certificate).is_some_and(|stated| {
            let result = stated.pointer("/t/0/tr");
            result.and_then(Value::as_str) == Some(POSITIVE)
        }),
        Entry::Vaccination(_) | Entry::Recovery(_) | Entry::WhoVaccination(_) => false,
    }
}

/// When the sample of the test was taken that `certificate` states.
pub fn sampled_at(certificate: &HealthCertificate) -> Option<UnixTime> {
    match &certificate.entry {
        Entry::Test(it) => Some(it.sampled_at),
        Entry::WhoTest(it) => Some(it.sampled_at),
        Entry::Vaccination(_) | Entry::Recovery(_) | Entry::WhoVaccination(_) => None,
    }
}

fn stated(certificate: &HealthCertificate) -> Option<Value> {
    payload(certificate).or_else(|| who_payload(certificate))
}

/// By what entries of one kind are ordered: when it was; the dose, or whether a test was positive; the identifier, so that
/// there is one order only.
fn age(certificate: &HealthCertificate) -> (String, u32, String) {
    let positive = u32::from(is_positive(certificate));
    let date = |date: Option<String>| date.unwrap_or_default();
    let (when, then) = match &certificate.entry {
        Entry::Vaccination(it) => (it.date.to_string(), it.dose),
        Entry::Recovery(it) => (it.first_positive.to_string(), 0),
        Entry::WhoVaccination(it) => (date(it.date.map(|it| it.to_string())), it.dose),
        Entry::Test(it) => (it.sampled_at.to_string(), positive),
        Entry::WhoTest(it) => (it.sampled_at.to_string(), positive),
    };
    (when, then, certificate.entry.uvci().as_str().to_owned())
}

const LISTS: [&str; 3] = ["v", "t", "r"];
const BIRTH_DATE: &str = "dob";
