//! The known-signer engine in service: which keys it knows, and what keeps it honest.
//!
//! Refuses to be believed blindly. Its own known answers are asked at the start. One accepted signature in 1,024 is
//! judged again by the library, and rejected ones as far as a budget goes, which the clock's owner grants. One
//! disagreement, one sum that is no point of the curve, one table that is not what it was made with, and the engine is
//! off for good: the library judges, and an alarm is kept for whoever asks.
//!
//! Keys are known by the SHA-256 of their SubjectPublicKeyInfo, never by a key identifier: one of those may be anybody's.
//!
//! Source: FIPS 186-5; the guard is ours.

use super::Check;
use super::digest::sha256;
use super::key::VerifyingKey;
use super::known_answers;
use super::p256::{Answer, Job, Multiplier, Path, Table};
use crate::failure::{Code, Failure};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

/// Who judges ES256 signatures under known keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The engine, under guard.
    #[default]
    KnownSigner,
    /// The library alone: no table is made.
    Library,
    /// Both, every time; the library's answer counts.
    Both,
}

impl Mode {
    /// The mode with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::KnownSigner, Self::Library, Self::Both]
            .into_iter()
            .find(|it| it.name() == name)
    }

    /// The machine name, as in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::KnownSigner => "known_signer",
            Self::Library => "library",
            Self::Both => "both",
        }
    }
}

/// The engine, shared by everybody who judges.
#[derive(Debug)]
pub struct Engine {
    mode: Mode,
    multiplier: Multiplier,
    slots: Mutex<HashMap<[u8; 32], Arc<Slot>>>,
    /// The table that is looked at next.
    scrubbed: AtomicU64,
    alarm: OnceLock<Alarm>,
    off: AtomicBool,
    accepted: AtomicU64,
    rejected: AtomicU64,
    rejudged: AtomicU64,
    unanswered: AtomicU64,
    /// How many more rejected signatures may be judged again.
    granted: AtomicI64,
    /// Draws the accepted signatures that are judged again, so that nobody can tell which ones will be.
    lot: RandomState,
}

/// Why the engine is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// It said "good" and the library "bad".
    WrongAccept,
    /// It said "bad" and the library "good".
    WrongReject,
    /// A sum was no point of the curve, or an inverse none.
    Arithmetic,
    /// A table is not what it was made with.
    Memory,
}

impl Alarm {
    /// One English sentence for engineers.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::WrongAccept => "the engine accepted a signature that the library rejects",
            Self::WrongReject => "the engine rejected a signature that the library accepts",
            Self::Arithmetic => "what the engine computed is no point of the curve",
            Self::Memory => "a table of the engine is not what it was made with",
        }
    }
}

/// What the engine has done since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Signatures that it found good.
    pub accepted: u64,
    /// Signatures that it found bad.
    pub rejected: u64,
    /// Answers of its own that the library gave again.
    pub rejudged: u64,
    /// Signatures under keys with a table to which it had no answer.
    pub unanswered: u64,
    /// Keys with a table.
    pub tables: usize,
    /// Bytes of all tables.
    pub bytes: usize,
}

/// One key's place in the engine.
#[derive(Debug, Default)]
struct Slot {
    table: RwLock<Option<Arc<Table>>>,
    uses: AtomicU64,
}

impl Slot {
    fn table(&self) -> Option<Arc<Table>> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table.clone()
    }

    fn set(&self, table: Option<Table>) {
        let mut place = self.table.write().unwrap_or_else(PoisonError::into_inner);
        *place = table.map(Arc::new);
    }
}

/// What a key knows of the engine.
#[derive(Clone, Debug)]
pub(super) struct Known {
    engine: Arc<Engine>,
    slot: Arc<Slot>,
}

impl Engine {
    /// An engine in `mode`, on the fastest path of this processor.
    ///
    /// # Errors
    /// `engine_disagreement` where it does not give the known answers.
    pub fn start(mode: Mode) -> Result<Arc<Self>, Failure> {
        Self::start_on(Path::detect(), mode)
    }

    /// An engine in `mode` on `path`.
    ///
    /// # Errors
    /// `engine_disagreement` where it does not give the known answers.
    pub fn start_on(path: Path, mode: Mode) -> Result<Arc<Self>, Failure> {
        let multiplier = Multiplier::new(path).filter(known_answers::are_given);
        let multiplier = multiplier.ok_or_else(|| {
            Code::EngineDisagreement.because("the engine does not give the known answers")
        })?;
        Ok(Arc::new(Self {
            mode,
            multiplier,
            slots: Mutex::default(),
            scrubbed: AtomicU64::new(0),
            alarm: OnceLock::new(),
            off: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            rejudged: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            granted: AtomicI64::new(FIRST_GRANT),
            lot: RandomState::new(),
        }))
    }

