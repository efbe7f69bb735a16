//! The use cases: everything a door can ask for. Each file here adds the verbs of one to [`Gateway`].
//!
//! Refuses to know a protocol: doors translate, this decides.

mod acts;
mod admin;
mod audit;
pub mod bucket;
pub mod budgets;
mod bundle_duty;
pub mod bundles;
pub mod cache;
mod clock;
mod engine;
pub mod enrol;
mod federated;
pub mod feeds;
mod follow;
pub mod foreign;
pub mod hub;
mod hub_acts;
pub mod intake;
mod issuance;
pub mod issuing;
pub mod keyring;
pub mod layers;
mod leases;
mod marks;
mod messages;
mod node;
pub mod own;
mod parties;
pub mod pinned;
pub mod policy;
pub mod publication;
pub mod receipts;
mod register;
pub mod registry;
pub mod replica;
mod sync;
mod turn;
mod value_sets;
mod verify;
pub mod withdrawal;
mod world;

pub use admin::Done;
pub use clock::Clock;
pub use issuance::IssueRequest;
pub use marks::forget as forget_marks;
pub use register::Answers;
pub use sync::{Records, Synchronised};
pub use verify::{Moment, OpenedAll, Question, VerifyRequest};
pub use world::{Trouble, World};

use crate::failure::Failure;
use crate::issue::Issuer;
use crate::model::Environment;
use crate::server::config::{Config, KeysConfig, Role, Roles};
use crate::server::federation::FeedConfig;
use crate::server::keys::{has_bundle_key, has_receipt_keys};
use crate::server::store;
use crate::snapshot::Snapshot;
use crate::trust::AdmissionReport;
use crate::verify::Policy;
use arc_swap::ArcSwap;
use budgets::Budgets;
use bundles::BundlePress;
use cache::Opening;
use engine::Judges;
use foreign::Foreign;
use hub::{Hub, Turning};
use issuance::Issuance;
use issuing::Issuing;
use keyring::{Expiry, Held, Keyring, Openers};
use messages::Told;
use own::OwnRecords;
use policy::PolicyBook;
use publication::{Ledger, Publisher};
use receipts::Receipts;
use register::Watch;
use registry::Registry;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use value_sets::ValueSets;
use verify::Counters;
use withdrawal::Publishing;

/// A running gateway, apart from its doors.
pub struct Gateway {
    environment: Environment,
    clock: Clock,
    policy: Policy,
    data: PathBuf,
    feeds: Vec<FeedConfig>,
    world: ArcSwap<World>,
    /// Foreign feeds as they were when the last world was made.
    foreign: ArcSwap<Foreign>,
    /// The same as it becomes, held by whoever makes a world: for seconds, so by no asynchronous task.
    making: Mutex<Foreign>,
    records: OnceLock<Records>,
    hub: ArcSwap<Hub>,
    ledger: ArcSwap<Ledger>,
    publisher: OnceLock<Publisher>,
    bundles: OnceLock<BundlePress>,
    /// Parties hand in one by one, so that only those at other nodes have to be decided again.
    handing_in: tokio::sync::Mutex<()>,
    /// Operators, clients and requests, as far as the records were read.
    registry: ArcSwap<Registry>,
    /// One decision at a time.
    deciding: tokio::sync::Mutex<()>,
    turning: Turning,
    /// Whether the store did not answer when it was last asked.
    store_silent: AtomicBool,
    opening: Opening,
    counters: Counters,
    judges: Judges,
    issuer: Issuer,
    issuance: Option<Issuance>,
    keys: KeysConfig,
    /// Our own signers, as far as the records were read.
    keyring: ArcSwap<Keyring>,
    /// The private keys of this node.
    held: Held,
    /// What opens them.
    openers: Openers,
    receipts: Receipts,
    expiry: Expiry,
    issuing: Issuing,
    roles: Roles,
    strict_uploads: bool,
    value_sets: ArcSwap<ValueSets>,
    told: ArcSwap<Told>,
    /// What is withdrawn of our own, and how our keys stand, as far as the records were read.
    own: ArcSwap<OwnRecords>,
    /// The policy sets that were activated, as far as the records were read.
    policies: ArcSwap<PolicyBook>,
    /// Held while a world is put into force, so that none takes back what another said.
    putting: Mutex<()>,
    watch: Watch,
    publishing: Publishing,
    budgets: Budgets,
    /// Since when nothing was in the store that is not in force here: milliseconds since 1970-01-01T00:00:00Z.
    followed_ms: AtomicI64,
}

