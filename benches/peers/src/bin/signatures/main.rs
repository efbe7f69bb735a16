//! One ES256 verification, SHA-256 included: the same bytes to every library.
//!
//! Refuses signatures that any of them calls bad: a row asserts what it measures.
//!
//! In `benches/peers`: `cargo run --release --bin signatures -- [--rounds N | --quick] [--json]`

mod engine;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use lintas::crypto;
use lintas_peers::rounds::{self, Options, Table};
use lintas_peers::signers::{Signed, Signer, signed};
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::pkey::PKey;
use p256::ecdsa::signature::Verifier;
use p256::pkcs8::DecodePublicKey;
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = match Options::from_arguments(&[]) {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(64);
        }
    };
    options.say(&format!("machine: {}", rounds::machine()));
    let signers = Signer::first(SIGNERS);
    let messages = signed(&signers, SIGNERS);
    let mut table = Table::new(format!(
        "one ES256 verification, {SIGNERS} keys in rotation"
    ));
    peers(&mut table, &signers, &messages);
    table.row("lintas, unknown signers", SIGNERS, 1, |range| {
        for it in &messages[range] {
            let verdict = crypto::verify(&signers[it.signer].verifying, &it.message, &it.signature);
            assert!(verdict.is_ok());
        }
    });
    table.row("lintas, verify_portable", SIGNERS, 1, |range| {
        for it in &messages[range] {
            let key = &signers[it.signer].verifying;
            assert!(crypto::verify_portable(key, &it.message, &it.signature).is_ok());
        }
    });
    table.measure(&options).print(&options);
    engine::compare(&options);
    ExitCode::SUCCESS
}

/// A row each for the other libraries; the first is what all are compared with.
fn peers<'a>(table: &mut Table<'a>, signers: &'a [Signer], messages: &'a [Signed]) {
    let keys = aws_lc_keys(signers);
    table.reference("aws-lc-rs, ParsedPublicKey", SIGNERS, 1, move |range| {
        for it in &messages[range] {
            assert!(
                keys[it.signer]
                    .verify_sig(&it.message, &it.signature)
                    .is_ok()
            );
        }
    });
    table.row(
        "ring, UnparsedPublicKey (it has no other)",
        SIGNERS,
        1,
        |range| {
            for it in &messages[range] {
                let key = ring::signature::UnparsedPublicKey::new(
                    &ring::signature::ECDSA_P256_SHA256_FIXED,
                    signers[it.signer].point(),
                );
                assert!(key.verify(&it.message, &it.signature).is_ok());
            }
        },
    );
    let keys: Vec<_> = signers
        .iter()
        .map(|signer| {
            let key = PKey::public_key_from_der(&signer.spki).expect("a public key");
            key.ec_key().expect("an EC key")
        })
        .collect();
    table.row("openssl of the system", SIGNERS, 1, move |range| {
        for it in &messages[range] {
            let (r, s) = it.signature.split_at(32);
            let number = |bytes| BigNum::from_slice(bytes).expect("a number");
            let signature = EcdsaSig::from_private_components(number(r), number(s));
            let digest = openssl::sha::sha256(&it.message);
            let verdict = signature.and_then(|it_| it_.verify(&digest, &keys[it.signer]));
            assert!(verdict.expect("an answer"));
        }
    });
    let keys: Vec<_> = signers
        .iter()
        .map(|it| p256::ecdsa::VerifyingKey::from_public_key_der(&it.spki).expect("a public key"))
        .collect();
    table.row("p256 of RustCrypto", SIGNERS, 1, move |range| {
        for it in &messages[range] {
            let signature = p256::ecdsa::Signature::from_slice(&it.signature);
            let signature = signature.expect("a signature");
            assert!(keys[it.signer].verify(&it.message, &signature).is_ok());
        }
    });
}

/// The keys as the yardstick takes them.
fn aws_lc_keys(signers: &[Signer]) -> Vec<ParsedPublicKey> {
    let key = |it: &Signer| ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, it.point());
    signers
        .iter()
        .map(|it| key(it).expect("a public key"))
        .collect()
}

const SIGNERS: usize = 300;
