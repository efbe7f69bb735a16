//! A hundred thousand spoilt codes: each good code is changed at a named stage, and must be refused by a code of that
//! stage, or be accepted only because its signed bytes are still the original's. Memory and work stay bounded.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]
#![allow(clippy::print_stdout, reason = "the counts are the result")]
#![allow(
    unsafe_code,
    reason = "an allocator that counts is written with it; it only passes calls on"
)]

mod support;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::codec::{base45, cbor, deflate};
use lintas::credential;
use lintas::failure::Code;
use lintas::model::{Environment, UnixTime};
use lintas::snapshot::Snapshot;
use lintas::trust::{KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use lintas::verify::{self, Outcome, Policy};
use serde_json::Value;
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{RECOVERY, TEST, TestSigner, VACCINATION};

struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

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

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// Changes, cuts out, doubles or inserts a byte, or cuts the end off: always to something else.
    fn spoil(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut spoilt = bytes.to_vec();
        let position = self.below(spoilt.len().max(1));
        match self.below(6) {
            0 | 1 => spoilt[position] ^= 1 << self.below(8),
            2 => spoilt[position] = spoilt[position].wrapping_add(self.byte() | 1),
            3 => drop(spoilt.remove(position)),
            4 => spoilt.insert(position, self.byte()),
            _ => spoilt.truncate(position),
        }
        spoilt
    }
}

/// A good code with the world in which it is good, taken apart.
struct Good {
    text: String,
    at: UnixTime,
    snapshot: Snapshot,
    parts: [Vec<u8>; 3],
    unprotected: cbor::Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Prefix,
    Length,
    Base45,
    Zlib,
    Bomb,
    Envelope,
    Header,
    Kid,
    Payload,
    Signature,
}

impl Stage {
    const ALL: [Self; 10] = [
        Self::Prefix,
        Self::Length,
        Self::Base45,
        Self::Zlib,
        Self::Bomb,
        Self::Envelope,
        Self::Header,
        Self::Kid,
        Self::Payload,
        Self::Signature,
    ];

    /// The codes that say what was spoilt.
    fn codes(self) -> &'static [Code] {
        match self {
            Self::Prefix => &[Code::FormatUnknown],
            Self::Length | Self::Bomb => &[Code::InputTooLarge],
            Self::Base45 => &[Code::Base45Invalid],
            Self::Zlib => &[Code::InflateInvalid],
            Self::Envelope => &[Code::CborInvalid, Code::CoseInvalid],
            Self::Header => &[
                Code::CborInvalid,
                Code::CoseInvalid,
                Code::KidMissing,
                Code::UnknownSigner,
                Code::AlgorithmUnsupported,
                Code::AlgorithmMismatch,
                Code::SignatureInvalid,
            ],
            Self::Kid => &[Code::UnknownSigner],
            Self::Payload | Self::Signature => &[Code::SignatureInvalid],
        }
    }

    fn spoil(self, good: &Good, random: &mut Random) -> String {
        let [protected, payload, signature] = &good.parts;
        let unprotected = &good.unprotected;
        let body = &good.text[4..];
        match self {
            Self::Prefix => {
                let spoilt = random.spoil(b"HC1:");
                format!(
                    "{}{body}",
                    spoilt
                        .iter()
                        .map(|byte| char::from(byte & 0x7f))
                        .collect::<String>()
                )
            }
            Self::Length => format!("{}{}", good.text, "0".repeat(4096 + random.below(4096))),
            Self::Base45 => {
                let mut spoilt: Vec<char> = body.chars().collect();
                let position = random.below(spoilt.len());
                let outside = ['=', '_', '#', '"', '\n', '\u{e9}', '(', '~'];
                match random.below(3) {
                    0 => spoilt.insert(position, outside[random.below(outside.len())]),
                    1 => spoilt[position] = outside[random.below(outside.len())],
                    _ => {
                        spoilt.truncate(spoilt.len() / 3 * 3);
                        spoilt.push('0');
                    }
                }
                format!("HC1:{}", spoilt.iter().collect::<String>())
            }
            Self::Zlib => {
                let spoilt = random.spoil(&base45::decode(body).unwrap());
                format!("HC1:{}", base45::encode(&spoilt))
            }
            Self::Bomb => {
                let zeros = vec![0; 65_537 + random.below(20_000)];
                format!("HC1:{}", base45::encode(&deflate::deflate(&zeros).unwrap()))
            }
            Self::Envelope => {
                let message = framed(protected, unprotected, payload, signature);
                let mut spoilt = message;
                // The heads of the message, its header, its payload or its signature: the frame, not the content.
                let payload_head = 3 + protected.len() + 1;
                let heads = [0, 1, 2, 2, payload_head];
                let position = heads[random.below(heads.len())];
                match random.below(3) {
                    0 => spoilt.truncate(random.below(spoilt.len())),
                    1 => spoilt[position] = spoilt[position].wrapping_add(random.byte() | 1),
                    _ => spoilt.push(random.byte()),
                }
                text_of(&spoilt)
            }
            Self::Header => text_of(&framed(
                &random.spoil(protected),
                unprotected,
                payload,
                signature,
            )),
            Self::Kid => {
                let mut spoilt = protected.clone();
                let kid = good_kid(good);
                let position = protected
                    .windows(kid.len())
                    .position(|it| it == kid)
                    .unwrap();
                spoilt[position + random.below(kid.len())] ^= random.byte() | 1;
                text_of(&framed(&spoilt, unprotected, payload, signature))
            }
            Self::Payload => text_of(&framed(
                protected,
                unprotected,
                &random.spoil(payload),
                signature,
            )),
            Self::Signature => text_of(&framed(
                protected,
                unprotected,
                payload,
                &random.spoil(signature),
            )),
        }
    }
}

