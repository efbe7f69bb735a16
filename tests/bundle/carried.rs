//! Reading back what is to go out.

use crate::ground::{Press, day};
use crate::support::{TestSigner, issued_at};
use lintas::exchange::read_value_set;
use lintas::failure::{Code, Failure};
use lintas::model::{Country, Environment, Kid, Purpose, UnixTime};
use lintas::revocation::{ExactSet, Layer, Leading, RevocationHash};
use lintas::rules::{CertificateType, Rule, RuleKind, RuleSet, ValueSets, Version};
use lintas::snapshot::bundle::Bundle;
use lintas::snapshot::{Acceptance, Offline, Own, Snapshot};
use lintas::trust::{KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use lintas::verify::{Locale, Messages};
use std::sync::Arc;

/// A signer as its source has it: seed of its key, country, purposes.
type Row = (u8, &'static str, Purposes);

fn signers(rows: &[Row]) -> Snapshot {
    let entries = rows.iter().map(|(seed, country, purposes)| {
        let signer = TestSigner::new(*seed);
        TrustEntry {
            place: Place {
                document: "test".into(),
                position: 1,
            },
            key: KeyMaterial::PublicKey(signer.snapshot.trust().signers()[0].spki().unwrap()),
            kid: Kid::from_bytes(&[*seed; 8]),
            country: Some((*country).to_owned()),
            purposes: purposes.clone(),
        }
    });
    let source = Source::new("test", Environment::Demo, issued_at());
    let list = SourceList::pinned(source, entries.collect());
    let (snapshot, report) = Snapshot::assemble(Environment::Demo, 1, &[list]);
    assert_eq!(report.admitted, rows.len());
    snapshot
}

fn rule(number: u32, logic: bool) -> Arc<Rule> {
    let words = |lang: &str| (lang.to_owned(), "A word.".to_owned());
    Arc::new(Rule {
        identifier: format!("VR-DE-{number:04}"),
        version: Version(1, 0, 0),
        kind: RuleKind::Acceptance,
        country: Country::parse("DE").unwrap(),
        region: None,
        about: CertificateType::Vaccination,
        valid_from: UnixTime::EPOCH,
        valid_to: day(900),
        engine: ("CERTLOGIC".to_owned(), Version(1, 0, 0)),
        schema_version: Version(1, 3, 0),
        // More words than a bundle carries are no difference.
        descriptions: ["en", "de", "fr"].map(words).to_vec(),
        affected_fields: vec!["v.0.dn".to_owned()],
        logic: logic.into(),
    })
}

fn accepting(rules: &[Arc<Rule>], display: &str) -> Arc<Acceptance> {
    let (mut known, mut sets) = (RuleSet::default(), ValueSets::default());
    for rule in rules {
        known.add(Arc::clone(rule)).unwrap();
    }
    let set = serde_json::json!({
        "valueSetId": "vaccines", "valueSetDate": "2026-01-01",
        "valueSetValues": { "1": { "display": display, "lang": "en", "active": true,
                                   "system": "s", "version": "1" } },
    });
    sets.add(read_value_set(set.to_string().as_bytes()).unwrap())
        .unwrap();
    Arc::new(Acceptance::new(known, sets))
}

fn withdrawn(number: u8) -> Arc<Own> {
    let mut own = Own::of(Country::DEMO);
    own.withdraw([RevocationHash([number; 16])]);
    Arc::new(own)
}

fn layered(number: u8) -> Arc<Offline> {
    let mut rows = [(Leading::from(RevocationHash([number; 16])), true)];
    let layer = Arc::new(Layer::of(day(number.into()), &mut rows));
    let none = ExactSet::default();
    Arc::new(Offline::new(vec![layer], none, Arc::default()))
}

/// What comes of the bundle of `carried` that is to carry `world`.
fn read_back(world: &Snapshot, carried: &Snapshot) -> Result<(), Failure> {
    let press = Press::new(Environment::Demo, 40);
    let bundle = press.made(carried, 1, day(0));
    let pinned = press.root.fingerprint();
    let manifest = bundle.prove(pinned, None).unwrap().manifest;
    Bundle::read_back(&bundle.write().unwrap(), pinned, &manifest, world)
}

#[test]
fn a_bundle_that_lost_or_changed_anything_does_not_go_out() {
    let tests = Purposes::only([Purpose::Test]);
    let rows = [
        (7, "ZZ", Purposes::ALL),
        (0x71, "DE", tests.clone()),
        (0xf0, "DE", Purposes::ALL),
    ];
    let world = |rows: &[Row]| {
        let rules = [rule(1, true), rule(2, true)];
        signers(rows)
            .with_acceptance(accepting(&rules, "one"))
            .with_own(withdrawn(1))
            .with_offline(layered(3))
    };
    let whole = world(&rows);
    read_back(&whole, &whole).unwrap();
    let mut otherwise = Vec::new();
    for place in 0..rows.len() {
        let mut fewer = rows.to_vec();
        fewer.remove(place);
        otherwise.push(("signers", world(&fewer)));
    }
    let [mut country, mut purposes] = [rows.clone(), rows.clone()];
    country[1].1 = "FR";
    purposes[2].2 = tests;
    otherwise.extend([
        ("signers", world(&country)),
        ("signers", world(&purposes)),
        ("own", whole.clone().with_own(withdrawn(2))),
        ("foreign", whole.clone().with_offline(layered(4))),
    ]);
    for (part, rules, display) in [
        ("rules", vec![rule(1, true)], "one"),
        ("rules", vec![rule(1, true), rule(2, false)], "one"),
        ("value_sets", vec![rule(1, true), rule(2, true)], "two"),
    ] {
        let acceptance = accepting(&rules, display);
        otherwise.push((part, whole.clone().with_acceptance(acceptance)));
    }
    let mut messages = Messages::default();
    let text = "[revoked]\nsentence = \"One.\"\nremedy = \"Two.\"\n";
    messages.read(text, Locale::En).unwrap();
    let told = whole.clone().with_messages(Arc::new(messages));
    otherwise.push(("messages", told));
    for (part, carried) in &otherwise {
        // Whichever of the two has more.
        for failure in [read_back(&whole, carried), read_back(carried, &whole)] {
            let failure = failure.unwrap_err();
            assert_eq!(failure.code(), Code::ReadBackFailed);
            assert!(failure.detail().ends_with(part), "{part}: {failure}");
        }
    }
}

#[test]
fn a_bundle_of_another_manifest_does_not_go_out() {
    let (press, world) = (Press::new(Environment::Demo, 40), signers(&[]));
    let bytes = press.made(&world, 1, day(0)).write().unwrap();
    let failure = Bundle::read_back(
        &bytes,
        press.root.fingerprint(),
        &press.manifest(2, day(0)),
        &world,
    );
    assert_eq!(failure.unwrap_err().code(), Code::ReadBackFailed);
}
