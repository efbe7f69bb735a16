//! What users read of a verdict: one sentence and one remedy for each reason, in the words that are in force.
//!
//! Refuses a code without a message: a test demands both languages for every code of the table.

use super::{Finding, Outcome, Verdict};
use crate::failure::Code;
use crate::rules::Rule;
pub use crate::snapshot::messages::{Locale, Message, Messages, message};

impl Finding {
    /// What a user reads of it in `locale`: of a rule that is not met, by what the rule looks at.
    pub fn message<'m>(&self, messages: &'m Messages, locale: Locale) -> Option<&'m Message> {
        let rule = self.rule.as_ref().filter(|_| self.code == Code::RuleFailed);
        let name = rule.map(|rule| format!("rule.{}", subject(rule)));
        let about = name.and_then(|name| messages.named(&name, locale));
        about.or_else(|| messages.of(self.code, locale))
    }
}

impl Verdict {
    /// What a user reads of its outcome in `locale`: of one that is good for a journey, that it is.
    pub fn message(&self, locale: Locale) -> Option<&Message> {
        let outcome = self.outcome();
        let name = match self.is_for_journey && outcome == Outcome::Accept {
            true => ACCEPT_THERE.to_owned(),
            false => format!("outcome.{}", outcome.name()),
        };
        self.messages.named(&name, locale)
    }
}

/// Under what a verdict is told that is good for a journey.
const ACCEPT_THERE: &str = "outcome.accept_there";

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

    use crate::snapshot::messages::names;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_outcome_and_subject_of_a_rule_has_a_message_in_both_languages() {
        let codes = Code::ALL.iter().map(|code| code.name().to_owned());
        let outcomes = [Outcome::Accept, Outcome::Reject, Outcome::Indeterminate];
        let outcomes = outcomes.map(|it| format!("outcome.{}", it.name()));
        let subjects = SUBJECTS.iter().map(|(_, about)| *about).chain(["other"]);
        let subjects = subjects.map(|it| format!("rule.{it}"));
        let all = codes.chain(outcomes).chain(subjects);
        let all: BTreeSet<_> = all.chain([ACCEPT_THERE.to_owned()]).collect();
        for locale in Locale::ALL {
            let told: BTreeSet<_> = names(locale).map(str::to_owned).collect();
            assert_eq!(told, all, "{locale:?}");
            for name in &all {
                let messages = Messages::default();
                let message = messages.named(name, locale).unwrap();
                assert!(
                    !message.sentence.is_empty() && !message.remedy.is_empty(),
                    "{name}"
                );
            }
        }
    }
}
