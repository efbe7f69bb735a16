//! What the records say of our own certificates: withdrawals, those that were undone, and how our own keys stand.
//!
//! Refuses to know files, sockets or the clock: it is a pure function of sealed records in their order, so that two nodes with
//! the same records say the same. What it says is in force as soon as it is read, before any other part of a world is made.

use super::withdrawal::{Reason, Undone, Withdrawal};
use super::world::following;
use super::{Gateway, number, replica};
use crate::codec::x509::Certificate;
use crate::crypto::VerifyingKey;
use crate::exchange::dgcg::{read_batch, write_batch};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Country, UnixTime};
use crate::revocation::{RevocationBatch, RevocationHash};
use crate::snapshot::{Own, OwnKey};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use tracing::{error, info};

/// The source of all records about our own certificates and keys.
pub const OWN: &str = "registry";
/// What the sources begin with under which it is kept what was handed in at foreign gateways; a feed's id follows.
pub const UPLOADED: &str = "uploaded/";

/// Withdrawals as they stand, and what they come to.
#[derive(Clone, Debug)]
pub struct OwnRecords {
    own: Arc<Own>,
    withdrawals: BTreeMap<String, Arc<Standing>>,
    /// Batches that were handed in at foreign gateways and not taken back, by feed and by the id that they got there.
    uploaded: BTreeMap<String, BTreeMap<String, RevocationBatch>>,
    generation: u64,
}

/// A withdrawal, and whether it holds.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What was withdrawn, all parts together.
    pub withdrawal: Withdrawal,
    /// Who undid it, where somebody did.
    pub undone: Option<Undone>,
}

impl OwnRecords {
    /// Those of a gateway of `country`, of which none was read yet.
    pub fn of(country: Country) -> Self {
        Self {
            own: Arc::new(Own::of(country)),
            withdrawals: BTreeMap::new(),
            uploaded: BTreeMap::new(),
            generation: 0,
        }
    }

    /// Whether `record` is told here.
    pub fn keeps(record: &Record) -> bool {
        let is_ours = matches!(
            record.kind,
            RecordKind::Withdrawal | RecordKind::WithdrawalUndone | RecordKind::SignerKey
        );
        is_ours || record.source.starts_with(UPLOADED)
    }

    /// Takes in the next record; one of another kind changes nothing.
    ///
    /// # Errors
    /// `internal`, `entry_invalid` where it cannot be read, which changes nothing either.
    pub fn apply(&mut self, record: &Record) -> Result<(), Failure> {
        self.generation += 1;
        if let Some(feed) = record.source.strip_prefix(UPLOADED) {
            return self.apply_uploaded(feed, record);
        }
        if record.source != OWN {
            return Err(Code::Internal.because("a record of our own certificates from elsewhere"));
        }
        if record.kind == RecordKind::Withdrawal {
            let part = Withdrawal::read(record)?;
            Arc::make_mut(&mut self.own).withdraw(part.signatures());
            match self.withdrawals.get_mut(&part.id) {
                Some(known) => Arc::make_mut(known).withdrawal.groups.extend(part.groups),
                None => {
                    let standing = Standing {
                        withdrawal: part,
                        undone: None,
                    };
                    let id = standing.withdrawal.id.clone();
                    self.withdrawals.insert(id, Arc::new(standing));
                }
            }
        } else if record.kind == RecordKind::WithdrawalUndone {
            let undone = Undone::read(record)?;
            let unknown = || Code::Internal.because("an undone withdrawal that is not known");
            let known = self.withdrawals.get_mut(&undone.id).ok_or_else(unknown)?;
            if known.undone.is_none() {
                Arc::make_mut(&mut self.own).reinstate(known.withdrawal.signatures());
                Arc::make_mut(known).undone = Some(undone);
            }
        } else if record.kind == RecordKind::SignerKey {
            let (key, standing) = signer_key(record)?;
            Arc::make_mut(&mut self.own).stands(key, standing);
        }
        Ok(())
    }

    /// What it comes to, for verdicts.
    pub fn own(&self) -> &Arc<Own> {
        &self.own
    }

    /// Every withdrawal, by id.
    pub fn withdrawals(&self) -> impl Iterator<Item = &Arc<Standing>> {
        self.withdrawals.values()
    }

    /// Those of the certificates with these hashes of signatures that are withdrawn because an event took the place of theirs.
    pub fn superseded(
        &self,
        signatures: impl IntoIterator<Item = RevocationHash>,
    ) -> BTreeSet<RevocationHash> {
        let withdrawn = signatures.into_iter().filter(|it| self.own.names(*it));
        let withdrawn: BTreeSet<_> = withdrawn.collect();
        if withdrawn.is_empty() {
            return withdrawn;
        }
        let standing = self.withdrawals.values();
        let by_event = standing
            .filter(|it| it.undone.is_none() && it.withdrawal.reason == Reason::Superseded)
            .flat_map(|it| it.withdrawal.signatures());
        by_event.filter(|it| withdrawn.contains(it)).collect()
    }

