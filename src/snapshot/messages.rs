//! What users read for each code, outcome and kind of rule: one sentence and one remedy, in Indonesian and English. Those of the
//! program, and those that a ministry put in their place.
//!
//! Refuses a message for what is not known, one without a sentence or a remedy, longer ones than screens have room for, and
//! characters that control a screen or turn the writing around them. What is said changes no verdict, so it is no part of the id
//! of a snapshot.
//!
//! Messages have names: a code's own, `outcome.` or `rule.` and what is meant.

use crate::failure::{Code, Failure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A language that users read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Locale {
    /// Indonesian.
    Id,
    /// English.
    En,
}

impl Locale {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Id, Self::En];

    /// The locale with this language tag: `id` or `en`.
    pub fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.tag() == tag)
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

/// The message of the program for `code` in `locale`.
pub fn message(code: Code, locale: Locale) -> Option<&'static Message> {
    catalogue(locale).get(code.name())
}

/// The messages in force: those of the program, but for those that others took the place of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    replaced: BTreeMap<Locale, Catalogue>,
}

type Catalogue = BTreeMap<String, Message>;

impl Messages {
    /// The message with this name in `locale`.
    pub fn named(&self, name: &str, locale: Locale) -> Option<&Message> {
        let replaced = self.replaced.get(&locale).and_then(|it| it.get(name));
        replaced.or_else(|| catalogue(locale).get(name))
    }

    /// The message for `code` in `locale`.
    pub fn of(&self, code: Code, locale: Locale) -> Option<&Message> {
        self.named(code.name(), locale)
    }

    /// Puts those of the file `text`, in the form of `messages/`, in the place of the program's. It need not have all.
    ///
    /// # Errors
    /// `configuration_invalid`, `input_too_large`; then nothing is replaced.
    pub fn read(&mut self, text: &str, locale: Locale) -> Result<(), Failure> {
        if text.len() > MAX_FILE {
            return Err(Code::InputTooLarge.because(format!("over {MAX_FILE} bytes")));
        }
        let invalid =
            |error: toml::de::Error| Code::ConfigurationInvalid.because(error.message().to_owned());
        let mut read = self.clone();
        for (name, message) in flat(text).map_err(invalid)? {
            read.replace(&name, locale, message)?;
        }
        *self = read;
        Ok(())
    }

    /// Puts `message` in the place of the one with this name in `locale`.
    ///
    /// # Errors
    /// `configuration_invalid`.
    pub(super) fn replace(
        &mut self,
        name: &str,
        locale: Locale,
        message: Message,
    ) -> Result<(), Failure> {
        let invalid = |what: &str| {
            // What stands there may hold anything; names that are known do not.
            let name = if catalogue(locale).contains_key(name) {
                name
            } else {
                "a name"
            };
            Err(Code::ConfigurationInvalid.because(format!("messages: {name}: {what}")))
        };
        let Some(ours) = catalogue(locale).get(name) else {
            return invalid("that no message has");
        };
        for text in [&message.sentence, &message.remedy] {
            if text.trim().is_empty() {
                return invalid("without sentence or remedy");
            }
            if text.chars().count() > MAX_TEXT {
                return invalid(&format!("over {MAX_TEXT} characters"));
            }
            if !text.chars().all(is_plain) {
                return invalid("characters that are not to be shown");
            }
        }
        // A copy of ours replaces nothing, so that a better one of a later program is not held back.
        if *ours != message {
            let replaced = self.replaced.entry(locale).or_default();
            replaced.insert(name.to_owned(), message);
        }
        Ok(())
    }

    /// Those that took the place of the program's.
    pub fn replaced(&self) -> impl Iterator<Item = (Locale, &str, &Message)> {
        self.replaced.iter().flat_map(|(locale, messages)| {
            let messages = messages.iter();
            messages.map(|(name, message)| (*locale, name.as_str(), message))
        })
    }
}

/// Whether a character neither controls a screen nor turns the writing around it.
pub fn is_plain(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    !character.is_control() && !turns
}

/// The names of the messages of the program in `locale`.
pub fn names(locale: Locale) -> impl Iterator<Item = &'static str> {
    catalogue(locale).keys().map(String::as_str)
}

