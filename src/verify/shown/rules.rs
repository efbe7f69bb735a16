//! How a rule is told: which it is, what it says of a certificate, and what its country says of it.
//!
//! Refuses to translate what a country wrote: where it says nothing in the reader's language, English has to do, beside our own
//! sentence about what the rule looks at.

use super::Locale;
use crate::rules::{Coloured, Rule, RuleResult, Words};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// A rule that was asked, and its answer.
pub(super) struct Applied<'v> {
    pub(super) result: &'v RuleResult,
    pub(super) locale: Option<Locale>,
}

impl Serialize for Applied<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rule = &self.result.rule;
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("rule", &rule.identifier)?;
        body.serialize_entry("version", &rule.version.to_string())?;
        body.serialize_entry("country", rule.country.as_str())?;
        body.serialize_entry("kind", rule.kind.name())?;
        body.serialize_entry("answer", self.result.answer.name())?;
        if let Some(description) = self.locale.and_then(|it| description(rule, it)) {
            body.serialize_entry("description", description)?;
        }
        body.end()
    }
}

/// The colour of a person.
pub(super) struct Shade<'v> {
    pub(super) coloured: &'v Coloured,
    pub(super) locale: Option<Locale>,
}

impl Serialize for Shade<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Coloured { rule, open, .. } = self.coloured;
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("colour", rule.colour.name())?;
        body.serialize_entry("rule", &rule.identifier)?;
        body.serialize_entry("open", open)?;
        body.serialize_entry("doubtful", &self.coloured.is_open())?;
        if let Some(locale) = self.locale {
            let said = |words: &Words| match locale {
                Locale::Id => words.id.clone(),
                Locale::En => words.en.clone(),
            };
            body.serialize_entry("reason", &said(&rule.reason))?;
            body.serialize_entry("remedy", &said(&rule.remedy))?;
        }
        body.end()
    }
}

/// What its country says of it in this language, else in English.
pub(super) fn description(rule: &Rule, locale: Locale) -> Option<&str> {
    let said = |tag: &str| {
        let mut said = rule.descriptions.iter();
        let said = said.find(|(lang, _)| lang.split('-').next() == Some(tag));
        said.map(|(_, text)| text.as_str())
    };
    said(locale.tag()).or_else(|| said("en"))
}
