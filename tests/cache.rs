//! A gateway with a cache and one without say the same, whatever happens to signers, clock, policy and texts in between.
//!
//! Random sequences of events from a fixed seed, a thousand in a plain run. For more, in a release build:
//! `LINTAS_CACHE_SEQUENCES=100000 cargo test --release --test cache`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]
#![allow(clippy::print_stdout, reason = "the counts are the result")]

mod support;

use lintas::codec::{base45, deflate};
use lintas::model::{Environment, Kid, UnixTime};
use lintas::quirk::Quirk;
use lintas::server::gateway::cache::{Opening, Side};
use lintas::snapshot::Snapshot;
use lintas::trust::{KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry, kid_of};
use lintas::verify::{self, Locale, Opened, Outcome, Policy, Reached, Verdict, View};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rcgen::{CertificateParams, DnType, KeyPair};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use support::{RECOVERY, TEST, TestSigner, VACCINATION, issued_at};

#[test]
fn with_and_without_a_cache_the_verdict_is_the_same() {
    let sequences = sequences();
    let mut random = Random(0x1e47a5);
    let pool = Pool::new(&mut random);
    // One cache for all sequences: whatever it learned in one world it may only use in worlds where that is true.
    let mut trial = Trial::new(&pool);
    for _ in 0..sequences {
        trial.sequence(&mut random);
    }
    let Trial {
        hits,
        reopened,
        outcomes,
        ..
    } = &trial;
    println!("{sequences} sequences: {outcomes:?}, {hits} hits, {reopened} opened again");
    // It would prove nothing if the cache were never asked, or never refused to answer.
    for outcome in [Outcome::Accept, Outcome::Reject, Outcome::Indeterminate] {
        assert!(outcomes[&outcome] > sequences / 10, "{outcome:?}");
    }
    assert!(*hits > sequences && *reopened > sequences / 10);
    for side in Side::ALL {
        assert!(trial.opening.size(side).1 > 0, "{side:?}");
    }
}

fn sequences() -> usize {
    #[allow(
        clippy::disallowed_methods,
        reason = "how long to try is for whoever runs it"
    )]
    let wanted = std::env::var("LINTAS_CACHE_SEQUENCES").ok();
    wanted.map_or(1000, |count| count.parse().unwrap())
}

/// What can happen; each is as likely as the others.
#[derive(Clone, Copy)]
enum Event {
    /// Somebody presents a code.
    Verify,
    /// Somebody presents many at once, some of them twice.
    VerifyMany,
    /// A signer appears, or is dropped: another key under a known kid, a known key under another kid or in another
    /// certificate, a key that is of no use.
    Signer,
    /// A source is read again, or was not for long.
    Age,
    Clock,
    Policy,
}

const EVENTS: [Event; 6] = [
    Event::Verify,
    Event::VerifyMany,
    Event::Signer,
    Event::Age,
    Event::Clock,
    Event::Policy,
];

struct Trial<'p> {
    pool: &'p Pool,
    opening: Opening,
    snapshots: HashMap<(u32, usize), Snapshot>,
    last: HashMap<&'p str, Arc<Opened>>,
    hits: usize,
    reopened: usize,
    outcomes: BTreeMap<Outcome, usize>,
}

impl<'p> Trial<'p> {
    fn new(pool: &'p Pool) -> Self {
        Self {
            pool,
            opening: Opening::new(1),
            snapshots: HashMap::new(),
            last: HashMap::new(),
            hits: 0,
            reopened: 0,
            outcomes: BTreeMap::new(),
        }
    }

    /// A dozen events around a few codes; after each of them a code is judged with and without the cache.
    fn sequence(&mut self, random: &mut Random) {
        let pool = self.pool;
        let texts: Vec<&'p str> = (0..3).map(|_| random.of(&pool.texts).as_str()).collect();
        let mut signers = u32::try_from(random.below(1 << pool.entries.len())).unwrap();
        let (mut age, mut at, mut policy) = (0, issued_at().plus(DAY_S), Policy::default());
        for _ in 0..12 {
            let mut asked = vec![*random.of(&texts)];
            match random.of(&EVENTS) {
                Event::Verify => {}
                Event::VerifyMany => asked = (0..5).map(|_| *random.of(&texts)).collect(),
                Event::Signer => signers ^= 1 << random.below(pool.entries.len()),
                Event::Age => age = random.below(AGES.len()),
                Event::Clock => at = issued_at().plus(*random.of(&DAYS) * DAY_S),
                Event::Policy => policy = random_policy(random),
            }
            let snapshot = self.snapshots.entry((signers, age));
            let snapshot = snapshot.or_insert_with(|| pool.snapshot(signers, age));
            let opened = match asked.as_slice() {
                [text] => vec![self.opening.open(text, snapshot)],
                texts => self.opening.open_batch(texts, snapshot),
            };
            for (text, opened) in asked.into_iter().zip(opened) {
                let cached =
                    verify::judge(&opened, at, snapshot, &policy, verify::Registered::NotAsked);
                let cached = Verdict::of(vec![cached], at, snapshot, &policy);
                let anew = verify::verify(text, at, snapshot, &policy);
                let json = |it: &Verdict| it.to_json(View::Holder, Some(Locale::En), None);
                assert_eq!(json(&cached), json(&anew), "{text}");
                *self.outcomes.entry(anew.outcome()).or_default() += 1;
                if let Some(last) = self.last.insert(text, Arc::clone(&opened)) {
                    let same = Arc::ptr_eq(&last, &opened);
                    self.hits += usize::from(same);
                    let kept = matches!(last.reached, Reached::Signed(_));
                    self.reopened += usize::from(kept && !same);
                }
            }
        }
    }
}

