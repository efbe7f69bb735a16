//! Own readers and the crates that they stand for hold together, on every published certificate and on what is made of
//! it by changing bytes: Base45, CBOR, the `Sig_structure`. The batch gives what each text gives alone.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]
#![allow(clippy::print_stdout, reason = "the counts are the result")]

mod support;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ciborium::Value;
use coset::{CborSerializable, CoseSign1, TaggedCborSerializable};
use lintas::codec::cose::Sign1;
use lintas::codec::item::{Item, Kind};
use lintas::codec::{base45 as own_base45, cbor, deflate};
use lintas::credential::hcert::LIMITS;
use lintas::failure::Code;
use lintas::model::{Environment, Kid, UnixTime};
use lintas::snapshot::Snapshot;
use lintas::trust::{KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use lintas::verify::{self, Opened, Outcome, Policy, Reached};
use p256::ecdsa::SigningKey;
use p256::pkcs8::EncodePublicKey;
use std::collections::BTreeMap;

/// Texts and signers' certificates of all published certificates.
fn published() -> Option<(Vec<String>, Vec<Vec<u8>>)> {
    let dir = support::conformance_dir()?;
    let json = |path: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(dir.join(path)).unwrap()).unwrap()
    };
    let (mut texts, mut signers) = (Vec::new(), Vec::new());
    let mut signer = |der: Option<&str>| {
        signers.extend(der.and_then(|der| BASE64_STANDARD.decode(der).ok()));
    };
    for case in json("dcc-manifest.json")["cases"].as_array().unwrap() {
        let file = json(case["path"].as_str().unwrap());
        texts.extend(file["PREFIX"].as_str().map(str::to_owned));
        signer(file["TESTCTX"]["CERTIFICATE"].as_str());
    }
    for case in json("dcc-qa-manifest.json")["cases"].as_array().unwrap() {
        let path = dir.join(case["path"].as_str().unwrap());
        texts.push(std::fs::read_to_string(path).unwrap());
        signer(case["dsc"].as_str());
    }
    assert!(texts.len() > 700, "{}", texts.len());
    Some((texts, signers))
}

/// What a chain of multiplications gives: small, seeded, the same everywhere.
fn next(state: &mut u64) -> usize {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).unwrap()
}

/// `bytes` with one of them changed, cut out or doubled.
fn spoilt(bytes: &[u8], state: &mut u64) -> Vec<u8> {
    let mut spoilt = bytes.to_vec();
    if spoilt.is_empty() {
        return spoilt;
    }
    let position = next(state) % spoilt.len();
    match next(state) % 4 {
        0 => spoilt[position] ^= 1 << (next(state) % 8),
        1 => spoilt[position] = next(state).to_le_bytes()[0],
        2 => drop(spoilt.remove(position)),
        _ => spoilt.insert(position, spoilt[position]),
    }
    spoilt
}

fn inflated(text: &str) -> Option<Vec<u8>> {
    let compressed = own_base45::decode_any_case(text.trim().get(4..)?).ok()?.0;
    deflate::inflate(&compressed, LIMITS.inflated).ok()
}

/// What RFC 9285 has for `text`, by the crate; it cuts a final pair over 255 down, so the pair is written again.
fn base45_reference(text: &str) -> Option<Vec<u8>> {
    let bytes = base45::decode(text).ok()?;
    (base45::encode(&bytes) == text).then_some(bytes)
}

fn same_base45(text: &str) {
    assert_eq!(
        own_base45::decode(text).ok(),
        base45_reference(text),
        "{text:?}"
    );
    let upper = text.to_ascii_uppercase();
    let any_case = own_base45::decode_any_case(text).ok();
    assert_eq!(
        any_case,
        base45_reference(&upper).map(|bytes| (bytes, upper != text)),
        "{text:?}"
    );
}

#[test]
fn base45_reads_as_the_crate_does() {
    let letters: Vec<char> = (' '..='~').chain(['\n', '\0', '\u{e9}']).collect();
    for a in &letters {
        same_base45(&String::from(*a));
        for b in &letters {
            same_base45(&String::from_iter([a, b]));
            for c in &letters {
                same_base45(&String::from_iter([a, b, c]));
            }
        }
    }
    let Some((texts, _)) = published() else {
        return;
    };
    let mut state = 1;
    for text in &texts {
        same_base45(text.trim().get(4..).unwrap_or_default());
        for _ in 0..20 {
            let spoilt = spoilt(text.as_bytes(), &mut state);
            same_base45(&String::from_utf8_lossy(&spoilt));
        }
    }
}

