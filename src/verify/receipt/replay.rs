//! Reaching the verdict of a receipt once more.
//!
//! Refuses other texts, another snapshot and another policy than the receipt names: their verdict would say nothing of it.

use super::told::{PolicyName, Receipt};
use crate::failure::{Code, Failure};
use crate::snapshot::Snapshot;
use crate::verify::{CredentialVerdict, Policy, Verdict, judge, open};

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
        let judged = texts.iter().zip(&self.credentials).map(|(text, told)| {
            let opened = open(text, &snapshot);
            judge(&opened, self.at, &snapshot, policy, told.registered)
        });
        let verdict = Verdict::of(judged.collect(), self.at, &snapshot, policy);
        let again = Self::of(
            &verdict,
            texts,
            &snapshot,
            self.policy.clone(),
            &self.client,
        )?;
        if again == *self {
            return Ok(Replayed::Same);
        }
        let credentials = verdict.credentials.iter().map(line);
        let credentials: Vec<_> = credentials.collect();
        let outcome = verdict.outcome().name();
        Ok(Replayed::Different(format!(
            "{outcome}: {}",
            credentials.join("; ")
        )))
    }
}

/// The codes and quirks of one credential; neither says anything of a person.
fn line(credential: &CredentialVerdict) -> String {
    let codes = credential.findings.iter().map(|it| it.code.name());
    let names: Vec<_> = codes
        .chain(credential.quirks.iter().map(|it| it.name()))
        .collect();
    if names.is_empty() {
        return credential.outcome().name().to_owned();
    }
    names.join(",")
}
