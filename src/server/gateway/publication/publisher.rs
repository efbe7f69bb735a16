//! Deciding what is published next, and keeping up with what another node published.
//!
//! Refuses to publish without the lease; to take a publication for its own whose hash it does not come to; and to go back
//! behind what it has published before.

use super::book::Opened;
use super::build::Press;
use super::edition::{Artefact, Edition};
use super::folder::Folder;
use super::ledger::{Checkpoint, Ledger};
use super::note::Note;
use super::set::{Set, entries_of};
use crate::failure::{Code, Failure};
use crate::model::{Environment, SnapshotId, Thumbprint};
use crate::server::config::PublicationConfig;
use crate::server::gateway::sync::Records;
use crate::server::gateway::{Gateway, number};
use crate::server::keys::{PublicationKeys, publication_keys};
use crate::server::store::{Lease, Store};
use arc_swap::{ArcSwap, ArcSwapOption};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tracing::{error, info, warn};

/// What a node publishes with, and what it serves.
pub struct Publisher {
    keys: Result<PublicationKeys, Failure>,
    config: PublicationConfig,
    /// The host and port, as in a URL.
    host: String,
    folder: Folder,
    serving: ArcSwapOption<Edition>,
    state: ArcSwap<State>,
    chosen: Mutex<Option<Chosen>>,
    lease: tokio::sync::Mutex<Option<Lease>>,
    pub(super) book: Mutex<Option<Opened>>,
}

/// What was last chosen to be published, and from what.
struct Chosen {
    snapshot: SnapshotId,
    generation: u64,
    entries: [u8; 32],
    set: Arc<Set>,
}

/// How publication stands on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It serves the newest publication.
    Current,
    /// It serves an older one, because it does not come to the newest.
    Behind(String),
    /// It can publish nothing, or nothing new.
    Halted(String),
    /// It has no keys to publish with.
    Off(String),
}

impl State {
    /// The machine name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Behind(_) => "behind",
            Self::Halted(_) => "halted",
            Self::Off(_) => "off",
        }
    }

    /// What is the matter, where something is.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Current => None,
            Self::Behind(reason) | Self::Halted(reason) | Self::Off(reason) => Some(reason),
        }
    }
}

impl Publisher {
    /// A publisher with the keys below `data`, whose public listener has the port `port`. It serves what it served last.
    fn open(gateway: &Gateway, config: &PublicationConfig, data: &Path, port: u16) -> Self {
        let country = gateway.issuer.country;
        let keys = match gateway.environment {
            Environment::Demo => publication_keys(data, country, gateway.clock.now()),
            Environment::Test | Environment::Production => PublicationKeys::open(data),
        };
        let folder = Folder::below(data);
        let served = match folder.mark() {
            Ok(Some(mark)) => folder.edition(mark.sequence).map(Some),
            Ok(None) | Err(_) => Ok(None),
        };
        let served = served.unwrap_or_else(|failure| {
            let code = failure.code().name();
            warn!(code, "what was published last cannot be served: {failure}");
            None
        });
        let state = match &keys {
            Ok(_) => State::Halted("nothing was published yet".to_owned()),
            Err(failure) => State::Off(format!("no keys: {}", failure.detail())),
        };
        if let Some(reason) = state.reason().filter(|_| keys.is_err()) {
            warn!("publication is off: {reason}");
        }
        Self {
            keys,
            host: config
                .host
                .clone()
                .unwrap_or_else(|| format!("localhost:{port}")),
            config: config.clone(),
            folder,
            serving: ArcSwapOption::from(served.map(Arc::new)),
            state: ArcSwap::from_pointee(state),
            chosen: Mutex::default(),
            lease: tokio::sync::Mutex::default(),
            book: Mutex::default(),
        }
    }

    /// The keys.
    ///
    /// # Errors
    /// `not_published` where there are none.
    pub fn keys(&self) -> Result<&PublicationKeys, Failure> {
        let off = |failure: &Failure| Code::NotPublished.because(failure.detail().to_owned());
        self.keys.as_ref().map_err(off)
    }

    /// The host and port under which this node's documents are found.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whom to write to, where the configuration says so.
    pub fn contact(&self) -> Option<&str> {
        self.config.contact.as_deref()
    }

