//! What an answer must not do: take the place of something newer or better proven, or send many away at once.
//!
//! Refuses whatever would, and says why. Absence, shrinking and age are judged here; proofs are asked for by `snapshot`.

use super::Intake;
use crate::exchange::dgcg::{read_batch, read_message, read_statement};
use crate::exchange::did::DidDocument;
use crate::exchange::signed::SignedList;
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::server::gateway::replica::{Standing, tombstone, tombstone_of};
use crate::snapshot::{DidTrust, FeedProof, named_signers};
use crate::trust::{Authorities, KeyMaterial, Place, Role, Statement};
use std::collections::{BTreeSet, HashSet};

impl Intake<'_> {
    /// The tombstones of what leaves: the `withdrawn`, and where `named` is everything there is, whatever else is known.
    ///
    /// # Errors
    /// `list_shrunk`, `list_rolled_back`.
    pub(super) fn leaving<'n>(
        &self,
        kind: RecordKind,
        withdrawn: impl Iterator<Item = &'n str>,
        named: Option<&HashSet<(RecordKind, String)>>,
        documents: &[Record],
    ) -> Result<Vec<String>, Failure> {
        let Some(standing) = self.standing else {
            return Ok(Vec::new());
        };
        let withdrawn: HashSet<_> = withdrawn.collect();
        let known = standing.records().filter(|record| record.kind == kind);
        let known: Vec<_> = known.collect();
        let is_leaving = |record: &&&Record| {
            let missing = named.is_some_and(|it| !it.contains(&(kind, record.name.clone())));
            missing || withdrawn.contains(record.name.as_str())
        };
        let leaving: Vec<_> = known.iter().filter(is_leaving).copied().collect();
        if !self.accepts_less {
            match kind {
                RecordKind::TrustListEntry => {
                    if named.is_some() {
                        self.not_older(&known, &leaving, documents)?;
                    }
                    let signers = |records: &[&Record]| {
                        records.iter().filter(|record| is_signer(record)).count()
                    };
                    shrinks(signers(&leaving), signers(&known), "signers")?;
                }
                RecordKind::RevocationBatch => {
                    let in_force = |records: &[&Record]| {
                        let records = records.iter();
                        records.filter(|record| !self.has_ended(record)).count()
                    };
                    let gone = in_force(&leaving);
                    shrinks(
                        gone,
                        if gone == 0 { 0 } else { in_force(&known) },
                        "batches",
                    )?;
                }
                RecordKind::TrustedIssuer
                | RecordKind::TrustedReference
                | RecordKind::Rule
                | RecordKind::ValueSet
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
                | RecordKind::Party
                | RecordKind::Operator
                | RecordKind::Client
                | RecordKind::Request
                | RecordKind::Approval => {}
            }
        }
        Ok(leaving
            .iter()
            .map(|record| tombstone(kind, &record.name))
            .collect())
    }

    /// That a whole list is not an older one: its newest signer is not missing together with others, or while somebody is
    /// back who was withdrawn.
    fn not_older(
        &self,
        known: &[&Record],
        leaving: &[&Record],
        documents: &[Record],
    ) -> Result<(), Failure> {
        let time = |record: &Record| taken_in_at(record).filter(|time| *time <= self.at);
        let before = known.iter().filter_map(|record| time(record)).max();
        let now = documents.iter().filter_map(time).max();
        if now >= before {
            return Ok(());
        }
        let newer = leaving.iter().filter(|record| time(record) > now).count();
        let returned = documents.iter().any(|record| {
            self.is_withdrawn(&tombstone(record.kind, &record.name))
                && self.known(record.kind, &record.name).is_none()
        });
        if newer > 1 || returned || documents.is_empty() {
            let reason = "its newest entry is older than the newest one before";
            return Err(Code::ListRolledBack.because(reason));
        }
        Ok(())
    }

    /// Whether a batch has ended, so that its going says nothing.
    fn has_ended(&self, record: &Record) -> bool {
        let content = read_message(&record.body)
            .ok()
            .and_then(|message| message.content);
        let batch = content.and_then(|content| read_batch(&record.name, &content).ok());
        batch.is_none_or(|batch| batch.expires_at < self.at)
    }

    /// The authorities of a gateway as they will stand: what stands, and what `documents` say anew.
    pub(super) fn authorities(&self, documents: &[Record]) -> Authorities {
        let mut authorities = Authorities::default();
        if let FeedProof::Gateway { anchors, .. } = self.proof {
            let standing = self.standing.into_iter().flat_map(Standing::records);
            for statement in standing.chain(documents).filter_map(statement) {
                // Whatever is not vouched for is refused where it is used.
                let _ = authorities.add(&statement, anchors);
            }
        }
        authorities
    }

    /// Why `record` must not take the place of `known`: it proves nothing where that does.
    pub(super) fn worse(
        &self,
        record: &Record,
        known: &Record,
        by: &Authorities,
    ) -> Option<Failure> {
        let FeedProof::Gateway { anchors, .. } = self.proof else {
            return None;
        };
        let proven = |record: &Record| match record.kind {
            RecordKind::TrustListEntry => {
                let entry = statement(record);
                let entry = entry.ok_or_else(|| Code::EntryInvalid.because("not an entry"))?;
                if entry.role == Role::Signer {
                    return by.signer(&entry).map(|_| ());
                }
                Authorities::default().add(&entry, anchors)
            }
            RecordKind::RevocationBatch => {
                let message = read_message(&record.body)?;
                by.handed_in(&message).map(|_| ())
            }
            RecordKind::TrustedIssuer
            | RecordKind::TrustedReference
            | RecordKind::Rule
            | RecordKind::ValueSet
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
            | RecordKind::Party
            | RecordKind::Operator
            | RecordKind::Client
            | RecordKind::Request
            | RecordKind::Approval => Ok(()),
        };
        let failure = proven(record).err()?;
        proven(known).is_ok().then_some(failure)
    }

    /// That the list in `documents` holds now and is not older or much shorter than the one before, if they are one; and
    /// the tombstones of the signers that it leaves out.
    pub(super) fn list(&self, documents: &[Record]) -> Result<Vec<String>, Failure> {
        let FeedProof::List(trust) = self.proof else {
            return Ok(Vec::new());
        };
        let is_part = |record: &&Record| record.kind == RecordKind::ListDocument;
        let now = trust.read(documents.iter().filter(is_part), self.at)?;
        let standing = self.standing.into_iter().flat_map(Standing::records);
        let standing: Vec<_> = standing.filter(is_part).collect();
        let Some(came_at) = standing.iter().map(|part| part.received_at).max() else {
            return Ok(Vec::new());
        };
        let Ok(before) = trust.read(standing, came_at) else {
            return Ok(Vec::new());
        };
        let (old, new) = (certificates(&before), certificates(&now));
        let missing: Vec<_> = old.difference(&new).copied().collect();
        if !self.accepts_less {
            if now.issued_at < before.issued_at {
                return Err(Code::ListRolledBack.because("it was made before the one before"));
            }
            shrinks(missing.len(), old.len(), "signers")?;
        }
        Ok(missing.into_iter().map(tombstone_of).collect())
    }

    /// That the list still proves itself once `record`, its signer's document, is another one.
    fn signer_of(
        &self,
        trust: &DidTrust,
        record: &Record,
        others: &[Record],
    ) -> Result<Vec<String>, Failure> {
        let new = others.iter().find(|other| other.name == trust.did);
        let list = new.or_else(|| self.known(RecordKind::DidDocument, &trust.did));
        if let Some(list) = list {
            trust.document(list, [record])?;
        }
        Ok(Vec::new())
    }

    /// That `record` may take the place of the one before it, and the tombstones of the signers that it leaves out.
    pub(super) fn successor(
        &self,
        record: &Record,
        others: &[Record],
    ) -> Result<Vec<String>, Failure> {
        let (RecordKind::DidDocument, FeedProof::Did(trust)) = (record.kind, self.proof) else {
            return Ok(Vec::new());
        };
        if record.name != trust.did {
            return self.signer_of(trust, record, others);
        }
        let known = self.standing.into_iter().flat_map(Standing::records);
        let signers = others.iter().chain(known);
        let (document, _) = trust.document(record, signers)?;
        let created = document.proof.as_ref().map(|proof| proof.created);
        if created.is_some_and(|created| created > self.at.plus(AHEAD_S)) {
            return Err(Code::ListRolledBack.because("it was made in the future"));
        }
        let before = self
            .standing
            .and_then(|it| it.record(record.kind, &record.name));
        let Some(before) = before else {
            return Ok(Vec::new());
        };
        let created_before = DidDocument::read(&before.body, &before.name)
            .ok()
            .and_then(|document| document.proof.map(|proof| proof.created));
        if created <= created_before && !self.accepts_less && created_before.is_some() {
            let reason = "it was not made after the one before";
            return Err(Code::ListRolledBack.because(reason));
        }
        let names = |record: &Record| -> Result<BTreeSet<Thumbprint>, Failure> {
            Ok(named_signers(record)?.into_iter().collect())
        };
        let (old, new) = (names(before)?, names(record)?);
        let missing: Vec<_> = old.difference(&new).copied().collect();
        if !self.accepts_less {
            shrinks(missing.len(), old.len(), "signers")?;
        }
        Ok(missing.into_iter().map(tombstone_of).collect())
    }
}

