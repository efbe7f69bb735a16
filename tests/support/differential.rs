//! Random signatures, good and bad, and every judge's answer to them.
#![allow(unreachable_pub, reason = "a test program and an example use it")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use lintas::crypto::{self, Check, Engine, Mode, Path, VerifyingKey};
use std::sync::Arc;

/// Numbers that look random and are the same for the same seed (`SplitMix64`).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// The SubjectPublicKeyInfo of a point on P-256 that is written in 65 bytes.
pub fn spki(point: &[u8]) -> Vec<u8> {
    let head = base16ct::lower::decode_vec("3059301306072a8648ce3d020106082a8648ce3d030107034200");
    [head.unwrap(), point.to_vec()].concat()
}

/// What was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub judged: u64,
    pub valid: u64,
}

struct Signer {
    pair: EcdsaKeyPair,
    /// The same key as each engine knows it, and as none does.
    known: Vec<VerifyingKey>,
    unknown: VerifyingKey,
}

/// Signers, and engines that know them.
pub struct Differential {
    numbers: Numbers,
    random: SystemRandom,
    signers: Vec<Signer>,
    engines: Vec<Arc<Engine>>,
    total: Tally,
}

impl Differential {
    pub fn new(seed: u64, signers: usize) -> Self {
        let engines = vec![
            Engine::start_on(Path::detect(), Mode::KnownSigner).unwrap(),
            Engine::start_on(Path::PORTABLE, Mode::KnownSigner).unwrap(),
        ];
        let signers = (0..signers)
            .map(|_| {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
                let spki = spki(pair.public_key().as_ref());
                let unknown = VerifyingKey::from_spki(&spki).unwrap();
                let known = engines
                    .iter()
                    .map(|engine| {
                        // Nothing is granted: the engine alone must be right.
                        engine.grant(0);
                        VerifyingKey::from_spki(&spki).unwrap()
                    })
                    .collect();
                Signer {
                    pair,
                    known,
                    unknown,
                }
            })
            .collect::<Vec<_>>();
        for (position, engine) in engines.iter().enumerate() {
            engine.warm(signers.iter().map(|it| &it.known[position]), usize::MAX);
        }
        Self {
            numbers: Numbers(seed),
            random: SystemRandom::new(),
            signers,
            engines,
            total: Tally::default(),
        }
    }

    /// Judges `count` more signatures by p256, aws-lc-rs and each engine, alone and in batches, and demands one answer.
    pub fn run(&mut self, count: u64) -> Tally {
        let end = self.total.judged + count;
        while self.total.judged < end {
            let cases: Vec<_> = (0..BATCH).map(|_| self.case()).collect();
            let mut truth = Vec::new();
            for (signer, message, signature) in &cases {
                let key = &self.signers[*signer].unknown;
                let pure = crypto::verify_portable(key, message, signature).is_ok();
                let library = crypto::verify_by_library(key, message, signature).is_ok();
                assert_eq!(pure, library, "the libraries disagree");
                truth.push(pure);
            }
            for position in 0..self.engines.len() {
                let checks: Vec<_> = cases
                    .iter()
                    .map(|(signer, message, signature)| Check {
                        key: &self.signers[*signer].known[position],
                        message,
                        signature,
                    })
                    .collect();
                let alone =
                    |check: &Check<'_>| crypto::verify(check.key, check.message, check.signature);
                let one_by_one: Vec<_> = checks.iter().map(|it| alone(it).is_ok()).collect();
                let together = crypto::verify_batch(&checks);
                let together: Vec<_> = together.iter().map(Result::is_ok).collect();
                assert!(one_by_one == truth && together == truth, "{cases:x?}");
            }
            self.total.judged += u64::try_from(BATCH).unwrap();
            self.total.valid +=
                u64::try_from(truth.iter().filter(|valid| **valid).count()).unwrap();
        }
        let tally = self.total;
        for engine in &self.engines {
            assert_eq!(engine.alarm(), None);
            let counts = engine.counts();
            // Each was asked twice, and left nothing to the library.
            assert_eq!(counts.accepted, 2 * tally.valid, "{counts:?}");
            assert_eq!(
                counts.rejected,
                2 * (tally.judged - tally.valid),
                "{counts:?}"
            );
        }
        tally
    }

    /// A signature: good, of another message, or with a part changed.
    fn case(&mut self) -> (usize, Vec<u8>, Vec<u8>) {
        let signer = self.numbers.below(self.signers.len());
        let length = self.numbers.below(700);
        let mut message = self.numbers.bytes(length + 1);
        let signed = self.signers[signer]
            .pair
            .sign(&self.random, &message)
            .unwrap();
        let mut signature = signed.as_ref().to_vec();
        let bit = 1 << self.numbers.below(8);
        match self.numbers.below(16) {
            0 => message[length] ^= bit,
            1 => signature[self.numbers.below(64)] ^= bit,
            2 => signature[..32].fill(0),
            3 => signature[32..].fill(0),
            4 => signature[..32].copy_from_slice(&ORDER),
            5 => signature[32..].copy_from_slice(&ORDER),
            6 => signature.rotate_left(32),
            7 => signature = self.numbers.bytes(64),
            _ => {}
        }
        (signer, message, signature)
    }
}

const BATCH: usize = 40;
/// The order of P-256.
pub const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6,
    0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
