//! Withdrawn certificates: whom a batch reaches, and when the list of them is too old.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use lintas::credential;
use lintas::model::{Country, Environment, Kid, UnixTime};
use lintas::revocation::{HashKind, RevocationBatch, RevocationHash, RevocationList};
use lintas::snapshot::Snapshot;
use lintas::trust::{Assurance, KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use lintas::verify::{self, Policy};
use std::sync::Arc;
use support::country::{Identity, Participant};
use support::{RECOVERY, TestSigner, VACCINATION, issued_at};

const DAY_S: i64 = 86_400;

fn batch(kind: HashKind, hash: RevocationHash) -> RevocationBatch {
    RevocationBatch {
        id: "1f0e".to_owned(),
        country: Country::DEMO,
        kid: None,
        kind,
        expires_at: issued_at().plus(100 * DAY_S),
        hashes: vec![hash],
    }
}

/// The hashes of all kinds of the certificate in `text`.
fn hashes(text: &str) -> Vec<(HashKind, RevocationHash)> {
    let content = credential::read(text)
        .unwrap()
        .inspect_without_authentication();
    let certificate = content.certificate.unwrap().unwrap();
    let uvci = certificate.entry.uvci();
    vec![
        (HashKind::Uci, RevocationHash::of_uci(uvci)),
        (
            HashKind::CountryCodeUci,
            RevocationHash::of_country_and_uci("ZZ", uvci),
        ),
    ]
}

fn codes(text: &str, snapshot: &Snapshot, day: i64) -> Vec<&'static str> {
    let policy = Policy {
        max_trust_age_s: 1000 * DAY_S,
        ..Policy::default()
    };
    let verdict = verify::verify(text, issued_at().plus(day * DAY_S), snapshot, &policy);
    verdict
        .findings()
        .map(|(_, finding)| finding.code.name())
        .collect()
}

fn with(snapshot: &Snapshot, batch: RevocationBatch) -> Snapshot {
    snapshot
        .clone()
        .with_revocations(Arc::new(RevocationList::new([batch])))
}

#[test]
fn a_batch_withdraws_under_every_kind_of_hash() {
    let signer = TestSigner::new(1);
    let (text, other) = (signer.issue(VACCINATION), signer.issue(RECOVERY));
    let message = {
        let compressed = lintas::codec::base45::decode(&text[4..]).unwrap();
        lintas::codec::deflate::inflate(&compressed, credential::hcert::LIMITS.inflated).unwrap()
    };
    let message =
        lintas::codec::cose::Sign1::read(&message, credential::hcert::LIMITS.cbor).unwrap();
    let by_signature =
        RevocationHash::of_signature(message.signature(), lintas::crypto::Algorithm::Es256);
    let mut all = hashes(&text);
    all.push((HashKind::Signature, by_signature));
    for (kind, hash) in all {
        let snapshot = with(&signer.snapshot, batch(kind, hash));
        assert_ne!(snapshot.id(), signer.snapshot.id());
        assert_eq!(codes(&text, &snapshot, 1), ["revoked"], "{}", kind.name());
        if kind == HashKind::Signature {
            assert!(codes(&other, &snapshot, 1).is_empty());
        }
        assert!(codes(&text, &signer.snapshot, 1).is_empty());
    }
}

#[test]
fn a_batch_reaches_its_own_country_and_signer_and_ends() {
    let signer = TestSigner::new(1);
    let text = signer.issue(VACCINATION);
    let (kind, hash) = hashes(&text)[0];
    let good = batch(kind, hash);
    let foreign = RevocationBatch {
        country: Country::parse("SG").unwrap(),
        ..good.clone()
    };
    assert!(codes(&text, &with(&signer.snapshot, foreign), 1).is_empty());
    let kid = |seed| RevocationBatch {
        kid: Kid::from_bytes(&[seed; 8]),
        ..good.clone()
    };
    assert_eq!(
        codes(&text, &with(&signer.snapshot, kid(1)), 1),
        ["revoked"]
    );
    assert!(codes(&text, &with(&signer.snapshot, kid(2)), 1).is_empty());
    let snapshot = with(&signer.snapshot, good);
    assert_eq!(codes(&text, &snapshot, 100), ["revoked"]);
    assert!(
        codes(&text, &snapshot, 101).is_empty(),
        "the batch has ended"
    );
    let at = issued_at().plus(DAY_S);
    let verdict = verify::verify(&text, at, &snapshot, &Policy::default());
    let told = verdict.recheck_by().unwrap();
    assert!(told <= issued_at().plus(100 * DAY_S).plus(1));
}

fn listed(source: Source, assurance: Assurance, signer: &Identity) -> Snapshot {
    let place = Place {
        document: "list".to_owned(),
        position: 1,
    };
    let entry = TrustEntry {
        place,
        key: KeyMaterial::Certificate(signer.der.clone()),
        kid: None,
        country: None,
        purposes: Purposes::ALL,
    };
    let list = SourceList {
        source,
        assurance,
        entries: vec![entry],
    };
    Snapshot::assemble(Environment::Test, 1, &[list]).0
}

