//! The words of a ministry in a bundle.

use crate::ground::{Press, day, first, proven};
use crate::support::{TestSigner, VACCINATION};
use lintas::codec::cbor::{self, Value};
use lintas::codec::deflate::deflate;
use lintas::crypto::sha256;
use lintas::failure::Code;
use lintas::model::Thumbprint;
use lintas::rules::Circumstances;
use lintas::scan::Scanner;
use lintas::snapshot::Snapshot;
use lintas::snapshot::bundle::Bundle;
use lintas::verify::{self, Locale, Messages, Policy, View};
use std::sync::Arc;

/// `world` told in other words where something is expired.
fn worded(world: &Snapshot, sentence: &str) -> Snapshot {
    let mut messages = Messages::default();
    let text = format!("[expired]\nsentence = {sentence:?}\nremedy = \"Minta yang baru.\"\n");
    messages.read(&text, Locale::Id).unwrap();
    world.clone().with_messages(Arc::new(messages))
}

/// What a scanner that has `bundle` shows of a certificate that is over, in both languages.
fn shown(press: &Press, signer: &TestSigner, bundle: &Bundle) -> [String; 2] {
    let mut scanner = Scanner::enrolled(press.root.fingerprint());
    let bytes = bundle.write().unwrap();
    scanner.load(&bytes).unwrap();
    let text = signer.issue(VACCINATION);
    let world = scanner.world().unwrap();
    let verdict = verify::verify(&text, day(400), world, &Policy::default());
    let json = verdict.to_json(View::Result, Some(Locale::Id), None);
    assert_eq!(json["findings"][0]["code"], "expired");
    let scanned = scanner.scan(&text, &Circumstances::default(), day(0));
    assert!(scanned.finding().is_none());
    let said = |locale| {
        let finding = verdict.findings().next().unwrap().1;
        let message = finding.message(&verdict.messages, locale).unwrap();
        message.sentence.clone()
    };
    assert_eq!(json["findings"][0]["message"], said(Locale::Id));
    [Locale::Id, Locale::En].map(said)
}

#[test]
fn the_words_of_a_bundle_take_the_place_of_the_programs_and_change_nothing_else() {
    let (press, signer, plain) = first();
    let [ours, english] = shown(&press, &signer, &plain);
    let world = worded(&signer.snapshot, "Sudah lewat.");
    assert_eq!(world.id(), signer.snapshot.id());
    let bundle = press.made(&world, 1, day(0));
    let [told, other] = shown(&press, &signer, &bundle);
    assert_eq!((told.as_str(), &other), ("Sudah lewat.", &english));
    assert_ne!(ours, told);
    // What is refused without a verdict is told in them as well.
    let mut scanner = Scanner::enrolled(press.root.fingerprint());
    let stale = "[bundle_stale]\nsentence = \"Terlalu tua.\"\nremedy = \"Ambil yang baru.\"\n";
    let mut messages = Messages::default();
    messages.read(stale, Locale::Id).unwrap();
    let world = signer.snapshot.clone().with_messages(Arc::new(messages));
    let bytes = press.made(&world, 1, day(0)).write().unwrap();
    scanner.load(&bytes).unwrap();
    let scanned = scanner.scan("HC1:", &Circumstances::default(), day(9));
    assert_eq!(scanned.reason(Locale::Id).unwrap().0, "Terlalu tua.");
}

#[test]
fn other_words_are_a_small_delta() {
    let (press, signer, one) = first();
    let two = press.made(&worded(&signer.snapshot, "Sudah lewat."), 2, day(0));
    let before = proven(&press, &one).manifest;
    let delta = two.following(&before);
    assert_eq!(delta.chunks.len(), 1);
    let manifest = proven(&press, &delta).manifest;
    let whole = delta.completed(&one, &manifest).unwrap();
    let [told, _] = shown(&press, &signer, &whole);
    assert_eq!(told, "Sudah lewat.");
}

#[test]
fn a_bundle_of_an_earlier_program_has_no_words_and_the_programs_count() {
    let (press, signer, plain) = first();
    let mut manifest = proven(&press, &plain).manifest;
    assert_eq!(manifest.parts.pop(), Some(Vec::new()));
    let older = Bundle {
        chunks: plain.chunks.clone(),
        ..press.framed(&manifest)
    };
    assert!(older.manifest.len() < plain.manifest.len());
    assert_eq!(
        shown(&press, &signer, &older),
        shown(&press, &signer, &plain)
    );
    // No part that every bundle has is left out so.
    manifest.parts.pop();
    let cut = press.framed(&manifest);
    let failure = cut.prove(press.root.fingerprint(), None).unwrap_err();
    assert_eq!(failure.code(), Code::BundleInvalid);
}

#[test]
fn words_that_no_screen_should_show_are_refused_with_the_whole_bundle() {
    let (press, _, plain) = first();
    let long = "x".repeat(401);
    let good = ["id", "expired", "Sudah lewat.", "Minta yang baru."];
    let with = |place: usize, text: &str| {
        let mut row = good.map(str::to_owned).to_vec();
        row[place] = text.to_owned();
        row
    };
    for (row, is_good) in [
        (with(0, "id"), true),
        (with(0, "fr"), false),
        (with(1, "no_such_code"), false),
        (with(2, &long), false),
        (with(3, &long), false),
        (with(2, "\u{202e}turned"), false),
        (with(3, "line\u{1b}[2J"), false),
        (with(2, ""), false),
        (good[..3].iter().map(ToString::to_string).collect(), false),
    ] {
        let row = Value::Array(row.into_iter().map(Value::Text).collect());
        let chunk = cbor::write(&Value::Array(vec![row])).unwrap();
        let chunk = deflate(&chunk).unwrap();
        let name = Thumbprint(sha256(&chunk));
        let mut manifest = proven(&press, &plain).manifest;
        *manifest.parts.last_mut().unwrap() = vec![name];
        let mut bundle = Bundle {
            chunks: plain.chunks.clone(),
            ..press.framed(&manifest)
        };
        bundle.chunks.insert(name, chunk);
        let read = bundle.snapshot(&proven(&press, &bundle));
        let code = read.err().map(|it| it.code());
        assert_eq!(code, (!is_good).then_some(Code::BundleInvalid));
    }
}