fn framed(
    protected: &[u8],
    unprotected: &cbor::Value,
    payload: &[u8],
    signature: &[u8],
) -> Vec<u8> {
    let bytes = |bytes: &[u8]| cbor::Value::Bytes(bytes.to_vec());
    let parts = vec![
        bytes(protected),
        unprotected.clone(),
        bytes(payload),
        bytes(signature),
    ];
    cbor::write(&cbor::Value::Tag(18, Box::new(cbor::Value::Array(parts)))).unwrap()
}

fn text_of(message: &[u8]) -> String {
    format!(
        "HC1:{}",
        base45::encode(&deflate::deflate(message).unwrap())
    )
}

fn good_kid(good: &Good) -> Vec<u8> {
    credential::read(&good.text)
        .unwrap()
        .hint()
        .kid
        .clone()
        .unwrap()
        .as_bytes()
        .to_vec()
}

/// Takes `text` apart; `None` where its key identifier is not in the protected header, which half the stages change.
fn good(text: String, at: UnixTime, snapshot: Snapshot) -> Option<Good> {
    let inflated = deflate::inflate(&base45::decode(text.get(4..)?).ok()?, 65_536).ok()?;
    let document: cbor::Value = ciborium::from_reader(inflated.as_slice()).ok()?;
    let (_, message) = document.into_tag().ok()?;
    let [protected, unprotected, payload, signature] =
        message.into_array().ok()?.try_into().ok()?;
    let parts = [
        protected.into_bytes().ok()?,
        payload.into_bytes().ok()?,
        signature.into_bytes().ok()?,
    ];
    let good = Good {
        text,
        at,
        snapshot,
        parts,
        unprotected,
    };
    let kid = good_kid(&good);
    good.parts[0]
        .windows(kid.len())
        .any(|it| it == kid)
        .then_some(good)
}

