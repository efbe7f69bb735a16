//! The use cases: everything a door can ask for. Each file here adds the verbs of one to [`Gateway`].
//!
//! Refuses to know a protocol: doors translate, this decides.

pub mod cache;
mod clock;
mod engine;
pub mod intake;
mod issuance;
pub mod replica;
pub mod sync;
mod verify;

pub use clock::Clock;
pub use issuance::IssueRequest;
pub use verify::{Moment, Question, VerifyRequest};

use crate::failure::Failure;
use crate::issue::Issuer;
use crate::model::Environment;
use crate::server::config::Config;
use crate::server::federation::FeedConfig;
use crate::snapshot::Snapshot;
use crate::trust::AdmissionReport;
use crate::verify::Policy;
use actix_web::web::Bytes;
use arc_swap::ArcSwap;
use cache::Opening;
use engine::Judges;
use issuance::Issuance;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use verify::Counters;

/// A running gateway, apart from its doors.
pub struct Gateway {
    environment: Environment,
    clock: Clock,
    policy: Policy,
    data: PathBuf,
    feeds: Vec<FeedConfig>,
    world: ArcSwap<World>,
    opening: Opening,
    counters: Counters,
    judges: Judges,
    issuer: Issuer,
    issuance: Option<Issuance>,
}

/// The snapshot in force and what its admission refused.
pub struct World {
    /// The snapshot.
    pub snapshot: Arc<Snapshot>,
    /// The snapshot's id as it is shown.
    pub id: Bytes,
    /// What was not admitted to it, and why.
    pub report: AdmissionReport,
    /// What could not be read at the last attempt.
    pub troubles: Vec<Trouble>,
    /// The public list of signers, once somebody has asked for it.
    pub public_list: OnceLock<Bytes>,
    readings: Vec<sync::Reading>,
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
    fn new(feed: &FeedConfig, reason: String) -> Self {
        Self {
            source: feed.id.clone(),
            reason,
        }
    }
}

impl World {
    fn new(snapshot: Snapshot, report: AdmissionReport) -> Self {
        Self {
            id: snapshot.id().to_string().into(),
            snapshot: Arc::new(snapshot),
            report,
            troubles: Vec::new(),
            public_list: OnceLock::new(),
            readings: Vec::new(),
        }
    }
}

impl Gateway {
    /// A gateway as configured, with its first snapshot taken.
    ///
    /// What it counts goes to the recorder of metrics that is installed by then.
    /// In the demo environment it makes its throw-away PKI and can issue; anywhere else it holds no signing key.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`, `internal`.
    pub fn open(config: &Config, clock: Clock) -> Result<Self, Failure> {
        let issuance = match config.environment {
            Environment::Demo => Some(Issuance::demo(&config.data, clock.now())?),
            Environment::Test | Environment::Production => None,
        };
        let empty = World::new(
            Snapshot::empty(config.environment),
            AdmissionReport::default(),
        );
        let gateway = Self {
            environment: config.environment,
            clock,
            policy: config.policy.clone(),
            data: config.data.clone(),
            feeds: config.feeds.clone(),
            world: ArcSwap::from_pointee(empty),
            opening: Opening::new(config.cache_mib),
            counters: Counters::new(),
            judges: Judges::new(config.engine, config.engine_mib),
            issuer: config.issuer.clone(),
            issuance,
        };
        gateway.refresh();
        Ok(gateway)
    }

    /// Which world it belongs to.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// What its verdicts tolerate.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Where it takes the time from.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The snapshot in force, with the report on it.
    pub fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// Tells the metrics how much the cache holds.
    pub fn report_cache(&self) {
        self.opening.report();
    }
}
