//! Trust lists as DID documents: those that the WHO publishes, and one of ours with a throw-away key.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use lintas::crypto::{VerifyingKey, sha256};
use lintas::exchange::did::{
    DidDocument, Heading, Method, Network, Published, Unsigned, Usage, read_signer,
};
use lintas::failure::Code;
use lintas::model::Country;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use p256::pkcs8::EncodePublicKey;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use support::openssl::OpenSsl;
use support::{issued_at, vectors_dir};

const SIGNER: &str = "did:web:raw.githubusercontent.com:WorldHealthOrganization:tng-participants-dev:main:WHO:signing:DID";

fn lists() -> Option<PathBuf> {
    Some(vectors_dir()?.join("who/trustlist"))
}

/// The document in a file, asked for as what it says that it is.
fn read(path: &Path) -> DidDocument {
    let bytes = fs::read(path).unwrap();
    let did = serde_json::from_slice::<Value>(&bytes).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    DidDocument::read(&bytes, &did).unwrap()
}

fn dev_signer(lists: &Path) -> VerifyingKey {
    let bytes = fs::read(lists.join("dev/WHO_signing_DID.did.json")).unwrap();
    read_signer(&bytes, SIGNER).unwrap()
}

#[test]
fn the_lines_of_a_published_document_are_those_of_a_json_ld_library() {
    let Some(lists) = lists() else {
        return;
    };
    let text = |name: &str| fs::read_to_string(lists.join("dev").join(name)).unwrap();
    let document = read(&lists.join("dev/DCC_IDN_SCA.did.json"));
    let (lines, proof) = (document.quads().unwrap(), document.proof_quads().unwrap());
    assert_eq!(lines, text("DCC_IDN_SCA.doc.nq"));
    assert_eq!(proof, text("DCC_IDN_SCA.proof.nq"));
    let hashes = text("DCC_IDN_SCA.hashes.txt");
    for (name, lines) in [("doc.nq", lines), ("proof.nq", &proof)] {
        let hash = base16ct::lower::encode_string(&sha256(lines.as_bytes()));
        assert!(hashes.contains(&format!("sha256({name})={hash}")), "{name}");
    }
}

#[test]
fn every_document_of_the_development_network_is_proven_and_no_other() {
    let Some(lists) = lists() else {
        return;
    };
    let key = dev_signer(&lists);
    for name in ["root", "DCC_IDN_SCA", "PH4H_XXJ_DSC", "ref_DCC_IDN"] {
        let document = read(&lists.join(format!("dev/{name}.did.json")));
        assert!(document.proven_by(&key).is_ok(), "{name}");
        assert_eq!(document.proof.unwrap().signer, SIGNER);
    }
    for name in ["prod/root", "uat/root", "prod/ref_root", "prod/wild_IDN"] {
        let document = read(&lists.join(format!("{name}.did.json")));
        let failure = document.proven_by(&key).unwrap_err();
        assert_eq!(failure.code(), Code::ProofInvalid, "{name}");
    }
}

#[test]
fn every_key_of_every_network_is_read_with_its_place_and_usage() {
    let Some(lists) = lists() else {
        return;
    };
    let expected = [
        ("prod", Network::Production, [438, 61, 2, 0], 4),
        ("uat", Network::Acceptance, [93, 87, 1, 0], 7),
        ("dev", Network::Development, [109, 139, 4, 3], 2),
    ];
    for (name, network, counts, unnamed) in expected {
        let document = read(&lists.join(name).join("root.did.json"));
        assert_eq!(document.network, Some(network));
        let methods = document.methods.iter().map(|row| row.as_ref().unwrap());
        let count = |usage: Usage| methods.clone().filter(|it| it.usage == usage).count();
        let usages = [Usage::Dsc, Usage::Csca, Usage::Deca, Usage::Desc].map(count);
        assert_eq!(usages, counts, "{name}");
        assert_eq!(
            methods.clone().filter(|it| it.curve_unnamed).count(),
            unnamed
        );
        let other_kid = methods
            .clone()
            .filter(|it| lintas::trust::kid_of(&it.chain[0]).as_ref() != Some(&it.kid));
        assert_eq!(other_kid.count(), usize::from(name == "dev"));
        for method in methods {
            assert!(method.domain.is_some() && method.participant.len() <= 3);
        }
    }
    // Where the path is silent the attribute speaks.
    for row in read(&lists.join("prod/wild_IDN.did.json")).methods {
        let method = row.unwrap();
        assert_eq!(
            (method.domain.as_deref(), method.participant.as_str()),
            (Some("DCC"), "IDN")
        );
    }
    let references = read(&lists.join("prod/ref_root.did.json")).references;
    assert_eq!(references.len(), 3);
    let first_version = fs::read(lists.join("dev/v1_xcl_UUuJcwmjoJM.json")).unwrap();
    let first_version: Value = serde_json::from_slice(&first_version).unwrap();
    let place = lintas::trust::Place {
        document: "v1".into(),
        position: 1,
    };
    let method = Method::read(place, first_version[0].as_object().unwrap()).unwrap();
    assert_eq!(
        (method.kid.to_string().as_str(), method.domain),
        ("UUuJcwmjoJM=", None)
    );
    assert_eq!(
        (method.participant.as_str(), method.usage),
        ("XCL", Usage::Dsc)
    );
}

