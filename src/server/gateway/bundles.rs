//! Bundles for scanners: the world in force in one signed file, made anew when something changed and once in a while, an hour as a
//! rule.
//!
//! Refuses to sign while records are missing or nothing was ever read, a number that is not larger than any that it signed, and to
//! press while another node does.
//!
//! The last ones stay in the folder `bundles`, so that scanners can be told what changed since theirs.

use super::Gateway;
use super::bundle_duty::Duty;
use super::layers::Layers;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Environment, SnapshotId, Thumbprint, UnixTime};
use crate::revocation::{Filter, Leading};
use crate::server::config::BundleConfig;
use crate::server::files::{self, PUBLIC};
use crate::server::keys::{BundleKeys, has_bundle_key};
use crate::server::scanner::bounded;
use crate::snapshot::bundle::{Bundle, Manifest};
use crate::snapshot::{Offline, Snapshot};
use crate::verify::Messages;
use actix_web::web::Bytes;
use arc_swap::{ArcSwap, ArcSwapOption};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracing::{info, warn};

/// What a node makes bundles with, and the newest.
pub struct BundlePress {
    keys: ArcSwap<BundleKeys>,
    config: BundleConfig,
    folder: PathBuf,
    newest: ArcSwapOption<Pressed>,
    state: tokio::sync::Mutex<State>,
}

/// A bundle as it is served.
pub struct Pressed {
    /// Its name.
    pub name: Thumbprint,
    /// Which world it is.
    pub manifest: Manifest,
    /// All of it.
    pub whole: Bytes,
    /// What follows each of the last ones, by their names.
    pub deltas: BTreeMap<Thumbprint, Bytes>,
}

/// What the next one is made from.
#[derive(Default)]
struct State {
    layers: Layers,
    /// Of which world the newest is, as far as a scanner can tell, and in which words.
    pressed: Option<(SnapshotId, Arc<Messages>)>,
    /// The last ones, by their numbers.
    last: BTreeMap<u64, (Thumbprint, Manifest)>,
    duty: Duty,
}

impl Gateway {
    /// Makes it press bundles, where a key of bundles is in its data folder; in demo one is made.
    ///
    /// # Errors
    /// `configuration_invalid`, `key_sealed`, `signer_unavailable`, `input_output`; `internal` where it does already.
    pub fn press_bundles(&self, config: BundleConfig) -> Result<(), Failure> {
        let data = &self.data;
        let keys = match self.environment {
            Environment::Demo => BundleKeys::demo(data, self.clock.now())?,
            Environment::Test | Environment::Production if has_bundle_key(data) => {
                BundleKeys::open(data, self.bundle_openers())?
            }
            Environment::Test | Environment::Production => return Ok(()),
        };
        let press = BundlePress::open(keys, config, data)?;
        let again = |_| Code::Internal.because("this gateway presses bundles already");
        self.bundles.set(press).map_err(again)
    }

    /// What it presses bundles with, where it does.
    pub fn bundle_press(&self) -> Option<&BundlePress> {
        self.bundles.get()
    }

    /// The newest bundle.
    ///
    /// # Errors
    /// `not_published`.
    pub fn bundle(&self) -> Result<Arc<Pressed>, Failure> {
        let none = || Code::NotPublished.because("this node has no bundle");
        let press = self.bundle_press().ok_or_else(none)?;
        press.newest.load_full().ok_or_else(none)
    }

