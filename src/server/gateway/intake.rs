//! From a feed's answer to records: what is new, what is gone, and what must not be taken in.
//!
//! Refuses a list that is older than the one before, one that leaves out many signers at once, and documents that cannot
//! be read; whatever was known before stays. Says of everything that is not taken in why.
//!
//! A pure function: neither clock nor store is asked here.

mod guard;

use super::replica::{self, Confirmation, Standing};
use crate::exchange::dgcg::{read_message, read_rule_row, read_statement};
use crate::exchange::{Record, RecordKind, onboarding, read_value_set};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::federation::{Fetched, FetchedDocument};
use crate::snapshot::FeedProof;
use crate::trust::Place;
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
            RecordKind::ListDocument if matches!(self.proof, FeedProof::Statements(_)) => {
                onboarding::Statement::read(&record.body).map(|_| ())
            }
            RecordKind::TrustedIssuer
            | RecordKind::TrustedReference
            | RecordKind::DidDocument
            | RecordKind::ListDocument => Ok(()),
            RecordKind::Confirmation
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
            | RecordKind::Approval => {
                Err(Code::UpstreamInvalid.because("a feed makes no notes of ours"))
            }
        }
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

fn label(kind: RecordKind, name: &str) -> String {
    format!("{}/{name}", kind.name())
}

/// How many rows of what was left out are kept; the rest is counted in the log.
pub(super) const MAX_LEFT_OUT: usize = 100;
