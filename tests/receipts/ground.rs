//! Worlds that change, certificates of every kind, and a key of receipts.

use crate::rules::{asks, ruled};
use crate::support::{RECOVERY, TEST, TestSigner, VACCINATION, issued_at};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::codec::{base45, deflate};
use lintas::credential::hcert;
use lintas::model::{Country, Environment, Kid, Purpose, UnixTime};
use lintas::revocation::{HashKind, RevocationBatch, RevocationHash, RevocationList};
use lintas::server::federation::Directory;
use lintas::server::gateway::pinned;
use lintas::server::keys::{ReceiptKeys, ReceiptSigner, demo_pki};
use lintas::snapshot::{Own, OwnKey, Snapshot};
use lintas::trust::{Assurance, KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use lintas::verify::{
    self, Asked, Policy, PolicyName, Presented, Reached, Receipt, Registered, Signed, Verdict,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use tempfile::TempDir;

pub(crate) const DAY_S: i64 = 86_400;

/// A key of receipts in a folder of its own.
pub(crate) fn key() -> (ReceiptSigner, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let keys = ReceiptKeys::demo(data.path(), day(-200)).unwrap();
    (keys.signer.unwrap(), data)
}

pub(crate) fn day(days: i64) -> UnixTime {
    issued_at().plus(days * DAY_S)
}

/// The verdict on `texts`, for which the register says `registered`.
pub(crate) fn judged(
    texts: &[&str],
    at: UnixTime,
    snapshot: &Snapshot,
    policy: &Policy,
    registered: Registered,
) -> Verdict {
    judged_as(&Asked::default(), texts, at, (snapshot, policy), registered)
}

/// The verdict on `texts` of which this is `asked`.
pub(crate) fn judged_as(
    asked: &Asked,
    texts: &[&str],
    at: UnixTime,
    (snapshot, policy): (&Snapshot, &Policy),
    registered: Registered,
) -> Verdict {
    let opened: Vec<_> = texts.iter().map(|it| verify::open(it, snapshot)).collect();
    let presented = opened.iter().map(|opened| {
        let asks = opened.register_question(snapshot);
        let compromised = asks.is_some_and(|(_, standing)| standing == OwnKey::Compromised);
        let mut presented = Presented::of(opened);
        if compromised {
            presented.registered = registered;
        }
        presented
    });
    asked.verdict(presented, at, snapshot, policy)
}

/// The receipt for `verdict`, unsigned.
pub(crate) fn receipt(
    verdict: &Verdict,
    texts: &[&str],
    snapshot: &Snapshot,
    policy: &Policy,
) -> Receipt {
    receipt_as(&Asked::default(), verdict, texts, (snapshot, policy))
}

/// The receipt for `verdict`, of which this was `asked`.
pub(crate) fn receipt_as(
    asked: &Asked,
    verdict: &Verdict,
    texts: &[&str],
    (snapshot, policy): (&Snapshot, &Policy),
) -> Receipt {
    let policy = PolicyName::of(policy).unwrap();
    Receipt::of(verdict, texts, asked, snapshot, policy, "airline-7").unwrap()
}

/// The same as a signed message.
pub(crate) fn signed(receipt: Receipt, signer: &ReceiptSigner) -> Vec<u8> {
    let prepared = receipt.to_be_signed(&signer.key).unwrap();
    let signature = signer.signer.sign(prepared.signed_bytes()).unwrap();
    prepared.complete(signature).unwrap()
}

/// What is inside `text`, which a signer of `snapshot` signed.
fn inside<T>(text: &str, snapshot: &Snapshot, of: impl FnOnce(&Signed) -> T) -> T {
    let opened = verify::open(text, snapshot);
    let Reached::Signed(signed) = &opened.reached else {
        panic!("nobody signed it");
    };
    of(signed)
}

fn entry(signer: &TestSigner, seed: u8) -> TrustEntry {
    TrustEntry {
        place: Place {
            document: "test".into(),
            position: 1,
        },
        key: KeyMaterial::PublicKey(BASE64_STANDARD.decode(signer.spki_base64()).unwrap()),
        kid: Kid::from_bytes(&[seed; 8]),
        country: Some("ZZ".to_owned()),
        purposes: Purposes::ALL,
    }
}

/// A source of its own for `entries`, as old as `day(age)`.
fn list(id: &str, age: i64, assurance: Assurance, entries: Vec<TrustEntry>) -> SourceList {
    SourceList {
        assurance,
        ..SourceList::pinned(Source::new(id, Environment::Demo, day(age)), entries)
    }
}

/// Certificates of every kind, and the worlds in which they are judged.
pub(crate) struct Ground {
    pub(crate) texts: Vec<String>,
    pub(crate) worlds: Vec<Snapshot>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) asks: Vec<Asked>,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let [one, two, stranger] = [7, 8, 9].map(TestSigner::new);
        let (certified, listed) = certified();
        let mut texts = vec![certified];
        for claims in [VACCINATION, TEST, RECOVERY] {
            texts.extend([&one, &two, &stranger].map(|signer| signer.issue(claims)));
        }
        let good = texts[1].clone();
        texts.extend([
            forged(&good),
            good[..good.len() / 2].to_owned(),
            format!(" {good}\n"),
            good.to_lowercase(),
            "HC1:=".to_owned(),
            "not a certificate".to_owned(),
            String::new(),
        ]);
        let worlds = worlds(&good, &one, &two, listed);
        let numbered = (1..).zip(worlds);
        Self {
            texts,
            worlds: numbered.map(|(n, world)| world.with_sequence(n)).collect(),
            policies: vec![
                Policy::default(),
                Policy {
                    id: "strict".into(),
                    version: 4,
                    refused_quirks: lintas::quirk::Quirk::ALL.to_vec(),
                    ..Policy::default()
                },
            ],
            asks: asks(),
        }
    }

    /// The verdict and receipt with this number, each of other texts, at another instant, by another snapshot.
    pub(crate) fn number(&self, number: usize) -> (Vec<&str>, Receipt) {
        let count = 1 + number % 3;
        let texts = (0..count).map(|more| (number * 5 + more * 7) % self.texts.len());
        let texts: Vec<_> = texts.map(|it| self.texts[it].as_str()).collect();
        let world = &self.worlds[number / 3 % self.worlds.len()];
        let policy = &self.policies[number / 11 % self.policies.len()];
        let at = day([-100, 0, 1, 3, 40, 500][number / 7 % 6]);
        let words = [Registered::Yes, Registered::No, Registered::Unavailable];
        let (asked, by) = (&self.asks[number / 2 % self.asks.len()], (world, policy));
        let verdict = judged_as(asked, &texts, at, by, words[number % 3]);
        let receipt = receipt_as(asked, &verdict, &texts, by);
        (texts, receipt)
    }

    /// Every code and outcome that the first `count` receipts tell.
    pub(crate) fn told(&self, count: usize) -> BTreeSet<&'static str> {
        let receipts = (0..count).map(|number| self.number(number).1);
        let names = receipts.flat_map(|receipt| {
            let codes = receipt.credentials.into_iter().flat_map(|it| it.codes);
            let codes = codes.map(|(code, _)| code.name());
            codes.chain([receipt.outcome.name()]).collect::<Vec<_>>()
        });
        names.collect()
    }
}