    /// How it stands.
    pub fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// What it serves.
    ///
    /// # Errors
    /// `not_published` where that is nothing.
    pub fn edition(&self) -> Result<Arc<Edition>, Failure> {
        let none = || {
            let state = self.state.load();
            Code::NotPublished.because(state.reason().unwrap_or("nothing yet").to_owned())
        };
        self.serving.load_full().ok_or_else(none)
    }

    /// The artefact `name` of the publication `sequence`, if this node still has both. Reads files where it is not the newest.
    ///
    /// # Errors
    /// `input_output`.
    pub fn artefact(&self, sequence: u64, name: &str) -> Result<Option<Artefact>, Failure> {
        match self.serving.load().as_ref() {
            Some(edition) if edition.sequence == sequence => {
                Ok(edition.artefacts.get(name).cloned())
            }
            _ => self.folder.artefact(sequence, name),
        }
    }

    fn press(&self, environment: Environment) -> Result<Press<'_>, Failure> {
        Ok(Press {
            environment,
            host: &self.config.did_host,
            keys: self.keys()?,
        })
    }

    /// Serves `edition` from now on, and remembers that it did.
    fn serve(&self, edition: Edition) -> Result<(), Failure> {
        let (sequence, signers) = (edition.sequence, edition.signers.len());
        self.folder.keep(&edition)?;
        self.serving.store(Some(Arc::new(edition)));
        metrics::gauge!("lintas_publication_sequence")
            .set(number(usize::try_from(sequence).unwrap_or(usize::MAX)));
        info!(
            sequence,
            signers, "publication {sequence}: {signers} signers"
        );
        Ok(())
    }

    fn stands(&self, state: State) {
        let before = self.state.load_full();
        if *before == state {
            return;
        }
        let current = state == State::Current;
        metrics::gauge!("lintas_publication_current").set(f64::from(u8::from(current)));
        match state.reason() {
            None => info!("publication is current"),
            // For a moment every node is behind the one that publishes.
            Some(reason) if matches!(state, State::Behind(_)) => info!("publication: {reason}"),
            Some(reason) => warn!(state = state.name(), "publication: {reason}"),
        }
        self.state.store(Arc::new(state));
    }

    fn alarm(&self, reason: &str) {
        metrics::counter!("lintas_publication_alarms_total").increment(1);
        error!(code = Code::PublicationDiffers.name(), "{reason}");
    }
}

/// What a look at the publications came to.
enum Look {
    /// The newest one is served.
    Current,
    /// It is, and it is time to repeat it.
    Old,
    /// Something else is to be published than the newest one.
    Due,
    /// It is not what this node would have made of it.
    Differs(String),
}

impl Gateway {
    /// Makes it publish as `config` says, with the keys in its data folder; `port` is that of the public listener.
    ///
    /// # Errors
    /// `internal` where it publishes already.
    pub fn publish_as(&self, config: &PublicationConfig, port: u16) -> Result<(), Failure> {
        let config = config.on(port);
        let publisher = Publisher::open(self, &config, &self.data, port);
        let again = |_| Code::Internal.because("this gateway publishes already");
        self.publisher.set(publisher).map_err(again)
    }

    /// What it publishes with.
    ///
    /// # Errors
    /// `not_published` where it does not publish.
    pub fn publisher(&self) -> Result<&Publisher, Failure> {
        let none = || Code::NotPublished.because("this node does not publish");
        self.publisher.get().ok_or_else(none)
    }

    /// The publications so far, as last read from the store.
    pub fn ledger(&self) -> Arc<Ledger> {
        self.ledger.load_full()
    }

    /// Publishes what has changed if that is for this node, and serves the newest publication.
    ///
    /// # Errors
    /// `not_published` where it has no keys; `store_unavailable`, `store_incomplete`, `lease_lost`; `input_output`;
    /// `publication_differs` where another publication was found than this node makes.
    pub async fn keep_published(self: &Arc<Self>) -> Result<(), Failure> {
        let publisher = self.publisher()?;
        publisher.keys()?;
        let mut lease = publisher.lease.lock().await;
        let kept = self.publish_or_follow(publisher, &mut lease).await;
        match &kept {
            Ok(()) => publisher.stands(State::Current),
            Err(failure) if failure.code() == Code::PublicationDiffers => {
                publisher.stands(State::Behind(failure.detail().to_owned()));
            }
            Err(failure) => {
                let (code, detail) = (failure.code().name(), failure.detail());
                publisher.stands(State::Halted(format!("{code}: {detail}")));
            }
        }
        kept
    }