    /// Presses a bundle where the world or the key has changed since the last, or that is old enough.
    ///
    /// # Errors
    /// `lease_lost` while another node presses them; `store_incomplete`, `store_unavailable`, `not_published`, `input_output`, `signer_unavailable`, `internal`.
    pub async fn keep_bundled(self: &Arc<Self>) -> Result<(), Failure> {
        let Some(press) = self.bundle_press() else {
            return Ok(());
        };
        let mut state = press.state.lock().await;
        if self.take_up_keys(press, &mut state.duty).await {
            state.pressed = None;
        }
        let is_on_duty = self.is_on_duty(&mut state.duty).await?;
        // The second of the next number is one after which the lease began.
        let (world, now) = (self.world(), self.clock.now());
        let newest = press.newest.load_full();
        let due = |it: &Pressed| it.manifest.issued_at.plus(press.config.every_s) <= now;
        let is_new = newest.is_some_and(|it| !due(&it));
        if !is_on_duty {
            if !is_new {
                press.newest.store(None);
            }
            return Err(Code::LeaseLost.because("another node presses bundles"));
        }
        let of = (world.snapshot.id(), Arc::clone(world.snapshot.messages()));
        if is_new && state.pressed.as_ref() == Some(&of) {
            return Ok(());
        }
        if world.incomplete {
            return Err(Code::StoreIncomplete.because("records are missing"));
        }
        let (store, own) = (self.records()?.store(), world.snapshot.own());
        state.layers.grow(store.as_ref(), own, now).await?;
        let gateway = Arc::clone(self);
        let layers = state.layers.clone();
        let (snapshot, last) = (Arc::clone(&world.snapshot), state.last.clone());
        let pressed = actix_web::rt::task::spawn_blocking(move || {
            let none = || Code::NotPublished.because("this node presses no bundles");
            let press = gateway.bundle_press().ok_or_else(none)?;
            press.press(&snapshot, &layers, &last, now)
        });
        let broken = |error| Code::Internal.caused_by("no bundle was made", error);
        let pressed = pressed.await.map_err(broken)??;
        let (sequence, bytes) = (pressed.manifest.sequence, pressed.whole.len());
        info!(sequence, bytes, "bundle {sequence}: {bytes} bytes");
        state.pressed = Some(of);
        let known = (pressed.name, pressed.manifest.clone());
        state.last.insert(sequence, known);
        while state.last.len() > KEPT {
            if let Some((old, _)) = state.last.pop_first() {
                let _ = std::fs::remove_file(press.path(old));
            }
        }
        press.newest.store(Some(Arc::new(pressed)));
        Ok(())
    }

    /// Lets another node press bundles, as this one ends.
    pub(in crate::server) async fn end_bundling(&self) {
        if let Some(press) = self.bundle_press() {
            self.leave_duty(&mut press.state.lock().await.duty).await;
        }
    }
}

impl BundlePress {
    fn open(keys: BundleKeys, config: BundleConfig, data: &Path) -> Result<Self, Failure> {
        let folder = data.join("bundles");
        files::create_dir(&folder)?;
        let mut press = Self {
            keys: ArcSwap::from_pointee(keys),
            config,
            folder,
            newest: ArcSwapOption::empty(),
            state: tokio::sync::Mutex::default(),
        };
        let mut state = State::default();
        for path in press.kept()? {
            match press.read(&path) {
                Ok(pressed) => {
                    let known = (pressed.name, pressed.manifest.clone());
                    state.last.insert(pressed.manifest.sequence, known);
                    press.newest.store(Some(Arc::new(pressed)));
                }
                Err(failure) => {
                    let (path, code) = (path.display(), failure.code().name());
                    warn!(code, "{path} is not served: {failure}");
                }
            }
        }
        press.state = tokio::sync::Mutex::new(state);
        Ok(press)
    }

    /// The fingerprint of the root that scanners pin.
    pub fn root(&self) -> Thumbprint {
        self.keys().root.fingerprint()
    }

    /// The key, and what proves it.
    pub(super) fn keys(&self) -> Arc<BundleKeys> {
        self.keys.load_full()
    }

    /// Presses with `keys` from now on.
    pub(super) fn take_up(&self, keys: BundleKeys) {
        self.keys.store(Arc::new(keys));
    }

