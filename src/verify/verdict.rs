//! The answer: an outcome and its findings. Its JSON form is in `shown`.
//!
//! Refuses to name a signer, or to hold a certificate, of a credential that is not authentic.
//!
//! Source: ETSI EN 319 102-1 for the three outcomes.

use super::identity::Identity;
use super::messages::Messages;
use super::policy::Policy;
use super::register::Registered;
use crate::credential::{Format, Work};
use crate::failure::{Class, Code, Failure};
use crate::model::{HealthCertificate, SnapshotId, UnixTime};
use crate::quirk::Quirks;
use crate::rules::{Coloured, Rule, RuleResult};
use crate::snapshot::Snapshot;
use crate::trust::Dsc;
use smol_str::SmolStr;
use std::sync::Arc;

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Nothing speaks against it.
    Accept,
    /// No answer is possible now; to be checked by hand.
    Indeterminate,
    /// Something speaks against it.
    Reject,
}

impl Outcome {
    /// What `findings` come to.
    pub(super) fn of(findings: &[Finding]) -> Self {
        findings
            .iter()
            .map(|finding| outcome_of(finding.code))
            .max()
            .unwrap_or(Self::Accept)
    }

    /// The outcome with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Accept, Self::Indeterminate, Self::Reject]
            .into_iter()
            .find(|it| it.name() == name)
    }

    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Indeterminate => "indeterminate",
            Self::Reject => "reject",
        }
    }
}

/// How much of a certificate a caller may see; each view contains the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// Nothing of it.
    #[default]
    Result,
    /// Name and birth year, to compare with an identity document.
    Gate,
    /// Everything but the unique identifier.
    Officer,
    /// Everything.
    Holder,
}

impl View {
    /// The view with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Result, Self::Gate, Self::Officer, Self::Holder]
            .into_iter()
            .find(|it| it.name() == name)
    }

    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Gate => "gate",
            Self::Officer => "officer",
            Self::Holder => "holder",
        }
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The machine code.
    pub code: Code,
    /// The reason for engineers; no personal data.
    pub detail: String,
    /// The rule that it comes from, where one does.
    pub rule: Option<Arc<Rule>>,
}

impl From<&Failure> for Finding {
    fn from(failure: &Failure) -> Self {
        Self {
            code: failure.code(),
            detail: failure.detail().to_owned(),
            rule: None,
        }
    }
}

/// Who signed.
#[derive(Clone, Debug)]
pub struct Signer(pub(super) Arc<Dsc>);

/// The verdict on one credential.
#[derive(Clone, Debug)]
pub struct CredentialVerdict {
    /// The caller's own name for it.
    pub reference: Option<String>,
    /// The format, where the prefix told one.
    pub format: Option<Format>,
    /// What speaks against it; empty if nothing does.
    pub findings: Vec<Finding>,
    /// What is odd about it and tolerated.
    pub quirks: Quirks,
    /// Who signed it, where that was proven.
    pub signer: Option<Signer>,
    /// What it states, where it is authentic and readable.
    pub certificate: Option<Arc<HealthCertificate>>,
    /// When time alone could next change the verdict.
    pub recheck_by: Option<UnixTime>,
    /// How much was done.
    pub work: Work,
    /// What the register of issued certificates said of it, where it was asked.
    pub registered: Registered,
    /// How far it is about the holder who was named, where one was.
    pub identity: Option<Identity>,
    /// What the rules said of it that were asked, where any were.
    pub rules: Option<Vec<RuleResult>>,
}

impl CredentialVerdict {
    /// Any rejection rejects; else any doubt is indeterminate; else it is accepted.
    pub fn outcome(&self) -> Outcome {
        Outcome::of(&self.findings)
    }
}

fn outcome_of(code: Code) -> Outcome {
    match code.class() {
        Class::Indeterminate | Class::Unavailable | Class::Internal => Outcome::Indeterminate,
        Class::Malformed
        | Class::TooLarge
        | Class::Rejected
        | Class::Unauthenticated
        | Class::Forbidden
        | Class::NotFound
        | Class::MethodNotAllowed
        | Class::UnsupportedMedia
        | Class::Timeout => Outcome::Reject,
    }
}

/// The verdict on the credentials of one request.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// One verdict each, in the order asked.
    pub credentials: Vec<CredentialVerdict>,
    /// The instant it is about.
    pub at: UnixTime,
    /// Whether that instant was the caller's choice, not the clock's.
    pub simulated: bool,
    /// The colour of whoever shows them, where it was asked and a policy set is in force.
    pub colour: Option<Coloured>,
    /// The receipt for it in base64url, where one was asked for.
    pub receipt: Option<String>,
    /// The words in which it is told.
    pub messages: Arc<Messages>,
    pub(super) is_for_journey: bool,
    pub(super) policy: (SmolStr, u32),
    pub(super) snapshot: (SnapshotId, u64, Option<UnixTime>),
}

impl Verdict {
    /// The verdict made of those on each credential.
    pub fn of(
        credentials: Vec<CredentialVerdict>,
        at: UnixTime,
        snapshot: &Snapshot,
        policy: &Policy,
    ) -> Self {
        Self {
            credentials,
            at,
            simulated: false,
            colour: None,
            receipt: None,
            messages: Arc::clone(snapshot.messages()),
            is_for_journey: false,
            policy: (policy.id.clone(), policy.version),
            snapshot: (snapshot.id(), snapshot.sequence(), snapshot.as_of()),
        }
    }

    /// The content hash of the snapshot it was reached under.
    pub fn snapshot_id(&self) -> SnapshotId {
        self.snapshot.0
    }

    /// The best outcome of the credentials: a person needs one good certificate.
    pub fn outcome(&self) -> Outcome {
        self.credentials
            .iter()
            .map(CredentialVerdict::outcome)
            .min()
            .unwrap_or(Outcome::Reject)
    }

    /// The findings that decide: none where it is accepted, else those of all credentials.
    pub fn findings(&self) -> impl Iterator<Item = (&CredentialVerdict, &Finding)> {
        let decisive = self.outcome() != Outcome::Accept;
        let credentials = self.credentials.iter().filter(move |_| decisive);
        credentials
            .flat_map(|credential| credential.findings.iter().map(move |it| (credential, it)))
    }

    /// When time alone could next change the verdict on any of the credentials.
    pub fn recheck_by(&self) -> Option<UnixTime> {
        self.credentials
            .iter()
            .filter_map(|credential| credential.recheck_by)
            .min()
    }
}
