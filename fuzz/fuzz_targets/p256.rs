//! Any key, message and signature: the known-signer engine and the library answer alike, alone and in company.
//!
//! Refuses to let the library answer for the engine: nothing is judged again, and an alarm is a finding.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::crypto::{self, Check, Engine, Mode, Path, VerifyingKey};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use std::sync::{Arc, LazyLock};

/// Engines on both paths, with keys that each knows, and the private halves to sign with.
static WORLDS: LazyLock<Vec<(Arc<Engine>, Vec<VerifyingKey>)>> = LazyLock::new(|| {
    let world = |path| {
        let engine = Engine::start_on(path, Mode::KnownSigner).unwrap();
        engine.grant(0);
        let keys: Vec<_> = (1..=KEYS).map(|seed| verifying(&signing(seed))).collect();
        engine.warm(&keys, usize::MAX);
        (engine, keys)
    };
    [Path::PORTABLE, Path::detect()].map(world).into()
});

const KEYS: u8 = 8;

fn signing(seed: u8) -> SigningKey {
    // The first is G itself, the second its inverse: the tables of the key and of G hold the same points.
    let scalar = match seed {
        1 => ONE,
        2 => ORDER_LESS_ONE,
        _ => [seed; 32],
    };
    SigningKey::from_slice(&scalar).unwrap()
}

fn verifying(key: &SigningKey) -> VerifyingKey {
    let spki = key.verifying_key().to_public_key_der().unwrap();
    VerifyingKey::from_spki(spki.as_bytes()).unwrap()
}

fuzz_target!(|data: (u8, [u8; 32], [u8; 64], Vec<u8>)| {
    let (choice, prehash, mask, message) = data;
    let index = usize::from(choice % KEYS);
    // Half the time a good signature, changed by what the fuzzer says; else the fuzzer's own bytes.
    let mut signature = mask;
    if choice >= 128 {
        let hash = crypto::sha256(&message);
        let good: Signature = signing(choice % KEYS + 1).sign_prehash(&hash).unwrap();
        signature = good.to_bytes().into();
        if choice >= 192 {
            signature
                .iter_mut()
                .zip(mask)
                .for_each(|(byte, mask)| *byte ^= mask & prehash[0]);
        }
    }
    for (engine, keys) in WORLDS.iter() {
        let check = |signature| Check {
            key: &keys[index],
            message: &message,
            signature,
        };
        let right = crypto::verify_by_library(&keys[index], &message, &signature).is_ok();
        assert_eq!(
            crypto::verify(&keys[index], &message, &signature).is_ok(),
            right
        );
        let other = [0x5a; 64];
        let checks: Vec<_> = (0..8)
            .map(|lane| {
                check(if lane % 3 == 1 {
                    &other[..]
                } else {
                    &signature[..]
                })
            })
            .collect();
        for (lane, answer) in crypto::verify_batch(&checks).iter().enumerate() {
            assert_eq!(answer.is_ok(), right && lane % 3 != 1);
        }
        assert_eq!(engine.alarm(), None);
    }
});

const ONE: [u8; 32] = {
    let mut one = [0; 32];
    one[31] = 1;
    one
};
const ORDER_LESS_ONE: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x50,
];
