//! Foreign feeds as they stand: their records, what these prove, and how the last attempts to reach them went.
//!
//! Refuses to believe any of it where records are missing: what a lost withdrawal would have said is not known.
//!
//! Whoever makes a world has the one that changes; all others read a copy of how it was when the last one was made, and wait for
//! nobody. A copy is cheap: what did not change is shared.

use super::number;
use super::replica::{Replica, Standing};
use crate::exchange::{Record, RecordKind};
use crate::failure::Failure;
use crate::model::{Country, UnixTime};
use crate::revocation::{RevocationBatch, RevocationList};
use crate::rules::{RuleSet, ValueSets};
use crate::snapshot::{
    Acceptance, FeedContent, FeedProof, FeedRecords, Snapshot, read_feed, statements,
};
use crate::trust::{AdmissionReport, Refusal, Source, TrustEntry};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::warn;

/// A foreign feed, as configured.
#[derive(Clone, Debug)]
pub struct ForeignFeed {
    /// What it may say. Its ages are those of a feed that was never read.
    pub source: Source,
    /// How what it says proves itself.
    pub proof: FeedProof,
    /// Whether it is asked for withdrawn certificates.
    pub revokes: bool,
    /// Whether it is this gateway itself, which always knows what it was last told.
    pub is_own: bool,
}

/// How the attempts to reach a feed went.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    /// How many failed since the last one that did not.
    pub failed: u32,
    /// Why the last one failed, where it did.
    pub failure: Option<Arc<Failure>>,
    /// When the last one was.
    pub at: Option<UnixTime>,
}

/// How a feed stands, for operators.
#[derive(Clone, Debug)]
pub struct FeedStatus {
    /// Its id.
    pub id: String,
    /// When its signers were last known; `None` where they never were.
    pub as_of: Option<UnixTime>,
    /// The same of withdrawn certificates.
    pub revocation_as_of: Option<UnixTime>,
    /// How many signers of it are in the trust list.
    pub admitted: usize,
    /// How many of these have expired.
    pub expired: usize,
    /// What was not admitted.
    pub refused: Vec<Refusal>,
    /// How many certificates are named as withdrawn, and in how many batches.
    pub revoked: (usize, usize),
    /// How many other documents hold.
    pub documents: usize,
    /// What was answered last and not taken in: the place, the machine code, the reason.
    pub left_out: Vec<(String, String, String)>,
    /// How the last attempts went on this node.
    pub attempts: Attempts,
}

/// All foreign feeds.
#[derive(Clone, Default)]
pub struct Foreign {
    feeds: Arc<[ForeignFeed]>,
    replica: Replica,
    contents: BTreeMap<String, Arc<Content>>,
    revocations: Arc<RevocationList>,
    /// The rules of countries and the codes that they look up, of all feeds.
    acceptance: Arc<(RuleSet, ValueSets)>,
    /// The countries whose withdrawals each feed was last known to name.
    spoken_for: BTreeMap<String, Vec<Country>>,
    /// Shared by all copies: an attempt is known before the next world is made.
    attempts: Arc<Mutex<BTreeMap<String, Attempts>>>,
    incomplete: Option<Arc<Failure>>,
}

/// What a feed's records were found to say, and at which of their states.
#[derive(Clone)]
struct Content {
    state: (u64, u64),
    said: FeedContent,
}

impl Foreign {
    /// These feeds, of which nothing is known yet.
    pub fn new(feeds: Vec<ForeignFeed>) -> Self {
        Self {
            feeds: feeds.into(),
            ..Self::default()
        }
    }

    /// The feeds.
    pub fn feeds(&self) -> &[ForeignFeed] {
        &self.feeds
    }

    /// Takes in the next record of the store.
    pub fn apply(&mut self, record: Record) {
        self.replica.apply(record);
    }

    /// Notes that records are missing, or that none are.
    pub fn set_incomplete(&mut self, failure: Option<Failure>) {
        self.incomplete = failure.map(Arc::new);
    }

