//! What gate staff see of a code: a colour by word and symbol, whose it is said to be, and why.
//!
//! Refuses to show more of a person than name and birth year, and to be green by anything but a verdict.

use crate::failure::Failure;
use crate::model::PersonName;
use crate::rules::{Colour, Words};
use crate::snapshot::bundle::Age;
use crate::snapshot::messages::{is_plain, message};
use crate::verify::{Finding, Locale, Messages, Outcome, Verdict, View};
use serde_json::{Value, json};
use std::sync::Arc;

/// What is shown of a code.
#[derive(Clone, Debug)]
pub struct Scanned {
    /// The colour.
    pub colour: Colour,
    /// What spoke, where no verdict was possible.
    pub failure: Option<Finding>,
    /// The verdict, where one was possible.
    pub verdict: Option<Verdict>,
    /// How old the data are, where they are old enough to say so, in seconds.
    pub data_age_s: Option<i64>,
    /// The words in which it is told.
    pub messages: Arc<Messages>,
}

impl Scanned {
    pub(super) fn of(verdict: Verdict, age: Age) -> Self {
        let by_outcome = match verdict.outcome() {
            Outcome::Accept => Colour::Green,
            Outcome::Indeterminate => Colour::Yellow,
            Outcome::Reject => Colour::Red,
        };
        // The policy's colour counts, but makes nothing greener than the verdict.
        let colour = verdict.colour.as_ref().map(|it| it.colour());
        Self {
            colour: colour.map_or(by_outcome, |it| it.max(by_outcome)),
            failure: None,
            messages: Arc::clone(&verdict.messages),
            verdict: Some(verdict),
            data_age_s: match age {
                Age::Fresh => None,
                Age::Old(seconds) | Age::TooOld(seconds) => Some(seconds),
            },
        }
    }

    /// What is shown where no verdict was possible, in the words of `messages`.
    pub fn refused(failure: &Failure, messages: &Arc<Messages>) -> Self {
        Self {
            colour: Colour::Yellow,
            failure: Some(Finding::from(failure)),
            verdict: None,
            data_age_s: None,
            messages: Arc::clone(messages),
        }
    }

    /// What spoke first.
    pub fn finding(&self) -> Option<&Finding> {
        let of_verdict = self.verdict.as_ref().and_then(|it| it.findings().next());
        self.failure
            .as_ref()
            .or_else(|| of_verdict.map(|(_, finding)| finding))
    }

    /// The reason and the remedy, in `locale`.
    pub fn reason(&self, locale: Locale) -> Option<(String, String)> {
        let words = |words: &Words| match locale {
            Locale::Id => words.id.clone(),
            Locale::En => words.en.clone(),
        };
        let messages = &self.messages;
        let message = self.finding();
        if let Some(message) = message.and_then(|it| it.message(messages, locale)) {
            return Some((message.sentence.clone(), message.remedy.clone()));
        }
        let coloured = self.verdict.as_ref()?.colour.as_ref()?;
        Some((words(&coloured.rule.reason), words(&coloured.rule.remedy)))
    }

    /// The name and the birth year, to be compared with an identity document.
    pub fn person(&self) -> Option<(String, String)> {
        let verdict = self.verdict.as_ref()?;
        let certificate = verdict.credentials.first()?.certificate.as_ref()?;
        let person = &certificate.person;
        let year = person.birth_date.year();
        let year = year.map_or_else(|| "????".to_owned(), |it| it.to_string());
        Some((shown(&person.name), year))
    }

    /// The form in JSON: what is shown, and the verdict below it.
    pub fn to_json(&self) -> Value {
        let said = |locale| {
            let (word, (reason, remedy)) = (
                word(self.colour, locale),
                self.reason(locale).unwrap_or_default(),
            );
            json!({ "word": word, "reason": reason, "remedy": remedy })
        };
        let person = self.person();
        json!({
            "colour": self.colour.name(),
            "symbol": symbol(self.colour),
            "id": said(Locale::Id),
            "en": said(Locale::En),
            "code": self.finding().map(|it| it.code.name()),
            "name": person.as_ref().map(|(name, _)| name),
            "birth_year": person.as_ref().map(|(_, year)| year),
            "data_age_s": self.data_age_s,
            "verdict": self.verdict.as_ref().map(|it| it.to_json(View::Gate, None, None)),
        })
    }
}

/// `failure` for whoever calls from another language: its code, its detail for those who operate, and what people read.
pub fn told(failure: &Failure) -> Value {
    let code = failure.code();
    let said = |locale| {
        let said = message(code, locale);
        said.map(|it| format!("{} {}", it.sentence, it.remedy))
    };
    json!({
        "code": code.name(),
        "detail": failure.detail(),
        "id": said(Locale::Id),
        "en": said(Locale::En),
    })
}

/// `name` as one line that changes nothing around it.
fn shown(name: &PersonName) -> String {
    let parts = [&name.full, &name.given, &name.family];
    let whole = parts.into_iter().flatten();
    // One that is written as a whole holds the others.
    let count = if name.full.is_some() { 1 } else { parts.len() };
    let words: Vec<_> = whole.take(count).map(smol_str::SmolStr::as_str).collect();
    let words = words.join(" ");
    let icao = [&name.given_icao, &name.family_icao];
    let icao: Vec<_> = icao
        .into_iter()
        .flatten()
        .map(|it| it.replace('<', " "))
        .collect();
    let line = if words.is_empty() {
        icao.join(" ")
    } else {
        words
    };
    line.chars()
        .filter(|it| is_plain(*it))
        .take(MAX_NAME)
        .collect()
}

/// Characters of a name at most.
const MAX_NAME: usize = 200;

/// The word for `colour`, so that nobody depends on seeing it.
pub fn word(colour: Colour, locale: Locale) -> &'static str {
    match (colour, locale) {
        (Colour::Green, Locale::Id) => "HIJAU: BOLEH MASUK",
        (Colour::Green, Locale::En) => "GREEN: MAY ENTER",
        (Colour::Yellow, Locale::Id) => "KUNING: PERIKSA",
        (Colour::Yellow, Locale::En) => "YELLOW: CHECK",
        (Colour::Red, Locale::Id) => "MERAH: TIDAK BOLEH MASUK",
        (Colour::Red, Locale::En) => "RED: MAY NOT ENTER",
        (Colour::Black, Locale::Id) => "HITAM: TIDAK BOLEH MASUK, HUBUNGI PETUGAS KESEHATAN",
        (Colour::Black, Locale::En) => "BLACK: MAY NOT ENTER, CALL HEALTH STAFF",
    }
}

/// A symbol for `colour`, each of another shape.
pub fn symbol(colour: Colour) -> &'static str {
    match colour {
        Colour::Green => "\u{2714}",
        Colour::Yellow => "?",
        Colour::Red => "\u{2716}",
        Colour::Black => "\u{25a0}",
    }
}