#[test]
fn why_keys_of_the_first_network_are_of_use_or_not() {
    let Some(lists) = lists() else {
        return;
    };
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for row in read(&lists.join("prod/root.did.json")).methods {
        let leaf = row.unwrap().chain.remove(0);
        let spki = lintas::codec::x509::Certificate::read(&leaf)
            .unwrap()
            .public_key;
        let kind = match VerifyingKey::from_spki(&spki) {
            Ok(key) => key.algorithm().name().to_owned(),
            Err(failure) => failure.to_string(),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let expected = [("ES256", 473), ("ES384", 3), ("ES512", 1), ("PS256", 24)];
    let expected = expected.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(kinds, BTreeMap::from(expected));
}

/// Two certificates of our own country, made for a test.
fn certificates() -> Option<[Vec<u8>; 2]> {
    let openssl = OpenSsl::start()?;
    let kinds = [["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]; 1];
    let made = |kind: &[&str]| {
        openssl.self_signed("key", "pem", kind);
        openssl.run("x509", &["-in", "pem", "-outform", "DER", "-out", "der"]);
        openssl.file("der")
    };
    let p521 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"];
    Some([made(&kinds[0]), made(&p521)])
}

const OURS: &str = "did:web:lists.example:v2:trustlist:DCC";
const OUR_SIGNER: &str = "did:web:lists.example:signer";

fn published() -> Option<(Vec<u8>, VerifyingKey)> {
    let [signer, csca] = certificates()?;
    let heading = Heading {
        did: OURS,
        controller: "did:web:lists.example:v2:trustlist",
        network: Network::Development,
        signer: OUR_SIGNER,
        created: issued_at(),
        nonce: "0123456789abcdefABCDEF0123456789",
    };
    let key = |usage, chain| Published {
        domain: "DCC".into(),
        participant: Country::parse("ID").unwrap(),
        usage,
        chain,
    };
    let keys = [
        key(Usage::Dsc, vec![signer, csca.clone()]),
        key(Usage::Csca, vec![csca]),
    ];
    let unsigned = Unsigned::new(&heading, &keys, &["did:web:elsewhere.example:x"]).unwrap();
    let secret = SigningKey::from_slice(&[7; 32]).unwrap();
    let signature: p256::ecdsa::Signature = secret.sign(&unsigned.signed_bytes());
    let spki = secret.verifying_key().to_public_key_der().unwrap();
    let key = VerifyingKey::from_spki(spki.as_bytes()).unwrap();
    Some((unsigned.complete(&signature.to_bytes()).unwrap(), key))
}

#[test]
fn a_list_of_ours_is_read_and_proven() {
    let Some((bytes, key)) = published() else {
        return;
    };
    let document = DidDocument::read(&bytes, OURS).unwrap();
    document.proven_by(&key).unwrap();
    assert_eq!(document.references, ["did:web:elsewhere.example:x"]);
    assert_eq!(document.proof.as_ref().unwrap().created, issued_at());
    let methods: Vec<_> = document
        .methods
        .iter()
        .map(|row| row.as_ref().unwrap())
        .collect();
    assert_eq!(
        (&methods[0].usage, &methods[1].usage),
        (&Usage::Dsc, &Usage::Csca)
    );
    assert_eq!(methods[0].participant, "IDN");
    assert_eq!(methods[0].chain.len(), 2);
    assert_eq!(methods[0].entry().country.as_deref(), Some("ID"));
    assert!(!methods[1].curve_unnamed);
}

type Change = fn(&mut Value);

/// The document with a change to it.
fn changed(bytes: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(bytes).unwrap();
    change(&mut value);
    value.to_string().into_bytes()
}

#[test]
fn whatever_is_read_of_a_document_is_under_its_proof() {
    let Some((bytes, key)) = published() else {
        return;
    };
    let changes: [(&str, Change); 12] = [
        ("controller", |it| {
            it["controller"] = json!("did:web:lists.example:x")
        }),
        ("network", |it| {
            it["@context"][2] = json!("https://smart.who.int/trust/tng-context/v1.jsonld");
        }),
        ("one key less", |it| {
            it["verificationMethod"].as_array_mut().unwrap().remove(0);
        }),
        ("a reference more", |it| {
            let methods = it["verificationMethod"].as_array_mut().unwrap();
            methods.push(json!("did:web:more.example"));
        }),
        ("another type", |it| {
            it["verificationMethod"][0]["type"] = json!("JsonWebKey")
        }),
        ("a certificate less", |it| {
            let jwk = &mut it["verificationMethod"][0]["publicKeyJwk"];
            jwk["x5c"].as_array_mut().unwrap().pop();
        }),
        ("no attribute", |it| {
            let method = it["verificationMethod"][0].as_object_mut().unwrap();
            method.remove("domain");
        }),
        ("an attribute of another form", |it| {
            it["verificationMethod"][0]["keyusage"] = json!("#DSC");
        }),
        ("created", |it| {
            it["proof"]["created"] = json!("2026-06-01T00:00:01Z")
        }),
        ("nonce", |it| it["proof"]["nonce"] = json!("0")),
        ("signer", |it| {
            it["proof"]["verificationMethod"] = json!("did:web:lists.example:other");
        }),
        ("another key", |it| {
            it["verificationMethod"][0]["publicKeyJwk"]["more"] = json!(1);
        }),
    ];
    for (what, change) in changes {
        let document = DidDocument::read(&changed(&bytes, change), OURS).unwrap();
        let failure = document.proven_by(&key).unwrap_err();
        assert_eq!(failure.code(), Code::ProofInvalid, "{what}");
    }
    // What makes no line is not read either.
    let more = changed(&bytes, |it| it["expires"] = json!("2020-01-01"));
    assert!(
        DidDocument::read(&more, OURS)
            .unwrap()
            .proven_by(&key)
            .is_ok()
    );
    let bare = changed(&bytes, |it| {
        drop(it.as_object_mut().unwrap().remove("proof"))
    });
    let failure = DidDocument::read(&bare, OURS)
        .unwrap()
        .proven_by(&key)
        .unwrap_err();
    assert_eq!(failure.code(), Code::UnverifiedProof);
}

#[test]
fn documents_that_could_mean_two_things_are_refused() {
    let Some((bytes, _)) = published() else {
        return;
    };
    let code = |bytes: &[u8], did| DidDocument::read(bytes, did).unwrap_err().code();
    assert_eq!(
        code(&bytes, "did:web:lists.example:v2:trustlist"),
        Code::ListInvalid
    );
    let twice = changed(&bytes, |it| {
        let methods = it["verificationMethod"].as_array_mut().unwrap();
        methods.push(methods[0].clone());
    });
    assert_eq!(code(&twice, OURS), Code::ListInvalid);
    let text = String::from_utf8(bytes.clone()).unwrap();
    let repeated = text.replacen("\"id\":", "\"id\":\"did:web:x\",\"id\":", 1);
    assert_eq!(code(repeated.as_bytes(), OURS), Code::ListInvalid);
    let kind = changed(&bytes, |it| {
        it["proof"]["type"] = json!("DataIntegrityProof")
    });
    assert_eq!(code(&kind, OURS), Code::ListInvalid);
    // {"alg":"ES256"}: the payload would be signed in another form.
    let encoded = changed(&bytes, |it| {
        it["proof"]["jws"] = json!("eyJhbGciOiJFUzI1NiJ9..AA")
    });
    assert_eq!(code(&encoded, OURS), Code::AlgorithmUnsupported);
}

#[test]
fn a_bad_key_is_a_row_and_the_others_stay() {
    let Some((bytes, key)) = published() else {
        return;
    };
    let changes: [(&str, Code, Change); 7] = [
        ("elsewhere", Code::OutOfScope, |it| {
            it["id"] = json!("did:web:other.example:v2:trustlist:DCC:IDN:DSC#AAAA");
        }),
        ("another alphabet", Code::EntryInvalid, |it| {
            it["id"] = json!("did:web:a> <b#A")
        }),
        ("another kid", Code::KidMismatch, |it| {
            it["publicKeyJwk"]["kid"] = json!("AAAA")
        }),
        ("other numbers", Code::EntryInvalid, |it| {
            it["publicKeyJwk"]["x"] = it["publicKeyJwk"]["y"].clone();
        }),
        ("a private key", Code::TestSigner, |it| {
            it["publicKeyJwk"]["d"] = json!("AA")
        }),
        ("another usage", Code::EntryInvalid, |it| {
            it["keyusage"] = json!({ "code": "#CSCA" })
        }),
        ("no key", Code::EntryInvalid, |it| {
            it.as_object_mut().unwrap().remove("publicKeyJwk");
        }),
    ];
    for (what, code, change) in changes {
        let bytes = changed(&bytes, |it| change(&mut it["verificationMethod"][0]));
        let document = DidDocument::read(&bytes, OURS).unwrap();
        let row = document.methods[0].as_ref().unwrap_err();
        assert_eq!(
            (row.failure.code(), row.place.position),
            (code, 1),
            "{what}"
        );
        assert!(document.methods[1].is_ok(), "{what}");
        assert!(document.proven_by(&key).is_err(), "{what}");
    }
}
