//! The one who makes certificates: of what came last and, from what came first on, of everything, by turns, on one node at a
//! time.
//!
//! Refuses to lose an event, to certify one twice, and to let a backlog delay whoever waits at the counter: what was made
//! is entered under the lease by which it was made, in one transaction with the erasure of what waited.

use super::make::{Made, certifies};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::gateway::{Gateway, Records};
use crate::server::store::Lease;
use crate::server::store::issuing::{Sealed, Waiting, Which};
use actix_web::rt::task::spawn_blocking;
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::available_parallelism;
use std::time::Duration;
use tracing::{error, info, warn};

/// The worker of one node, from one turn to the next.
pub struct Worker {
    gateway: Arc<Gateway>,
    /// How many events are looked at in a turn; more while all of them wait for something.
    reach: u32,
    /// Where the walk from the oldest event to the newest goes on; nothing where it begins anew.
    walked: Option<Which>,
    /// When what is too old was last looked for.
    expired_at: Option<UnixTime>,
    /// When the backlog was last counted.
    counted_at: Option<UnixTime>,
    /// What went wrong last, so that it is told once.
    told: Option<String>,
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Something was done; there may be more.
    Worked,
    /// Nothing waits.
    Idle,
    /// What waits cannot be done now.
    Blocked,
    /// Another node has the work.
    Elsewhere,
}

