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
use crate::failure::{Code, Failure};
use crate::model::{Entry, HealthCertificate, Kid};
use crate::snapshot::Snapshot;
use crate::verify::{self, Opened, Reached, Signed};
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
    kept: Cache<Key, Arc<Kept>>,
    hits: Counter,
    misses: Counter,
}

/// SHA-256 over a text exactly as it came: headers, signature, framing and white space are all in it.
type Key = [u8; 32];

/// What was opened, and what of the world that rests on.
struct Kept {
    opened: Arc<Opened>,
    candidates: Box<[Candidate]>,
    weight: u32,
}

/// All that opening knows of a candidate: its key, or why that is of no use.
type Candidate = Result<[u8; 32], Code>;

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
            .unwrap_or_else(|| self.learn(text, verify::open(text, snapshot), snapshot))
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
            answers.insert(text, Some(self.learn(text, opened, snapshot)));
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

    /// Remembers what `text` opened to under `snapshot`, if that is of a kind that is kept.
    pub fn learn(&self, text: &str, opened: Opened, snapshot: &Snapshot) -> Arc<Opened> {
        let opened = Arc::new(opened);
        if let Some(stores) = self.for_text(text) {
            stores.keep(text, &opened, snapshot);
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

    fn keep(&self, text: &str, opened: &Arc<Opened>, snapshot: &Snapshot) {
        if let Some((side, kid)) = place(opened) {
            let key = crypto::sha256(text.as_bytes());
            self.side(side).keep(key, opened, kid, snapshot);
        }
    }
}

impl Store {
    fn new(side: Side, bytes: u64) -> Self {
        let counter = |answer| metrics::counter!("lintas_cache_total", "cache" => side.name(), "answer" => answer);
        Self {
            kept: Cache::builder()
                .max_capacity(bytes)
                .weigher(|_: &Key, kept: &Arc<Kept>| kept.weight)
                .build(),
            hits: counter("hit"),
            misses: counter("miss"),
        }
    }

    fn find(&self, key: &Key, snapshot: &Snapshot) -> Option<Arc<Opened>> {
        let kept = self.kept.get(key)?;
        let stands = kept.rests_on(snapshot);
        stands.then(|| {
            self.hits.increment(1);
            Arc::clone(&kept.opened)
        })
    }

    fn keep(&self, key: Key, opened: &Arc<Opened>, kid: &Kid, snapshot: &Snapshot) {
        self.misses.increment(1);
        let candidates: Box<[_]> = candidates(kid, snapshot).collect();
        let bytes = OVERHEAD + weight(opened) + size_of_val(&*candidates);
        let kept = Kept {
            opened: Arc::clone(opened),
            candidates,
            weight: u32::try_from(bytes).unwrap_or(u32::MAX),
        };
        self.kept.insert(key, Arc::new(kept));
    }
}

impl Kept {
    /// Whether opening under `snapshot` would give the same: the key identifier has the same candidates in the same order.
    fn rests_on(&self, snapshot: &Snapshot) -> bool {
        let today = place(&self.opened).map(|(_, kid)| candidates(kid, snapshot));
        today.is_some_and(|today| today.eq(self.candidates.iter().copied()))
    }
}

/// Where `opened` is kept, if at all, and the key identifier it was opened under.
fn place(opened: &Opened) -> Option<(Side, &Kid)> {
    match &opened.reached {
        Reached::Signed(signed) => Some((Side::Good, &signed.kid)),
        Reached::Unsigned { hint, failure } if failure.code() == Code::SignatureInvalid => {
            hint.kid.as_ref().map(|kid| (Side::Bad, kid))
        }
        Reached::Unsigned { .. } | Reached::Unread(_) => None,
    }
}

fn candidates(kid: &Kid, snapshot: &Snapshot) -> impl Iterator<Item = Candidate> {
    let candidates = snapshot.trust().candidates(kid, None).into_iter();
    candidates.map(|dsc| match &dsc.key {
        Ok(key) => Ok(*key.spki_digest()),
        Err(code) => Err(*code),
    })
}

/// How many bytes `opened` takes, with what stands on the heap for it.
fn weight(opened: &Opened) -> usize {
    let reached = match &opened.reached {
        Reached::Unread(failure) => failure_weight(failure),
        Reached::Unsigned { hint, failure } => {
            let kid = hint.kid.as_ref();
            kid.map_or(0, |kid| heap(kid.as_bytes().len())) + failure_weight(failure)
        }
        Reached::Signed(signed) => heap(size_of::<Signed>()) + signed_weight(signed),
    };
    heap(size_of::<Opened>()) + heap(opened.quirks.iter().count()) + reached
}

fn signed_weight(signed: &Signed) -> usize {
    let claims = match &signed.claims {
        Ok(claims) => claims.issuer.as_ref().map_or(0, |it| heap(it.len())),
        Err(failure) => failure_weight(failure),
    };
    let certificate = match &signed.certificate {
        Ok(certificate) => certificate_weight(certificate),
        Err(failure) => failure_weight(failure),
    };
    let purposes = heap(size_of_val(signed.purposes.as_slice()));
    heap(signed.kid.as_bytes().len()) + purposes + claims + certificate
}

fn certificate_weight(certificate: &HealthCertificate) -> usize {
    let name = &certificate.person.name;
    let names = [
        &name.family,
        &name.given,
        &name.family_icao,
        &name.given_icao,
    ];
    let names = names.into_iter().flatten().map(String::len);
    let entry = match &certificate.entry {
        Entry::Vaccination(it) => [
            &it.disease.0,
            &it.vaccine.0,
            &it.product.0,
            &it.manufacturer.0,
            &it.country,
            &it.issuer,
        ]
        .map(String::len)
        .to_vec(),
        Entry::Test(it) => {
            let stated = [
                &it.disease.0,
                &it.test_type.0,
                &it.result.0,
                &it.country,
                &it.issuer,
            ];
            let device = it.device.as_ref().map(|device| &device.0);
            let optional = [it.name.as_ref(), device, it.centre.as_ref()];
            let all = stated.into_iter().chain(optional.into_iter().flatten());
            all.map(String::len).collect()
        }
        Entry::Recovery(it) => [&it.disease.0, &it.country, &it.issuer]
            .map(String::len)
            .to_vec(),
    };
    let uvci = certificate.entry.uvci().as_str().len();
    let lengths = names
        .chain(entry)
        .chain([uvci, certificate.schema_version.len()]);
    lengths.map(heap).sum()
}

fn failure_weight(failure: &Failure) -> usize {
    heap(failure.detail().len()) + failure.member().map_or(0, |it| heap(it.len()))
}

/// What an allocation of `length` bytes costs: allocators round up and keep a header.
fn heap(length: usize) -> usize {
    length.next_multiple_of(ALLOCATION) + ALLOCATION
}

const ALLOCATION: usize = 16;
/// The part of the memory that bad signatures have: one in eight.
const BAD_SHARE: u64 = 8;
/// What an entry costs besides what was opened: the key, counts of references, the cache's own table, queues and sketch.
/// Measured, and held by `tests/cache_memory.rs`.
const OVERHEAD: usize = 512;
/// Twice the largest text of any format.
const MAX_TEXT: usize = 8 * 1024;
