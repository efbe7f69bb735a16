//! The cache of opened credentials: what `open` found, so that the same text need not be opened twice.
//!
//! Refuses to remember a verdict. It stands between `open` and `judge` and holds only what time cannot change; the period,
//! the signer's rights, the age of sources and the policy are judged anew on every request. A hit counts only while the
//! key identifier has the very candidates, in their order, under which the text was opened, so nothing is ever to be
//! invalidated. What could not be read, names no key or no listed signer is not kept: it is cheap, and strangers make it
//! without end. Bad signatures have a small cache of their own, so that they push out no good ones. Nothing is written
//! to a disk or to the log.
//!
//! Source: docs/decisions/0006-cache-under-the-same-candidates.md.

use crate::crypto;
use crate::failure::Code;
use crate::snapshot::Snapshot;
use crate::verify::{self, Opened, Reached};
use metrics::Counter;
use moka::sync::Cache;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Opens credentials, and remembers those whose signature was judged.
pub struct Opening(Option<Stores>);

struct Stores {
    good: Store,
    bad: Store,
    /// How often everything was forgotten.
    epoch: AtomicU64,
}

/// One cache, bounded by the bytes it holds.
struct Store {
    kept: Cache<Key, Arc<Opened>>,
    hits: Counter,
    misses: Counter,
}

/// SHA-256 over a text exactly as it came: headers, signature, framing and white space are all in it.
type Key = [u8; 32];

/// Which of the two caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Credentials with a good signature.
    Good,
    /// Credentials of listed signers with a bad signature.
    Bad,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Good, Self::Bad];

    /// The machine name, as in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

impl Opening {
    /// Opens with a cache of at most `memory_mib` mebibytes, an eighth of it for bad signatures; with none for 0.
    pub fn new(memory_mib: u32) -> Self {
        let bytes = u64::from(memory_mib) * 1024 * 1024;
        let bad = bytes / BAD_SHARE;
        Self((bytes > 0).then(|| Stores {
            good: Store::new(Side::Good, bytes - bad),
            bad: Store::new(Side::Bad, bad),
            epoch: AtomicU64::new(0),
        }))
    }

    /// What [`verify::open`] gives for `text`, whether or not it was opened before.
    pub fn open(&self, text: &str, snapshot: &Snapshot) -> Arc<Opened> {
        let Some(stores) = &self.0 else {
            return Arc::new(verify::open(text, snapshot));
        };
        let key = crypto::sha256(text.as_bytes());
        let (known, epoch) = (stores.find(&key, snapshot), stores.epoch());
        known.unwrap_or_else(|| stores.keep(key, verify::open(text, snapshot), epoch))
    }

    /// What [`verify::open_batch`] gives for `texts`; each distinct text that is not known is opened once.
    pub fn open_batch(&self, texts: &[&str], snapshot: &Snapshot) -> Vec<Arc<Opened>> {
        let Some(stores) = &self.0 else {
            let opened = verify::open_batch(texts, snapshot);
            return opened.into_iter().map(Arc::new).collect();
        };
        let keys = texts.iter().map(|text| crypto::sha256(text.as_bytes()));
        let keys: Vec<Key> = keys.collect();
        let mut answers: HashMap<Key, Option<Arc<Opened>>> = HashMap::with_capacity(keys.len());
        let (mut unknown, mut unopened) = (Vec::new(), Vec::new());
        for (key, text) in keys.iter().zip(texts) {
            answers.entry(*key).or_insert_with(|| {
                let known = stores.find(key, snapshot);
                if known.is_none() {
                    unknown.push(*key);
                    unopened.push(*text);
                }
                known
            });
        }
        let epoch = stores.epoch();
        let opened = verify::open_batch(&unopened, snapshot);
        for (key, opened) in unknown.into_iter().zip(opened) {
            answers.insert(key, Some(stores.keep(key, opened, epoch)));
        }
        let answer = |(key, text): (&Key, &&str)| {
            let answer = answers.get(key).cloned().flatten();
            answer.unwrap_or_else(|| Arc::new(verify::open(text, snapshot)))
        };
        keys.iter().zip(texts).map(answer).collect()
    }

