//! The list of batches, as those ask for it who go on behind the last second they saw; and changes to it.
//!
//! Refuses to end a page within a second, to show what was taken back long ago, and instants that have not come.
//!
//! Source: EU DGCG, `GET /revocation-list`.

use super::batch::Batch;
use super::refused::{Reason, Refused};
use super::revoking::expire_batches;
use super::turns::{Kept, MAX_CHANGES, Newest, Turns};
use super::{Decided, Hub};
use crate::exchange::{Record, RecordKind};
use crate::model::UnixTime;
use crate::server::gateway::{Gateway, replica};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tracing::warn;

/// A page of the list.
#[derive(Clone, Debug)]
pub struct Page {
    /// Whether there is more behind it.
    pub more: bool,
    /// The batches, by when they changed.
    pub batches: Vec<Arc<Batch>>,
}

/// The turns of this node, and the right to take one.
#[derive(Debug, Default)]
pub struct Turning {
    turns: Mutex<Turns>,
    one: tokio::sync::Mutex<()>,
}

impl Turning {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        // Nothing is left half done where a holder panics.
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This node has read `hub`.
    pub(in crate::server::gateway) fn saw(&self, hub: &Hub) {
        self.turns().saw(hub.newest_batch(), stopwatch());
    }
}

impl Hub {
    /// The batches that changed after `since` and not after `until`, as far as they fit on a page, at the instant `at`.
    pub fn batches_after(&self, since: UnixTime, until: UnixTime, at: UnixTime) -> Page {
        let mut batches: Vec<_> = self
            .batches()
            .filter(|batch| batch.changed_at > since && batch.changed_at <= until)
            .filter(|batch| !batch.is_forgotten(at))
            .collect();
        batches.sort_unstable_by_key(|batch| (batch.changed_at, batch.sequence));
        let next = batches.get(PAGE).map(|batch| batch.changed_at);
        let mut ends = batches.len().min(PAGE);
        if let Some(next) = next {
            let before = batches.partition_point(|batch| batch.changed_at < next);
            if before > 0 {
                ends = before;
            }
        }
        Page {
            more: next.is_some(),
            batches: batches.into_iter().take(ends).cloned().collect(),
        }
    }
}

impl Hub {
    /// Whether what `records` say goes on the page with which the list ends at `at`, for whoever lists from the beginning.
    ///
    /// Seconds end with pages, so that these are whole: other gateways' are, as long as there is more behind.
    fn has_room_on_page(&self, records: &[Record], at: UnixTime) -> bool {
        let listed = self.batches().filter(|it| !it.is_forgotten(at)).count();
        let is_new = |record: &&Record| {
            record.kind == RecordKind::RevocationBatch && self.batch(&record.name).is_none()
        };
        // What changes leaves its place, and goes to the end.
        let moved = records.len() - records.iter().filter(is_new).count();
        let on_page = listed.saturating_sub(moved) % PAGE;
        on_page > 0 && on_page + records.len() <= PAGE
    }
}

impl Gateway {
    /// The page of the list of batches behind `since`.
    ///
    /// # Errors
    /// `SinceInFuture`; `Unavailable` where the store does not answer.
    pub async fn batches_after(&self, since: UnixTime) -> Result<Page, Refused> {
        let instant = stopwatch();
        self.read_store().await?;
        let now = self.clock.now();
        let (hub, until) = {
            let mut turns = self.turning.turns();
            // Within the lock: what another request keeps meanwhile is in it, or hides its second.
            let hub = self.hub();
            let until = turns.list(hub.newest_batch(), now, instant);
            (hub, until)
        };
        let newest = hub.newest_batch().map_or(now, |newest| newest.at.max(now));
        if since > newest {
            return Err(Reason::SinceInFuture.into());
        }
        Ok(hub.batches_after(since, until, now))
    }

