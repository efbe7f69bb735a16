//! What a receipt says, and who is believed.

use crate::ground::{Ground, day, judged, key, receipt, signed};
use crate::rules::journey;
use crate::support::{TestSigner, VACCINATION};
use lintas::codec::typed::{Kind, Unsigned};
use lintas::failure::Code;
use lintas::model::{Environment, SnapshotId};
use lintas::quirk::Quirk;
use lintas::rules::Colour;
use lintas::server::keys::publication_keys;
use lintas::verify::identity::Identity;
use lintas::verify::{
    Asked, Outcome, Policy, RECEIPT, Receipt, ReceiptKey, Registered, ToldColour, Unproven,
};

/// A receipt for one good and one bad text.
fn told() -> Receipt {
    let signer = TestSigner::new(7);
    let good = signer.issue(VACCINATION);
    let (texts, policy) = ([good.as_str(), "HC1:="], Policy::default());
    let verdict = judged(
        &texts,
        day(0),
        &signer.snapshot,
        &policy,
        Registered::NotAsked,
    );
    receipt(&verdict, &texts, &signer.snapshot, &policy)
}

#[test]
fn a_receipt_reads_back_and_says_what_was_answered() {
    let ground = Ground::new();
    let (signer, _folder) = key();
    for number in 0..60 {
        let (texts, receipt) = ground.number(number);
        let bytes = signed(receipt.clone(), &signer);
        let unproven = Unproven::read(&bytes).unwrap();
        assert_eq!(unproven.kid(), signer.key.kid);
        let proven = unproven.prove([&signer.key]).unwrap();
        assert_eq!(proven, receipt);
        assert!(proven.is_about(&texts) && !proven.is_about(&[]));
        assert!(!proven.is_about(&["HC1:other"]));
        assert!(bytes.len() < 1200, "{}", bytes.len());
    }
}

#[test]
fn nothing_of_a_person_is_in_it() {
    let receipt = told();
    let (signer, _folder) = key();
    let bytes = signed(receipt.clone(), &signer);
    let shown = receipt.to_json().to_string();
    for word in crate::support::gateway::PERSONAL {
        assert!(!shown.contains(word), "{word}");
        let found = bytes
            .windows(word.len())
            .any(|part| part == word.as_bytes());
        assert!(!found, "{word}");
    }
}

#[test]
fn a_receipt_with_any_byte_changed_is_refused() {
    let (signer, _folder) = key();
    let bytes = signed(told(), &signer);
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        let proven = Unproven::read(&changed).and_then(|it| it.prove([&signer.key]));
        assert!(proven.is_err(), "{position}");
        let cut = Unproven::read(&bytes[..position]);
        assert_eq!(cut.unwrap_err().code(), Code::ReceiptInvalid, "{position}");
    }
    let longer = Unproven::read(&[&bytes[..], &[0]].concat());
    assert_eq!(longer.unwrap_err().code(), Code::ReceiptInvalid);
    let endless = Unproven::read(&vec![0x80; 70_000]).unwrap_err();
    assert_eq!(endless.code(), Code::InputTooLarge);
}

fn colour(open: &[&str], is_doubtful: bool) -> ToldColour {
    ToldColour {
        colour: Colour::Green,
        rule: "CR-ZZ-0001".into(),
        open: open.iter().map(|it| (*it).into()).collect(),
        is_doubtful,
    }
}