/// Whether `item` holds what `value` does; NaN is NaN here.
fn same(item: Item<'_>, value: &Value) -> bool {
    match (item.kind(), value) {
        (Kind::Integer(own), Value::Integer(number)) => own == i128::from(*number),
        (Kind::Bytes(own), Value::Bytes(bytes)) => own == bytes,
        (Kind::Text(own), Value::Text(text)) => own == text,
        (Kind::Bool(own), Value::Bool(value)) => own == *value,
        (Kind::Null, Value::Null) => true,
        (Kind::Float(own), Value::Float(number)) => {
            own.to_bits() == number.to_bits() || own.is_nan() && number.is_nan()
        }
        (Kind::Tag(own, inner), Value::Tag(tag, value)) => own == *tag && same(inner, value),
        (Kind::Array(items), Value::Array(values)) => {
            items.clone().count() == values.len()
                && items.zip(values).all(|(item, value)| same(item, value))
        }
        (Kind::Map(entries), Value::Map(values)) => {
            entries.iter().count() == values.len()
                && entries
                    .iter()
                    .zip(values)
                    .all(|(own, pair)| same(own.0, &pair.0) && same(own.1, &pair.1))
        }
        _ => false,
    }
}

fn holds_one_key_twice(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(holds_one_key_twice),
        Value::Tag(_, value) => holds_one_key_twice(value),
        Value::Map(entries) => entries.iter().enumerate().any(|(index, (key, value))| {
            entries[..index].iter().any(|(earlier, _)| earlier == key)
                || holds_one_key_twice(key)
                || holds_one_key_twice(value)
        }),
        Value::Integer(_)
        | Value::Bytes(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Bool(_)
        | Value::Null
        | _ => false,
    }
}

/// Reads with both; a refusal by the crate is one by us. What we refuse and the crate reads is for a reason of ours.
fn same_cbor(bytes: &[u8], refusals: &mut BTreeMap<String, usize>) {
    let mut rest = bytes;
    let reference = ciborium::from_reader::<Value, _>(&mut rest);
    match (cbor::read(bytes, LIMITS.cbor), reference) {
        (Ok(own), Ok(value)) => {
            assert!(
                rest.is_empty() && !holds_one_key_twice(&value),
                "{bytes:x?}"
            );
            assert!(same(own.root(), &value), "{bytes:x?}");
            // ciborium writes preferred serialization of all but floats, so bytes that differ tell.
            let mut written = Vec::new();
            ciborium::into_writer(&value, &mut written).unwrap();
            assert!(own.preferred || written != bytes, "{bytes:x?}");
        }
        (Ok(_), Err(error)) => panic!("{error} in {bytes:x?}"),
        (Err(failure), Ok(value)) => {
            assert_eq!(failure.code(), Code::CborInvalid);
            let detail = failure.detail();
            let ours = match detail {
                "a map holds one key twice" => holds_one_key_twice(&value),
                "a big number" | "a simple value in two bytes that fits one" => true,
                "a chunk of another type" => true,
                _ if detail.starts_with("nested deeper") || detail.starts_with("over ") => true,
                _ => detail.ends_with("bytes follow the item") && !rest.is_empty(),
            };
            assert!(ours, "{detail} in {bytes:x?}");
            let kind = detail.trim_start_matches(|digit: char| digit.is_ascii_digit());
            *refusals.entry(kind.to_owned()).or_default() += 1;
        }
        (Err(failure), Err(_)) => assert_eq!(failure.code(), Code::CborInvalid),
    }
}

#[test]
fn cbor_reads_as_the_crate_does() {
    let mut refusals = BTreeMap::new();
    // Every item of one, two and three bytes, and each float of two.
    for a in 0..=255 {
        same_cbor(&[a], &mut refusals);
        for b in 0..=255 {
            same_cbor(&[a, b], &mut refusals);
            for c in 0..=255 {
                same_cbor(&[a, b, c], &mut refusals);
            }
        }
    }
    if let Some((texts, _)) = published() {
        let mut state = 2;
        for message in texts.iter().filter_map(|text| inflated(text)) {
            let payload = Sign1::read(&message, LIMITS.cbor)
                .map(|message| message.payload().to_vec())
                .unwrap_or_default();
            for bytes in [message, payload] {
                same_cbor(&bytes, &mut refusals);
                for _ in 0..40 {
                    let once = spoilt(&bytes, &mut state);
                    same_cbor(&once, &mut refusals);
                    same_cbor(&spoilt(&once, &mut state), &mut refusals);
                }
            }
        }
    }
    println!("refused by us alone: {refusals:?}");
}

