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

/// Opens credentials, and remembers those whose signature was judged.
pub struct Opening(Option<Stores>);

struct Stores {
    good: Store,
    bad: Store,
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
        }))
    }

    /// What [`verify::open`] gives for `text`, whether or not it was opened before.
    pub fn open(&self, text: &str, snapshot: &Snapshot) -> Arc<Opened> {
        self.known(text, snapshot)
            .unwrap_or_else(|| self.learn(text, verify::open(text, snapshot)))
    }

    /// What [`verify::open_batch`] gives for `texts`; each distinct text that is not known is opened once.
    pub fn open_batch(&self, texts: &[&str], snapshot: &Snapshot) -> Vec<Arc<Opened>> {
        let mut answers: HashMap<&str, Option<Arc<Opened>>> = HashMap::with_capacity(texts.len());
        let mut unknown = Vec::new();
        for text in texts {
            answers.entry(text).or_insert_with(|| {
                let known = self.known(text, snapshot);
                unknown.extend(known.is_none().then_some(*text));
                known
            });
        }
        let opened = verify::open_batch(&unknown, snapshot);
        for (text, opened) in unknown.into_iter().zip(opened) {
            answers.insert(text, Some(self.learn(text, opened)));
        }
        let answer = |text: &&str| {
            let answer = answers.get(text).cloned().flatten();
            answer.unwrap_or_else(|| self.open(text, snapshot))
        };
        texts.iter().map(answer).collect()
    }

    fn known(&self, text: &str, snapshot: &Snapshot) -> Option<Arc<Opened>> {
        let stores = self.for_text(text)?;
        stores.find(&crypto::sha256(text.as_bytes()), snapshot)
    }

    /// Remembers what `text` opened to, if that is of a kind that is kept.
    pub fn learn(&self, text: &str, opened: Opened) -> Arc<Opened> {
        let opened = Arc::new(opened);
        if let Some(stores) = self.for_text(text) {
            stores.keep(text, &opened);
        }
        opened
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

    /// The caches, for a text that can be in them: past the ceiling every reader refuses it without much work.
    fn for_text(&self, text: &str) -> Option<&Stores> {
        self.0.as_ref().filter(|_| text.len() <= MAX_TEXT)
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

    fn keep(&self, text: &str, opened: &Arc<Opened>) {
        if let Some(side) = place(opened) {
            self.side(side)
                .keep(crypto::sha256(text.as_bytes()), opened);
        }
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
/// Twice the largest text of any format.
const MAX_TEXT: usize = 8 * 1024;
