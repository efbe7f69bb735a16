//! What a feed's records say once they have proven themselves: signers, withdrawn certificates, and every refusal.
//!
//! Refuses to drop anything silently, and to believe a record because it is kept: every proof is asked for again.
//!
//! Source: EU DGCG (section "trust model") and the WHO's trust network; each reader in `exchange` names its form.

use super::did::DidTrust;
use crate::exchange::dgcg::{
    Dialect, is_of_certificates, read_batch, read_issuer, read_message, read_reference, read_rule,
    read_rule_row, read_statement,
};
use crate::exchange::signed::{self, Anchors, ListForm, SignedList};
use crate::exchange::{Record, RecordKind, onboarding, read_value_set};
use crate::failure::{Code, Failure};
use crate::model::{Country, Kid, Thumbprint, UnixTime};
use crate::revocation::RevocationBatch;
use crate::rules::{RuleSet, ValueSets};
use crate::trust::{
    Assurance, Authorities, KeyMaterial, Place, Purposes, Refusal, Role, Source, SourceList,
    Statement, TrustEntry,
};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A feed, and its records in force.
#[derive(Clone, Debug)]
pub struct FeedRecords<'r> {
    /// The feed as a source of trust.
    pub source: Source,
    /// How what it says proves itself.
    pub proof: FeedProof,
    /// The newest record of each kind and name.
    pub records: Vec<&'r Record>,
    /// The certificates that were withdrawn, by SHA-256, and that no operator let come back.
    pub withdrawn: HashSet<Thumbprint>,
    /// The records of certificates that were withdrawn: what their owners withdrew stays withdrawn.
    pub retired: Vec<&'r Record>,
}

/// How what a feed says proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedProof {
    /// Entry by entry: a pinned anchor vouches for countries, and those for what they hand in.
    Gateway {
        /// Whose form it is.
        dialect: Dialect,
        /// The anchors, by SHA-256 over their certificates.
        anchors: Vec<Thumbprint>,
    },
    /// As a DID document.
    Did(DidTrust),
    /// As a list with one signature over the whole; its parts are the documents in the order of their names.
    List(ListTrust),
    /// As statements of a pinned anchor about countries' CAs, by SHA-256 over the anchor's certificate.
    Statements(Vec<Thumbprint>),
}

/// How a list with one signature over the whole is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListTrust {
    /// Its form.
    pub form: ListForm,
    /// Who may sign it: SHA-256 over certificates, or over public keys where there is no certificate.
    pub pinned: Vec<Thumbprint>,
    /// The pinned certificates and public keys, DER, where the list does not carry them.
    pub material: Vec<Vec<u8>>,
}

impl ListTrust {
    /// The list in `parts`, which came at the instant `at`.
    ///
    /// # Errors
    /// As [`signed::read`].
    pub fn read<'r>(
        &self,
        parts: impl IntoIterator<Item = &'r Record>,
        at: UnixTime,
    ) -> Result<SignedList, Failure> {
        let mut parts: Vec<_> = parts.into_iter().collect();
        parts.sort_by(|left, right| left.name.cmp(&right.name));
        let name = parts.first().map_or("list", |part| part.name.as_str());
        let parts: Vec<_> = parts.iter().map(|part| part.body.as_slice()).collect();
        let pinned: Vec<_> = self.pinned.iter().map(|it| it.0).collect();
        let material: Vec<_> = self.material.iter().map(Vec::as_slice).collect();
        let anchors = Anchors {
            pinned: &pinned,
            material: &material,
        };
        signed::read(self.form, name, &parts, &anchors, at)
    }
}

/// What a feed says, proven.
#[derive(Clone, Debug)]
pub struct FeedContent {
    /// Its signers.
    pub list: SourceList,
    /// What was refused, and why.
    pub refused: Vec<Refusal>,
    /// The certificates it withdraws.
    pub batches: Vec<RevocationBatch>,
    /// The rules of countries.
    pub rules: RuleSet,
    /// The codes that certificates may use.
    pub value_sets: ValueSets,
    /// How many other documents hold, rules and value sets among them, trusted issuers and references.
    pub documents: usize,
    /// Until when its list is to be used, by the list's own word.
    pub expires_at: Option<UnixTime>,
}

impl FeedContent {
    fn new(source: Source, assurance: Assurance) -> Self {
        Self {
            list: SourceList {
                source,
                assurance,
                entries: Vec::new(),
            },
            refused: Vec::new(),
            batches: Vec::new(),
            rules: RuleSet::default(),
            value_sets: ValueSets::default(),
            documents: 0,
            expires_at: None,
        }
    }

    pub(super) fn refuse(&mut self, place: Place, kid: Option<Kid>, failure: &Failure) {
        let refusal = Refusal::new(&self.list.source, place, kid, failure);
        self.refused.push(refusal);
    }
}