    /// Forgets everything: what was opened by a judge that is not believed any more.
    pub fn forget(&self) {
        if let Some(stores) = &self.0 {
            stores.epoch.fetch_add(1, Ordering::SeqCst);
            Side::ALL
                .into_iter()
                .for_each(|side| stores.side(side).kept.invalidate_all());
        }
    }

    /// The bytes that one of the caches holds, and how many credentials those are.
    pub fn size(&self, side: Side) -> (u64, u64) {
        self.0.as_ref().map_or((0, 0), |stores| {
            let store = stores.side(side);
            store.kept.run_pending_tasks();
            (store.kept.weighted_size(), store.kept.entry_count())
        })
    }

    /// Tells the metrics how much is held.
    pub(super) fn report(&self) {
        for side in Side::ALL {
            let (bytes, entries) = self.size(side);
            let number = |count| u32::try_from(count).map_or(f64::MAX, f64::from);
            metrics::gauge!("lintas_cache_bytes", "cache" => side.name()).set(number(bytes));
            metrics::gauge!("lintas_cache_entries", "cache" => side.name()).set(number(entries));
        }
    }
}

impl Stores {
    fn side(&self, side: Side) -> &Store {
        match side {
            Side::Good => &self.good,
            Side::Bad => &self.bad,
        }
    }

    fn find(&self, key: &Key, snapshot: &Snapshot) -> Option<Arc<Opened>> {
        let side = |side: Side| self.side(side).find(key, snapshot);
        Side::ALL.into_iter().find_map(side)
    }

    /// Remembers what a text opened to, if that is of a kind that is kept.
    ///
    /// What was opened before everything was forgotten is not remembered after it: `epoch` is that of the opening.
    fn keep(&self, key: Key, opened: Opened, epoch: u64) -> Arc<Opened> {
        let opened = Arc::new(opened);
        if let Some(side) = place(&opened) {
            self.side(side).keep(key, &opened);
            if self.epoch() != epoch {
                self.side(side).kept.invalidate(&key);
            }
        }
        opened
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }
}

impl Store {
    fn new(side: Side, bytes: u64) -> Self {
        let counter = |answer| metrics::counter!("lintas_cache_total", "cache" => side.name(), "answer" => answer);
        Self {
            kept: Cache::builder()
                .max_capacity(bytes)
                .weigher(|_: &Key, opened: &Arc<Opened>| {
                    u32::try_from(OVERHEAD + opened.weight()).unwrap_or(u32::MAX)
                })
                .build(),
            hits: counter("hit"),
            misses: counter("miss"),
        }
    }

    fn find(&self, key: &Key, snapshot: &Snapshot) -> Option<Arc<Opened>> {
        let opened = self.kept.get(key)?;
        let stands = opened.rests_on(snapshot);
        stands.then(|| {
            self.hits.increment(1);
            opened
        })
    }

    fn keep(&self, key: Key, opened: &Arc<Opened>) {
        self.misses.increment(1);
        self.kept.insert(key, Arc::clone(opened));
    }
}

/// Where `opened` is kept, if at all.
fn place(opened: &Opened) -> Option<Side> {
    match &opened.reached {
        Reached::Signed(_) => Some(Side::Good),
        Reached::Unsigned { failure, .. } if failure.code() == Code::SignatureInvalid => {
            Some(Side::Bad)
        }
        Reached::Unsigned { .. } | Reached::Unread(_) => None,
    }
}

/// The part of the memory that bad signatures have: one in eight.
const BAD_SHARE: u64 = 8;
/// What an entry costs besides what was opened: the key, counts of references, the cache's own table, queues and sketch.
/// Measured, and held by `tests/cache_memory.rs`.
const OVERHEAD: usize = 512;
