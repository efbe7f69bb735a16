//! What users read for each code: one sentence and one remedy, in Indonesian and English.
//!
//! Refuses a code without a message: a test demands both languages for every code of the table.

use super::Outcome;
use crate::failure::Code;
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

impl Outcome {
    /// The message for this outcome in `locale`.
    pub fn message(self, locale: Locale) -> Option<&'static Message> {
        catalogue(locale).outcome.get(self.name())
    }
}

#[derive(Debug, Default, Deserialize)]
struct Catalogue {
    outcome: HashMap<String, Message>,
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
            assert_eq!(
                catalogue(locale).codes.len(),
                Code::ALL.len(),
                "a message without a code"
            );
        }
    }
}
