//! The world in force, and how a new one comes about: from pinned folders and from the records of foreign feeds.
//!
//! Refuses to let one dead source take the others with it, and to put a world into force that says nothing new.

use super::foreign::Foreign;
use super::pinned::{self, Reading};
use super::{Gateway, number};
use crate::model::{Thumbprint, UnixTime};
use crate::server::federation::FeedConfig;
use crate::snapshot::{FeedContent, Snapshot};
use crate::trust::AdmissionReport;
use actix_web::web::Bytes;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock, PoisonError};
use tracing::{info, warn};

/// The snapshot in force and what its admission refused.
pub struct World {
    /// The snapshot.
    pub snapshot: Arc<Snapshot>,
    /// The snapshot's id as it is shown.
    pub id: Bytes,
    /// What was not admitted to it, and why.
    pub report: Arc<AdmissionReport>,
    /// What could not be read at the last attempt.
    pub troubles: Vec<Trouble>,
    /// The ids of the sources that are foreign feeds.
    pub foreign: Vec<String>,
    /// Whether records are missing from the store, so that nothing of it is believed.
    pub incomplete: bool,
    /// The public list of signers, once somebody has asked for it.
    pub public_list: OnceLock<Bytes>,
    /// Those of our own signers that may sign as far as foreign gateways are concerned.
    pub(super) visible: BTreeSet<Thumbprint>,
    pub(super) readings: Arc<Vec<Reading>>,
}

/// A source that keeps what it said before, because it or a document of it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The source's id.
    pub source: String,
    /// What cannot be read, as a sentence.
    pub reason: String,
}

impl Trouble {
    pub(super) fn new(feed: &FeedConfig, reason: String) -> Self {
        Self {
            source: feed.id.clone(),
            reason,
        }
    }
}

impl World {
    pub(super) fn new(snapshot: Snapshot, report: AdmissionReport) -> Self {
        Self {
            id: snapshot.id().to_string().into(),
            snapshot: Arc::new(snapshot),
            report: Arc::new(report),
            troubles: Vec::new(),
            foreign: Vec::new(),
            incomplete: false,
            public_list: OnceLock::new(),
            visible: BTreeSet::new(),
            readings: Arc::default(),
        }
    }

    /// The same with `snapshot` in force, which differs in what this gateway says of its own.
    pub(super) fn with_snapshot(&self, snapshot: Snapshot) -> Self {
        Self {
            id: snapshot.id().to_string().into(),
            snapshot: Arc::new(snapshot),
            report: Arc::clone(&self.report),
            troubles: self.troubles.clone(),
            foreign: self.foreign.clone(),
            incomplete: self.incomplete,
            public_list: OnceLock::new(),
            visible: self.visible.clone(),
            readings: Arc::clone(&self.readings),
        }
    }
}

/// The number of a snapshot that is taken at `now`, behind the one numbered `earlier`.
pub(super) fn following(earlier: u64, now: UnixTime) -> u64 {
    let now = u64::try_from(now.seconds()).unwrap_or_default();
    now.max(earlier.saturating_add(1))
}

impl Gateway {
    /// Looks at every pinned source again and puts a new snapshot into force where one says something new.
    pub fn refresh(&self) {
        self.look_at_value_sets();
        self.look_at_messages();
        self.look_at_keys();
        let mut foreign = self.making();
        let before = self.world.load();
        let now = self.clock.now();
        let (readings, troubles) = pinned::read_all(&self.feeds, &self.data, &before.readings, now);
        self.put_into_force(&mut foreign, Arc::new(readings), troubles, now);
    }

    /// Puts a new snapshot into force from what is known of pinned sources and what the records of foreign feeds say now.
    pub(super) fn reassemble(&self, foreign: &mut Foreign) {
        let before = self.world.load();
        let (readings, troubles) = (Arc::clone(&before.readings), before.troubles.clone());
        self.put_into_force(foreign, readings, troubles, self.clock.now());
    }