    /// Who judges.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// How it computes.
    pub fn path(&self) -> Path {
        self.multiplier.path()
    }

    /// Why it is off, if it is.
    pub fn alarm(&self) -> Option<Alarm> {
        self.alarm.get().copied()
    }

    /// What it has done.
    pub fn counts(&self) -> Counts {
        let tables = self
            .slots()
            .values()
            .filter(|slot| slot.table().is_some())
            .count();
        Counts {
            accepted: self.accepted.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            rejudged: self.rejudged.load(Ordering::Relaxed),
            unanswered: self.unanswered.load(Ordering::Relaxed),
            tables,
            bytes: tables * Table::BYTES,
        }
    }

    /// Lets the library judge up to `rejections` more rejected signatures again, in place of what was granted before.
    ///
    /// Whoever owns the clock calls this, say once a second: the budget bounds what bad signatures can cost.
    pub fn grant(&self, rejections: u32) {
        self.granted.store(i64::from(rejections), Ordering::Relaxed);
    }

    /// Looks at one table, the next in turn, and turns the engine off if it is not what it was made with.
    pub fn scrub(&self) {
        let of_keys: Vec<_> = self
            .slots()
            .values()
            .filter_map(|slot| slot.table())
            .collect();
        let tables: Vec<_> = of_keys
            .iter()
            .map(Arc::as_ref)
            .chain([self.multiplier.generator()])
            .collect();
        let turn = self.scrubbed.fetch_add(1, Ordering::Relaxed);
        let turn = usize::try_from(turn).unwrap_or_default() % tables.len();
        if tables.get(turn).is_some_and(|table| !table.is_sound()) {
            self.turn_off(Alarm::Memory);
        }
    }

    /// Makes `keys` known, and tables for as many as `budget` bytes hold, the most used first; what other keys had is
    /// given up. Slow: about two milliseconds a table. Keys of other kinds than P-256 are passed over.
    ///
    /// Tables of keys that were known before are kept, whichever certificate or list brings the key now.
    pub fn warm<'k>(
        self: &Arc<Self>,
        keys: impl IntoIterator<Item = &'k VerifyingKey>,
        budget: usize,
    ) {
        if self.mode == Mode::Library {
            return;
        }
        let mut wanted: Vec<_> = keys
            .into_iter()
            .filter_map(|key| Some((self.slot(key)?, key)))
            .collect();
        // Uses go on being counted meanwhile, so each is read once.
        wanted.sort_by_cached_key(|(slot, key)| {
            let uses = slot.uses.load(Ordering::Relaxed);
            (std::cmp::Reverse(uses), *key.spki_digest())
        });
        wanted.dedup_by_key(|(_, key)| *key.spki_digest());
        wanted.truncate(budget / Table::BYTES);
        let kept: HashSet<_> = wanted.iter().map(|(_, key)| *key.spki_digest()).collect();
        self.slots().retain(|digest, slot| {
            if !kept.contains(digest) {
                // Whoever judges with it now still holds it.
                slot.set(None);
            }
            kept.contains(digest) || Arc::strong_count(slot) > 1
        });
        for (slot, key) in &wanted {
            let Some((x, y)) = key.coordinates().filter(|_| self.alarm().is_none()) else {
                continue;
            };
            if slot.table().is_none() {
                slot.set(self.multiplier.table(&x, &y));
            }
        }
    }

    /// Lets `key` share the table of its like, if there is one; makes none.
    pub fn know(self: &Arc<Self>, key: &VerifyingKey) {
        self.slot(key);
    }

    /// The place of `key`, which learns of it; `None` for a key of another kind, or one that another engine knows.
    fn slot(self: &Arc<Self>, key: &VerifyingKey) -> Option<Arc<Slot>> {
        key.coordinates()?;
        let slot = Arc::clone(self.slots().entry(*key.spki_digest()).or_default());
        let known = key.known.get_or_init(|| Known {
            engine: Arc::clone(self),
            slot,
        });
        Arc::ptr_eq(&known.engine, self).then(|| Arc::clone(&known.slot))
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn_off(&self, alarm: Alarm) {
        self.alarm.get_or_init(|| alarm);
        self.off.store(true, Ordering::Relaxed);
    }

    /// What is said of a signature: the engine's `answer`, or the library's, where that is asked.
    fn guarded(&self, answer: Answer, library: impl FnOnce() -> bool) -> bool {
        if self.off.load(Ordering::Relaxed) {
            // It was asked before somebody found it wrong.
            return library();
        }
        let good = match answer {
            Answer::Good => true,
            Answer::Bad => false,
            Answer::Collapsed | Answer::Broken => {
                if answer == Answer::Broken {
                    self.turn_off(Alarm::Arithmetic);
                }
                self.unanswered.fetch_add(1, Ordering::Relaxed);
                return library();
            }
        };
        let count = if good { &self.accepted } else { &self.rejected };
        let count = count.fetch_add(1, Ordering::Relaxed);
        let again = self.mode == Mode::Both
            || match good {
                true => count % ACCEPTS_FOR_ONE == self.drawn(count / ACCEPTS_FOR_ONE),
                false => self.granted.fetch_sub(1, Ordering::Relaxed) > 0,
            };
        if !again {
            return good;
        }
        self.rejudged.fetch_add(1, Ordering::Relaxed);
        let truth = library();
        match (good, truth) {
            (true, false) => self.turn_off(Alarm::WrongAccept),
            (false, true) => self.turn_off(Alarm::WrongReject),
            (true, true) | (false, false) => {}
        }
        truth
    }

    /// Which accepted signature of the `round`th 1,024 is judged again.
    fn drawn(&self, round: u64) -> u64 {
        self.lot.hash_one(round) % ACCEPTS_FOR_ONE
    }
}

