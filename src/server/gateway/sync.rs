//! Asking foreign feeds, and keeping what they answer.
//!
//! Refuses to ask without a lease, so that of many nodes one asks; to keep an answer under a lease that was lost; and to
//! take anything for kept before the store says so. The mark of a feed is written last: where a process dies before that,
//! the next question asks for everything again.

use super::Gateway;
use super::foreign::Foreign;
use super::intake::{Intake, Taken};
use super::marks::{FeedMark, Marks};
use super::node::Node;
use super::turn::{Turn, Turns};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::federation::{Feed, Fetched, Mark};
use crate::server::store::{Lease, Store, Wholeness};
use std::path::Path;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex;
use tracing::{debug, info, warn};

/// The records of a gateway: where they are kept, and how far this node has read them.
pub struct Records {
    pub(super) store: Arc<dyn Store>,
    marks: Marks,
    pub(super) node: Node,
    /// The feeds that this process asks just now.
    turns: Turns,
    /// The number of the last record that was read.
    pub(super) through: Mutex<u64>,
    /// Records that were read and are in no world yet, in their order.
    unused: std::sync::Mutex<Vec<Record>>,
    /// Held while a world is made of them.
    pub(super) assembling: Mutex<()>,
}

/// What asking a feed came to.
#[derive(Debug)]
pub enum Synchronised {
    /// It was asked, and its answer is kept.
    Kept(Box<Taken>),
    /// Another node asks it, or has just done so; or this one asks it already.
    Elsewhere,
}

impl Records {
    /// The records in `store`, with the marks of feeds below the folder `data`.
    ///
    /// # Errors
    /// `input_output`, `internal`.
    pub fn new(store: Arc<dyn Store>, data: &Path) -> Result<Self, Failure> {
        Ok(Self {
            store,
            marks: Marks::below(data),
            node: Node::of(data)?,
            turns: Turns::default(),
            through: Mutex::new(0),
            unused: std::sync::Mutex::default(),
            assembling: Mutex::new(()),
        })
    }

    /// The name of this process among those that share the store.
    pub(super) fn node(&self) -> &str {
        self.node.name()
    }

    /// The turn of this process to ask the feed `id`; `None` while it is asking already.
    fn turn(&self, id: &str) -> Option<Turn<'_>> {
        self.turns.take(id)
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub(super) fn unused(&self) -> MutexGuard<'_, Vec<Record>> {
        self.unused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    /// Gives it its records and reads them.
    ///
    /// A store that is not whole is no failure: what it holds is not believed, and health checks say so.
    ///
    /// # Errors
    /// `internal` where it has some already; `store_unavailable`.
    pub async fn attach(self: &Arc<Self>, records: Records) -> Result<(), Failure> {
        let again = |_| Code::Internal.because("this gateway has its records already");
        self.records.set(records).map_err(again)?;
        self.follow().await.map(|_| ())
    }

    /// Its records.
    ///
    /// # Errors
    /// `store_unavailable` where it has none.
    pub fn records(&self) -> Result<&Records, Failure> {
        let none = || Code::StoreUnavailable.because("this gateway runs without a store");
        self.records.get().ok_or_else(none)
    }

    /// Asks `feed` what is new and keeps the answer; `accepts_less` takes in what is shorter or older than before.
    ///
    /// # Errors
    /// `upstream_unavailable`, `upstream_invalid`; `store_unavailable`, `store_incomplete`, `lease_lost`.
    pub async fn synchronise(
        self: &Arc<Self>,
        feed: &dyn Feed,
        accepts_less: bool,
    ) -> Result<Synchronised, Failure> {
        let records = self.records()?;
        let Some(_turn) = records.turn(feed.id()) else {
            return Ok(Synchronised::Elsewhere);
        };
        let now = self.clock.now();
        let name = format!("feed/{}", feed.id());
        let Some(mut lease) = records.lease(&name, now).await? else {
            return Ok(Synchronised::Elsewhere);
        };
        let kept = self.ask(records, &mut lease, feed, accepts_less, now).await;
        records.release(&lease, self.clock.now()).await;
        let (failed, tells) = match &kept {
            Ok(_) => (None, false),
            Err(failure) => {
                let tells = self.foreign().attempts(feed.id()).failure.is_none();
                (
                    Some(failure.code().because(failure.detail().to_owned())),
                    tells,
                )
            }
        };
        if let (Some(failure), true) = (&failed, tells) {
            // Once, until it answers again: a feed that is down for a day is one line, not a thousand.
            let event = self.event("feed_failed", feed.id(), failure.to_string());
            if let Err(failure) = records.store.append(&[], &[event], None).await {
                warn!(
                    code = failure.code().name(),
                    "an audit row was not written: {failure}"
                );
            }
        }
        self.foreign().attempted(feed.id(), now, failed);
        kept.map(|taken| Synchronised::Kept(Box::new(taken)))
    }

