//! Value sets: which codes a field may hold, what each means, and since when a set is in force.
//!
//! Refuses two sets of one id and date: which of them holds must not depend on the order of arrival.
//!
//! Source: the EU eHealth Network's value sets for digital COVID certificates.

use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::Date;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The codes of one field, as of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueSet {
    /// What it is called, such as `vaccines-covid-19-names`.
    pub id: String,
    /// The day from which it is in force.
    pub date: Date,
    /// What each code means.
    pub values: BTreeMap<String, CodedValue>,
}

/// What a code means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodedValue {
    /// For people to read.
    pub display: String,
    /// The language of that.
    pub lang: String,
    /// Whether it is in use; a code that is not still stands in old certificates.
    pub active: bool,
    /// Whose code it is, a URL as a rule.
    pub system: String,
    /// The version of that system, often empty.
    pub version: String,
    /// Whatever else the set says of it.
    pub more: Map<String, Value>,
}

impl ValueSet {
    /// All that it says, each part with its length before it.
    fn row(&self) -> Vec<u8> {
        let mut row = Vec::new();
        let mut part = |text: &str| row.extend(format!("{}:{text}", text.len()).into_bytes());
        part(&self.id);
        part(&self.date.to_string());
        for (code, value) in &self.values {
            let CodedValue {
                display,
                lang,
                active,
                system,
                version,
                more,
            } = value;
            let active = if *active { "active" } else { "" };
            for text in [code, display, lang, active, system, version] {
                part(text);
            }
            part(&serde_json::Value::Object(more.clone()).to_string());
        }
        row
    }
}

/// The value sets that are known, each id in all its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueSets(BTreeMap<String, BTreeMap<Date, Arc<ValueSet>>>);

impl ValueSets {
    /// Takes `set` in.
    ///
    /// # Errors
    /// `value_set_invalid` where another set of the same id and date is known.
    pub fn add(&mut self, set: ValueSet) -> Result<(), Failure> {
        let versions = self.0.entry(set.id.clone()).or_default();
        if versions.get(&set.date).is_some_and(|known| **known != set) {
            let reason = format!("two different sets of {}", set.date);
            return Err(Code::ValueSetInvalid.because(reason));
        }
        versions.insert(set.date, Arc::new(set));
        Ok(())
    }

    /// Takes in those sets of `other` of whose id and date none is known.
    pub fn fill_in(&mut self, other: &Self) {
        for (id, versions) in &other.0 {
            let known = self.0.entry(id.clone()).or_default();
            for (date, set) in versions {
                known.entry(*date).or_insert_with(|| Arc::clone(set));
            }
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A hash over all sets; equal ones have equal hashes.
    pub fn content_hash(&self) -> [u8; 32] {
        let hashes: Vec<_> = self.sets().map(|set| sha256(&set.row())).collect();
        sha256(&hashes.concat())
    }

    /// The sets, by id and date.
    pub fn sets(&self) -> impl Iterator<Item = &ValueSet> {
        let sets = self.0.values().flat_map(BTreeMap::values);
        sets.map(Arc::as_ref)
    }

    /// The ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The set `id` that is in force on `day`: the last one that has begun.
    pub fn on(&self, id: &str, day: Date) -> Option<&ValueSet> {
        let (_, set) = self.0.get(id)?.range(..=day).next_back()?;
        Some(set.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(date: &str, codes: &[&str]) -> ValueSet {
        let value = |code: &&str| {
            let value = CodedValue {
                display: (*code).to_owned(),
                lang: "en".to_owned(),
                active: true,
                system: String::new(),
                version: String::new(),
                more: Map::new(),
            };
            ((*code).to_owned(), value)
        };
        ValueSet {
            id: "codes".to_owned(),
            date: Date::parse(date).unwrap(),
            values: codes.iter().map(value).collect(),
        }
    }

    #[test]
    fn the_set_in_force_is_the_last_that_has_begun() {
        let mut sets = ValueSets::default();
        for (date, codes) in [("2022-01-26", &["a", "b"][..]), ("2021-06-01", &["a"])] {
            sets.add(set(date, codes)).unwrap();
        }
        let count = |day: &str| {
            let set = sets.on("codes", Date::parse(day).unwrap());
            set.map(|set| set.values.len())
        };
        assert_eq!(count("2021-05-31"), None);
        assert_eq!(count("2021-06-01"), Some(1));
        assert_eq!(count("2022-01-25"), Some(1));
        assert_eq!(count("2026-01-01"), Some(2));
        assert_eq!(sets.on("others", Date::parse("2026-01-01").unwrap()), None);
        assert_eq!(sets.ids().collect::<Vec<_>>(), ["codes"]);
    }

    #[test]
    fn two_sets_of_one_day_must_be_the_same() {
        let mut sets = ValueSets::default();
        sets.add(set("2021-06-01", &["a"])).unwrap();
        sets.add(set("2021-06-01", &["a"])).unwrap();
        let failure = sets.add(set("2021-06-01", &["b"])).unwrap_err();
        assert_eq!(failure.code(), Code::ValueSetInvalid);
    }
}
