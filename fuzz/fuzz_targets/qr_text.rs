//! Any text through the whole river: nothing panics, nothing unsigned is accepted, no ceiling is exceeded.
//!
//! Refuses to stop at the checksum: every other mutation changes the message inside and wraps it anew.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use lintas::codec::{base45, deflate};
use lintas::credential::{self, hcert};
use lintas::model::{Environment, UnixTime};
use lintas::snapshot::Snapshot;
use lintas::verify::{self, Outcome, Policy};

fuzz_target!(|text: &str| {
    if let Ok(unverified) = credential::read(text) {
        let work = unverified.work();
        assert!(work.inflated_bytes <= hcert::LIMITS.inflated);
        // The envelope and the header in it are a document each.
        assert!(work.cbor_items <= 2 * hcert::LIMITS.cbor.items);
        assert_eq!(work.signatures, 0);
        let inspection = unverified.inspect_without_authentication();
        assert!(inspection.claims.is_ok() || inspection.certificate.is_none());
    }
    let snapshot = Snapshot::empty(Environment::Test);
    let verdict = verify::verify(text, UnixTime::EPOCH, &snapshot, &Policy::default());
    assert_ne!(verdict.outcome(), Outcome::Accept);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let wrapped = std::str::from_utf8(&data[..size])
        .ok()
        .filter(|_| seed.is_multiple_of(2));
    let compressed =
        wrapped.and_then(|text| base45::decode(text.strip_prefix(hcert::PREFIX)?).ok());
    let inflated = compressed.and_then(|it| deflate::inflate(&it, hcert::LIMITS.inflated).ok());
    let rewrapped = inflated.and_then(|mut message| {
        let length = message.len();
        message.resize(length + ROOM, 0);
        let length = fuzzer_mutate(&mut message, length, length + ROOM);
        hcert::write(&message[..length]).ok()
    });
    match rewrapped {
        Some(text) if text.len() <= max_size => {
            data[..text.len()].copy_from_slice(text.as_bytes());
            text.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    }
});

/// How many bytes a message may grow by in one mutation.
const ROOM: usize = 64;