fn random_policy(random: &mut Random) -> Policy {
    Policy {
        skew_s: *random.of(&[0, 300, 3600]),
        max_trust_age_s: *random.of(&[3600, 3 * DAY_S, 1000 * DAY_S]),
        refused_quirks: match random.below(3) {
            0 => vec![*random.of(&[
                Quirk::UnprotectedKid,
                Quirk::WhitespaceTrimmed,
                Quirk::LowerCased,
            ])],
            _ => Vec::new(),
        },
        ..Policy::default()
    }
}

/// Everything that sequences draw from.
struct Pool {
    entries: Vec<TrustEntry>,
    texts: Vec<String>,
}

impl Pool {
    fn new(random: &mut Random) -> Self {
        let keys = [1, 2, 3].map(|seed| SigningKey::from_slice(&[seed; 32]).unwrap());
        let [first, second, third] = &keys;
        let (old, new, ended) = (
            certificate(first, -30, 90),
            certificate(first, -1, 700),
            certificate(second, -700, -1),
        );
        let (a, b) = (
            Kid::from_bytes(b"a").unwrap(),
            Kid::from_bytes(b"b").unwrap(),
        );
        let bare = |key, kid: &Kid| entry(KeyMaterial::PublicKey(key), Some(kid));
        let listed = |der: &Vec<u8>| entry(KeyMaterial::Certificate(der.clone()), None);
        let entries = vec![
            bare(spki(first), &a),
            bare(spki(second), &a),
            bare(spki(first), &b),
            bare(spki(third), &b),
            bare(unusable(), &a),
            listed(&old),
            listed(&new),
            listed(&ended),
        ];
        let kids = [&old, &new, &ended].map(|der| kid_of(der).unwrap());
        let kids = [vec![a, b], kids.to_vec()].concat();
        let signers = [11, 12, 13].map(TestSigner::new);
        let claims = [VACCINATION, TEST, RECOVERY];
        let payloads: Vec<_> = claims
            .iter()
            .zip(&signers)
            .map(|(claims, signer)| payload(&signer.issue(claims)))
            .collect();
        let mut texts = Vec::new();
        for kid in &kids {
            for other in &kids[..2] {
                for _ in 0..24 {
                    let payload = random.of(&payloads).clone();
                    let message = Message::new(kid, other, payload, random.below(3));
                    let signature = message.signature(random.of(&keys), random);
                    let framing = *random.of(&FRAMINGS);
                    texts.push(framing.text(&message, signature));
                }
            }
        }
        texts.extend(["", "HC1:", "HC1:=", "hc1:6BF"].map(str::to_owned));
        Self { entries, texts }
    }

    /// The world that knows the entries whose bit is set in `signers`, from two sources of different age.
    fn snapshot(&self, signers: u32, age: usize) -> Snapshot {
        let known = |parity: usize| {
            let numbered = self.entries.iter().enumerate();
            let known =
                numbered.filter(move |(bit, _)| bit % 2 == parity && signers >> bit & 1 == 1);
            known.map(|(_, entry)| entry.clone()).collect()
        };
        let lists = [0, 1].map(|number| {
            let as_of = AGES[age][number];
            let source = Source::new(format!("source-{number}"), Environment::Demo, as_of);
            SourceList::pinned(source, known(number))
        });
        Snapshot::assemble(Environment::Demo, 1, &lists).0
    }
}

fn entry(key: KeyMaterial, kid: Option<&Kid>) -> TrustEntry {
    TrustEntry {
        place: Place {
            document: "test".into(),
            position: 1,
        },
        key,
        kid: kid.cloned(),
        country: Some("ZZ".into()),
        purposes: Purposes::ALL,
    }
}

fn spki(key: &SigningKey) -> Vec<u8> {
    let spki = key.verifying_key().to_public_key_der();
    spki.unwrap().into_vec()
}

/// A key on a curve that no credential may use (secp256k1).
fn unusable() -> Vec<u8> {
    let head = b"\x30\x56\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a\x03\x42\x00\x04";
    [head.as_slice(), &[1; 64]].concat()
}

