//! Deciding what is published next, and keeping up with what another node published.
//!
//! Refuses to publish without the lease; to take a publication for its own whose hash it does not come to; and to go back
//! behind what it has published before.

use super::edition::Edition;
use super::ledger::{Checkpoint, Ledger};
use super::note::Note;
use super::publisher::{Chosen, Publisher, State};
use super::set::{Key, Set, entries_of};
use crate::failure::{Code, Failure};
use crate::model::Thumbprint;
use crate::server::config::PublicationConfig;
use crate::server::gateway::Gateway;
use crate::server::gateway::sync::Records;
use crate::server::store::{Lease, Store};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use tracing::warn;

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
                publisher.alarm(&reason);
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
        if *publisher.differs() != Some(latest.manifest) {
            let press = publisher.press(self.environment)?;
            let edition = press.edition(latest, set, &ledger)?;
            if edition.manifest == latest.manifest {
                publisher.serve(edition)?;
                return Ok(good);
            }
            *publisher.differs() = Some(latest.manifest);
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
                let reason = format!("two publications have the number {}", mark.sequence);
                publisher.alarm(&reason);
                return Err(Code::PublicationDiffers.because(reason));
            }
            return Ok(None);
        }
        self.caught_up()?;
        let served = publisher.serving.load_full();
        let seen = match served.filter(|it| it.sequence == mark.sequence) {
            Some(served) => served,
            None => Arc::new(publisher.folder.edition(mark.sequence)?),
        };
        let known: BTreeSet<_> = seen.signers.iter().map(|it| it.thumbprint).collect();
        // Whoever was taken in after that publication is new, and in no record that is lost.
        let new = |key: &Key| key.taken_in_at.is_some_and(|at| at > seen.created);
        let returned = set
            .signers()
            .filter(|key| !known.contains(&key.thumbprint) && !new(key));
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
