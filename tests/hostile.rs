//! A hostile country, a hostile gateway, and a host that was taken over: what they cannot do to others.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use lintas::crypto::sha256;
use lintas::exchange::RecordKind;
use lintas::exchange::dgcg::Dialect;
use lintas::exchange::did::{Heading, Network, Unsigned};
use lintas::exchange::signed::{ListForm, PublishedSigner, germany};
use lintas::model::{Country, Environment, Thumbprint, UnixTime};
use lintas::server::federation::{Fetched, FetchedDocument};
use lintas::server::gateway::intake::{Intake, Taken};
use lintas::server::gateway::replica::Replica;
use lintas::snapshot::{
    DidProof, DidTrust, FeedContent, FeedProof, FeedRecords, ListTrust, Snapshot, read_feed,
    statements,
};
use lintas::trust::{
    Assurance, Authorities, KeyMaterial, Place, Purposes, Role, Source, SourceList, Statement,
    TrustEntry,
};
use lintas::verify::{self, Policy};
use support::country::{Identity, Participant, SIGNED_AT, entry, onboarding, stated};
use support::{TestSigner, VACCINATION, issued_at};

/// A feed and what it has said so far.
struct Feed {
    replica: Replica,
    proof: FeedProof,
    now: i64,
}

impl Feed {
    fn new(proof: FeedProof) -> Self {
        Self {
            replica: Replica::default(),
            proof,
            now: SIGNED_AT,
        }
    }

    fn gateway(anchor: &Identity) -> Self {
        Self::new(FeedProof::Gateway {
            dialect: Dialect::Eu,
            anchors: vec![anchor.thumbprint()],
        })
    }

    fn take(&mut self, fetched: Fetched) -> Taken {
        self.now += 60;
        let intake = Intake {
            source: "feed",
            proof: &self.proof,
            standing: self.replica.feed("feed"),
            at: UnixTime::from_seconds(self.now).unwrap(),
            accepts_less: false,
        };
        let taken = intake.take(fetched);
        let records = taken.records.iter().cloned();
        records.for_each(|record| self.replica.apply(record));
        taken
    }

    /// What it says, and what it states of countries' CAs.
    fn content(&self) -> (FeedContent, Vec<Statement>) {
        let standing = self.replica.feed("feed").unwrap();
        let feed = FeedRecords {
            source: Source::new("feed", Environment::Test, standing.as_of()),
            proof: self.proof.clone(),
            records: standing.records().collect(),
            withdrawn: standing.withdrawn(),
            retired: standing.retired().collect(),
        };
        (read_feed(&feed, &[]), statements(&feed))
    }

    fn signers(&self) -> usize {
        self.content().0.list.entries.len()
    }

    /// Seconds since its signers were last known.
    fn age(&self) -> i64 {
        self.now - self.replica.feed("feed").unwrap().as_of().seconds()
    }
}

fn document(kind: RecordKind, name: &str, body: impl Into<Vec<u8>>) -> FetchedDocument {
    FetchedDocument {
        kind,
        name: name.to_owned(),
        country: None,
        body: body.into(),
    }
}

fn listed(statement: &Statement) -> FetchedDocument {
    let name = statement.thumbprint.unwrap().to_string();
    document(RecordKind::TrustListEntry, &name, entry(statement))
}

fn whole(kind: RecordKind, documents: Vec<FetchedDocument>) -> Fetched {
    Fetched {
        documents,
        answered: vec![kind],
        complete: vec![kind],
        ..Fetched::default()
    }
}

fn delta(names: &[Thumbprint]) -> Fetched {
    let names = names.iter().map(ToString::to_string);
    Fetched {
        withdrawn: names
            .map(|name| (RecordKind::TrustListEntry, name))
            .collect(),
        answered: vec![RecordKind::TrustListEntry],
        ..Fetched::default()
    }
}

fn reasons(taken: &Taken) -> Vec<&'static str> {
    let left_out = taken.left_out.iter();
    left_out.map(|(_, failure)| failure.code().name()).collect()
}

/// The public key of somebody else.
struct Foreign(Vec<u8>);