#[test]
fn a_signer_whose_withdrawals_nobody_has_heard_of_lately_is_indeterminate() {
    let signer = TestSigner::new(1);
    let text = signer.issue(VACCINATION);
    let entries = |snapshot: &Snapshot| snapshot.trust().signers()[0].clone();
    let own = entries(&signer.snapshot);
    let entry = TrustEntry {
        place: Place {
            document: "list".to_owned(),
            position: 1,
        },
        key: KeyMaterial::PublicKey(support_spki(&signer)),
        kid: Some(own.kid.clone()),
        country: Some("ZZ".to_owned()),
        purposes: Purposes::ALL,
    };
    let world = |ages: &[Option<UnixTime>]| {
        let lists: Vec<_> = ages
            .iter()
            .enumerate()
            .map(|(number, age)| {
                let source = Source {
                    revocation_as_of: *age,
                    ..Source::new(format!("source-{number}"), Environment::Demo, issued_at())
                };
                SourceList::pinned(source, vec![entry.clone()])
            })
            .collect();
        Snapshot::assemble(Environment::Demo, 1, &lists).0
    };
    let (old, new) = (Some(issued_at()), Some(issued_at().plus(5 * DAY_S)));
    assert!(codes(&text, &world(&[None]), 6).is_empty());
    assert!(codes(&text, &world(&[new]), 6).is_empty());
    assert_eq!(codes(&text, &world(&[old]), 6), ["revocation_stale"]);
    assert_eq!(codes(&text, &world(&[old, None]), 6), ["revocation_stale"]);
    assert!(codes(&text, &world(&[old, new]), 6).is_empty());
}

fn support_spki(signer: &TestSigner) -> Vec<u8> {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD
        .decode(signer.spki_base64())
        .unwrap()
}

#[test]
fn usages_of_other_fields_need_a_signed_list() {
    let country = Participant::new("ID");
    let tls: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 2];
    let health: &[u64] = &[1, 3, 6, 1, 4, 1, 1847, 2021, 1, 2];
    let source = || Source::new("who", Environment::Test, issued_at());
    let admitted = |assurance, usages: &[&[u64]]| {
        let signer = country.csca.issue("ID", "DSC", usages);
        listed(source(), assurance, &signer).trust().signers().len()
    };
    for assurance in [Assurance::TlsOnly, Assurance::Chained] {
        assert_eq!(admitted(assurance, &[tls]), 0);
        assert_eq!(admitted(assurance, &[tls, health]), 1);
        assert_eq!(admitted(assurance, &[]), 1);
    }
    for assurance in [
        Assurance::SignedList,
        Assurance::Anchored,
        Assurance::PinnedSigner,
    ] {
        assert_eq!(admitted(assurance, &[tls]), 1);
    }
}

#[test]
fn a_signer_of_an_unproven_list_is_indeterminate_until_a_proof_names_it() {
    let signer = TestSigner::new(1);
    let text = signer.issue(VACCINATION);
    let own = signer.snapshot.trust().signers()[0].clone();
    let list = |id: &str, assurance| {
        let entry = TrustEntry {
            place: Place {
                document: "list".to_owned(),
                position: 1,
            },
            key: KeyMaterial::PublicKey(support_spki(&signer)),
            kid: Some(own.kid.clone()),
            country: Some("ZZ".to_owned()),
            purposes: Purposes::ALL,
        };
        let source = Source::new(id, Environment::Demo, issued_at());
        SourceList {
            source,
            assurance,
            entries: vec![entry],
        }
    };
    let unproven = list("a", Assurance::TlsOnly);
    let world =
        |lists: &[&SourceList]| Snapshot::assemble(Environment::Demo, 1, lists.iter().copied()).0;
    assert_eq!(codes(&text, &world(&[&unproven]), 1), ["unverified_proof"]);
    let proven = list("b", Assurance::SignedList);
    assert!(codes(&text, &world(&[&unproven, &proven]), 1).is_empty());
}

#[test]
fn production_admits_no_test_participants_and_no_public_keys() {
    let participant = Participant::new("XH");
    let kosovo = Participant::new("XK");
    let admitted = |environment, participants, signer: &Identity| {
        let source = Source {
            test_participants: participants,
            ..Source::new("who", environment, issued_at())
        };
        let entry = TrustEntry {
            place: Place {
                document: "list".to_owned(),
                position: 1,
            },
            key: KeyMaterial::Certificate(signer.der.clone()),
            kid: None,
            country: None,
            purposes: Purposes::ALL,
        };
        let list = SourceList {
            source,
            assurance: Assurance::Anchored,
            entries: vec![entry],
        };
        let (_, report) = Snapshot::assemble(environment, 1, &[list]);
        report
            .refused
            .first()
            .map_or("admitted", |refusal| refusal.code.name())
    };
    let signer = participant.signer();
    assert_eq!(
        admitted(Environment::Production, false, &signer),
        "test_signer"
    );
    assert_eq!(admitted(Environment::Production, true, &signer), "admitted");
    assert_eq!(admitted(Environment::Test, false, &signer), "admitted");
    assert_eq!(
        admitted(Environment::Production, false, &kosovo.signer()),
        "admitted"
    );
}