    async fn ask(
        self: &Arc<Self>,
        records: &Records,
        lease: &mut Lease,
        feed: &dyn Feed,
        accepts_less: bool,
        now: UnixTime,
    ) -> Result<Taken, Failure> {
        let id = feed.id();
        self.follow().await?;
        if records.store.wholeness() != Wholeness::Whole {
            return Err(Code::StoreIncomplete.because(records.store.wholeness().to_string()));
        }
        // Whoever takes in less wants to hear all of it again, not that nothing has changed.
        let before = if accepts_less {
            Mark::default()
        } else {
            self.mark_of(records, id)
        };
        let fetched = self.fetch(records, lease, feed, &before, now).await?;
        let next = fetched.mark.clone();
        let (foreign, source) = (self.foreign(), id.to_owned());
        // A long list takes a while to read, for which nobody else waits.
        let taken = actix_web::rt::task::spawn_blocking(move || {
            take(&foreign, &source, fetched, now, accepts_less)
        });
        let taken = taken
            .await
            .map_err(|error| Code::Internal.caused_by("the answer was not read", error))??;
        let events = self.told(id, &taken, accepts_less);
        let head = records
            .store
            .append(&taken.records, &events, Some(lease))
            .await?;
        self.follow().await?;
        let digest = self.digest(id);
        // A list that was refused is asked for again: "unchanged" would be no answer to the alarm.
        let next = next.held_back(&before, &taken.alarmed);
        records
            .marks
            .write(id, &FeedMark::new(next, digest, head.sequence))?;
        let (added, withdrawn, left_out) = (taken.added, taken.withdrawn, taken.left_out.len());
        if added + withdrawn > 0 {
            info!(
                feed = id,
                added,
                withdrawn,
                left_out,
                "{id}: {added} documents added, {withdrawn} withdrawn, {left_out} left out"
            );
        } else {
            debug!(
                feed = id,
                left_out, "{id}: nothing new, {left_out} left out"
            );
        }
        Ok(taken)
    }

    /// That everything is known here that was known before: the store is whole, and every feed whose records are in it was
    /// asked by this node since.
    ///
    /// # Errors
    /// `store_incomplete`.
    pub fn caught_up(&self) -> Result<(), Failure> {
        let Some(records) = self.records.get() else {
            return Ok(());
        };
        let foreign = self.foreign();
        if let Some(failure) = foreign.incomplete() {
            return Err(Code::StoreIncomplete.because(failure.detail().to_owned()));
        }
        let asked = foreign.feeds().iter().filter(|feed| !feed.is_own);
        let mut ids = asked.map(|feed| feed.source.id.as_str());
        let behind = ids.find(|id| {
            foreign.standing(id).is_some() && !matches!(records.marks.read(id), Ok(Some(_)))
        });
        match behind {
            None => Ok(()),
            Some(id) => {
                let reason = format!("feed {id} was not asked since its records were restored");
                Err(Code::StoreIncomplete.because(reason))
            }
        }
    }