/// A field, and how it is changed.
type Change = (&'static str, fn(&mut Receipt));

#[test]
fn a_signature_covers_every_field() {
    let (signer, _folder) = key();
    let prepared = told().to_be_signed(&signer.key).unwrap();
    let signature = signer.signer.sign(prepared.signed_bytes()).unwrap();
    let changes: &[Change] = &[
        ("at", |it| it.at = it.at.plus(1)),
        ("client", |it| it.client.push('x')),
        ("outcome", |it| it.outcome = Outcome::Reject),
        ("text", |it| it.credentials[0].text[0] ^= 1),
        ("order", |it| it.credentials.swap(0, 1)),
        ("credentials", |it| drop(it.credentials.pop())),
        ("code", |it| it.credentials[1].codes[0].0 = Code::Expired),
        ("rule", |it| {
            it.credentials[1].codes[0].1 = Some("VR-DE-0001".into())
        }),
        ("codes", |it| it.credentials[1].codes.clear()),
        ("quirk", |it| {
            it.credentials[0].quirks.note(Quirk::LowerCased)
        }),
        ("registered", |it| {
            it.credentials[0].registered = Registered::Yes
        }),
        ("identity", |it| {
            it.credentials[0].identity = Some(Identity::Exact)
        }),
        ("journey", |it| it.journey = Some(journey("DE"))),
        ("with colour", |it| it.with_colour = true),
        ("colour", |it| {
            it.colour = Some(colour(&[], false));
        }),
        ("open rule", |it| {
            it.colour = Some(colour(&["CR-ZZ-0002"], false));
        }),
        ("doubt", |it| it.colour = Some(colour(&[], true))),
        ("policy", |it| it.policy.id = "other".into()),
        ("version", |it| it.policy.version += 1),
        ("hash", |it| it.policy.hash[31] ^= 1),
        ("snapshot", |it| it.snapshot = SnapshotId([1; 32])),
        ("sequence", |it| it.sequence += 1),
        ("source", |it| it.sources[0].id.push('x')),
        ("age", |it| {
            it.sources[0].as_of = it.sources[0].as_of.plus(1)
        }),
        ("revocations", |it| {
            it.sources[0].revocation_as_of = Some(it.at)
        }),
        ("countries", |it| it.sources[0].revocation_countries = None),
        ("sources", |it| it.sources.clear()),
    ];
    for (field, change) in changes {
        let mut changed = told();
        change(&mut changed);
        assert_ne!(changed, told(), "{field}");
        let prepared = changed.to_be_signed(&signer.key).unwrap();
        let refused = prepared.complete(signature.clone()).unwrap_err();
        assert_eq!(refused.code(), Code::ReadBackFailed, "{field}");
    }
    assert!(prepared.complete(signature).is_ok());
}

#[test]
fn a_key_of_another_world_or_another_time_confirms_nothing() {
    let (signer, _folder) = key();
    let elsewhere = Receipt {
        environment: Environment::Test,
        ..told()
    };
    let refused = elsewhere.to_be_signed(&signer.key).unwrap_err();
    assert_eq!(refused.code(), Code::EnvironmentMismatch);
    let bytes = signed(told(), &signer);
    let mut other = signer.key.clone();
    other.environment = Environment::Production;
    let refused = Unproven::read(&bytes).unwrap().prove([&other]).unwrap_err();
    assert_eq!(refused.code(), Code::EnvironmentMismatch);
    for at in [day(-201), day(1000)] {
        let refused = Receipt { at, ..told() }.to_be_signed(&signer.key);
        assert_eq!(refused.unwrap_err().code(), Code::ProofInvalid);
    }
    let (stranger, _folder) = key();
    let unknown = Unproven::read(&bytes).unwrap().prove([&stranger.key]);
    assert_eq!(unknown.unwrap_err().code(), Code::AnchorUnknown);
    // Whoever claims another's name proves nothing with it.
    let mut named = stranger.key.clone();
    named.kid = signer.key.kid;
    let refused = Unproven::read(&bytes).unwrap().prove([&named]).unwrap_err();
    assert_eq!(refused.code(), Code::ProofInvalid);
}

#[test]
fn a_message_of_another_kind_is_no_receipt() {
    let (signer, _folder) = key();
    let bytes = signed(told(), &signer);
    let payload = lintas::codec::typed::Typed::read(&bytes, RECEIPT)
        .unwrap()
        .payload;
    for kind in ["trust-list", "bundle", "status-pass"] {
        let kid = &signer.key.kid.0;
        let unsigned = Unsigned::new(Kind::named(kind), kid, None, payload.clone()).unwrap();
        let signature = signer.signer.sign(unsigned.signed_bytes()).unwrap();
        let message = unsigned.complete(signature.clone()).unwrap();
        let refused = Unproven::read(&message).unwrap_err();
        assert_eq!(refused.code(), Code::ReceiptInvalid, "{kind}");
        let unsigned = Unsigned::new(RECEIPT, kid, None, payload.clone()).unwrap();
        let forged = unsigned.complete(signature).unwrap();
        let refused = Unproven::read(&forged).unwrap().prove([&signer.key]);
        assert_eq!(refused.unwrap_err().code(), Code::ProofInvalid, "{kind}");
    }
}

#[test]
fn a_certificate_for_something_else_is_no_key_of_receipts() {
    let data = tempfile::tempdir().unwrap();
    let keys = publication_keys(data.path(), lintas::model::Country::DEMO, day(0)).unwrap();
    for (purpose, key) in keys.all() {
        let refused = ReceiptKey::read(key.certificate()).unwrap_err();
        assert_eq!(refused.code(), Code::SignerNotAuthorised, "{purpose}");
    }
}

#[test]
fn a_simulated_verdict_has_no_receipt() {
    let signer = TestSigner::new(7);
    let policy = Policy::default();
    let mut verdict = judged(
        &[""],
        day(0),
        &signer.snapshot,
        &policy,
        Registered::NotAsked,
    );
    verdict.simulated = true;
    let name = lintas::verify::PolicyName::of(&policy).unwrap();
    let (asked, world) = (Asked::default(), &signer.snapshot);
    let refused = Receipt::of(&verdict, &[""], &asked, world, name, "a").unwrap_err();
    assert_eq!(refused.code(), Code::RequestInvalid);
}