    async fn publish_or_follow(
        self: &Arc<Self>,
        publisher: &Publisher,
        lease: &mut Option<Lease>,
    ) -> Result<(), Failure> {
        let records = self.records()?;
        self.renew(records, lease).await?;
        let set = self.chosen().await?;
        match self.look(&set).await? {
            Look::Current => return Ok(()),
            Look::Old | Look::Due | Look::Differs(_) => {}
        }
        if lease.is_none() {
            let now = self.clock.now();
            let store = records.store();
            *lease = store.lease(LEASE, records.node(), now, LEASE_S).await?;
        }
        // Whoever had the lease may have published since.
        self.read_store().await?;
        match (self.look(&set).await?, lease.as_ref()) {
            (Look::Current, _) | (Look::Old, None) => Ok(()),
            (Look::Due, None) => {
                let reason = "another node publishes, and has something else to publish";
                Err(Code::PublicationDiffers.because(reason))
            }
            (Look::Differs(reason), None) => {
                if publisher.state.load().reason() != Some(&reason) {
                    publisher.alarm(&reason);
                }
                Err(Code::PublicationDiffers.because(reason))
            }
            (look, Some(held)) => {
                if let Look::Differs(reason) = look {
                    warn!("published anew: {reason}");
                }
                let published = self.publish(publisher, records, held, &set).await;
                if published.is_err() {
                    *lease = None;
                }
                published
            }
        }
    }

    /// Keeps the lease that is held alive.
    async fn renew(&self, records: &Records, lease: &mut Option<Lease>) -> Result<(), Failure> {
        let now = self.clock.now();
        let ends = lease.as_ref().map(|lease| lease.expires_at);
        if ends.is_some_and(|ends| ends <= now.plus(RENEW_S)) {
            let store = records.store();
            *lease = store.lease(LEASE, records.node(), now, LEASE_S).await?;
        }
        Ok(())
    }

    /// What is to be published now.
    async fn chosen(self: &Arc<Self>) -> Result<Arc<Set>, Failure> {
        let gateway = Arc::clone(self);
        let chosen = actix_web::rt::task::spawn_blocking(move || gateway.choose());
        chosen
            .await
            .map_err(|error| Code::Internal.caused_by("nothing was chosen", error))?
    }

    fn choose(&self) -> Result<Arc<Set>, Failure> {
        let publisher = self.publisher()?;
        let (world, hub) = (self.world(), self.hub());
        let (snapshot, generation) = (world.snapshot.id(), hub.generation());
        let mut chosen = publisher
            .chosen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut known = chosen.take().filter(|it| it.snapshot == snapshot);
        let entries = match &known {
            Some(known) if known.generation == generation => known.entries,
            // Most of what is handed in is no certificate.
            _ => entries_of(&hub),
        };
        if let Some(known) = known.take_if(|it| it.entries == entries && !world.incomplete) {
            let set = Arc::clone(&known.set);
            *chosen = Some(Chosen {
                generation,
                ..known
            });
            return Ok(set);
        }
        let set = Arc::new(Set::of(&world, &hub, self.environment)?);
        *chosen = Some(Chosen {
            snapshot,
            generation,
            entries,
            set: Arc::clone(&set),
        });
        Ok(set)
    }

    /// Looks whether the newest publication is of `set`, and serves it if it is.
    async fn look(self: &Arc<Self>, set: &Arc<Set>) -> Result<Look, Failure> {
        let (gateway, set) = (Arc::clone(self), Arc::clone(set));
        let looked = actix_web::rt::task::spawn_blocking(move || gateway.look_now(&set));
        looked
            .await
            .map_err(|error| Code::Internal.caused_by("the look broke off", error))?
    }

    fn look_now(&self, set: &Set) -> Result<Look, Failure> {
        let publisher = self.publisher()?;
        let ledger = self.ledger();
        if self.lost(publisher, &ledger, set)?.is_some() {
            return Ok(Look::Due);
        }
        let Some(latest) = ledger.latest() else {
            return Ok(Look::Due);
        };
        if latest.set != Thumbprint(set.digest) {
            return Ok(Look::Due);
        }
        let good = if latest.created.plus(DAY_S) <= self.clock.now() {
            Look::Old
        } else {
            Look::Current
        };
        let served = publisher.serving.load_full();
        if let Some(served) = served.filter(|it| it.sequence == latest.sequence)
            && served.manifest == latest.manifest
        {
            return Ok(good);
        }
        let press = publisher.press(self.environment)?;
        let edition = press.edition(latest, set, &ledger)?;
        if edition.manifest == latest.manifest {
            publisher.serve(edition)?;
            return Ok(good);
        }
        let (sequence, version) = (latest.sequence, &latest.version);
        Ok(Look::Differs(format!(
            "publication {sequence}, by version {version}, is not what this node makes of it: another key, host or program"
        )))
    }

