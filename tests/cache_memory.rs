//! A million distinct codes pass through the cache, and it stays within its memory: good ones, and bad ones that would
//! push the good ones out if they could.
//!
//! Two thousand codes are really opened, one good and its signature spoilt in 1,999 ways. The rest are copies of what those
//! opened to, each with memory of its own, under distinct texts: 800,000 good and 198,000 bad ones from four threads.
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

use lintas::codec::{base45, deflate};
use lintas::server::gateway::cache::{Opening, Side};
use lintas::snapshot::Snapshot;
use lintas::verify::{self, Opened, Reached, Signed};
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

#[test]
fn a_million_codes_stay_within_the_memory_and_bad_ones_push_out_no_good_ones() {
    let signer = TestSigner::new(4);
    let good = signer.issue(VACCINATION);
    let snapshot = &signer.snapshot;
    let before = IN_USE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let opening = Opening::new(MEMORY_MIB);
    let first = opening.open(&good, snapshot);
    for number in 1..2000_u16 {
        opening.open(&spoilt(&good, number), snapshot);
    }
    let bad = verify::open(&spoilt(&good, 1), snapshot);
    assert_eq!(opening.size(Side::Good).1, 1);
    // Asked for often, as a scanner's last codes are.
    for _ in 0..10 {
        assert!(Arc::ptr_eq(&opening.open(&good, snapshot), &first));
    }
    flood(&opening, snapshot, 198_000, &bad);
    assert!(Arc::ptr_eq(&opening.open(&good, snapshot), &first));
    flood(&opening, snapshot, 800_000, &first);
    let (sizes, used) = (
        Side::ALL.map(|side| opening.size(side)),
        IN_USE.load(Ordering::Relaxed) - before,
    );
    let peak = PEAK.load(Ordering::Relaxed) - before;
    println!("good and bad, bytes and entries: {sizes:?}; really {used} bytes, at most {peak}");
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
}

/// Puts `count` distinct codes into the cache, as four threads that opened them would.
fn flood(opening: &Opening, snapshot: &Snapshot, count: usize, opened: &Opened) {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for number in (thread..count).step_by(4) {
                    let kind = matches!(opened.reached, Reached::Signed(_));
                    opening.learn(&format!("{kind} {number}"), copy(opened), snapshot);
                }
            });
        }
    });
}

/// The same again, in memory of its own.
fn copy(opened: &Opened) -> Opened {
    let reached = match &opened.reached {
        Reached::Unread(_) => panic!("nothing that is kept"),
        Reached::Unsigned { hint, failure } => Reached::Unsigned {
            hint: hint.clone(),
            failure: failure.code().because(failure.detail()),
        },
        Reached::Signed(signed) => Reached::Signed(Box::new(Signed {
            kid: signed.kid.clone(),
            spki_digest: signed.spki_digest,
            claims: Ok(signed.claims.as_ref().unwrap().clone()),
            purposes: signed.purposes.clone(),
            certificate: Ok(signed.certificate.as_ref().unwrap().clone()),
        })),
    };
    Opened {
        format: opened.format,
        quirks: opened.quirks.clone(),
        work: opened.work,
        reached,
    }
}

/// `text` with the last bytes of its signature changed by `number`.
fn spoilt(text: &str, number: u16) -> String {
    let mut bytes = deflate::inflate(&base45::decode(&text[4..]).unwrap(), 65_536).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= number.to_be_bytes()[0];
    bytes[last + 1] ^= number.to_be_bytes()[1];
    format!("HC1:{}", base45::encode(&deflate::deflate(&bytes).unwrap()))
}
