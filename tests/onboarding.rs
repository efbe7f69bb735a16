//! What trust anchors say of a country's certificates, and the directory of health card issuers: published and our own.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::crypto::sha256;
use lintas::exchange::onboarding::{Statement, Unsigned};
use lintas::exchange::{jwks, vci};
use lintas::failure::Code;
use lintas::model::Country;
use lintas::trust::chain::issued_by;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::DecodePrivateKey;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use support::openssl::OpenSsl;
use support::{conformance_dir, issued_at, vectors_dir};

/// The certificates in a PEM file, DER.
fn pem(path: &Path) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(path).unwrap();
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let body = blocks.map(|block| block.split("-----END").next().unwrap());
    body.map(|body| {
        let body: String = body.split_whitespace().collect();
        BASE64_STANDARD.decode(body).unwrap()
    })
    .collect()
}

#[test]
fn indonesias_certificates_are_vouched_for_by_the_anchor_of_each_network() {
    let Some(vectors) = vectors_dir() else {
        return;
    };
    let folder = vectors.join("who/participants");
    let chains = ["prod", "uat", "dev"].map(|network| {
        (
            network,
            pem(&folder.join(format!("{network}.TNG_TA.chain.pem"))),
        )
    });
    for (network, chain) in &chains {
        // TNG_TA <- TNG_SIGN <- TNG_ROOT, which signed itself.
        assert!(issued_by(&chain[0], &chain[1]).is_ok(), "{network}");
        assert!(issued_by(&chain[1], &chain[2]).is_ok(), "{network}");
        assert!(issued_by(&chain[2], &chain[2]).is_ok(), "{network}");
        for kind in ["SCA", "TLS", "UP"] {
            let file = folder.join(format!("IDN/{network}.TNG_TA.signed.{kind}.json"));
            let statement = Statement::read(&fs::read(file).unwrap()).unwrap();
            assert_eq!(statement.country, "ID");
            assert_eq!(
                std::slice::from_ref(&statement.certificate),
                pem(&folder.join(format!("IDN/{network}.{kind}.pem")))
            );
            assert_eq!(
                statement.signer(),
                chain[0],
                "{network} {kind}: signed by TNG_TA itself"
            );
            for (other, pinned) in &chains {
                let answer = statement.proven_by(&[sha256(&pinned[0])]);
                let answer = answer.map_err(|failure| failure.code());
                let expected = if other == network {
                    Ok(())
                } else {
                    Err(Code::AnchorUnknown)
                };
                assert_eq!(answer, expected, "{network} {kind} under {other}");
            }
        }
    }
}

#[test]
fn a_statement_of_ours_is_read_and_proven_and_a_changed_one_is_not() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    openssl.self_signed("anchor.key", "anchor.pem", &kind);
    openssl.run(
        "x509",
        &["-in", "anchor.pem", "-outform", "DER", "-out", "anchor.der"],
    );
    openssl.self_signed("csca.key", "csca.pem", &kind);
    openssl.run(
        "x509",
        &["-in", "csca.pem", "-outform", "DER", "-out", "csca.der"],
    );
    let (anchor, csca) = (openssl.file("anchor.der"), openssl.file("csca.der"));
    let secret = String::from_utf8(openssl.file("anchor.key")).unwrap();
    let secret = SigningKey::from_pkcs8_pem(&secret).unwrap();
    let period = lintas::codec::x509::Certificate::read(&anchor).unwrap();
    let at = issued_at().plus(period.not_before + 1 - issued_at().seconds());
    let country = Country::parse("ID").unwrap();
    let unsigned = Unsigned::new(csca.clone(), country, anchor.clone(), at).unwrap();
    let signature: p256::ecdsa::Signature = secret.sign(&unsigned.signed_bytes());
    let bytes = unsigned.complete(&signature.to_bytes()).unwrap();
    let statement = Statement::read(&bytes).unwrap();
    assert_eq!(
        (statement.certificate.as_slice(), statement.signer()),
        (&csca[..], &anchor[..])
    );
    statement.proven_by(&[sha256(&anchor)]).unwrap();
    assert!(unsigned.complete(&[0; 63]).is_err());
    let signature: p256::ecdsa::Signature = secret.sign(b"another message");
    let forged = Statement::read(&unsigned.complete(&signature.to_bytes()).unwrap()).unwrap();
    let failure = forged.proven_by(&[sha256(&anchor)]).unwrap_err();
    assert_eq!(failure.code(), Code::ProofInvalid);
    let mut other: Value = serde_json::from_slice(&bytes).unwrap();
    other["certificateRawData"] = BASE64_STANDARD.encode(&anchor).into();
    let code = |other: &Value| {
        Statement::read(other.to_string().as_bytes())
            .unwrap_err()
            .code()
    };
    assert_eq!(code(&other), Code::EntryInvalid);
    other["certificateThumbprint"] = base16ct::lower::encode_string(&sha256(&anchor)).into();
    assert_eq!(
        code(&other),
        Code::EntryInvalid,
        "the content is another certificate"
    );
}

#[test]
fn the_directory_of_health_card_issuers_is_read_whole_and_proven() {
    let Some(folder) = conformance_dir().map(|it| it.join("trustlists/vci")) else {
        return;
    };
    let file = |name: &str| fs::read(folder.join(name)).unwrap();
    let certificate = pem(&folder.join("vci_snapshot.crt")).remove(0);
    let (mut bytes, signature) = (file("vci_snapshot.json"), file("vci_snapshot.sig"));
    let pinned = [sha256(&certificate)];
    let read = |bytes: &[u8], pinned: &[[u8; 32]]| {
        vci::read_snapshot("vci_snapshot.json", bytes, &signature, &certificate, pinned)
    };
    let snapshot = read(&bytes, &pinned).unwrap();
    let keys = snapshot.issuers.iter().flat_map(|issuer| &issuer.keys);
    let keys: Vec<_> = keys.map(|key| key.as_ref().unwrap()).collect();
    assert_eq!((snapshot.issuers.len(), keys.len()), (651, 961));
    // Every key is named by its thumbprint and of use, and some kids stand under many issuers.
    let mut kids: HashMap<&str, usize> = HashMap::new();
    let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
    for key in keys {
        let answer = jwks::serves_health_cards(key).map_err(|failure| failure.code().name());
        *answers.entry(answer.err().unwrap_or("serves")).or_default() += 1;
        *kids.entry(key.kid.as_deref().unwrap()).or_default() += 1;
    }
    assert_eq!(answers, BTreeMap::from([("serves", 961)]));
    assert_eq!(kids.values().filter(|count| **count > 1).count(), 46);
    assert_eq!(kids.values().max(), Some(&161));
    assert_eq!(
        read(&bytes, &[[0; 32]]).unwrap_err().code(),
        Code::AnchorUnknown
    );
    bytes[100] ^= 1;
    assert_eq!(
        read(&bytes, &pinned).unwrap_err().code(),
        Code::ProofInvalid
    );
    let issuers = vci::read_directory(&file("vci-issuers.json")).unwrap();
    assert_eq!(issuers[0].name, "State of California");
    let known_better = issuers
        .iter()
        .filter(|issuer| issuer.canonical_iss.is_some());
    assert_eq!((issuers.len(), known_better.count()), (637, 11));
}
