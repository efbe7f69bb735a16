//! Every record of the store, feed by feed, as it stands now.
//!
//! Refuses to forget a withdrawal: what was withdrawn stays so until an operator lets it come back.
//!
//! A pure function of the records in their order: two nodes with the same records stand alike.

use crate::exchange::{Record, RecordKind};
use crate::model::{Thumbprint, UnixTime};
use crate::trust::Role;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// The records of all feeds.
#[derive(Clone, Debug, Default)]
pub struct Replica(BTreeMap<String, Arc<Standing>>);

/// The records of one feed.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    current: BTreeMap<(RecordKind, String), Arc<Record>>,
    withdrawn: BTreeSet<String>,
    retired: BTreeMap<String, Arc<Record>>,
    confirmation: Confirmation,
    generation: u64,
}

/// What we note each time a feed was found to say what its records say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Confirmation {
    /// When its signers were last known, seconds since 1970-01-01T00:00:00Z.
    pub signers_at: Option<i64>,
    /// When its withdrawn certificates were last known.
    pub revocations_at: Option<i64>,
    /// What it answered and was not taken in: the place, the machine code, the reason.
    pub left_out: Vec<(String, String, String)>,
}

impl Replica {
    /// Takes in the next record.
    pub fn apply(&mut self, record: Record) {
        let standing = self.0.entry(record.source.clone()).or_default();
        Arc::make_mut(standing).apply(record);
    }

    /// How the feed with this id stands.
    pub fn feed(&self, id: &str) -> Option<&Standing> {
        self.0.get(id).map(Arc::as_ref)
    }
}

impl Standing {
    fn apply(&mut self, record: Record) {
        match record.kind {
            RecordKind::Confirmation => {
                let read = serde_json::from_slice(&record.body);
                self.confirmation = read.unwrap_or_else(|_| self.confirmation.clone());
                return;
            }
            RecordKind::Tombstone => {
                let removed = named(&record.name).and_then(|of| self.current.remove(&of));
                if let Some(entry) = removed.filter(|it| it.kind == RecordKind::TrustListEntry) {
                    self.retired.insert(entry.name.clone(), entry);
                }
                self.withdrawn.insert(record.name);
            }
            RecordKind::Readmission => {
                self.withdrawn.remove(&record.name);
            }
            // No feed says these: the registry, the hub and the ledger read them.
            RecordKind::Operator
            | RecordKind::Client
            | RecordKind::Request
            | RecordKind::Approval
            | RecordKind::Party
            | RecordKind::Publication
            | RecordKind::SignerKey
            | RecordKind::Withdrawal
            | RecordKind::WithdrawalUndone
            | RecordKind::DataKey
            | RecordKind::PolicySet => return,
            RecordKind::TrustListEntry
            | RecordKind::TrustedIssuer
            | RecordKind::TrustedReference
            | RecordKind::RevocationBatch
            | RecordKind::Rule
            | RecordKind::ValueSet
            | RecordKind::DidDocument
            | RecordKind::ListDocument => {
                let key = (record.kind, record.name.clone());
                self.current.insert(key, Arc::new(record));
            }
        }
        self.generation += 1;
    }

    /// The newest record of each kind and name.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.current.values().map(Arc::as_ref)
    }

    /// The last records of certificates that were withdrawn.
    pub fn retired(&self) -> impl Iterator<Item = &Record> {
        self.retired.values().map(Arc::as_ref)
    }

    /// The newest record of this kind and name.
    pub fn record(&self, kind: RecordKind, name: &str) -> Option<&Record> {
        let found = self.current.get(&(kind, name.to_owned()));
        found.map(Arc::as_ref)
    }

    /// The certificates that were withdrawn, by SHA-256. One that went in a part in which it vouches for nothing may vouch in
    /// another.
    pub fn withdrawn(&self) -> HashSet<Thumbprint> {
        let names = self.withdrawn.iter();
        let certificates = names.filter_map(|name| name.strip_prefix(SIGNER));
        // One that plays several parts has them behind its thumbprint.
        let certificates = certificates.filter_map(|name| match name.split_once('/') {
            None => Some(name),
            Some((thumbprint, part)) => Role::parse(part)
                .is_none_or(Role::vouches)
                .then_some(thumbprint),
        });
        certificates.filter_map(Thumbprint::parse).collect()
    }

    /// Whether what has this name, as in tombstones, is withdrawn.
    pub fn is_withdrawn(&self, tombstone: &str) -> bool {
        self.withdrawn.contains(tombstone)
    }

    /// What was last noted of it.
    pub fn confirmation(&self) -> &Confirmation {
        &self.confirmation
    }

    /// A number that moves whenever what it says does.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When its signers were last known; the beginning of time where they never were.
    pub fn as_of(&self) -> UnixTime {
        instant(self.confirmation.signers_at).unwrap_or(UnixTime::EPOCH)
    }

    /// When its withdrawn certificates were last known, where it has any.
    pub fn revocation_as_of(&self) -> Option<UnixTime> {
        instant(self.confirmation.revocations_at)
    }

    /// SHA-256 over the names and contents of its records, by which a mark outside the store knows them.
    pub fn digest(&self) -> [u8; 32] {
        let rows = self.current.iter().map(|((kind, name), record)| {
            let row = [
                crate::crypto::sha256(kind.name().as_bytes()),
                crate::crypto::sha256(name.as_bytes()),
                crate::crypto::sha256(&record.body),
            ];
            crate::crypto::sha256(row.as_flattened())
        });
        let withdrawn = self.withdrawn.iter();
        let withdrawn = withdrawn.map(|name| crate::crypto::sha256(name.as_bytes()));
        let rows: Vec<_> = rows.chain(withdrawn).collect();
        crate::crypto::sha256(rows.as_flattened())
    }
}

