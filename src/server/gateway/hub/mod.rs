//! What this gateway is to others: the parties that may hand in here, and everything that they handed in.
//!
//! Refuses to count a party's certificate that no pinned trust anchor vouches for, and to forget: what is taken back is
//! marked so, with its time, because those who ask for changes have to hear of it.
//!
//! A pure function of the records of the source `hub` in their order: two nodes with the same records answer alike. What
//! is decided by it, in the files beside this one, is decided again wherever somebody else wrote meanwhile.
//!
//! Source: EU DGCG, sections on trust lists, uploads, rules and revocation; WHO TNG where it differs.

mod batch;
mod entry;
mod issuer;
mod listing;
mod message;
mod migration;
mod onboarding;
mod party;
mod reference;
mod refused;
mod revoking;
mod rule;
mod ruling;
mod signer;
pub mod turns;
mod unique;
mod write;

pub use batch::Batch;
pub use entry::Entry;
pub use issuer::StoredIssuer;
pub use listing::{Page, Turning};
pub use message::Handed;
pub use migration::{Migrated, Migration, migrate, migrations};
pub use onboarding::{Joining, leaving};
pub use party::{Party, PartyRole};
pub use reference::{StoredReference, delete_reference, upload_reference};
pub use refused::{Reason, Refused};
pub use revoking::{delete_batch, downloaded, expire_batches, upload_batch};
pub use rule::StoredRule;
pub use ruling::{delete_rule, shown_rules, upload_rule};
pub use signer::{Conduct, Tng, delete_signer, upload_signer};
pub use unique::{random_uuid, uuid_of};
pub use write::{Change, Decided};

use crate::exchange::{Record, RecordKind};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::server::gateway::replica;
use crate::trust::Role;
use std::collections::BTreeMap;
use std::sync::Arc;
use turns::Newest;

/// The source under which all records of parties and of what they handed in are kept.
pub const HUB: &str = "hub";

/// Parties, and what they handed in.
#[derive(Clone, Debug, Default)]
pub struct Hub {
    anchors: Arc<[Thumbprint]>,
    parties: BTreeMap<Country, Party>,
    entries: BTreeMap<String, Arc<Entry>>,
    batches: BTreeMap<String, Arc<Batch>>,
    rules: BTreeMap<String, Arc<StoredRule>>,
    /// Trusted issuers and references, JSON, by kind and name.
    documents: BTreeMap<(RecordKind, String), Arc<Record>>,
    /// The second in which a batch last changed.
    newest_batch: Option<Newest>,
    generation: u64,
}

impl Hub {
    /// A hub without parties; `anchors` are the SHA-256 fingerprints of the trust anchors' certificates.
    pub fn new(anchors: &[Thumbprint]) -> Self {
        Self {
            anchors: anchors.into(),
            ..Self::default()
        }
    }

    /// Takes in the record with the number `sequence`, the next of its source.
    pub fn apply(&mut self, sequence: u64, record: &Record) {
        self.generation += 1;
        match record.kind {
            RecordKind::Party => {
                if let Some(party) = Party::read(record) {
                    self.parties.insert(party.country, party);
                }
            }
            RecordKind::TrustListEntry => {
                if let Some(mut entry) = Entry::read(sequence, record, &self.anchors) {
                    let before = self.entries.get(&record.name);
                    if let Some(before) = before.filter(|before| before.stands()) {
                        entry.sequence = before.sequence;
                    }
                    self.entries.insert(record.name.clone(), Arc::new(entry));
                }
            }
            RecordKind::RevocationBatch => {
                let before = self.batches.get(&record.name).map(|batch| batch.sequence);
                if let Some(batch) = Batch::read(before.unwrap_or(sequence), record) {
                    self.batch_changed(batch.changed_at);
                    self.batches.insert(record.name.clone(), Arc::new(batch));
                }
            }
            RecordKind::Rule => {
                let before = self.rules.get(&record.name).map(|rule| rule.sequence);
                if let Some(rule) = StoredRule::read(before.unwrap_or(sequence), record) {
                    self.rules.insert(record.name.clone(), Arc::new(rule));
                }
            }
            RecordKind::TrustedIssuer | RecordKind::TrustedReference => {
                let key = (record.kind, record.name.clone());
                self.documents.insert(key, Arc::new(record.clone()));
            }
            RecordKind::Tombstone => self.withdraw(record),
            RecordKind::Publication
            | RecordKind::SignerKey
            | RecordKind::Withdrawal
            | RecordKind::WithdrawalUndone
            | RecordKind::DataKey
            | RecordKind::PolicySet
            | RecordKind::Readmission
            | RecordKind::ValueSet
            | RecordKind::DidDocument
            | RecordKind::ListDocument
            | RecordKind::Confirmation
            | RecordKind::Operator
            | RecordKind::Client
            | RecordKind::Request
            | RecordKind::Approval => {}
        }
    }