impl Known {
    /// What the engine is to judge, if it has a table of the key and is on; counts the use.
    fn asked(&self, check: &Check<'_>) -> Option<Asked> {
        self.slot.uses.fetch_add(1, Ordering::Relaxed);
        if self.engine.off.load(Ordering::Relaxed) {
            return None;
        }
        Some(Asked {
            table: self.slot.table()?,
            signature: check.signature.try_into().ok()?,
            hash: sha256(check.message),
        })
    }
}

/// A signature to judge, and the table that stays for as long.
struct Asked {
    table: Arc<Table>,
    signature: [u8; 64],
    hash: [u8; 32],
}

impl Asked {
    fn job(&self) -> Job<'_> {
        Job {
            table: &self.table,
            signature: self.signature,
            hash: self.hash,
        }
    }
}

/// Whether the signature of `check` is good: by the engine where it knows the key, else by `library`.
pub(super) fn verify(check: &Check<'_>, library: impl FnOnce() -> bool) -> bool {
    let known = check.key.known.get();
    match known.and_then(|known| Some((known, known.asked(check)?))) {
        None => library(),
        Some((Known { engine, .. }, asked)) => {
            engine.guarded(engine.multiplier.verify(&asked.job()), library)
        }
    }
}

/// What [`verify`] says of each of `checks`, those that one engine knows together. Where one of them finds the engine
/// wrong, the library judges all of them.
pub(super) fn verify_batch(
    checks: &[Check<'_>],
    library: impl Fn(&Check<'_>) -> bool,
) -> Vec<bool> {
    let mut engine = None;
    let mut asked = Vec::new();
    let known: Vec<bool> = checks
        .iter()
        .map(|check| {
            let one = check.key.known.get().and_then(|known| {
                let same = Arc::ptr_eq(engine.get_or_insert(&known.engine), &known.engine);
                known.asked(check).filter(|_| same)
            });
            let is_known = one.is_some();
            asked.extend(one);
            is_known
        })
        .collect();
    let jobs: Vec<_> = asked.iter().map(Asked::job).collect();
    let answers = engine.map(|engine| engine.multiplier.verify_batch(&jobs));
    let mut answers = answers.into_iter().flatten();
    let said: Vec<bool> = checks
        .iter()
        .zip(known)
        .map(
            |(check, known)| match (engine, known.then(|| answers.next()).flatten()) {
                (Some(engine), Some(answer)) => engine.guarded(answer, || library(check)),
                _ => library(check),
            },
        )
        .collect();
    let wrong = |engine: &&Arc<Engine>| engine.off.load(Ordering::Relaxed);
    match engine.filter(wrong) {
        Some(_) if !jobs.is_empty() => checks.iter().map(library).collect(),
        _ => said,
    }
}

/// One in so many accepted signatures is judged again.
const ACCEPTS_FOR_ONE: u64 = 1024;
/// How many rejected signatures may be judged again before anybody grants more.
const FIRST_GRANT: i64 = 256;

#[cfg(test)]
mod tests;