fn certificate(key: &SigningKey, from: i64, until: i64) -> Vec<u8> {
    let key = KeyPair::from_pem(&key.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
    let mut parameters = CertificateParams::default();
    let name = &mut parameters.distinguished_name;
    *name = rcgen::DistinguishedName::new();
    name.push(DnType::CountryName, "ZZ");
    let day = |days: i64| {
        let date = issued_at().plus(days * DAY_S).date();
        rcgen::date_time_ymd(i32::from(date.year()), date.month(), date.day())
    };
    (parameters.not_before, parameters.not_after) = (day(from), day(until));
    parameters.self_signed(&key).unwrap().der().to_vec()
}

/// The signed claims of a code.
fn payload(text: &str) -> Vec<u8> {
    let bytes = deflate::inflate(&base45::decode(&text[4..]).unwrap(), 65_536).unwrap();
    let message = lintas::codec::cose::Sign1::read(&bytes, lintas::credential::hcert::LIMITS.cbor);
    message.unwrap().payload().to_vec()
}

/// A COSE message by hand, so that every oddity can be put into it.
struct Message {
    protected: Vec<u8>,
    unprotected: Vec<u8>,
    payload: Vec<u8>,
}

impl Message {
    /// `kid` in the protected header, the unprotected one, or the protected one with `other` in the unprotected.
    fn new(kid: &Kid, other: &Kid, payload: Vec<u8>, place: usize) -> Self {
        let stated = |kid: &Kid| [b"\x04".to_vec(), bytes(kid.as_bytes())].concat();
        let algorithm = b"\x01\x26".to_vec();
        let signed = [b"\xa2".to_vec(), algorithm.clone(), stated(kid)].concat();
        let (protected, unprotected) = match place {
            0 => (signed, b"\xa0".to_vec()),
            1 => (
                [b"\xa1".to_vec(), algorithm].concat(),
                [b"\xa1".to_vec(), stated(kid)].concat(),
            ),
            _ => (signed, [b"\xa1".to_vec(), stated(other)].concat()),
        };
        Self {
            protected,
            unprotected,
            payload,
        }
    }

    /// A signature by `key`: good, spoilt, of something else, too short, or the other one that is as good (n - s).
    fn signature(&self, key: &SigningKey, random: &mut Random) -> Vec<u8> {
        let context = [b"\x84\x6aSignature1".to_vec(), bytes(&self.protected)].concat();
        let signed = [context, b"\x40".to_vec(), bytes(&self.payload)].concat();
        let good: Signature = key.sign(&signed);
        let mut signature = good.to_vec();
        match random.below(10) {
            0 => signature[random.below(64)] ^= 1 << random.below(8),
            1 => signature = Signer::<Signature>::sign(key, b"something else").to_vec(),
            2 => signature.truncate(63),
            3 => {
                let flipped = Signature::from_scalars(good.r().to_bytes(), (-*good.s()).to_bytes());
                signature = flipped.unwrap().to_vec();
            }
            _ => {}
        }
        signature
    }
}

#[derive(Clone, Copy)]
enum Framing {
    Tagged,
    Untagged,
    InCwtTag,
    LowerCase,
    WhiteSpace,
    Indefinite,
}

const FRAMINGS: [Framing; 6] = [
    Framing::Tagged,
    Framing::Untagged,
    Framing::InCwtTag,
    Framing::LowerCase,
    Framing::WhiteSpace,
    Framing::Indefinite,
];

impl Framing {
    fn text(self, message: &Message, signature: Vec<u8>) -> String {
        let parts = [
            bytes(&message.protected),
            message.unprotected.clone(),
            bytes(&message.payload),
            bytes(&signature),
        ];
        let parts = parts.concat();
        let bytes = match self {
            Self::Untagged => [b"\x84".to_vec(), parts].concat(),
            Self::InCwtTag => [b"\xd8\x3d\xd2\x84".to_vec(), parts].concat(),
            Self::Indefinite => [b"\xd2\x9f".to_vec(), parts, b"\xff".to_vec()].concat(),
            Self::Tagged | Self::LowerCase | Self::WhiteSpace => {
                [b"\xd2\x84".to_vec(), parts].concat()
            }
        };
        let text = format!("HC1:{}", base45::encode(&deflate::deflate(&bytes).unwrap()));
        match self {
            Self::LowerCase => text.to_lowercase(),
            Self::WhiteSpace => format!(" {text}\r\n"),
            Self::Tagged | Self::Untagged | Self::InCwtTag | Self::Indefinite => text,
        }
    }
}

/// A CBOR byte string.
fn bytes(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let head = match length {
        0..24 => vec![0x40 | length.to_le_bytes()[0]],
        24..256 => vec![0x58, length.to_le_bytes()[0]],
        _ => [b"\x59".to_vec(), length.to_be_bytes().to_vec()].concat(),
    };
    [head, content.to_vec()].concat()
}

/// The `SplitMix64` generator: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn of<'t, T>(&mut self, some: &'t [T]) -> &'t T {
        &some[self.below(some.len())]
    }
}

const DAY_S: i64 = 86_400;
/// Days after the issue: too early, current, stale, after one certificate's end, after the credential's, after all.
const DAYS: [i64; 7] = [-40, 0, 1, 4, 91, 366, 800];
/// When each of the two sources was last read: lately, or long ago.
const AGES: [[UnixTime; 2]; 4] = [
    [UnixTime::END, UnixTime::END],
    [UnixTime::END, UnixTime::EPOCH],
    [UnixTime::EPOCH, UnixTime::END],
    [UnixTime::EPOCH, UnixTime::EPOCH],
];