impl Worker {
    /// The worker of the node of `gateway`.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        Self {
            gateway,
            reach: BATCH,
            walked: None,
            expired_at: None,
            counted_at: None,
            told: None,
        }
    }

    /// Works for ever.
    pub async fn run(mut self) {
        loop {
            let turn = match self.turn().await {
                Ok(turn) => {
                    self.told = None;
                    turn
                }
                Err(failure) => {
                    self.tell(&failure);
                    Turn::Elsewhere
                }
            };
            let pause = match turn {
                Turn::Worked => continue,
                Turn::Idle => IDLE,
                Turn::Elsewhere | Turn::Blocked => ELSEWHERE,
            };
            let woken = self.gateway.issuing().wake.notified();
            // Woken or not, the next thing is a look.
            let _ = tokio::time::timeout(pause, woken).await;
        }
    }

    /// One turn: the newest events that wait, then the next from the oldest on.
    ///
    /// # Errors
    /// `store_unavailable`, `store_incomplete`, `lease_lost`, `configuration_invalid`.
    pub async fn turn(&mut self) -> Result<Turn, Failure> {
        let gateway = Arc::clone(&self.gateway);
        let records = gateway.records()?;
        gateway.caught_up()?;
        let now = gateway.clock().now();
        // A look writes nothing; a lease does, and most looks find nothing.
        let nothing = records.store().waiting(Which::Newest, 1).await?.is_empty();
        if nothing && !is_due(self.expired_at, EXPIRE_S, now) {
            show_backlog(0, None, now);
            return Ok(Turn::Idle);
        }
        let Some(lease) = records.lease(ISSUING, now).await? else {
            return Ok(Turn::Elsewhere);
        };
        let done = self.under(records, &lease, now).await;
        if !matches!(done, Ok(Turn::Worked)) {
            records.release(&lease, gateway.clock().now()).await;
        }
        done
    }

    async fn under(
        &mut self,
        records: &Records,
        lease: &Lease,
        now: UnixTime,
    ) -> Result<Turn, Failure> {
        self.expire(records, now).await?;
        let (mut worked, mut waited) = (false, false);
        let newest = records.store().waiting(Which::Newest, self.reach).await?;
        if !newest.is_empty() {
            waited = true;
            worked |= self.work_off(records, lease, newest, now).await?;
            let next = self.walk(records).await?;
            worked |= self.work_off(records, lease, next, now).await?;
        }
        self.count(records, now).await?;
        self.reach = if worked {
            BATCH
        } else {
            // Behind those that wait for something there may be some that do not.
            self.reach.saturating_mul(2).min(MAX_REACH)
        };
        Ok(match (worked, waited) {
            (true, _) => Turn::Worked,
            (false, true) => Turn::Blocked,
            (false, false) => Turn::Idle,
        })
    }

    /// What comes next on the way from the oldest event to the newest, which is gone to its end and then begun anew: so those that
    /// wait for something, however many, keep nobody behind them from their turn.
    async fn walk(&mut self, records: &Records) -> Result<Vec<Waiting>, Failure> {
        let store = records.store();
        let mut next = match self.walked.take() {
            Some(behind) => store.waiting(behind, self.reach).await?,
            None => Vec::new(),
        };
        if next.is_empty() {
            next = store.waiting(Which::Oldest, self.reach).await?;
        }
        self.walked = next.last().map(|it| Which::Behind {
            received_at_ms: it.event.received_at_ms,
            event: it.event.id,
        });
        Ok(next)
    }

    /// Makes the certificates of `waiting`; whether anything came of it.
    async fn work_off(
        &self,
        records: &Records,
        lease: &Lease,
        waiting: Vec<Waiting>,
        now: UnixTime,
    ) -> Result<bool, Failure> {
        // First what others take the place of: at no moment do both count.
        let superseded: Vec<_> = waiting.iter().filter_map(|it| it.supersedes).collect();
        if !superseded.is_empty() {
            self.gateway.withdraw_superseded(&superseded).await?;
        }
        let received: BTreeMap<_, _> = waiting
            .iter()
            .map(|it| (it.event.id, it.event.received_at_ms))
            .collect();
        let made = self.make(waiting, now).await?;
        let (mut sealed, mut waits): (Vec<Sealed>, Option<Failure>) = (Vec::new(), None);
        for one in made {
            match one {
                Made::Done(done, refused) => {
                    if let Some(code) = refused {
                        metrics::counter!("lintas_issuing_failed_total", "code" => code.name())
                            .increment(1);
                    }
                    sealed.push(*done);
                }
                Made::Waits(failure) => waits = Some(failure),
            }
        }
        self.tell_waiting(waits.as_ref(), !sealed.is_empty());
        self.enter(records, lease, sealed, &received).await
    }

    /// Makes them on as many threads as there are cores.
    async fn make(&self, waiting: Vec<Waiting>, now: UnixTime) -> Result<Vec<Made>, Failure> {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let each = waiting.len().div_ceil(cores).max(1);
        let mut waiting = waiting.into_iter();
        let mut making = Vec::new();
        loop {
            let part: Vec<_> = waiting.by_ref().take(each).collect();
            if part.is_empty() {
                break;
            }
            let gateway = Arc::clone(&self.gateway);
            making.push(spawn_blocking(move || {
                let none =
                    || Code::ConfigurationInvalid.because("no data key is named in the records");
                let vault = gateway.known_vault()?.ok_or_else(none)?;
                let made = part.iter().map(|waiting| {
                    let event = &waiting.event;
                    if certifies(event.action) {
                        gateway.make_certificates(vault, event, now)
                    } else {
                        // Its certificates are withdrawn by now, and that was all.
                        Made::nothing(event.id)
                    }
                });
                Ok::<_, Failure>(made.collect::<Vec<_>>())
            }));
        }
        let mut made = Vec::new();
        for part in making {
            let part = part.await;
            made.extend(part.map_err(|error| Code::Internal.caused_by("work broke off", error))??);
        }
        Ok(made)
    }

    /// Enters what was made; where one event does not wait any more, the others all the same.
    async fn enter(
        &self,
        records: &Records,
        lease: &Lease,
        sealed: Vec<Sealed>,
        received: &BTreeMap<[u8; 16], i64>,
    ) -> Result<bool, Failure> {
        let mut parts = vec![sealed];
        let mut entered = false;
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match records.store().enter(&part, &[], lease).await {
                Ok(()) => {
                    entered = true;
                    self.count_entered(&part, received);
                }
                // It was corrected or cancelled meanwhile. What was made of it is dropped here and was never seen.
                Err(failure) if failure.code() == Code::StoreMoved => {
                    if part.len() > 1 {
                        let rest = part.split_off(part.len() / 2);
                        parts.extend([part, rest]);
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(entered)
    }

    fn count_entered(&self, entered: &[Sealed], received: &BTreeMap<[u8; 16], i64>) {
        let now_ms = self.gateway.clock().now_ms();
        for sealed in entered {
            for row in &sealed.issued {
                metrics::counter!("lintas_issued_total",
                    "kind" => row.purpose.name(), "profile" => row.profile.name())
                .increment(1);
            }
            if let Some(at) = received.get(&sealed.event) {
                let age = now_ms.saturating_sub(*at).max(0);
                let age = u32::try_from(age).map_or(f64::MAX, f64::from);
                metrics::histogram!("lintas_issuing_seconds").record(age / 1000.0);
            }
        }
    }

    /// Once when something waits for a signer, and once when nothing does any more.
    fn tell_waiting(&self, waits: Option<&Failure>, any_done: bool) {
        let told = &self.gateway.issuing().told_no_signer;
        match waits {
            Some(failure) => {
                metrics::gauge!("lintas_issuing_blocked").set(1.0);
                if !told.swap(true, Ordering::Relaxed) {
                    let code = failure.code().name();
                    error!(
                        code,
                        "events wait, because no certificate can be made of them: {failure}"
                    );
                }
            }
            None if any_done => {
                metrics::gauge!("lintas_issuing_blocked").set(0.0);
                if told.swap(false, Ordering::Relaxed) {
                    info!("certificates are made again of what waited");
                }
            }
            None => {}
        }
    }

    async fn count(&mut self, records: &Records, now: UnixTime) -> Result<(), Failure> {
        if !is_due(self.counted_at, COUNT_S, now) {
            return Ok(());
        }
        let (waiting, oldest) = records.store().backlog().await?;
        self.counted_at = Some(now);
        show_backlog(waiting, oldest, now);
        Ok(())
    }

    /// Erases what is too old, once a minute.
    async fn expire(&mut self, records: &Records, now: UnixTime) -> Result<(), Failure> {
        if !is_due(self.expired_at, EXPIRE_S, now) {
            return Ok(());
        }
        let (held, events) = records.store().expire(now, now.plus(-WAIT_S)).await?;
        self.expired_at = Some(now);
        if held > 0 {
            info!(
                held,
                "{held} claims have ended: what lay under them is erased"
            );
        }
        if events > 0 {
            warn!(
                events,
                "{events} events have waited for a week and are erased without a certificate"
            );
            metrics::counter!("lintas_issuing_failed_total", "code" => "expired").increment(events);
        }
        Ok(())
    }

    fn tell(&mut self, failure: &Failure) {
        let words = failure.to_string();
        if self.told.as_ref() != Some(&words) {
            let code = failure.code().name();
            error!(code, "no certificates are made: {failure}");
            self.told = Some(words);
        }
    }
}

/// Whether what was done at `last` is to be done again after `every` seconds; also where the clock was set back.
fn is_due(last: Option<UnixTime>, every: i64, now: UnixTime) -> bool {
    last.is_none_or(|last| last.plus(every) <= now || now < last)
}

fn show_backlog(waiting: u64, oldest: Option<UnixTime>, now: UnixTime) {
    let number = |count: u64| u32::try_from(count).map_or(f64::MAX, f64::from);
    let age = oldest.map_or(0, |at| now.seconds().saturating_sub(at.seconds()).max(0));
    metrics::gauge!("lintas_issuing_backlog").set(number(waiting));
    metrics::gauge!("lintas_issuing_oldest_seconds")
        .set(number(u64::try_from(age).unwrap_or_default()));
}

/// The lease under which certificates are made.
const ISSUING: &str = "issuing";
/// Events of a turn.
const BATCH: u32 = 250;
/// How far behind events that wait for something others are looked for.
const MAX_REACH: u32 = 8000;
const IDLE: Duration = Duration::from_millis(200);
const ELSEWHERE: Duration = Duration::from_secs(1);
const COUNT_S: i64 = 5;
const EXPIRE_S: i64 = 60;
/// How long an event may wait: seven days.
const WAIT_S: i64 = 7 * 86_400;
