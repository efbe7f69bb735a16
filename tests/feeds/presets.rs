//! The fingerprints that ship with the program, against the files that they were computed from.

use crate::support::vectors_dir;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lintas::crypto::sha256;
use lintas::model::Thumbprint;
use lintas::server::federation::{FeedKind, ListProof, default_feeds};
use p256::PublicKey;
use p256::pkcs8::EncodePublicKey;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;
use std::fs;

#[test]
fn the_anchors_of_the_whos_network_are_those_of_its_published_chains() {
    let Some(vectors) = vectors_dir() else { return };
    let feeds = default_feeds().unwrap();
    for (network, ids) in [
        ("prod", ["who", "who-tng"]),
        ("uat", ["who-uat", "who-tng-uat"]),
        ("dev", ["who-dev", "who-tng-dev"]),
    ] {
        let chain = format!("who/participants/{network}.TNG_TA.chain.pem");
        let anchor = CertificateDer::from_pem_file(vectors.join(chain)).unwrap();
        for id in ids {
            let feed = feeds.iter().find(|feed| feed.id == id).unwrap();
            assert_eq!(feed.anchors(), [Thumbprint(sha256(&anchor))], "{id}");
        }
    }
}

#[test]
fn the_pinned_signer_is_the_one_that_was_published() {
    let Some(vectors) = vectors_dir() else { return };
    let document = fs::read(vectors.join("who/trustlist/dev/WHO_signing_DID.did.json")).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    let feeds = default_feeds().unwrap();
    let feed = feeds.iter().find(|feed| feed.id == "who-dev").unwrap();
    let FeedKind::DidWeb(did_web) = &feed.kind else {
        panic!("another kind")
    };
    assert_eq!(document["id"], did_web.signer.as_ref().unwrap().as_str());
    let jwk = &document["verificationMethod"][0]["publicKeyJwk"];
    let part = |name: &str| {
        BASE64_URL_SAFE_NO_PAD
            .decode(jwk[name].as_str().unwrap())
            .unwrap()
    };
    let point = [vec![4], part("x"), part("y")].concat();
    let key = PublicKey::from_sec1_bytes(&point).unwrap();
    let pin = Thumbprint(sha256(key.to_public_key_der().unwrap().as_bytes()));
    assert_eq!(did_web.proof, ListProof::Pinned(pin));
}