    /// The newest publication that this node has seen, if the store does not know it any more.
    ///
    /// Whoever was withdrawn by what was lost must not come back unnoticed, so every signer has to be one of that
    /// publication.
    fn lost(
        &self,
        publisher: &Publisher,
        ledger: &Ledger,
        set: &Set,
    ) -> Result<Option<Checkpoint>, Failure> {
        let Some(mark) = publisher.folder.mark()? else {
            return Ok(None);
        };
        let known = ledger.latest().map_or(0, |latest| latest.sequence);
        if known >= mark.sequence {
            let same = ledger.latest().filter(|it| it.sequence == mark.sequence);
            if same.is_some_and(|latest| latest.manifest != mark.manifest) || ledger.is_disputed() {
                let sequence = mark.sequence;
                publisher.alarm(&format!("two publications have the number {sequence}"));
                let reason = "two publications have one number";
                return Err(Code::PublicationDiffers.because(reason));
            }
            return Ok(None);
        }
        self.caught_up()?;
        let seen = publisher.folder.edition(mark.sequence)?;
        let seen: BTreeSet<_> = seen.signers.iter().map(|it| it.thumbprint).collect();
        let returned = set.signers().filter(|key| !seen.contains(&key.thumbprint));
        let names: Vec<_> = returned.map(|key| key.thumbprint.to_string()).collect();
        if names.is_empty() {
            return Ok(Some(mark));
        }
        let reason = format!(
            "the records end before publication {}, which did not hold {} signers that are there now: {}",
            mark.sequence,
            names.len(),
            names
                .iter()
                .take(MAX_NAMED)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ")
        );
        Err(Code::StoreIncomplete.because(reason))
    }

    /// Publishes `set`.
    async fn publish(
        self: &Arc<Self>,
        publisher: &Publisher,
        records: &Records,
        lease: &Lease,
        set: &Arc<Set>,
    ) -> Result<(), Failure> {
        self.caught_up()?;
        let (gateway, made_of) = (Arc::clone(self), Arc::clone(set));
        let made = actix_web::rt::task::spawn_blocking(move || gateway.make(&made_of));
        let made = made
            .await
            .map_err(|error| Code::Internal.caused_by("nothing was made", error))?;
        let (note, edition, recovers) = made?;
        let event = if recovers {
            "publication_recovered"
        } else {
            "published"
        };
        let (added, removed) = (note.added.len(), note.removed.len());
        let detail = format!("{added} signers added, {removed} removed");
        let event = self.event(event, &note.sequence.to_string(), detail);
        let store: &dyn Store = records.store().as_ref();
        store
            .append(&[note.record()], &[event], Some(lease))
            .await?;
        self.read_store().await?;
        let served = self.ledger();
        match served.latest() {
            Some(latest) if latest.manifest == note.manifest => publisher.serve(edition),
            _ => Err(Code::PublicationDiffers.because("another node published meanwhile")),
        }
    }

    /// The next publication of `set`, and whether it goes on after a loss.
    fn make(&self, set: &Set) -> Result<(Note, Edition, bool), Failure> {
        let publisher = self.publisher()?;
        let ledger = self.ledger();
        let lost = self.lost(publisher, &ledger, set)?;
        let snapshot = self.world().snapshot.id().to_string();
        let (note, after) = ledger.next(set, snapshot, self.clock.now(), lost);
        let press = publisher.press(self.environment)?;
        let edition = press.edition(&note, set, &after)?;
        let note = Note {
            manifest: edition.manifest,
            ..note
        };
        Ok((note, edition, lost.is_some()))
    }
}

/// The name of the lease under which one node publishes.
const LEASE: &str = "publish";
/// How long after its last sign of life another node may publish.
const LEASE_S: u32 = 60;
/// How long before its end the lease is renewed.
const RENEW_S: i64 = 40;
/// A publication is repeated after this long, so that its readers see that it still holds.
const DAY_S: i64 = 86_400;
/// How many signers a reason names.
const MAX_NAMED: usize = 5;