    /// Why nothing of it is believed, where that is so.
    pub fn incomplete(&self) -> Option<&Arc<Failure>> {
        self.incomplete.as_ref()
    }

    /// How the feed with this id stands.
    pub fn standing(&self, id: &str) -> Option<&Standing> {
        self.replica.feed(id)
    }

    /// The other gateways among the feeds, and how what they say proves itself.
    pub(super) fn gateways(&self) -> impl Iterator<Item = (&str, &FeedProof)> {
        let feeds = self.feeds.iter().filter(|feed| !feed.is_own);
        let gateways = feeds.filter(|feed| matches!(feed.proof, FeedProof::Gateway { .. }));
        gateways.map(|feed| (feed.source.id.as_str(), &feed.proof))
    }

    /// The records of this kind that other gateways gave, each with the id of its feed; none where records are missing.
    pub(super) fn records_of(&self, kind: RecordKind) -> impl Iterator<Item = (&str, &Record)> {
        let whole = self.gateways().filter(|_| self.incomplete.is_none());
        whole.flat_map(move |(id, _)| {
            let records = self.standing(id).into_iter().flat_map(Standing::records);
            let records = records.filter(move |record| record.kind == kind);
            records.map(move |record| (id, record))
        })
    }

    /// The signers that the feed with this id was found to name.
    pub(super) fn said_by(&self, id: &str) -> impl Iterator<Item = &TrustEntry> {
        let content = self.contents.get(id).into_iter();
        content.flat_map(|content| &content.said.list.entries)
    }

    /// Notes how an attempt to reach a feed went.
    pub fn attempted(&self, id: &str, at: UnixTime, failure: Option<Failure>) {
        let mut all = self.all_attempts();
        let attempts = all.entry(id.to_owned()).or_default();
        attempts.at = Some(at);
        attempts.failed = match failure {
            Some(_) => attempts.failed.saturating_add(1),
            None => 0,
        };
        attempts.failure = failure.map(Arc::new);
    }

    /// How the attempts to reach a feed went.
    pub fn attempts(&self, id: &str) -> Attempts {
        self.all_attempts().get(id).cloned().unwrap_or_default()
    }

    fn all_attempts(&self) -> MutexGuard<'_, BTreeMap<String, Attempts>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the records of every feed that says something new; where none does, only ages move on.
    pub(super) fn read(&mut self, now: UnixTime) {
        let standings = if self.incomplete.is_some() {
            &Replica::default()
        } else {
            &self.replica
        };
        let records: Vec<_> = self
            .feeds
            .iter()
            .map(|feed| records(feed, standings, now))
            .collect();
        let all: u64 = self
            .feeds
            .iter()
            .filter_map(|feed| standings.feed(&feed.source.id))
            .map(Standing::generation)
            .sum();
        let vouching: Vec<_> = records.iter().flat_map(statements).collect();
        let (mut contents, mut spoken) = (BTreeMap::new(), BTreeMap::new());
        let mut changed = false;
        for (feed, records) in self.feeds.iter().zip(&records) {
            let id = feed.source.id.clone();
            let standing = standings.feed(&id);
            // Others' statements count for documents that carry no proof of their own.
            let others = match feed.proof {
                FeedProof::Did(_) => all,
                FeedProof::Gateway { .. } | FeedProof::List(_) | FeedProof::Statements(_) => 0,
            };
            let state = (standing.map_or(0, Standing::generation), others);
            let earlier = self.contents.remove(&id).filter(|it| it.state == state);
            let mut content = earlier.unwrap_or_else(|| {
                changed = true;
                Arc::new(Content {
                    state,
                    said: read_feed(records, &vouching),
                })
            });
            let before = self.spoken_for.remove(&id);
            let spoken_for = spoken_for(feed, &content.said, before, self.incomplete.is_some());
            Arc::make_mut(&mut content).said.list.source = Source {
                revocation_countries: spoken_for.clone(),
                ..records.source.clone()
            };
            spoken.extend(spoken_for.map(|countries| (id.clone(), countries)));
            contents.insert(id, content);
        }
        self.contents = contents;
        self.spoken_for = spoken;
        if changed {
            let batches = self.contents.iter().flat_map(|(id, content)| {
                let batches = content.said.batches.iter();
                batches.map(move |batch| RevocationBatch {
                    // Two feeds may use one id for two batches.
                    id: format!("{id}/{}", batch.id),
                    ..batch.clone()
                })
            });
            self.revocations = Arc::new(RevocationList::new(batches));
            let (mut rules, mut value_sets) = (RuleSet::default(), ValueSets::default());
            for (id, content) in &self.contents {
                for failure in rules.merge(&content.said.rules) {
                    let (code, detail) = (failure.code().name(), failure.detail());
                    warn!(feed = %id, code, "another feed has another rule: {detail}");
                }
                value_sets.fill_in(&content.said.value_sets);
            }
            self.acceptance = Arc::new((rules, value_sets));
        }
    }

