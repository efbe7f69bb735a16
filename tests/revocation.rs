//! Revocation hashes against published codes and the hashes that others computed for them.
//!
//! Refuses to pass without them: where the published cases are absent it says so and is skipped.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use lintas::codec::cose::Sign1;
use lintas::codec::{base45, deflate};
use lintas::credential;
use lintas::credential::hcert::LIMITS;
use lintas::crypto::Algorithm;
use lintas::revocation::{HashKind, RevocationHash};
use serde_json::Value;
use std::fs;

/// The hash of each kind for the certificate in `text`.
fn hashes(text: &str) -> [(HashKind, RevocationHash); 3] {
    let content = credential::read(text)
        .unwrap()
        .inspect_without_authentication();
    let issuer = content.claims.unwrap().issuer.unwrap();
    let certificate = content.certificate.unwrap().unwrap();
    let uvci = certificate.entry.uvci();
    let compressed = base45::decode(&text.trim()[4..]).unwrap();
    let message = deflate::inflate(&compressed, LIMITS.inflated).unwrap();
    let message = Sign1::read(&message, LIMITS.cbor).unwrap();
    let algorithm = Algorithm::from_cose(message.algorithm.unwrap()).unwrap();
    [
        (
            HashKind::Signature,
            RevocationHash::of_signature(message.signature(), algorithm),
        ),
        (HashKind::Uci, RevocationHash::of_uci(uvci)),
        (
            HashKind::CountryCodeUci,
            RevocationHash::of_country_and_uci(&issuer, uvci),
        ),
    ]
}

#[test]
fn the_hashes_of_published_revoked_codes_are_those_that_others_computed() {
    let Some(folder) = support::conformance_dir() else {
        return;
    };
    let listed = fs::read(folder.join("revocation/published-revoked.json")).unwrap();
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    let cases = listed["cases"].as_array().unwrap();
    for case in cases {
        let text = fs::read_to_string(folder.join(case["path"].as_str().unwrap())).unwrap();
        for (kind, hash) in hashes(text.trim()) {
            let expected = case["hashes_hex"][kind.name()].as_str().unwrap();
            assert_eq!(
                base16ct::lower::encode_string(&hash.0),
                expected,
                "{case} {}",
                kind.name()
            );
        }
    }
    assert!(cases.len() >= 9, "{} cases", cases.len());
}

#[test]
fn the_hashes_of_the_german_apps_samples_are_the_same() {
    let Some(folder) = support::conformance_dir() else {
        return;
    };
    let samples = folder.join("revocation/cwa/RevocationCalculationSampleData.json");
    let samples: Value = serde_json::from_slice(&fs::read(samples).unwrap()).unwrap();
    let samples = samples.as_array().unwrap();
    for sample in samples {
        for (kind, hash) in hashes(sample["barcodeData"].as_str().unwrap()) {
            let expected = &sample[format!("exp{}", kind.name())];
            assert_eq!(
                base16ct::lower::encode_string(&hash.0),
                *expected,
                "{}",
                kind.name()
            );
        }
    }
    assert_eq!(samples.len(), 3);
}
