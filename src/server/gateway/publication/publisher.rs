//! What a node publishes with, what it serves, and how that stands.
//!
//! Refuses to hide that it cannot publish: why is told by health checks, metrics and the log.

use super::book::Opened;
use super::build::Press;
use super::edition::{Artefact, Edition};
use super::folder::Folder;
use super::set::Set;
use super::slices::Slices;
use crate::failure::{Code, Failure};
use crate::model::{Environment, SnapshotId, Thumbprint};
use crate::server::config::PublicationConfig;
use crate::server::gateway::{Gateway, number};
use crate::server::keys::{PublicationKeys, publication_keys};
use crate::server::store::Lease;
use arc_swap::{ArcSwap, ArcSwapOption};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::{error, info, warn};

/// What a node publishes with, and what it serves.
pub struct Publisher {
    keys: Result<PublicationKeys, Failure>,
    config: PublicationConfig,
    /// The host and port, as in a URL.
    host: String,
    pub(super) folder: Folder,
    pub(super) serving: ArcSwapOption<Edition>,
    state: ArcSwap<State>,
    pub(super) chosen: Mutex<Option<Chosen>>,
    /// The manifest that this node was found not to come to, though it would publish the same set.
    differs: Mutex<Option<Thumbprint>>,
    pub(super) lease: tokio::sync::Mutex<Option<Lease>>,
    pub(super) book: Mutex<Option<Opened>>,
    pub(super) slices: Slices,
}

/// What was last chosen to be published, and from what.
pub(super) struct Chosen {
    pub(super) snapshot: SnapshotId,
    pub(super) generation: u64,
    pub(super) entries: [u8; 32],
    pub(super) set: Arc<Set>,
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
    pub(super) fn open(
        gateway: &Gateway,
        config: &PublicationConfig,
        data: &Path,
        port: u16,
    ) -> Self {
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
            differs: Mutex::default(),
            lease: tokio::sync::Mutex::default(),
            book: Mutex::default(),
            slices: Slices::default(),
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

    pub(super) fn differs(&self) -> MutexGuard<'_, Option<Thumbprint>> {
        self.differs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn press(&self, environment: Environment) -> Result<Press<'_>, Failure> {
        Ok(Press {
            environment,
            host: &self.config.did_host,
            keys: self.keys()?,
        })
    }

    /// Serves `edition` from now on, and remembers that it did.
    pub(super) fn serve(&self, edition: Edition) -> Result<(), Failure> {
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

    pub(super) fn stands(&self, state: State) {
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

    /// Raises the alarm, once as long as it is the same.
    pub(super) fn alarm(&self, reason: &str) {
        if self.state.load().reason() == Some(reason) {
            return;
        }
        metrics::counter!("lintas_publication_alarms_total").increment(1);
        error!(code = Code::PublicationDiffers.name(), "{reason}");
    }
}