/// What `feed` says; `statements` are those of all feeds of its environment, which vouch for countries' CAs.
pub fn read_feed(feed: &FeedRecords<'_>, statements: &[Statement]) -> FeedContent {
    match &feed.proof {
        FeedProof::Gateway { dialect, anchors } => gateway(feed, *dialect, anchors),
        FeedProof::Did(trust) => {
            let mut content = FeedContent::new(feed.source.clone(), trust.weakest());
            trust.read(feed, statements, &mut content);
            content
        }
        FeedProof::List(trust) => list(feed, trust),
        FeedProof::Statements(anchors) => stated(feed, anchors),
    }
}

/// The list documents of `feed`.
fn parts<'r>(feed: &FeedRecords<'r>) -> impl Iterator<Item = &'r Record> {
    let records = feed.records.clone().into_iter();
    records.filter(|record| record.kind == RecordKind::ListDocument)
}

fn list(feed: &FeedRecords<'_>, trust: &ListTrust) -> FeedContent {
    let mut content = FeedContent::new(feed.source.clone(), Assurance::SignedList);
    // Its times were judged when it came; how long it may be used after that is for its age.
    let Some(at) = parts(feed).map(|part| part.received_at).max() else {
        return content;
    };
    match trust.read(parts(feed), at) {
        Ok(list) => {
            content.expires_at = list.expires_at;
            for row in list.entries {
                match row {
                    Ok(entry) => match entry_returned(feed, &entry) {
                        Ok(()) => content.list.entries.push(entry),
                        Err(failure) => content.refuse(entry.place, entry.kid, &failure),
                    },
                    Err(row) => content.refuse(row.place, row.kid, &row.failure),
                }
            }
        }
        Err(failure) => {
            let place = parts(feed).map(place).next();
            place
                .into_iter()
                .for_each(|place| content.refuse(place, None, &failure));
        }
    }
    content
}

fn entry_returned(feed: &FeedRecords<'_>, entry: &TrustEntry) -> Result<(), Failure> {
    match &entry.key {
        KeyMaterial::Certificate(der) => returned(feed, Thumbprint(crate::crypto::sha256(der))),
        KeyMaterial::PublicKey(_) => Ok(()),
    }
}

fn stated(feed: &FeedRecords<'_>, anchors: &[Thumbprint]) -> FeedContent {
    let mut content = FeedContent::new(feed.source.clone(), Assurance::Anchored);
    let mut authorities = Authorities::default();
    for record in parts(feed) {
        let judged = onboarding::Statement::read(&record.body).and_then(|statement| {
            let no_ca = || Code::ChainInvalid.because("a certificate that says it is no CA");
            let statement = statement.of_csca(place(record)).ok_or_else(no_ca)?;
            authorities.add(&statement, anchors)
        });
        match judged {
            Ok(()) => content.documents += 1,
            Err(failure) => content.refuse(place(record), None, &failure),
        }
    }
    content
}

/// Which certificates a trust anchor is said to vouch for in `feed`. Nothing proves them here.
pub fn statements(feed: &FeedRecords<'_>) -> Vec<Statement> {
    let records = feed.records.iter();
    let statement = |record: &&Record| match (record.kind, &feed.proof) {
        (RecordKind::TrustListEntry, FeedProof::Gateway { .. }) => {
            let statement = read_statement(place(record), &record.body).ok();
            let counts = |statement: &Statement| {
                let scope = in_scope(feed, &statement.country);
                not_withdrawn(feed, statement).and(scope).is_ok()
            };
            statement.filter(counts)
        }
        (RecordKind::ListDocument, FeedProof::Statements(_)) => {
            let statement = onboarding::Statement::read(&record.body).ok();
            statement.and_then(|statement| statement.of_csca(place(record)))
        }
        _ => None,
    };
    records.filter_map(statement).collect()
}

/// Where a record stands: its kind and name.
pub(super) fn place(record: &Record) -> Place {
    Place {
        document: format!("{}/{}", record.kind.name(), record.name),
        position: 1,
    }
}

