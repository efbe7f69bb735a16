//! Every signer of our own, as the records have it.
//!
//! Refuses to take a compromise back, and to change what a signer is for: a record may only say that it stands otherwise.
//!
//! A pure function of the records in their order: two nodes with the same records stand alike.

use super::{OwnSigner, SOURCE, SignerState};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Our own signers.
#[derive(Clone, Debug, Default)]
pub struct Keyring(BTreeMap<Thumbprint, Arc<OwnSigner>>);

impl Keyring {
    /// Whether `record` is told here.
    pub fn keeps(record: &Record) -> bool {
        record.kind == RecordKind::SignerKey && record.source == SOURCE
    }

    /// Takes in the next record.
    ///
    /// # Errors
    /// Where it cannot be read or may not follow on what there is, which changes nothing.
    pub fn apply(&mut self, record: &Record) -> Result<(), Failure> {
        let next = OwnSigner::read(record)?;
        if let Some(before) = self.0.get(&next.thumbprint) {
            if before.cohort != next.cohort || before.active_from != next.active_from {
                return Err(Code::Internal.because("a record would change what a signer is for"));
            }
            if next.state < before.state {
                return Err(Code::Internal.because("a record would let a signer sign again"));
            }
        }
        self.0.insert(next.thumbprint, next.into());
        Ok(())
    }

    /// All of them, by thumbprint.
    pub fn signers(&self) -> impl Iterator<Item = &Arc<OwnSigner>> {
        self.0.values()
    }

    /// The one with this thumbprint.
    pub fn signer(&self, thumbprint: &Thumbprint) -> Option<&Arc<OwnSigner>> {
        self.0.get(thumbprint)
    }

    /// The certificates whose keys somebody else may have.
    pub fn compromised(&self) -> BTreeSet<Thumbprint> {
        let signers = self.signers();
        let compromised = signers.filter(|it| it.state == SignerState::Compromised);
        compromised.map(|it| it.thumbprint).collect()
    }

    /// How many are active and have not ended at `at`.
    pub fn live(&self, at: UnixTime) -> usize {
        self.signers().filter(|it| it.is_live(at)).count()
    }
}