impl rcgen::PublicKeyData for Foreign {
    fn der_bytes(&self) -> &[u8] {
        &self.0[self.0.len() - 65..]
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

fn named(der: &[u8], country: &str) -> TrustEntry {
    TrustEntry {
        place: Place {
            document: "list".to_owned(),
            position: 1,
        },
        key: KeyMaterial::Certificate(der.to_vec()),
        kid: None,
        country: Some(country.to_owned()),
        purposes: Purposes::ALL,
    }
}

fn list(id: &str, assurance: Assurance, entries: Vec<TrustEntry>) -> SourceList {
    SourceList {
        source: Source::new(id, Environment::Demo, issued_at()),
        assurance,
        entries,
    }
}

#[test]
fn a_certificate_of_two_countries_signs_for_the_one_that_vouches_for_it() {
    let anchor = Identity::self_signed("EU", "anchor", false);
    let country = Participant::new("ID");
    let key = rcgen::KeyPair::generate().unwrap();
    let der = country.csca.certify(&["ID", "DE"], &key);
    let mut statement = stated(Role::Signer, "ID", &country.signer(), &country.upload);
    statement.thumbprint = None;
    statement.signature = country.upload.sign(&der, false);
    statement.certificate = der;
    let mut authorities = Authorities::default();
    for statement in country.onboarded(&anchor) {
        authorities.add(&statement, &[anchor.thumbprint()]).unwrap();
    }
    let entries = vec![authorities.signer(&statement).unwrap()];
    let list = list("eu", Assurance::Anchored, entries);
    let (snapshot, _) = Snapshot::assemble(Environment::Demo, 1, [&list]);
    assert_eq!(
        snapshot.trust().signers()[0].countries,
        [Country::parse("ID").unwrap()]
    );
}

#[test]
fn certificates_over_a_foreign_key_keep_nobody_out() {
    use rcgen::PublicKeyData;
    let (owner, other) = (Participant::new("DE"), Participant::new("ID"));
    let victim = owner.signer();
    let key = Foreign(victim.key.subject_public_key_info());
    let mut entries = vec![named(&victim.der, "DE")];
    while entries.len() < 30 {
        let der = other.csca.certify(&["ID"], &key);
        if sha256(&der) < victim.thumbprint().0 || entries.len() > 18 {
            entries.push(named(&der, "ID"));
        }
    }
    let list = list("eu", Assurance::Anchored, entries);
    let (snapshot, report) = Snapshot::assemble(Environment::Demo, 1, [&list]);
    let signers = snapshot.trust().signers();
    assert!(
        signers
            .iter()
            .any(|dsc| dsc.thumbprint == victim.thumbprint())
    );
    assert_eq!((report.admitted, report.refused.len()), (17, 13));
}

#[test]
fn a_certificate_over_a_foreign_bare_key_changes_nothing_for_its_owner() {
    let owner = TestSigner::new(1);
    let text = owner.issue(VACCINATION);
    let kid = owner.snapshot.trust().signers()[0].kid.clone();
    let spki = BASE64_STANDARD.decode(owner.spki_base64()).unwrap();
    let bare = TrustEntry {
        key: KeyMaterial::PublicKey(spki.clone()),
        kid: Some(kid),
        ..named(&[], "ZZ")
    };
    let strange = Participant::new("ID").csca.certify(&["ID"], &Foreign(spki));
    let own = list("a", Assurance::SignedList, vec![bare]);
    let foreign = list("b", Assurance::Anchored, vec![named(&strange, "ID")]);
    for lists in [vec![&own], vec![&own, &foreign]] {
        let (snapshot, _) = Snapshot::assemble(Environment::Demo, 1, lists);
        let at = issued_at().plus(86_400);
        let verdict = verify::verify(&text, at, &snapshot, &Policy::default());
        assert_eq!(verdict.outcome().name(), "accept");
    }
}

#[test]
fn what_is_withdrawn_twice_is_gone_twice() {
    let anchor = Identity::self_signed("EU", "anchor", false);
    let country = Participant::new("ID");
    let signers: Vec<_> = (0..20).map(|_| country.signer()).collect();
    let names: Vec<_> = signers.iter().map(Identity::thumbprint).collect();
    let named: Vec<_> = signers.iter().map(|signer| country.named(signer)).collect();
    let authorities = country.onboarded(&anchor);
    let mut feed = Feed::gateway(&anchor);
    let all = authorities.iter().chain(&named).map(listed).collect();
    feed.take(whole(RecordKind::TrustListEntry, all));
    assert_eq!(feed.take(delta(&names[17..])).withdrawn, 3);
    let again = Fetched {
        documents: named[17..].iter().map(listed).collect(),
        ..delta(&[])
    };
    feed.take(again);
    assert_eq!(feed.take(delta(&names[17..])).withdrawn, 3);
    assert_eq!(feed.replica.feed("feed").unwrap().records().count(), 2 + 17);
    let rest = authorities.iter().chain(&named[..17]).map(listed).collect();
    let taken = feed.take(whole(RecordKind::TrustListEntry, rest));
    assert_eq!((taken.left_out.len(), feed.age()), (0, 0));
}

#[test]
fn a_gateway_cannot_send_everybody_away_at_once() {
    let anchor = Identity::self_signed("EU", "anchor", false);
    let country = Participant::new("ID");
    let signers: Vec<_> = (0..10).map(|_| country.signer()).collect();
    let names: Vec<_> = signers.iter().map(Identity::thumbprint).collect();
    let named: Vec<_> = signers.iter().map(|signer| country.named(signer)).collect();
    let authorities = country.onboarded(&anchor);
    let mut feed = Feed::gateway(&anchor);
    let all = authorities.iter().chain(&named).map(listed).collect();
    feed.take(whole(RecordKind::TrustListEntry, all));
    let taken = feed.take(delta(&names));
    assert_eq!((reasons(&taken), feed.signers()), (vec!["list_shrunk"], 10));
    assert!(feed.age() > 0 && !taken.alarmed.is_empty());
    // Nor by entries that prove nothing any more, in the place of those that did.
    let blank = named.iter().map(|statement| Statement {
        signature: country.upload.sign(b"something else", false),
        ..statement.clone()
    });
    let blank: Vec<_> = blank.collect();
    let blank = authorities.iter().chain(&blank).map(listed).collect();
    let taken = feed.take(whole(RecordKind::TrustListEntry, blank));
    assert_eq!(
        (reasons(&taken), feed.signers()),
        (vec!["proof_invalid"; 10], 10)
    );
}

#[test]
fn a_csca_that_was_withdrawn_vouches_for_nobody_when_it_is_listed_again() {
    let anchor = Identity::self_signed("EU", "anchor", false);
    let country = Participant::new("ID");
    let mut feed = Feed::gateway(&anchor);
    let authorities = || country.onboarded(&anchor).iter().map(listed).collect();
    feed.take(whole(RecordKind::TrustListEntry, authorities()));
    let vouching = |feed: &Feed| {
        let statements = feed.content().1;
        statements.iter().filter(|it| it.role == Role::Csca).count()
    };
    assert_eq!(vouching(&feed), 1);
    feed.take(delta(&[country.csca.thumbprint()]));
    feed.take(whole(RecordKind::TrustListEntry, authorities()));
    assert_eq!(vouching(&feed), 0);
    assert_eq!(
        feed.content().0.refused[0].code.name(),
        "withdrawn_returned"
    );
}

#[test]
fn what_a_country_withdrew_stays_withdrawn_when_its_upload_certificate_goes() {
    let anchor = Identity::self_signed("EU", "anchor", false);
    let country = Participant::new("ID");
    let batch = r#"{"country":"ID","expires":"2027-01-01T00:00:00Z","kid":null,"hashType":"UCI",
        "entries":[{"hash":"TA/gJg6xoyUDqeElh0QmXA=="}]}"#;
    let batch = support::country::carried(&country.upload.sign(batch.as_bytes(), true));
    let mut feed = Feed::gateway(&anchor);
    let mut all: Vec<_> = country.onboarded(&anchor).iter().map(listed).collect();
    all.push(document(RecordKind::RevocationBatch, "1", batch));
    feed.take(whole(RecordKind::TrustListEntry, all));
    assert_eq!(feed.content().0.batches.len(), 1);
    feed.take(delta(&[country.upload.thumbprint()]));
    assert_eq!(feed.content().0.batches.len(), 1);
}

#[test]
fn a_national_list_forgets_no_withdrawal_and_survives_a_look_in_between() {
    let key = TestSigner::new(5);
    let spki = BASE64_STANDARD.decode(key.spki_base64()).unwrap();
    let country = Participant::new("ID");
    let signers: Vec<_> = (0..10).map(|_| country.signer()).collect();
    let made = |count: usize| {
        let signers = signers.iter().take(count).map(|signer| PublishedSigner {
            country: Country::parse("ID").unwrap(),
            certificate: signer.der.clone(),
            purposes: Purposes::ALL,
            admitted_at: issued_at(),
            upload: None,
        });
        let unsigned = germany::Unsigned::new(&signers.collect::<Vec<_>>());
        unsigned.complete(&key.sign(unsigned.signed_bytes()))
    };
    let mut feed = Feed::new(FeedProof::List(ListTrust {
        form: ListForm::Germany,
        pinned: vec![Thumbprint(sha256(&spki))],
        material: vec![spki.clone()],
    }));
    let folder = |files: &[(&str, Vec<u8>)]| {
        let files = files.iter();
        let files =
            files.map(|(name, body)| document(RecordKind::ListDocument, name, body.clone()));
        whole(RecordKind::ListDocument, files.collect())
    };
    feed.take(folder(&[("de", made(10))]));
    assert_eq!(feed.signers(), 10);
    assert_eq!(feed.take(folder(&[("de", made(9))])).withdrawn, 1);
    feed.take(folder(&[("de", made(10))]));
    let (content, _) = feed.content();
    assert_eq!(
        (content.list.entries.len(), content.refused[0].code.name()),
        (9, "withdrawn_returned")
    );
    for odd in [folder(&[]), folder(&[("other", b"garbage\n{}".to_vec())])] {
        let taken = feed.take(odd);
        assert_eq!((taken.withdrawn, feed.signers()), (0, 9));
        assert!(feed.age() > 0 && !taken.alarmed.is_empty());
    }
    for name in ["other", "de", "other", "de"] {
        feed.take(folder(&[(name, made(10))]));
        assert_eq!((feed.signers(), feed.age()), (9, 0), "{name}");
    }
}

#[test]
fn a_statement_that_is_taken_away_twice_vouches_no_more() {
    let anchor = Identity::self_signed("EU", "anchor", false);
    let country = Participant::new("ID");
    let mut feed = Feed::new(FeedProof::Statements(vec![anchor.thumbprint()]));
    let body = onboarding("ID", &country.csca, &anchor);
    for (there, vouching) in [(true, 1), (false, 0), (true, 1), (false, 0)] {
        let file = document(RecordKind::ListDocument, "id.json", body.clone());
        let files = if there { vec![file] } else { Vec::new() };
        feed.take(whole(RecordKind::ListDocument, files));
        assert_eq!(feed.content().1.len(), vouching);
    }
}

const LIST: &str = "did:web:a.int:v2:trustlist";
const SIGNER: &str = "did:web:b.int:signer";

/// The document of the signer with this seed, and the fingerprint of its key.
fn signer(seed: u8) -> (Thumbprint, String) {
    let spki = BASE64_STANDARD
        .decode(TestSigner::new(seed).spki_base64())
        .unwrap();
    let number = |range: std::ops::Range<usize>| BASE64_URL_SAFE_NO_PAD.encode(&spki[range]);
    let end = spki.len();
    let key = serde_json::json!({
        "kty": "EC", "crv": "P-256", "x": number(end - 64..end - 32), "y": number(end - 32..end),
    });
    let document = serde_json::json!({
        "id": SIGNER,
        "verificationMethod": [{
            "id": format!("{SIGNER}#k"), "type": "JsonWebKey2020", "controller": SIGNER, "publicKeyJwk": key,
        }],
    });
    (Thumbprint(sha256(&spki)), document.to_string())
}

fn did_list(created: UnixTime) -> Vec<u8> {
    let heading = Heading {
        did: LIST,
        controller: LIST,
        network: Network::Development,
        signer: SIGNER,
        created,
        nonce: "abc",
    };
    let unsigned = Unsigned::new(&heading, &[], &[]).unwrap();
    let signature = TestSigner::new(3).sign(&unsigned.signed_bytes());
    unsigned.complete(&signature).unwrap()
}

fn dids(documents: Vec<FetchedDocument>) -> Fetched {
    Fetched {
        documents,
        answered: vec![RecordKind::DidDocument],
        ..Fetched::default()
    }
}

fn did_feed(pinned: Thumbprint) -> Feed {
    Feed::new(FeedProof::Did(DidTrust {
        did: LIST.to_owned(),
        proof: DidProof::Pinned(pinned),
        domains: vec!["DCC".to_owned()],
        anchors: Vec::new(),
    }))
}

#[test]
fn another_document_of_the_signer_does_not_empty_the_list() {
    let ((pinned, good), (_, other)) = (signer(3), signer(4));
    let mut feed = did_feed(pinned);
    let list = did_list(issued_at());
    for (document_of_signer, left_out) in [(&good, 0), (&other, 1)] {
        let taken = feed.take(dids(vec![
            document(RecordKind::DidDocument, LIST, list.clone()),
            document(
                RecordKind::DidDocument,
                SIGNER,
                document_of_signer.as_bytes(),
            ),
        ]));
        assert_eq!(taken.left_out.len(), left_out);
        assert!(feed.content().0.refused.is_empty());
    }
}

#[test]
fn a_document_that_was_refused_is_no_news_that_nothing_changed() {
    let mut feed = did_feed(Thumbprint([1; 32]));
    let list = did_list(issued_at());
    let taken = feed.take(dids(vec![document(RecordKind::DidDocument, LIST, list)]));
    assert_eq!(reasons(&taken), ["anchor_unknown"]);
    assert!(taken.alarmed.contains(&RecordKind::DidDocument));
    let ((pinned, good), future) = (
        signer(3),
        UnixTime::from_seconds(SIGNED_AT + 1_000_000).unwrap(),
    );
    let mut feed = did_feed(pinned);
    let signer = || document(RecordKind::DidDocument, SIGNER, good.as_bytes());
    for (created, expected) in [
        (future, vec!["list_rolled_back"]),
        (issued_at(), vec![]),
        (issued_at().plus(-60), vec!["list_rolled_back"]),
        (issued_at().plus(60), vec![]),
    ] {
        let list = document(RecordKind::DidDocument, LIST, did_list(created));
        assert_eq!(reasons(&feed.take(dids(vec![list, signer()]))), expected);
    }
}