/// The same with another signature.
fn forged(good: &str) -> String {
    let compressed = base45::decode(&good[hcert::PREFIX.len()..]).unwrap();
    let mut message = deflate::inflate(&compressed, hcert::LIMITS.inflated).unwrap();
    *message.last_mut().unwrap() ^= 1;
    hcert::write(&message).unwrap()
}

/// A certificate whose signer has one, too, and the list with that signer.
fn certified() -> (String, SourceList) {
    let data = tempfile::tempdir().unwrap();
    let pki = demo_pki(data.path(), day(-1)).unwrap();
    let source = Source::new("pinned", Environment::Demo, day(0));
    let reading = pinned::read_directory(source, &Directory::new(&pki.dsc)).unwrap();
    let (snapshot, _) = Snapshot::assemble(Environment::Demo, 0, [&reading.list]);
    let issuer = lintas::issue::Issuer {
        country: Country::DEMO,
        name: "Ministry of Tests".into(),
    };
    let claims = serde_json::from_str(VACCINATION).unwrap();
    let uvci = lintas::issue::uvci_from_random(Country::DEMO, [3; 16]).unwrap();
    let certificate = lintas::issue::check(&claims, &issuer, uvci, day(0)).unwrap();
    let dsc = &snapshot.trust().signers()[0];
    let prepared =
        lintas::issue::prepare(certificate, Country::DEMO, day(0), day(180), dsc).unwrap();
    let signer = lintas::server::keys::FileSigner::open(&pki.key).unwrap();
    let signature = lintas::server::keys::Signer::sign(&signer, &prepared.signed_bytes());
    let text = prepared.complete(signature.unwrap()).unwrap().text;
    (text, reading.list)
}