    /// The withdrawal with this id.
    ///
    /// # Errors
    /// `not_found`.
    pub fn withdrawal(&self, id: &str) -> Result<&Arc<Standing>, Failure> {
        let unknown = || Code::NotFound.because("there is no such withdrawal");
        self.withdrawals.get(id).ok_or_else(unknown)
    }

    /// How many certificates the operator `id` withdrew or reinstated alone on the day of `at`, UTC.
    pub fn spent(&self, id: &str, at: UnixTime) -> usize {
        let today = |it: UnixTime| it.date() == at.date();
        let spent = self.withdrawals.values().map(|standing| {
            let withdrawal = &standing.withdrawal;
            let withdrew = withdrawal.by == id && withdrawal.is_alone() && today(withdrawal.at);
            let undid = standing.undone.as_ref().is_some_and(|undone| {
                undone.by == id && undone.approved_by.is_none() && today(undone.at)
            });
            withdrawal.certificates() * (usize::from(withdrew) + usize::from(undid))
        });
        spent.sum()
    }

    /// A number that moves with every record.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    fn apply_uploaded(&mut self, feed: &str, record: &Record) -> Result<(), Failure> {
        let batches = self.uploaded.entry(feed.to_owned()).or_default();
        if record.kind == RecordKind::RevocationBatch {
            let batch = read_batch(&record.name, &record.body)?;
            batches.insert(batch.id.clone(), batch);
        } else if record.kind == RecordKind::Tombstone {
            let gone = replica::named(&record.name);
            gone.and_then(|(_, id)| batches.remove(&id));
        }
        Ok(())
    }

    /// The batches that stand at the foreign gateway that the feed `id` is.
    pub fn uploaded(&self, id: &str) -> impl Iterator<Item = &RevocationBatch> {
        let batches = self.uploaded.get(id).into_iter();
        batches.flat_map(BTreeMap::values)
    }
}

/// The record that keeps that `batch` was handed in at the gateway that the feed `id` is.
pub(super) fn uploaded(id: &str, batch: &RevocationBatch, at: UnixTime) -> Record {
    Record {
        kind: RecordKind::RevocationBatch,
        source: format!("{UPLOADED}{id}"),
        name: batch.id.clone(),
        country: Some(batch.country),
        received_at: at,
        body: write_batch(batch).to_string().into_bytes(),
    }
}

/// The digest of the public key of a signer of our own, and how it stands.
fn signer_key(record: &Record) -> Result<([u8; 32], OwnKey), Failure> {
    let body: SignerKey = serde_json::from_slice(&record.body)
        .map_err(|error| Code::Internal.caused_by("a record of a signer of our own", error))?;
    let der = BASE64_STANDARD.decode(&body.certificate);
    let der = der.map_err(|error| Code::EntryInvalid.caused_by("not Base64", error))?;
    let key = VerifyingKey::from_spki(&Certificate::read(&der)?.public_key)?;
    let standing = match body.state {
        KeyState::Active | KeyState::Retired => OwnKey::Healthy,
        KeyState::Compromised => OwnKey::Compromised,
    };
    Ok((*key.spki_digest(), standing))
}

/// What of such a record counts here.
#[derive(Deserialize)]
struct SignerKey {
    certificate: String,
    state: KeyState,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeyState {
    Active,
    Retired,
    Compromised,
}

impl Gateway {
    /// Withdrawals as far as the records were read.
    pub fn own_records(&self) -> Arc<OwnRecords> {
        self.own.load_full()
    }

    /// Takes records about our own certificates in, and puts what they come to into force.
    pub(super) fn own_read(&self, records: &[Record]) {
        if records.is_empty() {
            return;
        }
        self.change_own(|own| {
            for record in records {
                if let Err(failure) = own.apply(record) {
                    let (kind, code) = (record.kind.name(), failure.code().name());
                    error!(
                        code,
                        kind, "a record of kind {kind} is not obeyed: {failure}"
                    );
                }
            }
        });
    }

    /// Notes that records are missing, or that none are.
    pub(super) fn own_incomplete(&self, incomplete: bool) {
        self.change_own(|own| Arc::make_mut(&mut own.own).set_incomplete(incomplete));
    }

    /// Does `change` to what is known of our own certificates, and puts it into force in the world as it is. No other part of
    /// that is made anew, and a world that is being made is not waited for.
    fn change_own(&self, change: impl FnOnce(&mut OwnRecords)) {
        let _one = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut records = OwnRecords::clone(&self.own.load());
        change(&mut records);
        let own = Arc::clone(records.own());
        self.own.store(Arc::new(records));
        let before = self.world.load_full();
        let snapshot = before.snapshot.as_ref().clone().with_own(own);
        if snapshot.id() == before.snapshot.id() {
            return;
        }
        let sequence = following(before.snapshot.sequence(), self.clock.now());
        let snapshot = snapshot.with_sequence(sequence);
        let withdrawn = snapshot.own().len();
        info!(
            withdrawn, snapshot = %snapshot.id(), sequence,
            "{withdrawn} certificates of our own are withdrawn"
        );
        metrics::gauge!("lintas_own_withdrawn").set(number(withdrawn));
        self.world.store(Arc::new(before.with_snapshot(snapshot)));
    }
}
