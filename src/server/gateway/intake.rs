//! From a feed's answer to records: what is new, what is gone, and what must not be taken in.
//!
//! Refuses a list that is older than the one before, one that leaves out many signers at once, and documents that cannot
//! be read; whatever was known before stays. Says of everything that is not taken in why.
//!
//! A pure function: neither clock nor store is asked here.

use super::replica::{self, Confirmation, Standing, tombstone, tombstone_of};
use crate::exchange::dgcg::{read_batch, read_message, read_rule_row, read_statement};
use crate::exchange::signed::SignedList;
use crate::exchange::{Record, RecordKind, read_value_set};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::server::federation::{Fetched, FetchedDocument};
use crate::snapshot::{DidTrust, FeedProof, named_signers};
use crate::trust::{Authorities, KeyMaterial, Place, Role, Statement};
use std::collections::{BTreeSet, HashSet};

/// What an answer comes to.
#[derive(Debug, Default)]
pub struct Taken {
    /// The records to keep, in order.
    pub records: Vec<Record>,
    /// How many documents are new or changed.
    pub added: usize,
    /// How many were there already.
    pub repeated: usize,
    /// How many things are gone.
    pub withdrawn: usize,
    /// What was not taken in, and why.
    pub left_out: Vec<(String, Failure)>,
    /// The kinds of which something was refused as a whole, so that it has to be asked for again.
    pub alarmed: BTreeSet<RecordKind>,
}

impl Taken {
    fn leave_out(&mut self, place: String, failure: Failure) {
        self.left_out.push((place, failure));
    }

    fn refuse(&mut self, kind: RecordKind, place: String, failure: Failure) {
        self.alarmed.insert(kind);
        self.leave_out(place, failure);
    }
}

/// Whom to ask, and how.
#[derive(Clone, Copy, Debug)]
pub struct Intake<'i> {
    /// The feed's id.
    pub source: &'i str,
    /// How what it says proves itself.
    pub proof: &'i FeedProof,
    /// How it stands.
    pub standing: Option<&'i Standing>,
    /// Now.
    pub at: UnixTime,
    /// Whether an operator has looked, and takes in what is shorter or older than before.
    pub accepts_less: bool,
}

