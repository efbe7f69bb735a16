//! Reaching the verdict of a receipt once more.
//!
//! Refuses other texts, another snapshot and another policy than the receipt names: their verdict would say nothing of it.

use super::told::{PolicyName, Receipt, Told};
use crate::failure::{Code, Failure};
use crate::snapshot::Snapshot;
use crate::verify::{Asked, Outcome, Policy, Presented, open};

/// What it came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The same verdict.
    Same,
    /// Another one: what it is now, code by code.
    Different(String),
}

impl Receipt {
    /// Judges `texts` again as they were judged, by the snapshot with the receipt's id under the policy with its hash.
    ///
    /// The word of the register, and how far each is about the holder, are taken from the receipt: it names no holder.
    ///
    /// # Errors
    /// `request_invalid` where these are not the texts, the snapshot or the policy; `internal`.
    pub fn replay(
        &self,
        texts: &[&str],
        snapshot: &Snapshot,
        policy: &Policy,
    ) -> Result<Replayed, Failure> {
        if !self.is_about(texts) {
            return Err(Code::RequestInvalid.because("other texts than those that were judged"));
        }
        if snapshot.id() != self.snapshot || PolicyName::of(policy)? != self.policy {
            return Err(Code::RequestInvalid.because("another snapshot or policy"));
        }
        let snapshot = snapshot.clone().with_sequence(self.sequence);
        let snapshot = snapshot.with_sources(self.sources.iter().cloned());
        let asked = Asked {
            journey: self.journey.clone(),
            with_colour: self.with_colour,
            ..Asked::default()
        };
        let opened: Vec<_> = texts.iter().map(|text| open(text, &snapshot)).collect();
        let presented = opened.iter().zip(&self.credentials);
        let presented = presented.map(|(opened, told)| Presented {
            opened,
            registered: told.registered,
            identity: told.identity,
        });
        let verdict = asked.verdict(presented, self.at, &snapshot, policy);
        let (policy, client) = (self.policy.clone(), &self.client);
        let again = Self::of(&verdict, texts, &asked, &snapshot, policy, client)?;
        if again == *self {
            return Ok(Replayed::Same);
        }
        let credentials: Vec<_> = again.credentials.iter().map(line).collect();
        let (outcome, credentials) = (again.outcome.name(), credentials.join("; "));
        let colour = again.colour.map(|colour| format!("; {colour}"));
        let colour = colour.unwrap_or_default();
        Ok(Replayed::Different(format!(
            "{outcome}: {credentials}{colour}"
        )))
    }
}

/// What is said of one credential; nothing of a person.
fn line(told: &Told) -> String {
    let names: Vec<_> = told.names().collect();
    if names.is_empty() {
        return Outcome::Accept.name().to_owned();
    }
    names.join(",")
}