    /// The files of bundles, the oldest first.
    fn kept(&self) -> Result<Vec<PathBuf>, Failure> {
        let unread = |error| Code::InputOutput.caused_by("the folder of bundles", error);
        let entries = std::fs::read_dir(&self.folder).map_err(unread)?;
        let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        let named = |path: &PathBuf| path.extension().is_some_and(|it| it == ENDING);
        let mut paths: Vec<_> = paths.filter(named).collect();
        // Numbers are as long as they were for the last twenty years.
        paths.sort();
        Ok(paths)
    }

    fn read(&self, path: &Path) -> Result<Pressed, Failure> {
        let bytes = bounded(path)?;
        let bundle = Bundle::read(&bytes)?;
        // One from before a change of roots comes from an earlier root.
        let keys = self.keys();
        let roots = keys.frame.roots.iter().rev();
        let mut proofs = roots.map(|(root, _)| bundle.prove(Thumbprint(sha256(root)), None));
        let proven = proofs.find(Result::is_ok);
        let proven = proven.unwrap_or_else(|| bundle.prove(self.root(), None))?;
        bundle.snapshot(&proven)?;
        Ok(Pressed {
            name: proven.name,
            manifest: proven.manifest,
            whole: bytes.into(),
            deltas: BTreeMap::new(),
        })
    }

    fn path(&self, sequence: u64) -> PathBuf {
        self.folder.join(format!("{sequence:012}.{ENDING}"))
    }

    fn press(
        &self,
        snapshot: &Snapshot,
        layers: &Layers,
        last: &BTreeMap<u64, (Thumbprint, Manifest)>,
        now: UnixTime,
    ) -> Result<Pressed, Failure> {
        let keys = self.keys();
        let validity = &keys.key.validity;
        if now < validity.not_before || validity.not_after < now {
            return Err(Code::NotPublished.because("the key of bundles may not sign now"));
        }
        let own = snapshot.own();
        let stays = |hash: &Leading| !own.withdrawn().contains(*hash);
        let covered = layers.covered();
        let reinstated = covered.by_first_byte().flatten().filter(stays).collect();
        let mut fresh = own.as_ref().clone();
        fresh.forget(covered.by_first_byte().flatten());
        let foreign = Arc::new(Filter::of(snapshot.revocations(), now)?);
        let offline = Offline::new(layers.layers().to_vec(), reinstated, foreign);
        let world = snapshot.clone().with_own(Arc::new(fresh));
        let world = world.with_offline(Arc::new(offline));
        let (parts, chunks) = Bundle::chunks_of(&world)?;
        let before = last.keys().next_back().copied().unwrap_or_default();
        let manifest = Manifest {
            environment: snapshot.environment(),
            epoch: keys.epoch,
            sequence: u64::try_from(now.seconds())
                .unwrap_or_default()
                .max(before + 1),
            issued_at: now,
            warn_after_s: self.config.warn_after_s,
            stop_after_s: self.config.stop_after_s,
            snapshot: snapshot.id(),
            sources: snapshot.sources().to_vec(),
            parts,
        };
        let unsigned = Bundle::to_be_signed(&manifest, keys.key.kid)?;
        let signature = keys.signer.sign(unsigned.signed_bytes())?;
        let bundle = Bundle {
            manifest: unsigned.complete(signature)?,
            chunks,
            ..keys.frame.clone()
        };
        let whole = bundle.write()?;
        // What goes out was read as a scanner reads it.
        Bundle::read_back(&whole, keys.root.fingerprint(), &manifest, &world)?;
        let deltas = last.values().map(|(name, manifest)| {
            let delta = bundle.following(manifest).write()?;
            Ok((*name, Bytes::from(delta)))
        });
        let deltas = deltas.collect::<Result<_, Failure>>()?;
        files::write_durably(&self.path(manifest.sequence), &whole, PUBLIC)?;
        Ok(Pressed {
            name: Thumbprint(sha256(&bundle.manifest)),
            manifest,
            whole: whole.into(),
            deltas,
        })
    }
}

const ENDING: &str = "lintas";
/// Bundles that are kept.
const KEPT: usize = 8;
