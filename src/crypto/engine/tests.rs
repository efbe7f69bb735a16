//! The guard: what is judged again, what turns the engine off, and that no wrong answer leaves on the way.
//!
//! Refuses to pretend: bytes are flipped in the memory of this very process.

use super::verify as engine_verify;
use super::{Alarm, Answer, Check, Engine, Mode, Path, Table, VerifyingKey};
use crate::crypto::{library, verify, verify_batch};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::EncodePublicKey;
use std::sync::Arc;

const MESSAGE: &[u8] = b"what was signed";

fn key(seed: u8) -> (SigningKey, VerifyingKey) {
    let signing = SigningKey::from_slice(&[seed; 32]).unwrap();
    let spki = signing.verifying_key().to_public_key_der().unwrap();
    let key = VerifyingKey::from_spki(spki.as_bytes()).unwrap();
    (signing, key)
}

fn sign(signing: &SigningKey, message: &[u8]) -> Vec<u8> {
    let signature: p256::ecdsa::Signature = signing.sign(message);
    signature.to_vec()
}

/// Changes one byte of this process's memory, as a failing part of it would.
#[cfg(target_os = "linux")]
fn flip(address: *const u8) {
    use std::io::{Read, Seek, SeekFrom, Write};
    let memory = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/proc/self/mem");
    let (mut memory, mut byte) = (memory.unwrap(), [0]);
    let place = SeekFrom::Start(u64::try_from(address.addr()).unwrap());
    memory.seek(place).unwrap();
    memory.read_exact(&mut byte).unwrap();
    memory.seek(place).unwrap();
    memory.write_all(&[byte[0] ^ 0x10]).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_byte_flipped_in_memory_turns_the_engine_off_and_no_wrong_verdict_leaves() {
    for path in [Path::detect(), Path::PORTABLE] {
        for together in [false, true] {
            let engine = Engine::start_on(path, Mode::KnownSigner).unwrap();
            // Nothing may be judged again: the engine alone must notice.
            engine.grant(0);
            let (signing, key) = key(3);
            engine.warm([&key], usize::MAX);
            let table = key.known.get().unwrap().slot.table().unwrap();
            assert!(table.is_sound());
            flip(table.address(17).wrapping_add(5));
            assert!(!table.is_sound());
            let mut wrong = 0;
            for round in 0_u32.. {
                let message = round.to_le_bytes();
                let good = sign(&signing, &message);
                let bad = sign(&signing, b"another");
                let check = |signature| Check {
                    key: &key,
                    message: &message,
                    signature,
                };
                let checks = [
                    check(&*good),
                    check(&*bad),
                    check(&*good),
                    check(&*good),
                    check(&*bad),
                ];
                let answers: Vec<_> = match together {
                    true => verify_batch(&checks).iter().map(Result::is_ok).collect(),
                    false => checks
                        .iter()
                        .map(|it| verify(it.key, it.message, it.signature).is_ok())
                        .collect(),
                };
                wrong += usize::from(answers != [true, false, true, true, false]);
                if engine.alarm().is_some() {
                    break;
                }
                assert!(round < 20_000, "nobody noticed");
            }
            assert_eq!((wrong, engine.alarm()), (0, Some(Alarm::Arithmetic)));
            let before = engine.counts();
            assert!(verify(&key, MESSAGE, &sign(&signing, MESSAGE)).is_ok());
            assert_eq!(engine.counts(), before, "it is off");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_scrubber_finds_a_flipped_byte_that_nobody_used() {
    let engine = Engine::start(Mode::KnownSigner).unwrap();
    let keys: Vec<_> = (1..4).map(|seed| key(seed).1).collect();
    engine.warm(&keys, usize::MAX);
    (0..8).for_each(|_| engine.scrub());
    assert_eq!(engine.alarm(), None);
    let table = keys[1].known.get().unwrap().slot.table().unwrap();
    flip(table.address(4000));
    (0..4).for_each(|_| engine.scrub());
    assert_eq!(engine.alarm(), Some(Alarm::Memory));
}

#[test]
fn a_disagreement_turns_the_engine_off_and_the_library_is_right() {
    for (answer, truth, alarm) in [
        (Answer::Good, false, Alarm::WrongAccept),
        (Answer::Bad, true, Alarm::WrongReject),
        (Answer::Broken, true, Alarm::Arithmetic),
        (Answer::Broken, false, Alarm::Arithmetic),
    ] {
        // In this mode every answer is judged again.
        let engine = Engine::start(Mode::Both).unwrap();
        assert_eq!(engine.guarded(answer, || truth), truth);
        assert_eq!(engine.alarm(), Some(alarm));
    }
    let engine = Engine::start(Mode::KnownSigner).unwrap();
    assert!(engine.guarded(Answer::Collapsed, || true));
    assert!(!engine.guarded(Answer::Collapsed, || false));
    assert_eq!(engine.alarm(), None);
}

#[test]
fn where_one_of_many_finds_the_engine_wrong_the_library_judges_all() {
    let engine = Engine::start(Mode::KnownSigner).unwrap();
    let (signing, key) = key(7);
    engine.warm([&key], usize::MAX);
    // The table of another key is sound and wrong.
    let (x, y) = self::key(8).1.coordinates().unwrap();
    key.known
        .get()
        .unwrap()
        .slot
        .set(engine.multiplier.table(&x, &y));
    let signatures: Vec<_> = (0_u8..8).map(|it| sign(&signing, &[it])).collect();
    let messages: Vec<_> = (0_u8..8).map(|it| [it]).collect();
    let checks: Vec<_> = signatures
        .iter()
        .zip(&messages)
        .map(|(signature, message)| Check {
            key: &key,
            message,
            signature,
        })
        .collect();
    assert!(verify_batch(&checks).iter().all(Result::is_ok));
    assert_eq!(engine.alarm(), Some(Alarm::WrongReject));
    assert!(verify_batch(&checks).iter().all(Result::is_ok));
}

#[test]
fn accepts_are_judged_again_one_in_1024_and_rejects_within_what_is_granted() {
    let engine = Engine::start(Mode::KnownSigner).unwrap();
    for _ in 0..2048 {
        assert!(engine.guarded(Answer::Good, || true));
    }
    assert_eq!(engine.counts().rejudged, 2);
    engine.grant(10);
    for _ in 0..100 {
        assert!(!engine.guarded(Answer::Bad, || false));
    }
    assert_eq!(engine.counts().rejudged, 12);
    let both = Engine::start(Mode::Both).unwrap();
    both.grant(0);
    assert!(both.guarded(Answer::Good, || true) && !both.guarded(Answer::Bad, || false));
    assert_eq!(both.counts().rejudged, 2);
}

#[test]
fn tables_follow_the_key_the_budget_and_the_use() {
    let engine = Engine::start(Mode::KnownSigner).unwrap();
    let (signing, first) = key(1);
    let (_, second) = key(2);
    let signature = sign(&signing, MESSAGE);
    engine.warm([&first, &second], 0);
    assert_eq!(engine.counts().tables, 0);
    assert!(verify(&first, MESSAGE, &signature).is_ok());
    assert_eq!(
        engine.counts().accepted,
        0,
        "the library judges until a key is warm"
    );
    // Room for one: the one that was used.
    let (first, second) = (key(1).1, key(2).1);
    engine.warm([&second, &first], Table::BYTES);
    assert_eq!(
        (engine.counts().tables, engine.counts().bytes),
        (1, 256 * 1024)
    );
    assert!(verify(&first, MESSAGE, &signature).is_ok());
    assert!(verify(&second, MESSAGE, &signature).is_err());
    assert_eq!((engine.counts().accepted, engine.counts().rejected), (1, 0));
    // The same key in another certificate or list: the same table.
    let again = key(1).1;
    engine.know(&again);
    let table = |key: &VerifyingKey| {
        let table = key.known.get().unwrap().slot.table();
        table.as_ref().map(Arc::as_ptr)
    };
    assert_eq!(table(&again), table(&first));
    // A key that is used more takes the place, and whoever loses it is judged by the library again.
    for _ in 0..3 {
        assert!(verify(&second, MESSAGE, &signature).is_err());
    }
    engine.warm([&first, &second], Table::BYTES);
    assert!(table(&first).is_none() && table(&again).is_none() && table(&second).is_some());
    let accepted = engine.counts().accepted;
    assert!(verify(&first, MESSAGE, &signature).is_ok());
    assert_eq!(
        (engine.counts().tables, engine.counts().accepted),
        (1, accepted)
    );
    // Whoever is not in the new list is given up.
    engine.warm([&key(9).1], usize::MAX);
    assert_eq!(engine.counts().tables, 1);
    let idle = Engine::start(Mode::Library).unwrap();
    idle.warm([&key(1).1], usize::MAX);
    assert_eq!(idle.counts().tables, 0);
}

#[test]
fn in_mode_library_and_for_unknown_keys_the_library_answers() {
    let (signing, key) = key(5);
    let signature = sign(&signing, MESSAGE);
    let check = Check {
        key: &key,
        message: MESSAGE,
        signature: &signature,
    };
    assert!(library(&check));
    assert!(engine_verify(&check, || true));
    assert!(!engine_verify(&check, || false));
}
