//! The WHO network's published lists as trust, in each way in which they may be believed.
//!
//! Refuses to pass without them: where they are absent it says so and is skipped.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use lintas::crypto::sha256;
use lintas::exchange::did::{DidDocument, read_signer};
use lintas::exchange::{self, Record, RecordKind, onboarding};
use lintas::model::{Environment, Thumbprint, UnixTime};
use lintas::snapshot::{
    DidProof, DidTrust, FeedContent, FeedProof, FeedRecords, Snapshot, read_feed, statements,
};
use lintas::trust::chain::issued_by;
use lintas::trust::{Assurance, KeyMaterial, Source, Statement};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use support::vectors_dir;

/// 2026-08-22, when the lists were taken.
const TAKEN_AT: i64 = 1_787_400_000;

fn record(name: &str, file: &str) -> Option<Record> {
    Some(Record {
        kind: RecordKind::DidDocument,
        source: "who".to_owned(),
        name: name.to_owned(),
        country: None,
        received_at: UnixTime::EPOCH,
        body: fs::read(vectors_dir()?.join("who/trustlist").join(file)).unwrap(),
    })
}

fn content(
    environment: Environment,
    did: &str,
    proof: DidProof,
    records: &[Record],
) -> FeedContent {
    vouched(environment, did, proof, records, &[], &[])
}

/// The same, where `anchors` vouch for what `statements` state.
fn vouched(
    environment: Environment,
    did: &str,
    proof: DidProof,
    records: &[Record],
    anchors: &[Thumbprint],
    statements: &[Statement],
) -> FeedContent {
    let trust = DidTrust {
        did: did.to_owned(),
        proof,
        domains: vec!["DCC".to_owned()],
        anchors: anchors.to_vec(),
    };
    let feed = FeedRecords {
        source: Source::new("who", environment, UnixTime::EPOCH),
        proof: FeedProof::Did(trust),
        records: records.iter().collect(),
        withdrawn: HashSet::new(),
        retired: Vec::new(),
    };
    read_feed(&feed, statements)
}

fn reasons(
    content: &FeedContent,
    snapshot_refused: &[lintas::trust::Refusal],
) -> BTreeMap<&'static str, usize> {
    let mut reasons = BTreeMap::new();
    for refusal in content.refused.iter().chain(snapshot_refused) {
        *reasons.entry(refusal.code.name()).or_default() += 1;
    }
    reasons
}

/// How many are admitted, how many of these had expired when the list was taken, and why others are not.
fn admitted(
    environment: Environment,
    content: &FeedContent,
) -> (usize, usize, BTreeMap<&'static str, usize>) {
    let (snapshot, report) = Snapshot::assemble(environment, 1, [&content.list]);
    let signers = snapshot.trust().signers();
    let expired = signers
        .iter()
        .filter(|dsc| dsc.validity.not_after.seconds() < TAKEN_AT);
    (
        report.admitted,
        expired.count(),
        reasons(content, &report.refused),
    )
}

const PRODUCTION: &str = "did:web:tng-cdn.who.int:v2:trustlist";
const DEVELOPMENT: &str = "did:web:tng-cdn-dev.who.int:v2:trustlist";
const DEVELOPMENT_SIGNER: &str = "did:web:raw.githubusercontent.com:WorldHealthOrganization:tng-participants-dev:main:WHO:signing:DID";

#[test]
fn production_believed_by_its_host_alone() {
    let Some(list) = record(PRODUCTION, "prod/root.did.json") else {
        return;
    };
    let environment = Environment::Production;
    let content = content(environment, PRODUCTION, DidProof::TlsOnly, &[list]);
    let (admitted, expired, refused) = admitted(environment, &content);
    assert_eq!(content.list.assurance, Assurance::TlsOnly);
    // Five were signed with SHA-1, 54 have key usages of other fields only, six belong to the test participant XXH.
    let expected = [
        ("chain_invalid", 5),
        ("signer_not_authorised", 54),
        ("test_signer", 6),
    ];
    assert_eq!((admitted, expired), (373, 234));
    assert_eq!(refused, BTreeMap::from(expected));
}

#[test]
fn production_has_no_published_signer_so_an_anchor_must_vouch() {
    let Some(list) = record(PRODUCTION, "prod/root.did.json") else {
        return;
    };
    let environment = Environment::Production;
    let pinned = DidProof::Pinned(Thumbprint([7; 32]));
    let unknown = content(environment, PRODUCTION, pinned, std::slice::from_ref(&list));
    assert!(unknown.list.entries.is_empty());
    assert_eq!(
        reasons(&unknown, &[]),
        BTreeMap::from([("anchor_unknown", 1)])
    );
    let unproven = content(environment, PRODUCTION, DidProof::WhenPublished, &[list]);
    let (admitted, _, refused) = admitted(environment, &unproven);
    assert_eq!(unproven.list.assurance, Assurance::Chained);
    // Nobody vouches here for any CA.
    assert_eq!((admitted, refused["anchor_unknown"]), (0, 432));
}

