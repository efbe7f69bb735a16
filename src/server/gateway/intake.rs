//! From a feed's answer to records: what is new, what is gone, and what must not be taken in.
//!
//! Refuses a list that is older than the one before, one that leaves out many signers at once, and documents that cannot
//! be read; whatever was known before stays. Says of everything that is not taken in why.
//!
//! A pure function: neither clock nor store is asked here.

use super::replica::{Confirmation, Standing, tombstone, tombstone_of};
use crate::exchange::dgcg::{read_message, read_rule_row, read_statement};
use crate::exchange::signed::SignedList;
use crate::exchange::{Record, RecordKind, read_value_set};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::server::federation::{Fetched, FetchedDocument};
use crate::snapshot::{FeedProof, named_signers};
use crate::trust::{KeyMaterial, Place, Role};
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
    /// Whether a list was refused as a whole, so that it has to be asked for again.
    pub alarmed: bool,
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
        let mut documents = Vec::new();
        // What cannot be read is there all the same: it is no sign that anything is gone.
        let named = fetched.documents.iter();
        let named = named.map(|it| (it.kind, it.name.clone()));
        let named: HashSet<_> = named.chain(fetched.standing.iter().cloned()).collect();
        for document in fetched.documents {
            let record = self.record(document);
            match self.readable(&record) {
                Ok(()) => documents.push(record),
                Err(failure) => taken
                    .left_out
                    .push((label(record.kind, &record.name), failure)),
            }
        }
        let mut gone: BTreeSet<String> = BTreeSet::new();
        for kind in &fetched.complete {
            match self.missing(*kind, &documents, &named) {
                Ok(missing) => gone.extend(missing),
                Err(failure) => {
                    taken.alarmed = true;
                    taken.left_out.push((kind.name().to_owned(), failure));
                    // Nothing is gone, and nothing older is taken for newer.
                    documents.retain(|record| record.kind != *kind);
                }
            }
        }
        for (kind, name) in &fetched.withdrawn {
            let known = self
                .standing
                .is_some_and(|it| it.record(*kind, name).is_some());
            if known {
                gone.insert(tombstone(*kind, name));
            }
        }
        if let Err(failure) = self.list(&documents) {
            taken
                .left_out
                .push((RecordKind::ListDocument.name().to_owned(), failure));
            documents.retain(|record| record.kind != RecordKind::ListDocument);
        }
        let others: Vec<_> = documents.clone();
        for record in documents {
            let known = self
                .standing
                .and_then(|it| it.record(record.kind, &record.name));
            if known.is_some_and(|known| known.body == record.body) {
                taken.repeated += 1;
                continue;
            }
            match self.successor(&record, &others) {
                Ok(left) => gone.extend(left),
                Err(failure) => {
                    taken
                        .left_out
                        .push((label(record.kind, &record.name), failure));
                    continue;
                }
            }
            taken.added += 1;
            taken.records.push(record);
        }
        let gone = gone.into_iter();
        let gone: Vec<_> = gone.filter(|name| !self.is_withdrawn(name)).collect();
        taken.withdrawn = gone.len();
        let tombstones = gone
            .into_iter()
            .map(|name| self.note(RecordKind::Tombstone, name, "{}"));
        taken.records.extend(tombstones);
        taken
            .records
            .push(self.confirmation(&fetched.answered, &taken.left_out));
        taken
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

    /// The tombstones of what is known of `kind` and is not among the `named`, which are all there is.
    fn missing(
        &self,
        kind: RecordKind,
        documents: &[Record],
        named: &HashSet<(RecordKind, String)>,
    ) -> Result<Vec<String>, Failure> {
        let Some(standing) = self.standing else {
            return Ok(Vec::new());
        };
        let known: Vec<_> = standing
            .records()
            .filter(|record| record.kind == kind)
            .collect();
        let missing: Vec<_> = known
            .iter()
            .filter(|record| !named.contains(&(kind, record.name.clone())))
            .collect();
        if kind == RecordKind::TrustListEntry && !self.accepts_less {
            let newest =
                |records: &mut dyn Iterator<Item = &Record>| records.filter_map(taken_in_at).max();
            let before = newest(&mut known.iter().copied());
            let now = newest(&mut documents.iter());
            if now < before {
                let reason = "its newest entry is older than the newest one before";
                return Err(Code::ListRolledBack.because(reason));
            }
            shrinks(missing.len(), known.len())?;
        }
        Ok(missing
            .iter()
            .map(|record| tombstone(kind, &record.name))
            .collect())
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
            shrinks(missing.len(), old.len())?;
        }
        Ok(missing.into_iter().map(tombstone_of).collect())
    }

    /// That `record` may take the place of the one before it, and the tombstones of the signers that it leaves out.
    fn successor(&self, record: &Record, others: &[Record]) -> Result<Vec<String>, Failure> {
        let (RecordKind::DidDocument, FeedProof::Did(trust)) = (record.kind, self.proof) else {
            return Ok(Vec::new());
        };
        if record.name != trust.did {
            return Ok(Vec::new());
        }
        let known = self.standing.into_iter().flat_map(Standing::records);
        let signers = others.iter().chain(known);
        let (document, _) = trust.document(record, signers)?;
        let before = self
            .standing
            .and_then(|it| it.record(record.kind, &record.name));
        let Some(before) = before else {
            return Ok(Vec::new());
        };
        let created = document.proof.as_ref().map(|proof| proof.created);
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
            shrinks(missing.len(), old.len())?;
        }
        Ok(missing.into_iter().map(tombstone_of).collect())
    }

    fn confirmation(&self, answered: &[RecordKind], left_out: &[(String, Failure)]) -> Record {
        let alarmed = |kind: RecordKind| {
            let whole = [RecordKind::DidDocument, RecordKind::ListDocument].contains(&kind);
            let alarms = [Code::ListRolledBack, Code::ListShrunk];
            left_out.iter().any(|(place, failure)| {
                place.starts_with(kind.name()) && (whole || alarms.contains(&failure.code()))
            })
        };
        let before = self
            .standing
            .map(Standing::confirmation)
            .cloned()
            .unwrap_or_default();
        let at = |kinds: &[RecordKind], before: Option<i64>| {
            let now = kinds
                .iter()
                .any(|kind| answered.contains(kind) && !alarmed(*kind));
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

/// That not more than a fifth is missing at once; of a handful, anything may be.
fn shrinks(missing: usize, known: usize) -> Result<(), Failure> {
    if known < FEW || missing * 5 <= known {
        return Ok(());
    }
    let reason = format!("{missing} of {known} signers are missing at once");
    Err(Code::ListShrunk.because(reason))
}

/// When the gateway took in the signer of an entry, by its word.
fn taken_in_at(record: &Record) -> Option<UnixTime> {
    let place = Place {
        document: record.name.clone(),
        position: 1,
    };
    let statement = read_statement(place, &record.body).ok()?;
    (statement.role == Role::Signer).then_some(statement.taken_in_at)?
}

fn label(kind: RecordKind, name: &str) -> String {
    format!("{}/{name}", kind.name())
}

/// Below this many signers none is missed by their number alone.
const FEW: usize = 5;
/// How many rows of what was left out are kept; the rest is counted in the log.
const MAX_LEFT_OUT: usize = 100;
