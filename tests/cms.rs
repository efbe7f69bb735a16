//! CMS against others: messages of OpenSSL and of the EU gateway's own library are read, and OpenSSL reads ours.
//!
//! Refuses to pass without them: where OpenSSL or the published messages are absent it says so and is skipped.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use der::asn1::ObjectIdentifier;
use lintas::codec::cms::{Signed, Unsigned};
use lintas::crypto::sha256;
use lintas::trust::proof::proves;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use std::fs;
use support::openssl::OpenSsl;
use support::vectors_dir;

const CONTENT: &[u8] = br#"{"batchId":"x"}"#;

#[test]
fn messages_of_the_eu_gateways_library_are_read() {
    let Some(vectors) = vectors_dir() else { return };
    let read = |name: &str| {
        let text = fs::read_to_string(vectors.join("dgcg").join(name)).unwrap();
        Signed::read(&BASE64_STANDARD.decode(text.trim()).unwrap()).unwrap()
    };
    let (full, detached) = (read("bc_full.b64"), read("bc_detached.b64"));
    assert_eq!(full.content.as_deref(), Some(CONTENT));
    assert_eq!(detached.content, None);
    assert!(proves(&full, CONTENT).is_ok() && proves(&detached, CONTENT).is_ok());
    assert!(proves(&full, b"other").is_err() && full.attributes.unwrap().signing_time.is_some());
}

#[test]
fn messages_of_openssl_are_read_in_every_form() {
    let Some(openssl) = upload() else {
        return;
    };
    for more in [
        &["-nodetach"][..],
        &[],
        &["-nodetach", "-stream"],
        &["-nodetach", "-keyid"],
        &["-nodetach", "-noattr"],
        &["-nodetach", "-nosmimecap", "-stream", "-indef"],
    ] {
        openssl.run(
            "cms",
            &[
                &[
                    "-sign", "-binary", "-outform", "DER", "-md", "sha256", "-signer", "cert.pem",
                    "-inkey", "key.pem", "-in", "content", "-out", "message",
                ],
                more,
            ]
            .concat(),
        );
        let message = Signed::read(&openssl.file("message")).unwrap();
        let attached = more.contains(&"-nodetach");
        assert_eq!(
            message.content.as_deref(),
            attached.then_some(CONTENT),
            "{more:?}"
        );
        assert_eq!(message.attributes.is_some(), !more.contains(&"-noattr"));
        assert!(
            proves(&message, CONTENT).is_ok() && proves(&message, b"other").is_err(),
            "{more:?}"
        );
    }
}

#[test]
fn openssl_believes_what_we_write() {
    let Some(openssl) = upload() else {
        return;
    };
    openssl.run(
        "x509",
        &["-in", "cert.pem", "-outform", "DER", "-out", "cert.der"],
    );
    let pem = String::from_utf8(openssl.file("key.pem")).unwrap();
    let key = SigningKey::from_pkcs8_pem(&pem).unwrap();
    let ecdsa = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
    for attached in [true, false] {
        let content = attached.then(|| CONTENT.to_vec());
        let unsigned = Unsigned::new(
            content,
            sha256(CONTENT),
            openssl.file("cert.der"),
            ecdsa,
            now(),
        );
        let unsigned = unsigned.unwrap();
        let signature: Signature = key.sign(&unsigned.signed_bytes());
        let message = unsigned.complete(signature.to_der().as_bytes());
        openssl.put("ours", &message);
        let mut asked = vec![
            "-verify", "-binary", "-inform", "DER", "-in", "ours", "-CAfile", "cert.pem",
            "-purpose", "any", "-out", "read",
        ];
        if !attached {
            asked.extend(["-content", "content"]);
        }
        openssl.run("cms", &asked);
        assert_eq!(openssl.file("read"), CONTENT);
        assert!(proves(&Signed::read(&message).unwrap(), CONTENT).is_ok());
    }
}

/// A folder with a key, a certificate for it, and something to sign.
fn upload() -> Option<OpenSsl> {
    let openssl = OpenSsl::start()?;
    openssl.put("content", CONTENT);
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    openssl.self_signed("key.pem", "cert.pem", &key);
    Some(openssl)
}

/// OpenSSL holds the signing time to its own clock.
fn now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_secs()
}