    /// Whether the feed `id` should be asked now: it was not asked lately, by this node or another; this node has no mark of
    /// it; or it has not answered since this node started, and the records are not those of its mark: where a database was
    /// restored, what was withdrawn since may be missing.
    pub fn is_due(&self, id: &str, every: Duration) -> bool {
        let (asked, digest, answered) = {
            let foreign = self.foreign();
            let asked = foreign
                .standing(id)
                .map_or(UnixTime::EPOCH, super::replica::Standing::as_of);
            let attempts = foreign.attempts(id);
            let answered = attempts.at.is_some() && attempts.failed == 0;
            (asked, digest(&foreign, id), answered)
        };
        let half = i64::try_from(every.as_secs() / 2).unwrap_or(i64::MAX);
        let mark = self.records.get().map(|records| records.marks.read(id));
        let known = match mark {
            Some(Ok(Some(mark))) => answered || mark.is_of(digest),
            Some(Ok(None) | Err(_)) | None => false,
        };
        let now = self.clock.now();
        // A node whose clock was ahead says nothing about when it asked.
        !known || asked > now || asked.plus(half) <= now
    }

    /// Asks `feed`, and keeps the lease alive while it answers, however long that takes.
    async fn fetch(
        &self,
        records: &Records,
        lease: &mut Lease,
        feed: &dyn Feed,
        mark: &Mark,
        now: UnixTime,
    ) -> Result<Fetched, Failure> {
        let mut answer = feed.fetch(mark, now);
        loop {
            let waited = tokio::time::timeout(RENEW, &mut answer).await;
            if let Ok(answer) = waited {
                return answer;
            }
            let renewed = records.lease(&lease.name, self.clock.now()).await?;
            let lost = || Code::LeaseLost.because("another node asks this feed now");
            *lease = renewed.ok_or_else(lost)?;
        }
    }

    /// What to ask of the feed `id`: what is new since its mark, or everything where the mark is of other records.
    fn mark_of(&self, records: &Records, id: &str) -> Mark {
        let mark = match records.marks.read(id) {
            Ok(Some(mark)) => mark,
            Ok(None) => return Mark::default(),
            Err(failure) => {
                warn!(
                    feed = id,
                    code = failure.code().name(),
                    "{id} is asked for everything: {failure}"
                );
                return Mark::default();
            }
        };
        if mark.is_of(self.digest(id)) {
            return mark.feed;
        }
        info!(
            feed = id,
            "{id} is asked for everything: its records are not those of the mark"
        );
        Mark::default()
    }

    fn digest(&self, id: &str) -> [u8; 32] {
        digest(&self.foreign(), id)
    }

    /// The record that lets a signer of the feed `id` come back.
    ///
    /// # Errors
    /// `not_found` where it is not withdrawn.
    pub(super) fn readmission(
        &self,
        id: &str,
        thumbprint: crate::model::Thumbprint,
    ) -> Result<Record, Failure> {
        let name = super::replica::tombstone_of(thumbprint);
        let foreign = self.foreign();
        let standing = foreign.standing(id);
        if !standing.is_some_and(|it| it.is_withdrawn(&name)) {
            let reason = format!("feed {id} has withdrawn no certificate {thumbprint}");
            return Err(Code::NotFound.because(reason));
        }
        Ok(Record {
            kind: RecordKind::Readmission,
            source: id.to_owned(),
            name,
            country: None,
            received_at: self.clock.now(),
            body: b"{}".to_vec(),
        })
    }
}

/// What of the answer of the feed `id` is new.
fn take(
    foreign: &Foreign,
    id: &str,
    fetched: Fetched,
    at: UnixTime,
    accepts_less: bool,
) -> Result<Taken, Failure> {
    let mut configured = foreign.feeds().iter().filter(|feed| feed.source.id == id);
    let unknown = || Code::Internal.because(format!("feed {id} is not configured"));
    let proof = &configured.next().ok_or_else(unknown)?.proof;
    let intake = Intake {
        source: id,
        proof,
        standing: foreign.standing(id),
        at,
        accepts_less,
    };
    Ok(intake.take(fetched))
}

/// SHA-256 over the records of the feed `id`; zeros where it has none.
fn digest(foreign: &Foreign, id: &str) -> [u8; 32] {
    let standing = foreign.standing(id);
    standing.map_or([0; 32], super::replica::Standing::digest)
}

/// When whoever asks a feed gives a sign of life.
const RENEW: Duration = Duration::from_secs(20);