    fn withdraw(&mut self, note: &Record) {
        let Some((kind, name)) = replica::named(&note.name) else {
            return;
        };
        let at = note.received_at;
        match kind {
            RecordKind::TrustListEntry => {
                if let Some(entry) = self.entries.get_mut(&name) {
                    Arc::make_mut(entry).deleted_at.get_or_insert(at);
                }
            }
            RecordKind::RevocationBatch => {
                if let Some(batch) = self.batches.get_mut(&name) {
                    let batch = Arc::make_mut(batch);
                    batch.message = None;
                    batch.changed_at = at;
                    self.batch_changed(at);
                }
            }
            RecordKind::Rule => drop(self.rules.remove(&name)),
            RecordKind::Party => {
                if let Some(country) = Country::parse(&name) {
                    self.parties.remove(&country);
                }
            }
            RecordKind::TrustedIssuer | RecordKind::TrustedReference => {
                self.documents.remove(&(kind, name));
            }
            RecordKind::ValueSet
            | RecordKind::DidDocument
            | RecordKind::ListDocument
            | RecordKind::Confirmation
            | RecordKind::Tombstone
            | RecordKind::Publication
            | RecordKind::SignerKey
            | RecordKind::Withdrawal
            | RecordKind::WithdrawalUndone
            | RecordKind::DataKey
            | RecordKind::PolicySet
            | RecordKind::Readmission
            | RecordKind::Operator
            | RecordKind::Client
            | RecordKind::Request
            | RecordKind::Approval => {}
        }
    }

    /// A number that moves with every record.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The trust anchors that vouch for parties, by SHA-256.
    pub fn anchors(&self) -> &[Thumbprint] {
        &self.anchors
    }

    /// The parties, by country.
    pub fn parties(&self) -> impl Iterator<Item = &Party> {
        self.parties.values()
    }

    /// The party of `country`.
    pub fn party(&self, country: Country) -> Option<&Party> {
        self.parties.get(&country)
    }

    /// The party whose TLS certificate has this fingerprint.
    pub fn caller(&self, fingerprint: &Thumbprint) -> Option<&Party> {
        let name = entry::name(*fingerprint, Role::Authentication);
        let entry = self.entries.get(&name).filter(|it| it.stands())?;
        self.parties.get(&entry.country)
    }

    /// The entries of the trust list in the order of their key identifiers, those that were taken back among them.
    pub fn entries(&self) -> Vec<&Arc<Entry>> {
        let mut entries: Vec<_> = self.entries.values().collect();
        entries.sort_by(|left, right| (&left.kid, left.name()).cmp(&(&right.kid, right.name())));
        entries
    }

    /// The same in no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.values()
    }

    /// The entry of the certificate with this fingerprint in this part.
    pub fn entry(&self, fingerprint: Thumbprint, role: Role) -> Option<&Arc<Entry>> {
        self.entries.get(&entry::name(fingerprint, role))
    }

    /// The standing entries of `country` in this part.
    pub fn of(&self, country: Country, role: Role) -> impl Iterator<Item = &Arc<Entry>> {
        let entries = self.entries.values();
        entries.filter(move |it| it.country == country && it.role == role && it.stands())
    }

    /// Whether an upload certificate of `country` signed what was handed in.
    pub fn is_uploader(&self, country: Country, handed: &Handed) -> bool {
        let uploader = handed.signer();
        let mut uploads = self.of(country, Role::Upload);
        uploads.any(|upload| upload.thumbprint == uploader)
    }

    /// The batches of revocations, those that were taken back among them, by their ids.
    pub fn batches(&self) -> impl Iterator<Item = &Arc<Batch>> {
        self.batches.values()
    }

    /// The batch with this id.
    pub fn batch(&self, id: &str) -> Option<&Arc<Batch>> {
        self.batches.get(id)
    }

    /// The second in which a batch last changed, and how many did.
    pub fn newest_batch(&self) -> Option<Newest> {
        self.newest_batch
    }

    fn batch_changed(&mut self, at: UnixTime) {
        match &mut self.newest_batch {
            Some(newest) if newest.at > at => {}
            Some(newest) if newest.at == at => newest.changes += 1,
            newest => *newest = Some(Newest { at, changes: 1 }),
        }
    }

    /// The versions of all rules, by identifier and version.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<StoredRule>> {
        self.rules.values()
    }

    /// The trusted issuers or references, JSON.
    pub fn documents(&self, kind: RecordKind) -> impl Iterator<Item = &Arc<Record>> {
        let documents = self.documents.iter();
        documents.filter_map(move |((of, _), record)| (*of == kind).then_some(record))
    }

    /// The trusted issuer or reference with this name.
    pub fn document(&self, kind: RecordKind, name: &str) -> Option<&Arc<Record>> {
        self.documents.get(&(kind, name.to_owned()))
    }
}