/// Our own codes, and every published one that is to be accepted.
fn goods() -> Vec<Good> {
    let mut goods = Vec::new();
    for (seed, claims) in [(1, VACCINATION), (2, TEST), (3, RECOVERY)] {
        let signer = TestSigner::new(seed);
        let text = signer.issue(claims);
        goods.extend(good(text, support::issued_at(), signer.snapshot));
    }
    assert_eq!(goods.len(), 3);
    let Some(dir) = support::conformance_dir() else {
        return goods;
    };
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(dir.join("dcc-manifest.json")).unwrap()).unwrap();
    for case in manifest["cases"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| case["verdict"] == "accept")
    {
        let file = std::fs::read(dir.join(case["path"].as_str().unwrap())).unwrap();
        let file: Value = serde_json::from_slice(&file).unwrap();
        let der = BASE64_STANDARD
            .decode(file["TESTCTX"]["CERTIFICATE"].as_str().unwrap())
            .unwrap();
        let clock = case["clock"].as_str().unwrap();
        let at = UnixTime::parse(clock)
            .or_else(|| UnixTime::parse(&format!("{clock}Z")))
            .unwrap();
        goods.extend(good(
            file["PREFIX"].as_str().unwrap().to_owned(),
            at,
            trusting(der, at),
        ));
    }
    assert!(goods.len() > 150, "{}", goods.len());
    goods
}

fn trusting(der: Vec<u8>, as_of: UnixTime) -> Snapshot {
    let place = Place {
        document: "test".into(),
        position: 1,
    };
    let key = KeyMaterial::Certificate(der);
    let entry = TrustEntry {
        place,
        key,
        kid: None,
        country: None,
        purposes: Purposes::ALL,
    };
    let source = Source::new("test", Environment::Test, as_of);
    Snapshot::assemble(
        Environment::Test,
        1,
        &[SourceList::pinned(source, vec![entry])],
    )
    .0
}

#[test]
fn spoilt_codes_are_refused_by_the_code_of_their_stage_in_bounded_memory_and_work() {
    let goods = goods();
    let policy = Policy::default();
    for good in &goods {
        let verdict = verify::verify(&good.text, good.at, &good.snapshot, &policy);
        assert_eq!(
            verdict.outcome(),
            Outcome::Accept,
            "a good code is refused before it was spoilt"
        );
    }
    let mut random = Random(0x11_57_a5);
    let mut counts: BTreeMap<(Stage, &'static str), usize> = BTreeMap::new();
    let (mut rejected, mut named, mut accepted) = (0, 0, 0);
    let (mut memory, mut inflated, mut items, mut signatures) = (0, 0, 0, 0);
    for round in 0..CODES {
        let stage = Stage::ALL[round % Stage::ALL.len()];
        let good = &goods[random.below(goods.len())];
        let text = stage.spoil(good, &mut random);
        let before = IN_USE.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let verdict = verify::verify(&text, good.at, &good.snapshot, &policy);
        memory = memory.max(PEAK.load(Ordering::Relaxed).saturating_sub(before));
        let work = verdict.credentials[0].work;
        inflated = inflated.max(work.inflated_bytes);
        items = items.max(work.cbor_items);
        signatures = signatures.max(work.signatures);
        if verdict.outcome() == Outcome::Accept {
            accepted += 1;
            *counts.entry((stage, "accept")).or_default() += 1;
            let read = credential::read(&text).unwrap();
            let original = (good.parts[0].as_slice(), good.parts[1].as_slice());
            assert_eq!(
                read.signed_parts(),
                original,
                "{stage:?}: other signed bytes were accepted"
            );
        } else {
            assert_eq!(verdict.outcome(), Outcome::Reject);
            let code = verdict.findings().next().unwrap().1.code;
            rejected += 1;
            named += usize::from(stage.codes().contains(&code));
            *counts.entry((stage, code.name())).or_default() += 1;
        }
    }
    for ((stage, code), count) in &counts {
        println!("{stage:?} {code} {count}");
    }
    println!(
        "{rejected} rejected, {named} by a code of their stage, {accepted} accepted as still the original"
    );
    println!(
        "peak: {memory} bytes, {inflated} inflated, {items} CBOR items, {signatures} signatures"
    );
    assert!(named * 100 >= rejected * 95, "{named} of {rejected}");
    assert!(memory <= MAX_MEMORY, "{memory} bytes");
    assert!(inflated <= 65_536 && items <= 3 * 512 && signatures <= 16);
}

const CODES: usize = 100_000;
/// What one verification may hold at once: the inflated content twice over, and its CBOR.
const MAX_MEMORY: usize = 512 * 1024;