/// One world after the other: signers come and go, certificates are withdrawn by lists and by ourselves, a key is stolen,
/// sources grow old, rules are in force.
fn worlds(good: &str, one: &TestSigner, two: &TestSigner, listed: SourceList) -> Vec<Snapshot> {
    let (first, second) = (entry(one, 7), entry(two, 8));
    let pinned = Assurance::PinnedSigner;
    let assemble = |lists: &[SourceList]| Snapshot::assemble(Environment::Demo, 0, lists).0;
    let of_first = list("first", 0, pinned, vec![first.clone()]);
    let of_second = list("second", -2, pinned, vec![second.clone()]);
    let both = assemble(&[of_first.clone(), of_second.clone(), listed]);
    let weak = list("first", 0, Assurance::TlsOnly, vec![first.clone()]);
    let narrow = TrustEntry {
        purposes: Purposes::only([Purpose::Test]),
        ..second
    };
    let mut speaking = list("second", 0, Assurance::Chained, vec![narrow]);
    speaking.source.revocation_as_of = Some(day(-1));
    speaking.source.revocation_countries = Some(vec![Country::DEMO]);
    let mut silent = of_first.clone();
    silent.source.revocation_as_of = Some(day(-90));
    silent.source.revocation_countries = None;
    let signature = inside(good, &both, |signed| signed.signature_hash);
    let uvci = inside(good, &both, |signed| {
        let certificate = signed.certificate.as_ref().unwrap().as_ref().unwrap();
        RevocationHash::of_uci(certificate.entry.uvci())
    });
    let batch = |id: &str, kind, hash| RevocationBatch {
        id: id.to_owned(),
        country: Country::DEMO,
        kid: None,
        kind,
        expires_at: day(2),
        hashes: vec![hash, RevocationHash([9; 16])],
    };
    let by_lists = RevocationList::new([
        batch("b", HashKind::Uci, uvci),
        batch("a", HashKind::CountryCodeUci, RevocationHash([1; 16])),
        RevocationBatch {
            kid: Kid::from_bytes(&[7; 8]),
            hashes: Vec::new(),
            ..batch("c", HashKind::Signature, signature)
        },
    ]);
    let spki = inside(good, &both, |signed| signed.spki_digest);
    let mut own = Own::of(Country::DEMO);
    own.stands(spki, OwnKey::Healthy);
    let healthy = own.clone();
    own.withdraw([signature, RevocationHash([200; 16])]);
    let withdrawn = own.clone();
    own.reinstate([signature]);
    own.stands(spki, OwnKey::Compromised);
    let stolen = own.clone();
    own.set_incomplete(true);
    let with = |own: &Own| both.clone().with_own(Arc::new(own.clone()));
    vec![
        both.clone(),
        both.clone().with_revocations(Arc::new(by_lists.clone())),
        with(&healthy),
        with(&withdrawn).with_revocations(Arc::new(by_lists)),
        with(&stolen),
        with(&own),
        assemble(&[weak, of_second.clone()]),
        assemble(&[of_first, speaking]),
        assemble(&[silent, of_second]),
        ruled(both.clone(), false),
        ruled(both, true),
        Snapshot::empty(Environment::Demo),
    ]
}