/// The name of the tombstone of the record with this kind and name.
pub fn tombstone(kind: RecordKind, name: &str) -> String {
    if kind == RecordKind::TrustListEntry {
        return format!("{SIGNER}{name}");
    }
    format!("{}/{name}", kind.name())
}

/// The name of the tombstone of the certificate with this thumbprint.
pub fn tombstone_of(thumbprint: Thumbprint) -> String {
    format!("{SIGNER}{thumbprint}")
}

/// The kind and name of the record that a tombstone withdraws.
pub(super) fn named(tombstone: &str) -> Option<(RecordKind, String)> {
    if let Some(thumbprint) = tombstone.strip_prefix(SIGNER) {
        return Some((RecordKind::TrustListEntry, thumbprint.to_owned()));
    }
    let (kind, name) = tombstone.split_once('/')?;
    Some((RecordKind::parse(kind)?, name.to_owned()))
}

fn instant(seconds: Option<i64>) -> Option<UnixTime> {
    seconds.and_then(UnixTime::from_seconds)
}

const SIGNER: &str = "signer/";

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: RecordKind, name: &str, body: &str) -> Record {
        Record {
            kind,
            source: "eu".to_owned(),
            name: name.to_owned(),
            country: None,
            received_at: UnixTime::EPOCH,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_withdrawn_signer_stays_withdrawn_until_it_is_let_back() {
        let name = Thumbprint([7; 32]).to_string();
        let mut replica = Replica::default();
        let entry = || record(RecordKind::TrustListEntry, &name, "{}");
        replica.apply(entry());
        let digest = replica.feed("eu").unwrap().digest();
        let note = tombstone(RecordKind::TrustListEntry, &name);
        replica.apply(record(RecordKind::Tombstone, &note, "{}"));
        assert_eq!(replica.feed("eu").unwrap().records().count(), 0);
        replica.apply(entry());
        let standing = replica.feed("eu").unwrap();
        assert_eq!(standing.withdrawn(), HashSet::from([Thumbprint([7; 32])]));
        assert_ne!(standing.digest(), digest);
        replica.apply(record(RecordKind::Readmission, &note, "{}"));
        let standing = replica.feed("eu").unwrap();
        assert!(standing.withdrawn().is_empty() && standing.records().count() == 1);
        assert_eq!(standing.digest(), digest);
    }

    #[test]
    fn a_certificate_that_is_for_tls_no_more_may_still_be_for_uploads() {
        let thumbprint = Thumbprint([7; 32]);
        let mut replica = Replica::default();
        for (part, withdrawn) in [
            ("AUTHENTICATION", 0),
            ("DECA", 0),
            ("UPLOAD", 1),
            ("unknown", 1),
        ] {
            let note = tombstone(RecordKind::TrustListEntry, &format!("{thumbprint}/{part}"));
            replica.apply(record(RecordKind::Tombstone, &note, "{}"));
            let standing = replica.feed("eu").unwrap();
            assert_eq!(standing.withdrawn().len(), withdrawn, "{part}");
        }
    }

    #[test]
    fn a_confirmation_is_about_age_and_changes_nothing_else() {
        let mut replica = Replica::default();
        replica.apply(record(RecordKind::ValueSet, "codes", "{}"));
        let generation = replica.feed("eu").unwrap().generation();
        let noted = r#"{"signers_at":7,"left_out":[["p","c","d"]]}"#;
        replica.apply(record(RecordKind::Confirmation, "sync", noted));
        let standing = replica.feed("eu").unwrap();
        assert_eq!(standing.generation(), generation);
        assert_eq!(
            (standing.as_of().seconds(), standing.revocation_as_of()),
            (7, None)
        );
        replica.apply(record(RecordKind::Confirmation, "sync", "garbage"));
        assert_eq!(replica.feed("eu").unwrap().as_of().seconds(), 7);
    }
}