fn catalogue(locale: Locale) -> &'static Catalogue {
    static ID: LazyLock<Catalogue> = LazyLock::new(|| ours(include_str!("../../messages/id.toml")));
    static EN: LazyLock<Catalogue> = LazyLock::new(|| ours(include_str!("../../messages/en.toml")));
    match locale {
        Locale::Id => &ID,
        Locale::En => &EN,
    }
}

/// The files are part of the program and a test reads them, so an error here never reaches a user.
fn ours(text: &str) -> Catalogue {
    flat(text).unwrap_or_default()
}

/// The messages of a file, by their names.
fn flat(text: &str) -> Result<Catalogue, toml::de::Error> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        outcome: Catalogue,
        #[serde(default)]
        rule: Catalogue,
        #[serde(flatten)]
        codes: Catalogue,
    }
    let file: File = toml::from_str(text)?;
    let under = |group: &'static str, messages: Catalogue| {
        let messages = messages.into_iter();
        messages.map(move |(name, message)| (format!("{group}.{name}"), message))
    };
    let mut all = file.codes;
    all.extend(under("outcome", file.outcome));
    all.extend(under("rule", file.rule));
    Ok(all)
}

/// Bytes of a file: four times those of ours.
const MAX_FILE: usize = 128 * 1024;
/// Characters of a sentence or a remedy: twice as many as the longest of ours has.
const MAX_TEXT: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, sentence: &str) -> String {
        format!("[{name}]\nsentence = {sentence:?}\nremedy = \"Ask.\"\n")
    }

    #[test]
    fn a_message_takes_the_place_of_ours_and_the_others_stay() {
        let mut messages = Messages::default();
        let text = [
            file("expired", "Sudah lewat."),
            file("outcome.accept", "Baik."),
            file("rule.doses", "Dosis."),
        ];
        messages.read(&text.concat(), Locale::Id).unwrap();
        let said = |name: &str, locale| messages.named(name, locale).unwrap().sentence.clone();
        assert_eq!(said("expired", Locale::Id), "Sudah lewat.");
        assert_eq!(said("outcome.accept", Locale::Id), "Baik.");
        assert_eq!(said("rule.doses", Locale::Id), "Dosis.");
        let ours = Messages::default();
        let of = |locale| ours.of(Code::Expired, locale).cloned();
        assert_eq!(
            messages.of(Code::Expired, Locale::En).cloned(),
            of(Locale::En)
        );
        assert_ne!(
            messages.of(Code::Expired, Locale::Id).cloned(),
            of(Locale::Id)
        );
        assert_eq!(
            messages.of(Code::Revoked, Locale::Id),
            ours.of(Code::Revoked, Locale::Id)
        );
        assert_eq!(messages.replaced().count(), 3);
    }

    #[test]
    fn a_copy_of_ours_replaces_nothing() {
        let mut messages = Messages::default();
        let ours = include_str!("../../messages/en.toml");
        messages.read(ours, Locale::En).unwrap();
        assert_eq!(messages, Messages::default());
    }

    #[test]
    fn what_no_screen_should_show_is_refused_and_nothing_is_replaced() {
        let long = "x".repeat(MAX_TEXT + 1);
        for (name, sentence) in [
            ("no_such_code", "A sentence."),
            ("outcome.perhaps", "A sentence."),
            ("expired", ""),
            ("expired", "  "),
            ("expired", &long),
            ("expired", "one\u{7}"),
            ("expired", "two\nlines"),
            ("expired", "turned \u{202e}round"),
            ("expired", "\u{2066}hidden"),
        ] {
            let mut messages = Messages::default();
            let text = file("revoked", "Good.") + &file(name, sentence);
            let failure = messages.read(&text, Locale::En).unwrap_err();
            assert_eq!(failure.code(), Code::ConfigurationInvalid, "{name}");
            assert_eq!(messages, Messages::default(), "{name}");
        }
        let mut messages = Messages::default();
        for text in ["[expired]\nsentence = \"One.\"", "expired = 1", "["] {
            assert!(messages.read(text, Locale::En).is_err(), "{text}");
        }
        let large = "#".repeat(MAX_FILE + 1);
        let failure = messages.read(&large, Locale::En).unwrap_err();
        assert_eq!(failure.code(), Code::InputTooLarge);
    }
}