    /// What the feeds say.
    pub(super) fn contents(&self) -> impl Iterator<Item = &FeedContent> {
        self.contents.values().map(|content| &content.said)
    }

    /// Until when the lists are to be used that say so, each with the id of its feed.
    pub(super) fn ends(&self) -> impl Iterator<Item = (&str, UnixTime)> {
        let contents = self.contents.iter();
        contents.filter_map(|(id, content)| Some((id.as_str(), content.said.expires_at?)))
    }

    /// The records of this kind that proved themselves, of all feeds.
    pub(super) fn holding(&self, kind: RecordKind) -> impl Iterator<Item = &Record> {
        let known = self.contents.iter().filter(|_| self.incomplete.is_none());
        known.flat_map(move |(id, content)| {
            let standing = self.replica.feed(id).into_iter();
            let records = standing.flat_map(Standing::records);
            records.filter(move |record| {
                let refused = content.said.refused.iter();
                let mut places = refused.map(|refusal| refusal.place.document.as_str());
                let place = format!("{}/{}", kind.name(), record.name);
                record.kind == kind && !places.any(|it| it == place)
            })
        })
    }

    /// The certificates that they withdraw.
    pub(super) fn revocations(&self) -> Arc<RevocationList> {
        Arc::clone(&self.revocations)
    }

    /// The rules of countries, and the codes that they look up: those of `own` before all others.
    pub(super) fn acceptance(&self, own: &ValueSets) -> Acceptance {
        let (rules, foreign) = &*self.acceptance;
        let mut value_sets = own.clone();
        value_sets.fill_in(foreign);
        Acceptance::new(rules.clone(), value_sets)
    }

    /// How every feed stands in `snapshot`, whose admission came to `report`.
    pub fn status(
        &self,
        snapshot: &Snapshot,
        report: &AdmissionReport,
        now: UnixTime,
    ) -> Vec<FeedStatus> {
        let status = |feed: &ForeignFeed| {
            let id = &feed.source.id;
            let content = self.contents.get(id).map(|content| &content.said);
            let signers = snapshot.trust().signers().iter();
            let own: Vec<_> = signers.filter(|dsc| dsc.sources.contains(id)).collect();
            let expired = own.iter().filter(|dsc| dsc.validity.not_after < now);
            let batches = content.map_or(&[][..], |content| &content.batches);
            let refused = report.refused.iter();
            let source = snapshot.source(id);
            let as_of = source.map(|source| source.as_of);
            FeedStatus {
                id: id.clone(),
                as_of: as_of.filter(|as_of| *as_of != UnixTime::EPOCH),
                revocation_as_of: source.and_then(|source| source.revocation_as_of),
                admitted: own.len(),
                expired: expired.count(),
                refused: refused.filter(|it| it.source == *id).cloned().collect(),
                revoked: (
                    batches.iter().map(|it| it.hashes.len()).sum(),
                    batches.len(),
                ),
                documents: content.map_or(0, |content| content.documents),
                left_out: self
                    .standing(id)
                    .map(|it| it.confirmation().left_out.clone())
                    .unwrap_or_default(),
                attempts: self.attempts(id),
            }
        };
        self.feeds.iter().map(status).collect()
    }