    /// The hub with all that other nodes kept; where the store does not answer, as it was last read.
    pub async fn hub_now(&self) -> Arc<Hub> {
        if let Err(failure) = self.read_store().await {
            let code = failure.code().name();
            warn!(
                code,
                "parties are answered from what was read before: {failure}"
            );
        }
        self.hub()
    }

    /// As [`Gateway::hand_in`], for changes of batches: all that one `decide` comes to happen in one second.
    ///
    /// It must run to its end: whoever may be interrupted gives it to a task.
    ///
    /// # Errors
    /// Whatever `decide` refuses; `Unavailable` where the store does not answer or is not whole.
    pub async fn hand_in_batches<T>(
        self: &Arc<Self>,
        decide: impl Fn(&Hub, UnixTime) -> Decided<T>,
    ) -> Result<T, Refused> {
        let _one = self.turning.one.lock().await;
        let last = Mutex::new(Vec::new());
        let given = |hub: &Hub, at: UnixTime| {
            let mut change = decide(hub, at)?;
            if !change.records.is_empty() {
                self.stamp(hub, &mut change.records, at);
            }
            last.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone_from(&change.records);
            Ok(change)
        };
        let answer = self.settled(self.hand_in(given).await)?;
        if answer.1 == Kept::Late {
            let late = last.into_inner().unwrap_or_else(PoisonError::into_inner);
            self.keep_again(&late).await?;
        }
        Ok(answer.0)
    }

    /// Takes back the batches that have ended, unless another node does; how many it were.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn end_batches(self: &Arc<Self>) -> Result<usize, Refused> {
        let records = self.records()?;
        let Some(lease) = records.lease("hub/ended", self.clock.now()).await? else {
            return Ok(0);
        };
        let mut ended = 0;
        let done = loop {
            let change = |hub: &Hub, at: UnixTime| expire_batches(hub, MAX_CHANGES, at);
            match self.hand_in_batches(change).await {
                Ok(0) => break Ok(ended),
                Ok(count) => ended += count,
                Err(refused) => break Err(refused),
            }
        };
        records.release(&lease, self.clock.now()).await;
        done
    }

    /// Keeps `late` in a second of its own: lists of other nodes may have passed over the one they have.
    async fn keep_again(self: &Arc<Self>, late: &[Record]) -> Result<(), Refused> {
        for _ in 0..ATTEMPTS {
            let again = |hub: &Hub, at: UnixTime| {
                let mut records: Vec<_> =
                    late.iter().filter(|it| stands(hub, it)).cloned().collect();
                if !records.is_empty() {
                    self.stamp(hub, &mut records, at);
                }
                Ok(super::Change {
                    records,
                    events: Vec::new(),
                    answer: (),
                })
            };
            if self.settled(self.hand_in(again).await)?.1 == Kept::InTime {
                return Ok(());
            }
        }
        Err(Reason::Unavailable.because("the store is too slow"))
    }

    fn stamp(&self, hub: &Hub, records: &mut [Record], at: UnixTime) {
        let (mut newest, count) = (hub.newest_batch(), records.len());
        if !hub.has_room_on_page(records, at) {
            newest = newest.map(Newest::full);
        }
        let second = self.turning.turns().give(newest, count, at, stopwatch());
        for record in records {
            record.received_at = second;
        }
    }

    fn settled<T>(&self, kept: Result<T, Refused>) -> Result<(T, Kept), Refused> {
        let mut turns = self.turning.turns();
        match kept {
            Ok(answer) => Ok((answer, turns.kept(stopwatch()))),
            Err(refused) => {
                turns.failed(stopwatch());
                Err(refused)
            }
        }
    }
}

/// Whether what `record` says of a batch is still the last word on it.
fn stands(hub: &Hub, record: &Record) -> bool {
    if record.kind == RecordKind::Tombstone {
        let named = replica::named(&record.name);
        let batch = named.and_then(|(_, name)| hub.batch(&name).cloned());
        return batch.is_some_and(|batch| batch.is_deleted());
    }
    let batch = hub.batch(&record.name);
    let message = batch.and_then(|batch| batch.message.as_ref());
    message.is_some_and(|message| message.as_bytes() == record.body)
}

