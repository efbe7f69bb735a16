//! Rules, policy sets, journeys and holders.

use crate::ground::day;
use lintas::exchange::dgcg::read_rule;
use lintas::exchange::{read_policy_set, read_value_set};
use lintas::model::Country;
use lintas::rules::{Circumstances, Policies, PolicySet, Rule, RuleSet, ValueSets};
use lintas::snapshot::{Acceptance, Snapshot};
use lintas::verify::identity::{Holder, Named};
use lintas::verify::{Asked, Journey};
use serde_json::{Value, json};
use std::sync::Arc;

/// A rule that is not passed unless `logic` holds.
fn rule(identifier: &str, logic: &Value) -> Arc<Rule> {
    let about = match &identifier[..2] {
        "VR" => "Vaccination",
        "TR" => "Test",
        _ => "General",
    };
    let rule = json!({
        "Identifier": identifier,
        "Type": if identifier.starts_with("IR") { "Invalidation" } else { "Acceptance" },
        "Country": &identifier[3..5],
        "Version": "1.0.0",
        "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC",
        "EngineVersion": "1.0.0",
        "CertificateType": about,
        "Description": [{ "lang": "en", "desc": "A rule of a test, in some words." }],
        "ValidFrom": "2026-01-01T00:00:00Z",
        "ValidTo": "2026-06-20T00:00:00Z",
        "AffectedFields": ["v.0"],
        "Logic": logic,
    });
    Arc::new(read_rule(rule.to_string().as_bytes()).unwrap())
}

/// Rules that are passed, not passed and open, one of them changed where another `vaccine` counts; Greece writes another
/// code than we do.
pub(crate) fn acceptance(vaccine: bool) -> Acceptance {
    let (mut rules, mut sets) = (RuleSet::default(), ValueSets::default());
    let product = if vaccine { "CoronaVac" } else { "Covaxin" };
    let of = |field: &str| json!({ "var": format!("payload.{field}") });
    for (identifier, logic) in [
        ("VR-DE-0001", json!({ "===": [of("v.0.mp"), product] })),
        (
            "VR-DE-0002",
            json!({ "in": [of("v.0.tg"), { "var": "external.valueSets.targets" }] }),
        ),
        ("TR-DE-0001", json!({ "===": [of("t.0.tr"), "nothing"] })),
        (
            "GR-DE-0001",
            json!({ "plusTime": [{ "var": "external.validationClock" }, 1, "day"] }),
        ),
        ("GR-EL-0001", json!({ "===": [of("ver"), "1.3.0"] })),
        (
            "IR-ZZ-0001",
            json!({ "!": [{ "===": [{ "var": "external.region" }, "BY"] }] }),
        ),
    ] {
        rules.add(rule(identifier, &logic)).unwrap();
    }
    // One country's rules cannot be read here, the one less than the other.
    let none = rule("GR-MT-0001", &json!({ "if": [true, true, true, true] }));
    assert!(rules.add(none).is_err());
    rules.add_unread(Country::parse("MT").unwrap());
    let set = json!({
        "valueSetId": "targets",
        "valueSetDate": "2021-01-01",
        "valueSetValues": { "840539006": {
            "display": "COVID-19", "lang": "en", "active": true, "system": "http://snomed.info/sct", "version": "",
        } },
    });
    sets.add(read_value_set(set.to_string().as_bytes()).unwrap())
        .unwrap();
    Acceptance::new(rules, sets)
}

/// The sample set as the demo country's; in its later version a first dose is not enough.
fn policy_set(version: &str) -> PolicySet {
    let sample = include_str!("../../policies/id.json").replace("-ID-", "-ZZ-");
    let sample = sample.replace("\"Country\": \"ID\"", "\"Country\": \"ZZ\"");
    let sample = sample.replace("2026-12-01T", "2026-01-01T");
    let mut document: Value = serde_json::from_str(&sample).unwrap();
    document["Version"] = json!(version);
    if version != "1.0.0" {
        for rule in document["Colours"].as_array_mut().unwrap() {
            if rule["Colour"] == "green" {
                rule["Colour"] = json!("yellow");
            }
        }
    }
    read_policy_set(document.to_string().as_bytes()).unwrap()
}

/// `world` with rules; of its policy sets the second is in force from the second day on, where there are `two`.
pub(crate) fn ruled(world: Snapshot, two: bool) -> Snapshot {
    let mut policies = Policies::default();
    let mut activate = |version, from| {
        let set = Arc::new(policy_set(version));
        policies.activate(set, day(from), day(from)).unwrap();
    };
    activate("1.0.0", -30);
    if two {
        activate("1.1.0", 2);
    }
    let world = world.with_acceptance(Arc::new(acceptance(two)));
    world.with_policies(Arc::new(policies))
}

pub(crate) fn journey(country: &str) -> Journey {
    Journey::to(Country::parse(country).unwrap())
}

fn holder(name: &str, born: &str) -> Option<Holder> {
    Some(Holder::read(Some(Named::Whole(name)), Some(born), None).unwrap())
}

/// What is asked: nothing more, and each thing by itself and with others.
pub(crate) fn asks() -> Vec<Asked> {
    let none = Asked::default;
    let to = |journey| Asked {
        journey: Some(journey),
        ..none()
    };
    let colour = |asked| Asked {
        with_colour: true,
        ..asked
    };
    let home = Journey {
        circumstances: Circumstances {
            mode: Some("air".into()),
            sector: None,
            wilayah: Some("3171".into()),
        },
        ..journey("ZZ")
    };
    let later = Journey {
        arrival: Some(day(30)),
        region: Some("BY".into()),
        ..journey("DE")
    };
    let of = |name, born, asked| Asked {
        holder: holder(name, born),
        ..asked
    };
    vec![
        none(),
        colour(none()),
        to(journey("DE")),
        colour(to(home.clone())),
        to(later),
        colour(to(journey("FR"))),
        to(journey("GR")),
        of("Dewi Sartika Kusumawardhani", "1987-03-09", none()),
        of("Dewi Kusumawardhani", "1987-03-09", to(journey("DE"))),
        of("Somebody Else", "1964", colour(to(home))),
    ]
}