/// The certificates in a list, by SHA-256.
fn certificates(list: &SignedList) -> BTreeSet<Thumbprint> {
    let entries = list.entries.iter().flatten();
    entries
        .filter_map(|entry| match &entry.key {
            KeyMaterial::Certificate(der) => Some(Thumbprint(crate::crypto::sha256(der))),
            KeyMaterial::PublicKey(_) => None,
        })
        .collect()
}

/// That not more than a fifth leaves at once; of a handful, anything may.
fn shrinks(leaving: usize, known: usize, what: &str) -> Result<(), Failure> {
    if known < FEW || leaving * 5 <= known {
        return Ok(());
    }
    let reason = format!("{leaving} of {known} {what} leave at once");
    Err(Code::ListShrunk.because(reason))
}

fn statement(record: &Record) -> Option<Statement> {
    if record.kind != RecordKind::TrustListEntry {
        return None;
    }
    let place = Place {
        document: record.name.clone(),
        position: 1,
    };
    read_statement(place, &record.body).ok()
}

fn is_signer(record: &Record) -> bool {
    statement(record).is_some_and(|statement| statement.role == Role::Signer)
}

/// When the gateway took in the signer of an entry, by its word.
fn taken_in_at(record: &Record) -> Option<UnixTime> {
    let statement = statement(record)?;
    (statement.role == Role::Signer).then_some(statement.taken_in_at)?
}

/// How far ahead another clock may be.
const AHEAD_S: i64 = 3600;
/// Below this many signers none is missed by their number alone.
const FEW: usize = 5;
