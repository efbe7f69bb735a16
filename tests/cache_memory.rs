//! Many distinct codes pass through the cache, and it stays within its memory: good ones, and bad ones that would push
//! the good ones out if they could. All are really opened: one certificate in as many framings, for the unprotected
//! header is signed by nobody.
//!
//! A million of them: `LINTAS_CACHE_CODES=1000000 cargo test --release --test cache_memory -- --nocapture`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]
#![allow(clippy::print_stdout, reason = "the sizes are the result")]
#![allow(
    unsafe_code,
    reason = "an allocator that counts is written with it; it only passes calls on"
)]

mod support;

use ciborium::Value;
use lintas::codec::{base45, deflate};
use lintas::credential::hcert;
use lintas::crypto::{Engine, Mode};
use lintas::server::gateway::cache::{Opening, Side};
use lintas::snapshot::Snapshot;
use lintas::verify::Reached;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{TestSigner, VACCINATION};

struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = taken(layout);
        let now = IN_USE.fetch_add(size, Ordering::Relaxed) + size;
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(taken(layout), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What an allocation takes: allocators keep a header and round up.
fn taken(layout: Layout) -> usize {
    (layout.size() + 8).next_multiple_of(16).max(32)
}

const MEMORY_MIB: u32 = 16;
const MIB: usize = 1024 * 1024;
/// The ceiling that is held: the memory configured, and 8 MiB, however much that is, for what is on its way in or out.
const CEILING: usize = 24 * MIB;

/// How many codes; enough to fill the memory several times.
fn codes() -> usize {
    #[allow(
        clippy::disallowed_methods,
        reason = "how long a test may take is said by whoever runs it"
    )]
    let asked = std::env::var("LINTAS_CACHE_CODES").ok();
    asked.map_or(60_000, |codes| codes.parse().unwrap())
}

#[test]
fn distinct_codes_stay_within_the_memory_and_bad_ones_push_out_no_good_ones() {
    let signer = TestSigner::new(4);
    let snapshot = &signer.snapshot;
    let engine = Engine::start(Mode::KnownSigner).unwrap();
    snapshot.warm(&engine, usize::MAX);
    let framing = Framing::of(&signer.issue(VACCINATION));
    let before = IN_USE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let opening = Opening::new(MEMORY_MIB);
    let good = framing.text(0, false);
    let first = opening.open(&good, snapshot);
    assert!(matches!(first.reached, Reached::Signed(_)));
    // Asked for often, as a scanner's last codes are.
    for _ in 0..10 {
        assert!(Arc::ptr_eq(&opening.open(&good, snapshot), &first));
    }
    flood(&opening, snapshot, &framing, codes() / 4, true);
    assert!(Arc::ptr_eq(&opening.open(&good, snapshot), &first));
    flood(&opening, snapshot, &framing, codes() - codes() / 4, false);
    let (sizes, used) = (
        Side::ALL.map(|side| opening.size(side)),
        IN_USE.load(Ordering::Relaxed) - before,
    );
    let peak = PEAK.load(Ordering::Relaxed) - before;
    println!(
        "{} codes; good and bad, bytes and entries: {sizes:?}; really {used} bytes, at most {peak}",
        codes()
    );
    assert!(peak <= CEILING, "{peak} bytes");
    let [(good_bytes, good_entries), (bad_bytes, bad_entries)] = sizes;
    let weighed = usize::try_from(good_bytes + bad_bytes).unwrap();
    // What is weighed is what is used, and the memory is made use of.
    assert!(
        used <= weighed + weighed / 8,
        "{used} bytes, weighed {weighed}"
    );
    assert!(
        used >= weighed / 2 && weighed >= 15 * MIB,
        "{used} bytes, weighed {weighed}"
    );
    assert!(good_entries > 5_000 && bad_entries > 1_500);
    opening.forget();
    assert!(!Arc::ptr_eq(&opening.open(&good, snapshot), &first));
    assert_eq!(opening.size(Side::Bad), (0, 0));
}

/// Opens `count` distinct codes in four threads.
fn flood(opening: &Opening, snapshot: &Snapshot, framing: &Framing, count: usize, spoilt: bool) {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for number in (thread..count).step_by(4) {
                    let opened = opening.open(&framing.text(number + 1, spoilt), snapshot);
                    assert_eq!(matches!(opened.reached, Reached::Signed(_)), !spoilt);
                }
            });
        }
    });
}

/// One certificate, to be framed anew.
struct Framing([Value; 4]);

impl Framing {
    fn of(text: &str) -> Self {
        let message = deflate::inflate(&base45::decode(&text[4..]).unwrap(), 65_536).unwrap();
        let message: Value = ciborium::from_reader(message.as_slice()).unwrap();
        let (_, message) = message.into_tag().unwrap();
        Self(message.into_array().unwrap().try_into().unwrap())
    }

    /// The certificate under the unprotected header `{1000: number}`, with a good signature or a spoilt one.
    fn text(&self, number: usize, spoilt: bool) -> String {
        let [protected, _, payload, signature] = self.0.clone();
        let header = (
            Value::from(1000),
            Value::from(u64::try_from(number).unwrap()),
        );
        let mut signature = signature.into_bytes().unwrap();
        signature[63] ^= u8::from(spoilt);
        let parts = vec![
            protected,
            Value::Map(vec![header]),
            payload,
            Value::Bytes(signature),
        ];
        let mut bytes = Vec::new();
        ciborium::into_writer(&Value::Tag(18, Box::new(Value::Array(parts))), &mut bytes).unwrap();
        hcert::write(&bytes).unwrap()
    }
}
