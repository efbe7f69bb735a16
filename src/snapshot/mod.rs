//! One frozen world: everything a verdict depends on, immutable, named by its content.
//!
//! Refuses a clock and a mixture of environments. Its id is the hash of what its parts say, so every node that assembles
//! the same records has the same id. How old its sources are (`as_of`) is not what they say: a verdict names both.

mod archive;
pub mod bundle;
mod did;
mod feed;
pub mod messages;
mod offline;
mod own;

pub use archive::{Index, MAX_ARCHIVED, put_together, take_apart};
pub use did::{DidProof, DidTrust, named_signers};
pub use feed::{
    FeedContent, FeedProof, FeedRecords, ListTrust, MAX_BATCHES, read_feed, statements,
};
pub use offline::Offline;
pub use own::{Own, OwnKey};

use crate::crypto::{self, Engine, VerifyingKey};
use crate::model::{Environment, SnapshotId, UnixTime};
use crate::revocation::RevocationList;
use crate::rules::{Policies, RuleSet, ValueSets};
use crate::trust::{AdmissionReport, Source, SourceList, TrustList};
use messages::Messages;
use std::sync::Arc;

/// A frozen world.
#[derive(Clone, Debug)]
pub struct Snapshot {
    environment: Environment,
    id: SnapshotId,
    sequence: u64,
    trust: Arc<TrustList>,
    revocations: Arc<RevocationList>,
    own: Arc<Own>,
    offline: Arc<Offline>,
    acceptance: Arc<Acceptance>,
    policies: Arc<Policies>,
    messages: Arc<Messages>,
    sources: Arc<[Source]>,
}

