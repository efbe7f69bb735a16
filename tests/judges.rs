//! The two judges of signatures answer alike: on every published certificate, and on what is made of it by changing one
//! bit of the signature or of what is signed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]
#![allow(clippy::print_stdout, reason = "the counts are the result")]

mod support;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::codec::base45;
use lintas::codec::cose::Sign1;
use lintas::codec::deflate;
use lintas::codec::x509::Certificate;
use lintas::credential::hcert;
use lintas::crypto::{self, VerifyingKey};
use lintas::exchange;
use lintas::trust::KeyMaterial;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// Asks both judges and demands one answer.
fn both(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    let fast = crypto::verify(key, message, signature).is_ok();
    let portable = crypto::verify_portable(key, message, signature).is_ok();
    assert_eq!(
        fast,
        portable,
        "the judges disagree under a {} key",
        key.algorithm().name()
    );
    fast
}

fn message(text: &str) -> Option<Sign1> {
    let compressed = base45::decode(text.trim().get(4..)?).ok()?;
    let inflated = deflate::inflate(&compressed, hcert::LIMITS.inflated).ok()?;
    Sign1::read(&inflated, hcert::LIMITS.cbor).ok()
}

#[derive(Default)]
struct Count {
    pairs: usize,
    valid: usize,
    by_algorithm: HashMap<&'static str, usize>,
}

impl Count {
    fn judge(&mut self, message: &Sign1, key: &VerifyingKey) {
        let signed = message.signed_bytes();
        self.pairs += 1;
        *self.by_algorithm.entry(key.algorithm().name()).or_default() += 1;
        self.valid += usize::from(both(key, signed, message.signature()));
        for position in [
            0,
            message.signature().len() / 2,
            message.signature().len() - 1,
        ] {
            let mut signature = message.signature().to_vec();
            signature[position] ^= 1;
            assert!(!both(key, signed, &signature));
        }
        let mut changed = signed.to_vec();
        let middle = changed.len() / 2;
        changed[middle] ^= 0x10;
        assert!(!both(key, &changed, message.signature()));
        for odd in [
            vec![],
            vec![0; message.signature().len()],
            vec![0xff; message.signature().len()],
        ] {
            assert!(!both(key, &changed, &odd));
        }
    }
}

fn key_of(der: &[u8]) -> Option<VerifyingKey> {
    VerifyingKey::from_spki(&Certificate::read(der).ok()?.public_key).ok()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn both_judges_answer_alike_on_every_published_certificate() {
    let Some(dir) = support::conformance_dir() else {
        return;
    };
    let mut count = Count::default();
    for case in json(&dir.join("dcc-manifest.json"))["cases"]
        .as_array()
        .unwrap()
    {
        let file = json(&dir.join(case["path"].as_str().unwrap()));
        let certificate = file.pointer("/TESTCTX/CERTIFICATE").and_then(Value::as_str);
        let der = certificate.and_then(|it| BASE64_STANDARD.decode(it).ok());
        let text = file.get("PREFIX").and_then(Value::as_str);
        if let (Some(message), Some(key)) =
            (text.and_then(message), der.as_deref().and_then(key_of))
        {
            count.judge(&message, &key);
        }
    }
    for case in json(&dir.join("dcc-qa-manifest.json"))["cases"]
        .as_array()
        .unwrap()
    {
        let text = std::fs::read_to_string(dir.join(case["path"].as_str().unwrap())).unwrap();
        let der = case["dsc"]
            .as_str()
            .and_then(|it| BASE64_STANDARD.decode(it).ok());
        if let (Some(message), Some(key)) = (message(&text), der.as_deref().and_then(key_of)) {
            count.judge(&message, &key);
        }
    }
    println!(
        "{} pairs, {} valid, {:?}",
        count.pairs, count.valid, count.by_algorithm
    );
    assert!(count.pairs > 700 && count.valid > 690);
    assert!(count.by_algorithm["PS256"] > 10 && count.by_algorithm["ES256"] > 600);
}

#[test]
fn both_judges_take_and_refuse_the_same_listed_keys() {
    let Some(dir) = support::conformance_dir() else {
        return;
    };
    let list = std::fs::read(dir.join("trustlists/de/acc/dsc-list.signed")).unwrap();
    let rows = exchange::read("acc", &list).unwrap();
    let keys: Vec<_> = rows
        .iter()
        .filter_map(|row| match &row.as_ref().unwrap().key {
            KeyMaterial::Certificate(der) => key_of(der),
            KeyMaterial::PublicKey(der) => VerifyingKey::from_spki(der).ok(),
        })
        .collect();
    // 610 in the list; one holds a 1,024-bit RSA key and is refused before either judge sees it.
    assert_eq!((rows.len(), keys.len()), (610, 609));
    for key in &keys {
        assert!(!both(key, b"nothing", &vec![1; key.signature_length()]));
    }
}

#[test]
fn es384_is_judged_alike() {
    use p384::ecdsa::signature::Signer;
    use p384::pkcs8::EncodePublicKey;
    let signing = p384::ecdsa::SigningKey::from_slice(&[5; 48]).unwrap();
    let spki = signing.verifying_key().to_public_key_der().unwrap();
    let key = VerifyingKey::from_spki(spki.as_bytes()).unwrap();
    let signature: p384::ecdsa::Signature = signing.sign(b"message");
    assert!(both(&key, b"message", &signature.to_vec()));
    assert!(!both(&key, b"massage", &signature.to_vec()));
}

#[test]
fn judges_agree_on_p_521_which_no_published_certificate_uses() {
    use p521::ecdsa::signature::Signer;
    use p521::ecdsa::{Signature, SigningKey};
    use p521::pkcs8::EncodePublicKey;

    for seed in 1..=20 {
        // Below the order, which is a little under 2^521.
        let secret = SigningKey::from_slice(&[&[0, 0][..], &[seed; 64]].concat()).unwrap();
        let spki = secret.verifying_key().to_public_key_der().unwrap();
        let key = VerifyingKey::from_spki(spki.as_bytes()).unwrap();
        assert_eq!(
            (key.algorithm().name(), key.signature_length()),
            ("ES512", 132)
        );
        let message = [seed; 40];
        let signature: Signature = secret.sign(&message);
        let mut signature = signature.to_bytes().to_vec();
        assert!(both(&key, &message, &signature));
        assert!(!both(&key, &message[1..], &signature));
        assert!(!both(&key, &message, &signature[1..]));
        for position in [0, 1, 65, 66, 131] {
            signature[position] ^= 1;
            assert!(!both(&key, &message, &signature));
            signature[position] ^= 1;
        }
        for number in [[0; 66], [0xff; 66]] {
            signature[66..].copy_from_slice(&number);
            assert!(!both(&key, &message, &signature));
        }
    }
}