impl Gateway {
    /// A gateway as configured, with its first snapshot taken.
    ///
    /// What it counts goes to the recorder of metrics that is installed by then.
    /// In the role to issue it opens the signing keys that are configured, and in the demo environment makes its throw-away
    /// PKI; in the role to verify it opens its key of receipts, in the role to publish its key of bundles. In other roles it holds
    /// no such key.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`, `key_sealed`, `signer_unavailable`, `internal`.
    pub fn open(config: &Config, clock: Clock) -> Result<Self, Failure> {
        let issues = config.roles.has(Role::Issue) && config.environment == Environment::Demo;
        let issuance = if issues {
            Some(Issuance::demo(&config.data, clock.now())?)
        } else {
            None
        };
        let signs_receipts = config.roles.has(Role::Verify) && has_receipt_keys(&config.data);
        let signs_bundles = config.environment != Environment::Demo
            && config.roles.has(Role::Publish)
            && has_bundle_key(&config.data);
        let openers = if config.roles.has(Role::Issue) || signs_receipts || signs_bundles {
            Openers::read(&config.keys)?
        } else {
            Openers::default()
        };
        let receipts = Receipts::open(config, &openers, clock.now())?;
        let held = if config.roles.has(Role::Issue) {
            Held::open(openers.clone(), &config.data)
        } else {
            Held::none()
        };
        let empty = World::new(
            Snapshot::empty(config.environment),
            AdmissionReport::default(),
        );
        let mut feeds = feeds::foreign_feeds(&config.feeds, &config.data)?;
        feeds.extend(feeds::own_feed(config));
        let foreign = Foreign::new(feeds);
        let gateway = Self {
            environment: config.environment,
            clock,
            policy: config.policy.clone(),
            data: config.data.clone(),
            feeds: config.feeds.clone(),
            world: ArcSwap::from_pointee(empty),
            foreign: ArcSwap::from_pointee(foreign.clone()),
            making: Mutex::new(foreign),
            records: OnceLock::new(),
            hub: ArcSwap::from_pointee(Hub::new(&config.federation.anchors)),
            ledger: ArcSwap::default(),
            publisher: OnceLock::new(),
            bundles: OnceLock::new(),
            handing_in: tokio::sync::Mutex::new(()),
            registry: ArcSwap::default(),
            deciding: tokio::sync::Mutex::new(()),
            turning: Turning::default(),
            store_silent: AtomicBool::new(false),
            opening: Opening::new(config.cache_mib),
            counters: Counters::new(),
            judges: Judges::new(config.engine, config.engine_mib),
            issuer: config.issuer.clone(),
            issuance,
            keys: config.keys.clone(),
            keyring: ArcSwap::default(),
            held,
            openers,
            receipts,
            expiry: Expiry::of(config),
            issuing: Issuing::new(&config.issuing)?,
            roles: config.roles.clone(),
            strict_uploads: config.federation.strict_uploads,
            value_sets: ArcSwap::default(),
            told: ArcSwap::default(),
            own: ArcSwap::from_pointee(OwnRecords::of(config.issuer.country)),
            policies: ArcSwap::from_pointee(PolicyBook::of(
                config.issuer.country,
                &config.policy_signers,
            )),
            putting: Mutex::new(()),
            watch: Watch::new(),
            publishing: Publishing::open(config, clock.now())?,
            budgets: Budgets::new(&config.quota, clock.now_ms()),
            followed_ms: AtomicI64::new(0),
        };
        gateway.refresh();
        Ok(gateway)
    }

    /// The same with the store that `config` names, and everything in it.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`, `store_unavailable`, `internal`.
    pub async fn open_with_records(config: &Config, clock: Clock) -> Result<Arc<Self>, Failure> {
        let gateway = Arc::new(Self::open(config, clock)?);
        let store = store::open(&config.store, &config.data).await?;
        gateway.attach(Records::new(store, &config.data)?).await?;
        Ok(gateway)
    }

    /// Which world it belongs to.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// Where its files are.
    pub(in crate::server) fn data(&self) -> &Path {
        &self.data
    }

    /// What it is there for.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Whether uploads are held to more than the reference gateways hold them to.
    pub fn has_strict_uploads(&self) -> bool {
        self.strict_uploads
    }

    /// Who issues here.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// What its verdicts tolerate.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Where it takes the time from.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// How much callers may still have done.
    pub fn budgets(&self) -> &Budgets {
        &self.budgets
    }

    /// The snapshot in force, with the report on it.
    pub fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// How the store is: `whole`, `incomplete`, or `unavailable` where it did not answer when it was last asked.
    pub fn store_state(&self) -> &'static str {
        if self.store_silent.load(Ordering::Relaxed) {
            "unavailable"
        } else if self.world.load().incomplete {
            "incomplete"
        } else {
            "whole"
        }
    }

    /// Notes whether the store answered.
    pub(in crate::server) fn store_answered(&self, answered: bool) {
        self.store_silent.store(!answered, Ordering::Relaxed);
    }

    /// Foreign feeds as they were when the last world was made. Nobody waits for the next one.
    pub fn foreign(&self) -> Arc<Foreign> {
        self.foreign.load_full()
    }

    /// Foreign feeds for whoever makes a world, held until the guard is gone. An asynchronous task would stall all others.
    fn making(&self) -> MutexGuard<'_, Foreign> {
        // Nothing is left half done where a holder panics: what is derived is derived anew.
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the metrics how much the cache holds.
    pub fn report_cache(&self) {
        self.opening.report();
    }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