    fn put_into_force(
        &self,
        foreign: &mut Foreign,
        readings: Arc<Vec<Reading>>,
        troubles: Vec<Trouble>,
        now: UnixTime,
    ) {
        foreign.read(now);
        let own = self.own_signers(foreign, now);
        let lists = readings.iter().map(|reading| &reading.list).chain(&own);
        let contents = foreign.contents().map(|content| &content.list);
        let (snapshot, mut report) = Snapshot::assemble(self.environment, 0, lists.chain(contents));
        let acceptance = foreign.acceptance(&self.value_sets.load().read);
        let snapshot = snapshot
            .with_revocations(foreign.revocations())
            .with_acceptance(Arc::new(acceptance))
            .with_messages(Arc::clone(&self.told.load().messages));
        metrics::gauge!("lintas_rules").set(number(snapshot.rules().rules().count()));
        let unread = readings.iter().flat_map(|reading| &reading.refused);
        let unproven = foreign
            .contents()
            .flat_map(|content: &FeedContent| &content.refused);
        report.refused.splice(..0, unread.chain(unproven).cloned());
        let as_of = snapshot.as_of().map_or(0, |at| at.seconds());
        metrics::gauge!("lintas_signers").set(number(snapshot.trust().signers().len()));
        metrics::gauge!("lintas_trust_entries_refused").set(number(report.refused.len()));
        metrics::gauge!("lintas_trust_as_of_seconds")
            .set(number(usize::try_from(as_of).unwrap_or_default()));
        metrics::gauge!("lintas_revoked").set(number(snapshot.revocations().len()));
        foreign.measure(&snapshot, &report, now);
        self.judges.know(&snapshot);
        let ids = foreign.feeds().iter().map(|feed| feed.source.id.clone());
        let visible = self.seen_abroad(foreign);
        // Before the world, so that nobody reads what is older than the world that they have.
        self.foreign.store(Arc::new(foreign.clone()));
        let foreign = (ids.collect(), foreign.incomplete().is_some());
        // What was withdrawn while the rest was made is in force already, and stays so.
        let _one = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.world.load();
        let earlier = before.snapshot.sequence();
        let snapshot = snapshot
            .with_own(Arc::clone(self.own.load().own()))
            .with_policies(self.policies.load().policies());
        // Where nothing new is said, only the age of the sources moves on.
        let changed = snapshot.id() != before.snapshot.id() || earlier == 0;
        let snapshot = snapshot.with_sequence(if changed {
            following(earlier, now)
        } else {
            earlier
        });
        if changed || report != *before.report {
            log(&snapshot, &report, &before.report);
        }
        log_troubles(&troubles, &before.troubles);
        let (foreign, incomplete) = foreign;
        let world = World {
            foreign,
            incomplete,
            visible,
            troubles,
            readings,
            ..World::new(snapshot, report)
        };
        self.world.store(Arc::new(world));
    }
}

/// Logs what is new in `report`: the counts, and every refusal that was not there `before`.
fn log(snapshot: &Snapshot, report: &AdmissionReport, before: &AdmissionReport) {
    let (admitted, refused) = (report.admitted, report.refused.len());
    info!(
        admitted, refused, snapshot = %snapshot.id(), sequence = snapshot.sequence(),
        "trust: {admitted} signers admitted, {refused} entries refused"
    );
    let new: Vec<_> = report
        .refused
        .iter()
        .filter(|refusal| !before.refused.contains(refusal))
        .collect();
    for refusal in new.iter().take(MAX_LOGGED) {
        let (place, code, detail) = (&refusal.place, refusal.code.name(), &refusal.detail);
        warn!(source = %refusal.source, %place, code, "not admitted: {place}: {code} ({detail})");
    }
    let more = new.len().saturating_sub(MAX_LOGGED);
    if more > 0 {
        warn!(more, "not admitted: {more} more entries");
    }
}

fn log_troubles(troubles: &[Trouble], before: &[Trouble]) {
    for trouble in troubles.iter().filter(|trouble| !before.contains(trouble)) {
        let Trouble { source, reason } = trouble;
        warn!(
            source,
            "source {source} keeps what it said before: {reason}"
        );
    }
    for trouble in before.iter().filter(|trouble| !troubles.contains(trouble)) {
        let Trouble { source, reason } = trouble;
        info!(source, "source {source}: no longer so: {reason}");
    }
}

/// How many refusals of one refresh are logged one by one.
const MAX_LOGGED: usize = 20;