impl Snapshot {
    /// Assembles the snapshot number `sequence` from sources and their entries; it withdraws no certificate yet.
    ///
    /// Sources are taken in the order of their ids, so that the result does not depend on the order of arrival.
    pub fn assemble<'a>(
        environment: Environment,
        sequence: u64,
        lists: impl IntoIterator<Item = &'a SourceList>,
    ) -> (Self, AdmissionReport) {
        let mut lists: Vec<_> = lists.into_iter().collect();
        lists.sort_by(|left, right| left.source.id.cmp(&right.source.id));
        let (trust, report) = TrustList::admit(&lists, environment);
        let sources = lists.iter().map(|list| list.source.clone()).collect();
        let snapshot = Self {
            environment,
            id: SnapshotId([0; 32]),
            sequence,
            trust: Arc::new(trust),
            revocations: Arc::default(),
            own: Arc::default(),
            offline: Arc::default(),
            acceptance: Arc::default(),
            policies: Arc::default(),
            messages: Arc::default(),
            sources,
        };
        (snapshot.identified(), report)
    }

    /// The same world with `revocations` in force.
    #[must_use]
    pub fn with_revocations(self, revocations: Arc<RevocationList>) -> Self {
        Self {
            revocations,
            ..self
        }
        .identified()
    }

    /// The same world with what this gateway says of its own certificates.
    ///
    /// Nothing else is made anew, so it costs no more than the id: the time does not depend on how many signers there are.
    #[must_use]
    pub fn with_own(self, own: Arc<Own>) -> Self {
        Self { own, ..self }.identified()
    }

    /// The same world where withdrawn certificates stand in `offline`, and foreign ones nowhere else.
    #[must_use]
    pub fn with_offline(self, offline: Arc<Offline>) -> Self {
        Self {
            offline,
            revocations: Arc::default(),
            ..self
        }
        .identified()
    }

    /// The same world with `acceptance` in force.
    #[must_use]
    pub fn with_acceptance(self, acceptance: Arc<Acceptance>) -> Self {
        Self { acceptance, ..self }.identified()
    }

    /// The same world with the policy sets that were activated.
    #[must_use]
    pub fn with_policies(self, policies: Arc<Policies>) -> Self {
        Self { policies, ..self }.identified()
    }

    /// The same world told in the words of `messages`; its id stays.
    #[must_use]
    pub fn with_messages(self, messages: Arc<Messages>) -> Self {
        Self { messages, ..self }
    }

    fn identified(self) -> Self {
        // What says nothing is no part of it.
        let part = |name: &[u8], is_empty: bool, hash: [u8; 32]| {
            let part = [name, hash.as_slice()].concat();
            if is_empty { Vec::new() } else { part }
        };
        let (own, acceptance) = (&self.own, &self.acceptance);
        let own = part(b"\0own\0", own.is_empty(), own.content_hash());
        let rules = part(b"\0rules\0", acceptance.is_empty(), acceptance.hash);
        let offline = &self.offline;
        let offline = part(b"\0offline\0", offline.is_empty(), offline.content_hash());
        let policies = &self.policies;
        let is_empty = policies.all().is_empty();
        let policies = part(b"\0policies\0", is_empty, policies.content_hash());
        let parts = [
            self.environment.name().as_bytes(),
            b"\0trust\0",
            &self.trust.content_hash(),
            b"\0revocations\0",
            &self.revocations.content_hash(),
        ];
        let parts = [parts.concat(), own, offline, rules, policies].concat();
        let id = SnapshotId(crypto::sha256(&[ID_DOMAIN, &parts].concat()));
        Self { id, ..self }
    }

    /// A snapshot that knows no signer.
    pub fn empty(environment: Environment) -> Self {
        Self::assemble(environment, 0, &[]).0
    }

    /// The one environment of everything in it.
    pub fn environment(&self) -> Environment {
        self.environment
    }

    /// The hash of its content.
    pub fn id(&self) -> SnapshotId {
        self.id
    }

    /// Its number; later ones are larger.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The same world under another number.
    #[must_use]
    pub fn with_sequence(self, sequence: u64) -> Self {
        Self { sequence, ..self }
    }

    /// The same world as it was when `sources` were of the ages that they have.
    #[must_use]
    pub fn with_sources(self, sources: impl IntoIterator<Item = Source>) -> Self {
        let sources = sources.into_iter().collect();
        Self { sources, ..self }
    }

    /// The trust list.
    pub fn trust(&self) -> &TrustList {
        &self.trust
    }

    /// The certificates that are withdrawn.
    pub fn revocations(&self) -> &RevocationList {
        &self.revocations
    }

    /// What this gateway says of its own certificates.
    pub fn own(&self) -> &Arc<Own> {
        &self.own
    }

    /// Withdrawn certificates as bundles carry them; nothing in a world that no bundle brought.
    pub fn offline(&self) -> &Offline {
        &self.offline
    }

    /// What countries accept.
    pub fn rules(&self) -> &RuleSet {
        &self.acceptance.rules
    }

    /// Which codes certificates may use.
    pub fn value_sets(&self) -> &ValueSets {
        &self.acceptance.value_sets
    }

    /// The policy sets that were activated.
    pub fn policies(&self) -> &Arc<Policies> {
        &self.policies
    }

    /// The words in which its verdicts are told.
    pub fn messages(&self) -> &Arc<Messages> {
        &self.messages
    }

    /// Makes the keys of its signers known to `engine`, the most used first, as far as `budget` bytes go.
    ///
    /// Slow, so to be called where nobody waits; meanwhile the library judges. Nothing a verdict says depends on it.
    pub fn warm(&self, engine: &Arc<Engine>, budget: usize) {
        engine.warm(self.keys(), budget);
    }

    /// Makes the keys of its signers known to `engine`, each with the table that its like has; makes no table.
    pub fn know(&self, engine: &Arc<Engine>) {
        self.keys().for_each(|key| engine.know(key));
    }

    fn keys(&self) -> impl Iterator<Item = &VerifyingKey> {
        let signers = self.trust.signers().iter();
        signers.filter_map(|dsc| dsc.key.as_ref().ok())
    }

    /// The sources it was assembled from, by id.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The source with this id.
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// The age of its oldest source: the instant since which all of it is known to hold.
    pub fn as_of(&self) -> Option<UnixTime> {
        self.sources.iter().map(|source| source.as_of).min()
    }
}

/// What countries accept: the rules, and the codes that they look up.
#[derive(Clone, Debug, Default)]
pub struct Acceptance {
    rules: RuleSet,
    value_sets: ValueSets,
    hash: [u8; 32],
}

impl Acceptance {
    /// These rules and value sets.
    pub fn new(rules: RuleSet, value_sets: ValueSets) -> Self {
        let hash = crypto::sha256(&[rules.content_hash(), value_sets.content_hash()].concat());
        Self {
            rules,
            value_sets,
            hash,
        }
    }

    fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.value_sets.is_empty()
    }
}

const ID_DOMAIN: &[u8] = b"lintas/snapshot/v1\0";
