//! One hop of a chain, over certificates that OpenSSL made with every kind of key and algorithm in use.
//!
//! Refuses to pass without it: where OpenSSL is absent it says so and is skipped.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::codec::cms::Signed;
use lintas::failure::Code;
use lintas::trust::chain::issued_by;
use lintas::trust::proof::proves;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use support::openssl::OpenSsl;
use support::vectors_dir;

const YEAR_S: i64 = 366 * 86_400;
const P_256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P_384: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"];
const P_521: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"];
const RSA: &[&str] = &["-newkey", "rsa:2048"];
const PSS: &[&str] = &[
    "-sigopt",
    "rsa_padding_mode:pss",
    "-sigopt",
    "rsa_pss_saltlen:digest",
];

/// A country's key, how it signs, and with which hash.
const ISSUERS: [(&[&str], &[&str], &str); 9] = [
    (P_256, &[], "-sha256"),
    (P_256, &[], "-sha512"),
    (P_384, &[], "-sha384"),
    (P_521, &[], "-sha512"),
    (P_521, &[], "-sha256"),
    (RSA, &[], "-sha256"),
    (RSA, &[], "-sha512"),
    (RSA, PSS, "-sha256"),
    (RSA, PSS, "-sha384"),
];

#[test]
fn a_certificate_is_its_issuers_and_nobody_elses() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    openssl.self_signed("other.key", "other.pem", P_256);
    openssl.run(
        "x509",
        &["-in", "other.pem", "-outform", "DER", "-out", "other.der"],
    );
    let other = openssl.file("other.der");
    openssl.run(
        "req",
        &[
            "-new",
            "-key",
            "other.key",
            "-subj",
            "/C=ZZ/CN=signer",
            "-out",
            "signer.csr",
        ],
    );
    for (key, more, hash) in ISSUERS {
        openssl.self_signed("ca.key", "ca.pem", key);
        let by = [
            "-req",
            "-in",
            "signer.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-set_serial",
            "7",
            hash,
        ];
        openssl.run(
            "x509",
            &[&by, more, &["-outform", "DER", "-out", "signer.der"]].concat(),
        );
        openssl.run(
            "x509",
            &["-in", "ca.pem", "-outform", "DER", "-out", "ca.der"],
        );
        let (signer, ca) = (openssl.file("signer.der"), openssl.file("ca.der"));
        assert!(issued_by(&signer, &ca).is_ok(), "{key:?} {more:?} {hash}");
        assert!(issued_by(&ca, &ca).is_ok());
        for (certificate, issuer) in [(&signer, &other), (&ca, &signer), (&signer, &signer)] {
            let failure = issued_by(certificate, issuer).unwrap_err();
            assert_eq!(failure.code(), Code::ChainInvalid);
        }
        // Every byte of what was signed counts; those around it are not read, or make it unreadable.
        for position in (0..signer.len()).step_by(7) {
            let mut changed = signer.clone();
            changed[position] ^= 1;
            assert!(issued_by(&changed, &ca).is_err(), "{position}");
        }
    }
}

#[test]
fn messages_hold_under_every_algorithm() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    openssl.put("content", b"content");
    openssl.self_signed("other.key", "other.pem", P_256);
    openssl.run(
        "x509",
        &["-in", "other.pem", "-outform", "DER", "-out", "other.der"],
    );
    let other = openssl.file("other.der");
    for (key, more, hash) in ISSUERS {
        openssl.self_signed("up.key", "up.pem", key);
        let keyopts: Vec<_> = more
            .iter()
            .map(|it| if *it == "-sigopt" { "-keyopt" } else { it })
            .collect();
        let sign = [
            "-sign",
            "-binary",
            "-nodetach",
            "-outform",
            "DER",
            "-md",
            &hash[1..],
            "-in",
            "content",
            "-signer",
            "up.pem",
            "-inkey",
            "up.key",
            "-out",
            "message",
        ];
        openssl.run("cms", &[&sign[..], &keyopts].concat());
        let message = Signed::read(&openssl.file("message")).unwrap();
        assert!(proves(&message, b"content").is_ok(), "{more:?} {hash}");
        let refused = proves(&message, b"other").unwrap_err();
        assert_eq!(refused.code(), Code::ProofInvalid);
        let mut late = message.clone();
        let attributes = late.attributes.as_mut().unwrap();
        attributes.signing_time = attributes.signing_time.map(|time| time + YEAR_S);
        assert!(proves(&late, b"content").is_err());
        let mut exchanged = message;
        exchanged.certificate = other.clone();
        assert!(proves(&exchanged, b"content").is_err());
    }
}

#[test]
fn signers_that_the_who_publishes_with_their_csca_are_signed_by_it() {
    let Some(vectors) = vectors_dir() else {
        return;
    };
    let document = fs::read(vectors.join("who/trustlist/prod/root.did.json")).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for method in document["verificationMethod"].as_array().unwrap() {
        let chain = method["publicKeyJwk"]["x5c"].as_array().unwrap().iter();
        let chain: Vec<_> = chain
            .map(|it| BASE64_STANDARD.decode(it.as_str().unwrap()).unwrap())
            .collect();
        if let [signer, csca] = chain.as_slice() {
            let answer = match issued_by(signer, csca) {
                Ok(()) => "signed".to_owned(),
                Err(failure) => failure.detail().to_owned(),
            };
            *answers.entry(answer).or_default() += 1;
        }
    }
    // Five were signed with SHA-1, which is refused.
    let unsupported = "not signed by that issuer: algorithm_unsupported";
    let expected = [(unsupported.to_owned(), 5), ("signed".to_owned(), 434)];
    assert_eq!(answers, BTreeMap::from(expected));
}