    /// Tells the metrics how every feed stands.
    pub(super) fn measure(&self, snapshot: &Snapshot, report: &AdmissionReport, now: UnixTime) {
        for status in self.status(snapshot, report, now) {
            let age = status
                .as_of
                .map_or(i64::MAX, |as_of| now.seconds() - as_of.seconds());
            let age = usize::try_from(age.max(0)).unwrap_or(usize::MAX);
            let gauge = |name: &'static str, value: usize| {
                metrics::gauge!(name, "feed" => status.id.clone()).set(number(value));
            };
            gauge("lintas_feed_age_seconds", age);
            gauge("lintas_feed_signers_admitted", status.admitted);
            gauge("lintas_feed_signers_expired", status.expired);
            gauge("lintas_feed_entries_refused", status.refused.len());
            gauge("lintas_feed_certificates_revoked", status.revoked.0);
            gauge("lintas_feed_documents_left_out", status.left_out.len());
        }
    }
}

/// The countries whose withdrawn certificates `feed` names; `None` for all, where it is not known any more.
///
/// A feed of all countries speaks for those of its signers and batches: one that is dead stales nobody else's.
fn spoken_for(
    feed: &ForeignFeed,
    said: &FeedContent,
    before: Option<Vec<Country>>,
    incomplete: bool,
) -> Option<Vec<Country>> {
    if !feed.revokes {
        return Some(Vec::new());
    }
    match &feed.source.countries {
        Some(scope) => Some(scope.clone()),
        None if incomplete => before.filter(|countries| !countries.is_empty()),
        None => {
            let signers = said.list.entries.iter();
            let signers = signers.filter_map(|entry| Country::parse(entry.country.as_deref()?));
            let batches = said.batches.iter().map(|batch| batch.country);
            let mut countries: Vec<_> = signers.chain(batches).collect();
            countries.sort_unstable();
            countries.dedup();
            Some(countries)
        }
    }
}

/// The records of `feed`, as a source of the age that they have.
fn records<'r>(feed: &ForeignFeed, replica: &'r Replica, now: UnixTime) -> FeedRecords<'r> {
    let standing = replica.feed(&feed.source.id);
    if feed.is_own {
        let source = Source {
            as_of: now,
            revocation_as_of: feed.revokes.then_some(now),
            ..feed.source.clone()
        };
        return with_records(feed, source, standing);
    }
    let never = feed.revokes.then_some(UnixTime::EPOCH);
    // Whoever noted a time that has not come had another clock: it says nothing about what is fresh.
    let past = |at: UnixTime| {
        if at > now.plus(AHEAD_S) {
            UnixTime::EPOCH
        } else {
            at
        }
    };
    let source = Source {
        as_of: standing.map_or(UnixTime::EPOCH, |it| past(it.as_of())),
        revocation_as_of: standing
            .and_then(Standing::revocation_as_of)
            .map(past)
            .or(never),
        ..feed.source.clone()
    };
    with_records(feed, source, standing)
}

fn with_records<'r>(
    feed: &ForeignFeed,
    source: Source,
    standing: Option<&'r Standing>,
) -> FeedRecords<'r> {
    FeedRecords {
        source,
        proof: feed.proof.clone(),
        records: standing.into_iter().flat_map(Standing::records).collect(),
        withdrawn: standing.map_or_else(HashSet::new, Standing::withdrawn),
        retired: standing.into_iter().flat_map(Standing::retired).collect(),
    }
}

/// How far ahead another node's clock may be.
const AHEAD_S: i64 = 3600;