fn gateway(feed: &FeedRecords<'_>, dialect: Dialect, anchors: &[Thumbprint]) -> FeedContent {
    let mut content = FeedContent::new(feed.source.clone(), Assurance::Anchored);
    let mut authorities = Authorities::default();
    let mut signers = Vec::new();
    let of_kind = |kind: RecordKind| {
        let records = feed.records.iter();
        records.copied().filter(move |record| record.kind == kind)
    };
    for record in of_kind(RecordKind::TrustListEntry) {
        let statement = match read_statement(place(record), &record.body) {
            Ok(statement) => statement,
            Err(failure) => {
                content.refuse(place(record), None, &failure);
                continue;
            }
        };
        let kid = statement.kid.clone();
        let judged = match statement.role {
            Role::Signer => {
                signers.push((statement, is_of_certificates(&record.body)));
                Ok(())
            }
            Role::Csca | Role::Upload => not_withdrawn(feed, &statement)
                .and_then(|()| in_scope(feed, &statement.country))
                .and_then(|()| authorities.add(&statement, anchors)),
            // They sign nothing that is judged here.
            Role::Authentication | Role::Deca | Role::Desc | Role::TrustAnchor => Ok(()),
        };
        if let Err(failure) = judged {
            content.refuse(place(record), kid, &failure);
        }
    }
    for (statement, of_certificates) in signers {
        let admitted = not_withdrawn(feed, &statement)
            .and_then(|()| in_scope(feed, &statement.country))
            .and_then(|()| authorities.signer(&statement));
        match admitted {
            Ok(entry) if of_certificates => content.list.entries.push(entry),
            // It is known, and may sign no health certificate: its country handed it in for something else.
            Ok(entry) => content.list.entries.push(TrustEntry {
                purposes: Purposes::only([]),
                ..entry
            }),
            Err(failure) => content.refuse(statement.place, statement.kid, &failure),
        }
    }
    let mut ever = authorities.clone();
    for record in &feed.retired {
        if let Ok(statement) = read_statement(place(record), &record.body)
            && statement.role == Role::Upload
        {
            // Whatever no anchor vouches for withdraws nothing.
            let _ = ever.add(&statement, anchors);
        }
    }
    let mut counts = HashMap::new();
    for record in of_kind(RecordKind::RevocationBatch) {
        let judged = batch(feed, &ever, record).and_then(|batch| {
            let own = counts.entry(batch.country).or_insert(0);
            *own += 1;
            if *own <= MAX_BATCHES {
                return Ok(batch);
            }
            let reason = format!("more than {MAX_BATCHES} batches of one country");
            Err(Code::InputTooLarge.because(reason))
        });
        match judged {
            Ok(batch) => content.batches.push(batch),
            Err(failure) => content.refuse(place(record), None, &failure),
        }
    }
    for record in &feed.records {
        let judged = match record.kind {
            RecordKind::Rule => rule(feed, &authorities, record, &mut content.rules),
            RecordKind::ValueSet => {
                read_value_set(&record.body).and_then(|it| content.value_sets.add(it))
            }
            RecordKind::TrustedIssuer => {
                read_issuer(&record.body).and_then(|issuer| issuer.proven(dialect, anchors))
            }
            RecordKind::TrustedReference => read_reference(&record.body).map(|_| ()),
            RecordKind::TrustListEntry
            | RecordKind::RevocationBatch
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
            | RecordKind::Approval => continue,
        };
        match judged {
            Ok(()) => content.documents += 1,
            Err(failure) => content.refuse(place(record), None, &failure),
        }
    }
    content
}

fn batch(
    feed: &FeedRecords<'_>,
    authorities: &Authorities,
    record: &Record,
) -> Result<RevocationBatch, Failure> {
    let message = read_message(&record.body)?;
    let (country, content) = authorities.handed_in(&message)?;
    let batch = read_batch(&record.name, content)?;
    own(country, batch.country)?;
    in_scope(feed, country.as_str())?;
    Ok(batch)
}

/// Takes the rule in `record` into `rules`, where its country has signed it: if it cannot be read, that it exists.
fn rule(
    feed: &FeedRecords<'_>,
    authorities: &Authorities,
    record: &Record,
    rules: &mut RuleSet,
) -> Result<(), Failure> {
    let message = read_message(read_rule_row(&record.body)?.as_bytes())?;
    let (country, content) = authorities.handed_in(&message)?;
    in_scope(feed, country.as_str())?;
    let rule = read_rule(content).inspect_err(|_| rules.add_unread(country))?;
    own(country, rule.country)?;
    rules.add(Arc::new(rule))
}

fn own(handed_in_by: Country, of: Country) -> Result<(), Failure> {
    if handed_in_by == of {
        return Ok(());
    }
    let reason = format!("of {of}, handed in by {handed_in_by}");
    Err(Code::CountryMismatch.because(reason))
}

fn in_scope(feed: &FeedRecords<'_>, country: &str) -> Result<(), Failure> {
    let Some(scope) = &feed.source.countries else {
        return Ok(());
    };
    let country = Country::parse(&country.to_ascii_uppercase());
    if country.is_some_and(|country| scope.contains(&country)) {
        return Ok(());
    }
    Err(Code::OutOfScope.because("this feed may not speak for that country"))
}

fn not_withdrawn(feed: &FeedRecords<'_>, statement: &Statement) -> Result<(), Failure> {
    let thumbprint = Thumbprint(crate::crypto::sha256(&statement.certificate));
    returned(feed, thumbprint)
}

/// That the certificate with this thumbprint was not withdrawn before.
pub(super) fn returned(feed: &FeedRecords<'_>, thumbprint: Thumbprint) -> Result<(), Failure> {
    if feed.withdrawn.contains(&thumbprint) {
        let reason = format!("certificate {thumbprint} was withdrawn before");
        return Err(Code::WithdrawnReturned.because(reason));
    }
    Ok(())
}

/// How many batches, of 1,000 hashes each at most, one country may have at one feed.
pub const MAX_BATCHES: usize = 10_000;