#[test]
fn the_sig_structure_is_that_of_the_crate() {
    let Some((texts, _)) = published() else {
        return;
    };
    let (mut state, mut compared) = (3, 0);
    for message in texts.iter().filter_map(|text| inflated(text)) {
        for round in 0..20 {
            let bytes = match round {
                0 => message.clone(),
                _ => spoilt(&message, &mut state),
            };
            let Ok(own) = Sign1::read(&bytes, LIMITS.cbor) else {
                continue;
            };
            let reference =
                CoseSign1::from_tagged_slice(&bytes).or_else(|_| CoseSign1::from_slice(&bytes));
            // The crate refuses headers that it knows and finds odd, and tag 61; then there is nothing to compare with.
            if let Ok(reference) = reference {
                assert_eq!(own.signed_bytes(), reference.tbs_data(&[]));
                assert_eq!(own.signature(), reference.signature);
                assert_eq!(Some(own.payload()), reference.payload.as_deref());
                compared += 1;
            }
        }
    }
    println!("{compared} compared");
    assert!(compared > 5000, "{compared}");
}

fn entry(key: KeyMaterial, kid: Option<Kid>) -> TrustEntry {
    let place = Place {
        document: "test".into(),
        position: 1,
    };
    TrustEntry {
        place,
        key,
        kid,
        country: None,
        purposes: Purposes::ALL,
    }
}

fn snapshot(entries: Vec<TrustEntry>) -> Snapshot {
    let source = Source::new("test", Environment::Test, UnixTime::EPOCH);
    Snapshot::assemble(Environment::Test, 1, &[SourceList::pinned(source, entries)]).0
}

/// What two openings must have alike: everything but the causes of failures.
fn told(opened: &Opened) -> String {
    let reached = match &opened.reached {
        Reached::Unread(failure) => format!("unread {failure}"),
        Reached::Unsigned { hint, failure } => format!("unsigned {hint:?} {failure}"),
        Reached::Signed(signed) => {
            let shown = match &signed.certificate {
                Some(Ok(certificate)) => {
                    verify::certificate_json(certificate, verify::View::Holder)
                        .unwrap()
                        .to_string()
                }
                Some(Err(failure)) => failure.to_string(),
                None => "none".to_owned(),
            };
            format!(
                "signed {:?} {:?} {:?} {:?} {shown}",
                signed.kid, signed.spki_digest, signed.claims, signed.purposes
            )
        }
    };
    format!(
        "{:?} {:?} {:?} {reached}",
        opened.format, opened.quirks, opened.work
    )
}

/// A stranger's key for every key identifier in `texts`: a first candidate that never signed.
fn decoys(texts: &[String]) -> Vec<TrustEntry> {
    let spki = |seed: u8| {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        let spki = key.verifying_key().to_public_key_der().unwrap();
        spki.into_vec()
    };
    let mut kids: Vec<Kid> = texts
        .iter()
        .filter_map(|text| lintas::credential::read(text).ok()?.hint().kid.clone())
        .collect();
    kids.sort_unstable();
    kids.dedup();
    let decoy = |kid| entry(KeyMaterial::PublicKey(spki(1)), Some(kid));
    // No more than may hold one key.
    kids.into_iter().take(16).map(decoy).collect()
}