fn stopwatch() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "turns go by a stopwatch")]
    Instant::now()
}

/// Batches on a page.
const PAGE: usize = 1000;
const ATTEMPTS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Country;

    fn hub(seconds: &[i64]) -> Hub {
        let mut hub = Hub::default();
        for (number, second) in (1..).zip(seconds) {
            let batch = Batch {
                sequence: number,
                id: number.to_string(),
                country: Country::DEMO,
                message: Some(String::new()),
                changed_at: UnixTime::from_seconds(*second).unwrap(),
                expires_at: UnixTime::END,
            };
            hub.batches.insert(batch.id.clone(), Arc::new(batch));
        }
        hub
    }

    fn walked(hub: &Hub) -> (usize, usize) {
        let (mut since, mut pages, mut seen) = (UnixTime::EPOCH, 0, 0);
        loop {
            let page = hub.batches_after(since, UnixTime::END, UnixTime::EPOCH);
            let Some(last) = page.batches.last() else {
                return (pages, seen);
            };
            assert!(page.batches.len() <= PAGE);
            assert!(page.batches.is_sorted_by_key(|batch| batch.changed_at));
            since = last.changed_at;
            pages += 1;
            seen += page.batches.len();
        }
    }

    #[test]
    fn a_page_ends_where_a_second_does() {
        let seconds: Vec<_> = (0..2500).map(|number| 1000 + number / 300).collect();
        assert_eq!(walked(&hub(&seconds)), (3, 2500));
        let seconds: Vec<_> = (0..1001).map(|number| 1000 + number).collect();
        assert_eq!(walked(&hub(&seconds)), (2, 1001));
        let page = hub(&seconds).batches_after(UnixTime::EPOCH, UnixTime::END, UnixTime::EPOCH);
        assert_eq!((page.more, page.batches.len()), (true, 1000));
        assert_eq!(walked(&hub(&[7; 1000])), (1, 1000));
        assert_eq!(walked(&hub(&[])), (0, 0));
    }

    #[test]
    fn a_second_ends_where_a_page_does() {
        let record = |kind: RecordKind, name: &str| Record {
            kind,
            source: String::new(),
            name: name.to_owned(),
            country: None,
            received_at: UnixTime::EPOCH,
            body: Vec::new(),
        };
        let has_room = |listed: usize, names: &[&str]| {
            let name = |it: &&str| record(RecordKind::RevocationBatch, it);
            let records: Vec<_> = names.iter().map(name).collect();
            hub(&vec![7; listed]).has_room_on_page(&records, UnixTime::EPOCH)
        };
        for (listed, names, expected) in [
            (0, &["new"][..], false),
            (1, &["new"], true),
            (999, &["new"], true),
            (999, &["new", "newer"], false),
            (1000, &["new"], false),
            (1001, &["new"], true),
            (1000, &["1"], true),
            (1001, &["1"], false),
        ] {
            assert_eq!(has_room(listed, names), expected, "{listed} {names:?}");
        }
    }

    #[test]
    fn neither_what_may_grow_nor_what_was_taken_back_long_ago_is_listed() {
        let mut hub = hub(&[10, 20, 30]);
        let at = |second| UnixTime::from_seconds(second).unwrap();
        let seen = |hub: &Hub, until, now| hub.batches_after(at(10), until, now).batches.len();
        assert_eq!(seen(&hub, at(30), at(40)), 2);
        assert_eq!(seen(&hub, at(29), at(40)), 1);
        Arc::make_mut(hub.batches.get_mut("2").unwrap()).message = None;
        assert_eq!(seen(&hub, at(30), at(40)), 2);
        assert_eq!(seen(&hub, at(30), at(20 + 14 * 86_400 + 1)), 1);
    }
}