impl Intake<'_> {
    /// What the answer `fetched` comes to.
    pub fn take(&self, fetched: Fetched) -> Taken {
        let mut taken = Taken {
            left_out: fetched.troubles,
            ..Taken::default()
        };
        // What cannot be read is there all the same: it is no sign that anything is gone.
        let named = fetched.documents.iter();
        let named = named.map(|it| (it.kind, it.name.clone()));
        let named: HashSet<_> = named.chain(fetched.standing.iter().cloned()).collect();
        let mut documents = Vec::new();
        for document in fetched.documents {
            let record = self.record(document);
            match self.readable(&record) {
                Ok(()) => documents.push(record),
                Err(failure) => taken.leave_out(label(record.kind, &record.name), failure),
            }
        }
        let mut gone: BTreeSet<String> = BTreeSet::new();
        for kind in RecordKind::ALL {
            let withdrawn = fetched.withdrawn.iter().filter(|(of, _)| of == kind);
            let withdrawn = withdrawn.map(|(_, name)| name.as_str());
            let complete = fetched.complete.contains(kind);
            match self.leaving(*kind, withdrawn, complete.then_some(&named), &documents) {
                Ok(leaving) => gone.extend(leaving),
                Err(failure) => {
                    taken.refuse(*kind, kind.name().to_owned(), failure);
                    // Nothing is gone, and nothing older is taken for newer.
                    documents.retain(|record| record.kind != *kind);
                }
            }
        }
        match self.list(&documents) {
            Ok(left) => gone.extend(left),
            Err(failure) => {
                let kind = RecordKind::ListDocument;
                taken.refuse(kind, kind.name().to_owned(), failure);
                documents.retain(|record| record.kind != kind);
                gone.retain(|name| !name.starts_with(kind.name()));
            }
        }
        let authorities = self.authorities(&documents);
        let others: Vec<_> = documents.clone();
        for record in documents {
            let known = self.known(record.kind, &record.name);
            if known.is_some_and(|known| known.body == record.body) {
                taken.repeated += 1;
                continue;
            }
            if let Some(failure) = known.and_then(|known| self.worse(&record, known, &authorities))
            {
                taken.leave_out(label(record.kind, &record.name), failure);
                continue;
            }
            match self.successor(&record, &others) {
                Ok(left) => gone.extend(left),
                Err(failure) => {
                    taken.refuse(record.kind, label(record.kind, &record.name), failure);
                    continue;
                }
            }
            taken.added += 1;
            taken.records.push(record);
        }
        // What was withdrawn before and stands again is withdrawn again.
        let gone = gone.into_iter();
        let gone = gone.filter(|name| !self.is_withdrawn(name) || self.stands(name));
        let gone: Vec<_> = gone.collect();
        taken.withdrawn = gone.len();
        let tombstones = gone
            .into_iter()
            .map(|name| self.note(RecordKind::Tombstone, name, "{}"));
        taken.records.extend(tombstones);
        let confirmation = self.confirmation(&fetched.answered, &taken);
        taken.records.push(confirmation);
        taken
    }

    fn known(&self, kind: RecordKind, name: &str) -> Option<&Record> {
        self.standing
            .and_then(|standing| standing.record(kind, name))
    }

    /// Whether the record that a tombstone of this name withdraws stands now.
    fn stands(&self, tombstone: &str) -> bool {
        replica::named(tombstone).is_some_and(|(kind, name)| self.known(kind, &name).is_some())
    }

    /// The tombstones of what leaves: the `withdrawn`, and where `named` is everything there is, whatever else is known.
    ///
    /// # Errors
    /// `list_shrunk`, `list_rolled_back`.
    fn leaving<'n>(
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
                | RecordKind::Readmission => {}
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
    fn authorities(&self, documents: &[Record]) -> Authorities {
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
    fn worse(&self, record: &Record, known: &Record, by: &Authorities) -> Option<Failure> {
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
            | RecordKind::Readmission => Ok(()),
        };
        let failure = proven(record).err()?;
        proven(known).is_ok().then_some(failure)
    }

    fn record(&self, document: FetchedDocument) -> Record {
        Record {
            kind: document.kind,
            source: self.source.to_owned(),
            name: document.name,
            country: document.country,
            received_at: self.at,
            body: document.body,
        }
    }

    fn note(&self, kind: RecordKind, name: String, body: &str) -> Record {
        Record {
            kind,
            source: self.source.to_owned(),
            name,
            country: None,
            received_at: self.at,
            body: body.as_bytes().to_vec(),
        }
    }

    fn is_withdrawn(&self, tombstone: &str) -> bool {
        self.standing.is_some_and(|it| it.is_withdrawn(tombstone))
    }

    /// That `record` is of its form at all; whether it proves itself is asked whenever it is used.
    fn readable(&self, record: &Record) -> Result<(), Failure> {
        match record.kind {
            RecordKind::TrustListEntry => {
                let place = Place {
                    document: record.name.clone(),
                    position: 1,
                };
                read_statement(place, &record.body).map(|_| ())
            }
            RecordKind::RevocationBatch => read_message(&record.body).map(|_| ()),
            RecordKind::Rule => read_message(read_rule_row(&record.body)?.as_bytes()).map(|_| ()),
            RecordKind::ValueSet => read_value_set(&record.body).map(|_| ()),
            RecordKind::TrustedIssuer
            | RecordKind::TrustedReference
            | RecordKind::DidDocument
            | RecordKind::ListDocument => Ok(()),
            RecordKind::Confirmation | RecordKind::Tombstone | RecordKind::Readmission => {
                Err(Code::UpstreamInvalid.because("a feed makes no notes of ours"))
            }
        }
    }

    /// That the list in `documents` holds now and is not older or much shorter than the one before, if they are one; and
    /// the tombstones of the signers that it leaves out.
    fn list(&self, documents: &[Record]) -> Result<Vec<String>, Failure> {
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
    fn successor(&self, record: &Record, others: &[Record]) -> Result<Vec<String>, Failure> {
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
        let created_before = crate::exchange::did::DidDocument::read(&before.body, &before.name)
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

    fn confirmation(&self, answered: &[RecordKind], taken: &Taken) -> Record {
        let left_out = &taken.left_out;
        let before = self
            .standing
            .map(Standing::confirmation)
            .cloned()
            .unwrap_or_default();
        let at = |kinds: &[RecordKind], before: Option<i64>| {
            let now = kinds
                .iter()
                .any(|kind| answered.contains(kind) && !taken.alarmed.contains(kind));
            if now { Some(self.at.seconds()) } else { before }
        };
        let signers = [
            RecordKind::TrustListEntry,
            RecordKind::DidDocument,
            RecordKind::ListDocument,
        ];
        let rows = left_out.iter().take(MAX_LEFT_OUT).map(|(place, failure)| {
            let code = failure.code().name().to_owned();
            (place.clone(), code, failure.detail().to_owned())
        });
        let confirmation = Confirmation {
            signers_at: at(&signers, before.signers_at),
            revocations_at: at(&[RecordKind::RevocationBatch], before.revocations_at),
            left_out: rows.collect(),
        };
        // It is made of numbers and texts, which always have a JSON form.
        let body = serde_json::to_string(&confirmation).unwrap_or_default();
        self.note(RecordKind::Confirmation, "sync".to_owned(), &body)
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

fn label(kind: RecordKind, name: &str) -> String {
    format!("{}/{name}", kind.name())
}

/// How far ahead another clock may be.
const AHEAD_S: i64 = 3600;
/// Below this many signers none is missed by their number alone.
const FEW: usize = 5;
/// How many rows of what was left out are kept; the rest is counted in the log.
pub(super) const MAX_LEFT_OUT: usize = 100;