#[test]
fn a_batch_gives_what_each_text_gives_alone() {
    let Some((mut texts, signers)) = published() else {
        return;
    };
    let mut entries: Vec<_> = signers
        .into_iter()
        .map(|der| entry(KeyMaterial::Certificate(der), None))
        .collect();
    entries.extend(decoys(&texts));
    let snapshot = snapshot(entries);
    let mut state = 4;
    for text in texts.clone().iter().step_by(3) {
        let spoilt_text = spoilt(text.as_bytes(), &mut state);
        texts.push(String::from_utf8_lossy(&spoilt_text).into_owned());
        if let Some(message) = inflated(text) {
            let message = spoilt(&message, &mut state);
            texts.extend(lintas::credential::hcert::write(&message));
        }
    }
    let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
    let together = verify::open_batch(&borrowed, &snapshot);
    assert_eq!(together.len(), texts.len());
    let (mut signed, mut several) = (0, 0);
    for (text, together) in texts.iter().zip(&together) {
        let alone = verify::open(text, &snapshot);
        assert_eq!(told(together), told(&alone), "{text}");
        assert!(together.rests_on(&snapshot) && alone.rests_on(&snapshot));
        signed += usize::from(matches!(alone.reached, Reached::Signed(_)));
        several += usize::from(alone.work.signatures > 1);
    }
    println!(
        "{} texts, {signed} signed, {several} under several keys",
        texts.len()
    );
    assert!(signed > 600 && several > 0, "{signed} {several}");
    assert!(verify::open_batch(&[], &snapshot).is_empty());
}

#[test]
fn what_was_opened_rests_on_the_candidates_it_was_opened_under() {
    let signer = support::TestSigner::new(1);
    let text = signer.issue(support::VACCINATION);
    let spki = |seed: u8| {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        let spki = key.verifying_key().to_public_key_der().unwrap();
        KeyMaterial::PublicKey(spki.into_vec())
    };
    let kid = Kid::from_bytes(&[1; 8]);
    let alone = snapshot(vec![entry(spki(1), kid.clone())]);
    let renamed = snapshot(vec![entry(spki(1), Kid::from_bytes(&[9; 8]))]);
    let joined = snapshot(vec![
        entry(spki(1), kid.clone()),
        entry(spki(2), kid.clone()),
    ]);
    let other = snapshot(vec![entry(spki(2), kid.clone())]);
    let more = snapshot(vec![
        entry(spki(1), kid.clone()),
        entry(spki(3), Kid::from_bytes(&[3; 8])),
    ]);
    let worlds = [&alone, &renamed, &joined, &other, &more, &signer.snapshot];
    // The first, the fifth and the last list the same for this key identifier.
    let lists = [0, 1, 2, 3, 0, 0];
    for (under, list) in worlds.iter().zip(lists) {
        let opened = verify::open(&text, under);
        assert_eq!(opened.kid(), kid.as_ref());
        assert!(opened.weight() > size_of::<Opened>() && opened.weight() < 4096);
        for (today, listed) in worlds.iter().zip(lists) {
            assert_eq!(opened.rests_on(today), list == listed);
            if list == listed {
                assert_eq!(told(&opened), told(&verify::open(&text, today)));
            }
        }
    }
    let unread = verify::open("HC1:?", &alone);
    assert!(unread.kid().is_none() && unread.rests_on(&other));
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    shared(&unread);
}

#[test]
fn the_bytes_of_a_verdict_are_its_json() {
    use lintas::verify::{Locale, View};
    let signer = support::TestSigner::new(1);
    let stranger = support::TestSigner::new(2);
    let policy = Policy::default();
    let at = support::issued_at();
    for claims in [support::VACCINATION, support::TEST, support::RECOVERY] {
        let texts = [
            signer.issue(claims),
            stranger.issue(claims),
            "HC1:\u{1}\"".to_owned(),
        ];
        let judged = texts.iter().map(|text| {
            let opened = verify::open(text, &signer.snapshot);
            verify::judge(
                &opened,
                at,
                &signer.snapshot,
                &policy,
                verify::Registered::NotAsked,
            )
        });
        let mut judged: Vec<_> = judged.collect();
        judged[1].reference = Some("second \"one\"".to_owned());
        for credentials in [judged.clone(), judged[1..].to_vec(), Vec::new()] {
            let mut verdict = verify::Verdict::of(credentials, at, &signer.snapshot, &policy);
            verdict.simulated = verdict.outcome() == Outcome::Reject;
            for view in [View::Result, View::Gate, View::Officer, View::Holder] {
                for locale in [None, Some(Locale::Id), Some(Locale::En)] {
                    for trace in [None, Some("0af7651916cd43dd")] {
                        let bytes = verdict.write_json(view, locale, trace).unwrap();
                        let value = verdict.to_json(view, locale, trace);
                        // As text, so that the order of members counts.
                        assert_eq!(String::from_utf8(bytes).unwrap(), value.to_string());
                    }
                }
            }
        }
    }
}
