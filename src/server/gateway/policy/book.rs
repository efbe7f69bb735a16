//! Every policy set that was activated, as the records have it.
//!
//! Refuses to say anything while records are missing: the one that is missing may be the one in force.
//!
//! A pure function of the records in their order and of the pinned signers: two nodes with the same of both say the same.

use super::record::{Activation, PolicyMessage};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint};
use crate::rules::Policies;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Policy sets as they stand.
#[derive(Clone, Debug)]
pub struct PolicyBook {
    country: Country,
    signers: Arc<[Thumbprint]>,
    policies: Arc<Policies>,
    /// Who answers for each, by its name.
    answered: BTreeMap<String, Answered>,
    incomplete: bool,
}

/// Who answers for a policy set.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The operator who asked that it is activated.
    pub by: String,
    /// The operator who approved it.
    pub approved_by: String,
    /// SHA-256 over the certificate of the key that signed it.
    pub signer: Thumbprint,
}

impl PolicyBook {
    /// That of a gateway of `country`, at which the keys of the certificates `signers` sign; no record was read yet.
    pub fn of(country: Country, signers: &[Thumbprint]) -> Self {
        Self {
            country,
            signers: signers.into(),
            policies: Arc::default(),
            answered: BTreeMap::new(),
            incomplete: false,
        }
    }

    /// Whether `record` is told here.
    pub fn keeps(record: &Record) -> bool {
        record.kind == RecordKind::PolicySet
    }

    /// Takes in the next record.
    ///
    /// # Errors
    /// Where it does not prove itself, or may not follow on what there is, which changes nothing.
    pub fn apply(&mut self, record: &Record) -> Result<(), Failure> {
        let activation = Activation::read(record)?;
        let message = self.read(&activation.message)?;
        let name = message.name();
        if name != record.name {
            return Err(Code::Internal.because("a record of a policy set with another name"));
        }
        let (set, policies) = (Arc::new(message.set), Arc::make_mut(&mut self.policies));
        policies.activate(set, activation.from, activation.at)?;
        let answered = Answered {
            by: activation.by,
            approved_by: activation.approved_by,
            signer: message.signer,
        };
        self.answered.insert(name, answered);
        Ok(())
    }

    /// The set in `message`, CMS in DER, if it proves itself here.
    ///
    /// # Errors
    /// Those of [`PolicyMessage::read`]; `request_invalid` where no signer is configured.
    pub fn read(&self, message: &[u8]) -> Result<PolicyMessage, Failure> {
        if self.signers.is_empty() {
            let reason = "nobody is configured who signs policy sets (policy.signers)";
            return Err(Code::RequestInvalid.because(reason));
        }
        PolicyMessage::read(message, &self.signers, self.country)
    }

    /// Notes that records are missing, or that none are.
    pub fn set_incomplete(&mut self, incomplete: bool) {
        self.incomplete = incomplete;
    }

    /// What it comes to, for verdicts: nothing while records are missing.
    pub fn policies(&self) -> Arc<Policies> {
        if self.incomplete {
            return Arc::default();
        }
        Arc::clone(&self.policies)
    }

    /// Who answers for the set with this name.
    pub fn answered(&self, name: &str) -> Option<&Answered> {
        self.answered.get(name)
    }
}