#[test]
fn development_is_proven_by_its_signer() {
    let list = record(DEVELOPMENT, "dev/root.did.json");
    let signer = record(DEVELOPMENT_SIGNER, "dev/WHO_signing_DID.did.json");
    let (Some(list), Some(signer)) = (list, signer) else {
        return;
    };
    let environment = Environment::Test;
    let key = read_signer(&signer.body, DEVELOPMENT_SIGNER).unwrap();
    let pinned = DidProof::Pinned(Thumbprint(*key.spki_digest()));
    let documents = [list.clone(), signer.clone()];
    let believed = content(environment, DEVELOPMENT, pinned.clone(), &documents);
    let (count, _, refused) = admitted(environment, &believed);
    assert_eq!(believed.list.assurance, Assurance::SignedList);
    // The rest is of other domains, but for one whose custom key identifier is not its certificate's, and one whose
    // certificate names another country than its participant.
    let expected = [
        ("country_mismatch", 1),
        ("kid_mismatch", 1),
        ("out_of_scope", 71),
    ];
    assert_eq!((count, refused), (36, BTreeMap::from(expected)));
    // A key that nobody pinned proves that the document is whole; whom to believe is for an anchor to say.
    let published = content(
        environment,
        DEVELOPMENT,
        DidProof::WhenPublished,
        &documents,
    );
    assert_eq!(published.list.assurance, Assurance::Chained);
    assert_eq!(admitted(environment, &published).0, 0);
    let mut tampered = list;
    let at = tampered
        .body
        .windows(4)
        .position(|it| it == b"#IDN")
        .unwrap();
    tampered.body[at + 1] = b'X';
    let content = content(environment, DEVELOPMENT, pinned, &[tampered, signer]);
    assert!(content.list.entries.is_empty());
    assert_eq!(
        reasons(&content, &[]),
        BTreeMap::from([("proof_invalid", 1)])
    );
}

#[test]
fn indonesias_ca_is_vouched_for_by_the_trust_anchor() {
    let Some(folder) = vectors_dir() else {
        return;
    };
    let folder = folder.join("who/participants");
    let list = record(PRODUCTION, "prod/root.did.json").unwrap();
    let document = |name: &str| Record {
        kind: RecordKind::ListDocument,
        name: name.to_owned(),
        body: fs::read(folder.join("IDN").join(name)).unwrap(),
        ..list.clone()
    };
    let statement = document("prod.TNG_TA.signed.SCA.json");
    let anchor = onboarding::Statement::read(&statement.body)
        .unwrap()
        .signer()
        .to_vec();
    // The anchor is that of the chain that the WHO publishes.
    let chain = fs::read_to_string(folder.join("prod.TNG_TA.chain.pem")).unwrap();
    let published = exchange::read("chain.pem", chain.as_bytes()).unwrap();
    let published: Vec<_> = published
        .into_iter()
        .flatten()
        .map(|entry| entry.key)
        .collect();
    let is_anchor =
        |key: &KeyMaterial| matches!(key, KeyMaterial::Certificate(der) if *der == anchor);
    assert!(published.iter().any(is_anchor));
    let anchors = [Thumbprint(sha256(&anchor))];
    let upload = document("prod.TNG_TA.signed.UP.json");
    let feed = FeedRecords {
        source: Source::new("onboarding", Environment::Production, UnixTime::EPOCH),
        proof: FeedProof::Statements(anchors.to_vec()),
        records: vec![&statement, &upload],
        withdrawn: HashSet::new(),
        retired: Vec::new(),
    };
    let judged = read_feed(&feed, &[]);
    // The upload certificate is not taken for a CA.
    assert_eq!(
        (judged.documents, reasons(&judged, &[])),
        (1, BTreeMap::from([("chain_invalid", 1)]))
    );
    let statements = statements(&feed);
    let environment = Environment::Production;
    let believe = |anchors: &[Thumbprint]| {
        let published = DidProof::WhenPublished;
        vouched(
            environment,
            PRODUCTION,
            published,
            std::slice::from_ref(&list),
            anchors,
            &statements,
        )
    };
    // What stands in the folder is its CA of 2024; its one signer is of 2023, and an earlier CA signed it.
    let refused = admitted(environment, &believe(&anchors)).2;
    assert_eq!(
        (refused["chain_invalid"], refused["anchor_unknown"]),
        (1, 431)
    );
    let earlier = read_back(&list, "7JrRaPUKp3U=");
    assert!(issued_by(&read_back(&list, "umFDVUdIS8Y="), &earlier).is_ok());
    let refused = admitted(environment, &believe(&[])).2;
    assert_eq!(refused["anchor_unknown"], 432);
}

/// The certificate with this key identifier.
fn read_back(list: &Record, kid: &str) -> Vec<u8> {
    let document = DidDocument::read(&list.body, PRODUCTION).unwrap();
    let mut methods = document.methods.into_iter().flatten();
    methods
        .find(|method| method.kid.to_string() == kid)
        .unwrap()
        .chain[0]
        .clone()
}
