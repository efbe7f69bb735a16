//! Asking the register of issued certificates: before the verdict where a key of our own is compromised, afterwards and in the
//! background where it is healthy.
//!
//! Refuses to hold up a verdict that needs no answer, and to name a certificate in a log or an audit row: a key identifier and
//! a count are enough. A good signature of a healthy key that the register does not know is the earliest sign of a stolen key.

use super::{Gateway, Moment};
use crate::failure::{Code, Failure};
use crate::model::{Kid, UnixTime};
use crate::revocation::RegisterMark;
use crate::server::store::issuing;
use crate::snapshot::{OwnKey, Snapshot};
use crate::verify::{Opened, Reached, Registered};
use metrics::Counter;
use moka::sync::Cache;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tracing::error;

/// What the register said of the certificates of one request or batch.
#[derive(Debug, Default)]
pub struct Answers(HashMap<RegisterMark, Registered>);

impl Answers {
    /// The answer on what was `opened`.
    pub(super) fn on(&self, opened: &Opened, snapshot: &Snapshot) -> Registered {
        if self.0.is_empty() {
            return Registered::NotAsked;
        }
        let question = opened.register_question(snapshot);
        let answer = question.and_then(|(mark, _)| self.0.get(&mark).copied());
        answer.unwrap_or_default()
    }
}

/// Signatures of healthy keys of our own that were seen, until the register was asked about them.
pub(super) struct Watch {
    queue: Sender<Seen>,
    waiting: Mutex<Receiver<Seen>>,
    /// Those that the register knows, so that nobody asks again.
    known: Cache<RegisterMark, ()>,
    dropped: Counter,
    unlogged: Counter,
    alarms: std::sync::Mutex<BTreeMap<Kid, Alarm>>,
}

type Seen = (RegisterMark, Kid);

/// What was told of one signer.
#[derive(Clone, Copy, Default)]
struct Alarm {
    untold: u64,
    logged_at: Option<UnixTime>,
    audited_at: Option<UnixTime>,
}

impl Watch {
    pub(super) fn new() -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        Self {
            queue,
            waiting: Mutex::new(waiting),
            known: Cache::new(KNOWN),
            dropped: metrics::counter!("lintas_register_questions_dropped_total"),
            unlogged: metrics::counter!("lintas_unlogged_seen_total"),
            alarms: std::sync::Mutex::default(),
        }
    }

    /// Takes note of what healthy keys of our own signed; costs a look into the snapshot where there is nothing.
    pub(super) fn saw(&self, opened: &[Arc<Opened>], snapshot: &Snapshot) {
        if !snapshot.own().has_keys() {
            return;
        }
        for opened in opened {
            let (Some((mark, OwnKey::Healthy)), Reached::Signed(signed)) =
                (opened.register_question(snapshot), &opened.reached)
            else {
                continue;
            };
            let is_known = self.known.contains_key(&mark);
            if !is_known && self.queue.try_send((mark, signed.kid.clone())).is_err() {
                self.dropped.increment(1);
            }
        }
    }

    /// Counts a certificate that the register does not know; whether the log and the audit are to be told now, and of how many.
    fn alarm(&self, kid: &Kid, now: UnixTime) -> (Option<u64>, Option<u64>) {
        self.unlogged.increment(1);
        let mut alarms = self.alarms.lock().unwrap_or_else(PoisonError::into_inner);
        let alarm = alarms.entry(kid.clone()).or_default();
        alarm.untold += 1;
        let is_due = |last: Option<UnixTime>, every: i64| {
            last.is_none_or(|last| last.plus(every) <= now || last > now)
        };
        let logs = is_due(alarm.logged_at, LOG_EVERY_S).then_some(alarm.untold);
        let audits = is_due(alarm.audited_at, AUDIT_EVERY_S).then_some(alarm.untold);
        if logs.is_some() {
            alarm.logged_at = Some(now);
        }
        if audits.is_some() {
            alarm.audited_at = Some(now);
            alarm.untold = 0;
        }
        (logs, audits)
    }
}

