//! What users read for each code: one sentence and one remedy, in Indonesian and English.
//!
//! Refuses a code without a message: a test demands both languages for every code of the table.

use super::{Finding, Outcome, Verdict};
use crate::failure::Code;
use crate::rules::Rule;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A language that users read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Locale {
    /// Indonesian.
    Id,
    /// English.
    En,
}

impl Locale {
    /// The locale with this language tag: `id` or `en`.
    pub fn parse(tag: &str) -> Option<Self> {
        match tag {
            "id" => Some(Self::Id),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// Its language tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }
}

/// What a user reads.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// What is the matter.
    pub sentence: String,
    /// What to do about it.
    pub remedy: String,
}

/// The message for `code` in `locale`.
pub fn message(code: Code, locale: Locale) -> Option<&'static Message> {
    catalogue(locale).codes.get(code.name())
}

impl Finding {
    /// What a user reads of it in `locale`: of a rule that is not met, by what the rule looks at.
    pub fn message(&self, locale: Locale) -> Option<&'static Message> {
        let rule = self.rule.as_ref().filter(|_| self.code == Code::RuleFailed);
        let ours = rule.and_then(|rule| catalogue(locale).rule.get(subject(rule)));
        ours.or_else(|| message(self.code, locale))
    }
}

impl Outcome {
    /// The message for this outcome in `locale`.
    pub fn message(self, locale: Locale) -> Option<&'static Message> {
        catalogue(locale).outcome.get(self.name())
    }
}

impl Verdict {
    /// What a user reads of its outcome in `locale`: of one that is good for a journey, that it is.
    pub fn message(&self, locale: Locale) -> Option<&'static Message> {
        let outcome = self.outcome();
        let is_accepted_there = self.is_for_journey && outcome == Outcome::Accept;
        let there = is_accepted_there.then(|| catalogue(locale).outcome.get(ACCEPT_THERE));
        there.flatten().or_else(|| outcome.message(locale))
    }
}

#[derive(Debug, Default, Deserialize)]
struct Catalogue {
    outcome: HashMap<String, Message>,
    rule: HashMap<String, Message>,
    #[serde(flatten)]
    codes: HashMap<String, Message>,
}

fn catalogue(locale: Locale) -> &'static Catalogue {
    static ID: LazyLock<Catalogue> =
        LazyLock::new(|| parse(include_str!("../../messages/id.toml")));
    static EN: LazyLock<Catalogue> =
        LazyLock::new(|| parse(include_str!("../../messages/en.toml")));
    match locale {
        Locale::Id => &ID,
        Locale::En => &EN,
    }
}

/// The files are part of the program and a test reads them, so an error here never reaches a user.
fn parse(text: &str) -> Catalogue {
    toml::from_str(text).unwrap_or_default()
}

/// Under what a verdict is told that is good for a journey.
const ACCEPT_THERE: &str = "accept_there";

/// What a rule is about, by the fields that it looks at: the first of these that is among them.
fn subject(rule: &Rule) -> &'static str {
    let names = |field: &str| {
        let mut fields = rule.affected_fields.iter();
        fields.any(|it| it.rsplit('.').next() == Some(field))
    };
    let known = SUBJECTS.iter().find(|(field, _)| names(field));
    known.map_or("other", |(_, about)| about)
}

/// Fields of a certificate, and what a rule that looks at one is about.
const SUBJECTS: [(&str, &str); 13] = [
    ("sc", "sampled"),
    ("tr", "result"),
    ("tt", "test"),
    ("dt", "vaccinated"),
    ("dn", "doses"),
    ("sd", "doses"),
    ("mp", "product"),
    ("vp", "product"),
    ("ma", "product"),
    ("fr", "recovered"),
    ("df", "recovered"),
    ("du", "recovered"),
    ("tg", "disease"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_and_outcome_has_a_message_in_both_languages() {
        for locale in [Locale::Id, Locale::En] {
            for code in Code::ALL {
                let message =
                    message(*code, locale).unwrap_or_else(|| panic!("{code} in {locale:?}"));
                assert!(
                    !message.sentence.is_empty() && !message.remedy.is_empty(),
                    "{code}"
                );
            }
            for outcome in [Outcome::Accept, Outcome::Reject, Outcome::Indeterminate] {
                assert!(
                    outcome.message(locale).is_some(),
                    "{outcome:?} in {locale:?}"
                );
            }
            assert!(catalogue(locale).outcome.contains_key(ACCEPT_THERE));
            assert_eq!(
                catalogue(locale).codes.len(),
                Code::ALL.len(),
                "a message without a code"
            );
        }
    }

    #[test]
    fn every_subject_of_a_rule_has_a_message_in_both_languages() {
        let subjects = SUBJECTS.iter().map(|(_, about)| *about).chain(["other"]);
        let subjects: std::collections::BTreeSet<_> = subjects.collect();
        for locale in [Locale::Id, Locale::En] {
            let told = &catalogue(locale).rule;
            for subject in &subjects {
                let message = told
                    .get(*subject)
                    .unwrap_or_else(|| panic!("{subject} in {locale:?}"));
                assert!(!message.sentence.is_empty() && !message.remedy.is_empty());
            }
            assert_eq!(told.len(), subjects.len(), "a message without a subject");
        }
    }
}
