//! Value sets: which codes a field may hold, what each means, and since when a set is in force.
//!
//! Refuses two sets of one id and date: which of them holds must not depend on the order of arrival.
//!
//! Source: the EU eHealth Network's value sets for digital COVID certificates.

use crate::failure::{Code, Failure};
use crate::model::Date;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

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

/// The value sets that are known, each id in all its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueSets(BTreeMap<String, BTreeMap<Date, ValueSet>>);

impl ValueSets {
    /// Takes `set` in.
    ///
    /// # Errors
    /// `value_set_invalid` where another set of the same id and date is known.
    pub fn add(&mut self, set: ValueSet) -> Result<(), Failure> {
        let versions = self.0.entry(set.id.clone()).or_default();
        if versions.get(&set.date).is_some_and(|known| *known != set) {
            let reason = format!("two different sets of {}", set.date);
            return Err(Code::ValueSetInvalid.because(reason));
        }
        versions.insert(set.date, set);
        Ok(())
    }

    /// The ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The set `id` that is in force on `day`: the last one that has begun.
    pub fn on(&self, id: &str, day: Date) -> Option<&ValueSet> {
        let (_, set) = self.0.get(id)?.range(..=day).next_back()?;
        Some(set)
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