impl Gateway {
    /// What the register says of those of `opened` that a compromised key of our own signed; nothing is asked for others.
    pub async fn ask_register(&self, opened: &[Arc<Opened>], moment: &Moment) -> Answers {
        let snapshot = &moment.world.snapshot;
        if !snapshot.own().has_compromised() {
            return Answers::default();
        }
        let questions = opened
            .iter()
            .filter_map(|it| it.register_question(snapshot));
        let mut asked: Vec<_> = questions
            .filter(|(_, standing)| *standing == OwnKey::Compromised)
            .map(|(mark, _)| mark)
            .collect();
        asked.sort_unstable();
        asked.dedup();
        if asked.is_empty() {
            return Answers::default();
        }
        let answers = match self.registered(&asked).await {
            Ok(answers) => answers,
            Err(failure) => {
                metrics::counter!("lintas_register_unavailable_total").increment(1);
                let code = failure.code().name();
                error!(code, "the register does not answer: {failure}");
                vec![Registered::Unavailable; asked.len()]
            }
        };
        Answers(asked.into_iter().zip(answers).collect())
    }

    async fn registered(&self, asked: &[RegisterMark]) -> Result<Vec<Registered>, Failure> {
        let store = self.records()?.store();
        let answers = tokio::time::timeout(LONGEST, store.registered(asked)).await;
        let silent = |_| Code::StoreUnavailable.because("the register took too long");
        let answers = answers.map_err(silent)??;
        if answers.len() != asked.len() {
            return Err(Code::Internal.because("the register left a question out"));
        }
        let answers = answers.into_iter().map(|answer| match answer {
            issuing::Registered::Yes => Registered::Yes,
            issuing::Registered::No => Registered::No,
        });
        Ok(answers.collect())
    }

    /// Asks the register about signatures of healthy keys of our own that were seen, at once where some wait, else as soon as
    /// one is; how many it did not know.
    ///
    /// # Errors
    /// `store_unavailable`, `store_incomplete`; what was to be asked is then counted as dropped.
    pub async fn look_up_seen(&self) -> Result<u64, Failure> {
        let mut seen = Vec::new();
        self.watch
            .waiting
            .lock()
            .await
            .recv_many(&mut seen, AT_ONCE)
            .await;
        seen.sort_unstable();
        seen.dedup();
        let marks: Vec<_> = seen.iter().map(|(mark, _)| *mark).collect();
        let answers = self.registered(&marks).await.inspect_err(|_| {
            self.watch
                .dropped
                .increment(u64::try_from(seen.len()).unwrap_or(u64::MAX));
        })?;
        let (now, mut unknown, mut events) = (self.clock.now(), 0, Vec::new());
        for ((mark, kid), answer) in seen.into_iter().zip(answers) {
            if answer == Registered::Yes {
                self.watch.known.insert(mark, ());
                continue;
            }
            unknown += 1;
            let (logs, audits) = self.watch.alarm(&kid, now);
            if let Some(count) = logs {
                let code = Code::NotLogged.name();
                error!(
                    code, %kid, count,
                    "{count} certificates of our signer {kid} are not in the register: its key may be stolen"
                );
            }
            if let Some(count) = audits {
                let detail = format!("{count} certificates seen that the register does not know");
                events.push(self.event("unlogged_seen", &kid.to_string(), detail));
            }
        }
        if !events.is_empty() {
            self.records()?.store().append(&[], &events, None).await?;
        }
        Ok(unknown)
    }
}

/// Signatures that wait to be asked about; more are dropped and counted.
const QUEUE: usize = 10_000;
const AT_ONCE: usize = 500;
/// Signatures remembered as registered: 16 bytes each and what the cache adds.
const KNOWN: u64 = 100_000;
const LOG_EVERY_S: i64 = 60;
const AUDIT_EVERY_S: i64 = 3600;
/// How long a verdict waits for the register.
const LONGEST: Duration = Duration::from_secs(3);
