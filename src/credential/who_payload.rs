//! What a WHO certificate states that the EU's form states, too, in the words of the EU's.
//!
//! Refuses to guess: what is said in other code systems (products, types of tests), and whatever is not about COVID-19, is not
//! there. Only colours read this: rules of the EU's form are about certificates of that form.
//!
//! Source: WHO DDCC core data set RC2 (ICD-11 MMS: disease RA01, pathogen XN109, results RA01.0 and QA02); EU value sets 2.12.0.

use crate::model::{Coding, Entry, HealthCertificate, WhoTest, WhoVaccination};
use serde_json::{Map, Value, json};

/// What `certificate` states, as rules read it; `None` where it is of another form, or about something else.
pub(super) fn who_payload(certificate: &HealthCertificate) -> Option<Value> {
    let (list, entry) = match &certificate.entry {
        Entry::WhoVaccination(it) => ("v", vaccination(it)?),
        Entry::WhoTest(it) => ("t", test(it)?),
        Entry::Vaccination(_) | Entry::Test(_) | Entry::Recovery(_) => return None,
    };
    let born = certificate.person.birth_date.to_string();
    let mut members = Map::new();
    members.insert(list.to_owned(), json!([entry]));
    if !born.is_empty() {
        members.insert("dob".to_owned(), born.into());
    }
    Some(Value::Object(members))
}

fn vaccination(it: &WhoVaccination) -> Option<Map<String, Value>> {
    let mut entry = about(it.disease.as_ref()?)?;
    entry.insert("dn".to_owned(), it.dose.into());
    let doses = it.doses.map(|doses| ("sd".to_owned(), doses.into()));
    let date = it
        .date
        .map(|date| ("dt".to_owned(), date.to_string().into()));
    entry.extend(doses.into_iter().chain(date));
    Some(entry)
}

fn test(it: &WhoTest) -> Option<Map<String, Value>> {
    let mut entry = about(&it.pathogen)?;
    entry.insert("sc".to_owned(), it.sampled_at.to_string().into());
    let result = it.result.as_ref().map(Coding::as_str);
    let result = result.and_then(|said| RESULTS.iter().find(|(code, _)| *code == said));
    entry.extend(result.map(|(_, code)| ("tr".to_owned(), (*code).into())));
    Some(entry)
}

/// The first member of an entry, if `coding` is COVID-19 or what causes it.
fn about(coding: &Coding) -> Option<Map<String, Value>> {
    let is_covid = COVID_19.contains(&coding.as_str());
    is_covid.then(|| Map::from_iter([("tg".to_owned(), DISEASE.into())]))
}

/// A result that found an infection, in the EU's value set.
pub(super) const POSITIVE: &str = "260373001";
const NEGATIVE: &str = "260415000";
const RESULTS: [(&str, &str); 4] = [
    ("RA01.0", POSITIVE),
    ("QA02", NEGATIVE),
    (POSITIVE, POSITIVE),
    (NEGATIVE, NEGATIVE),
];
const DISEASE: &str = "840539006";
const COVID_19: [&str; 3] = ["RA01", "XN109", DISEASE];
