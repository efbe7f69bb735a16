//! Policy sets as documents: what is refused and where, what differs, and which one is in force when.

use lintas::exchange::{check_policy_set, read_policy_set};
use lintas::failure::Code;
use lintas::model::UnixTime;
use lintas::rules::{Policies, PolicySet, differences};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const INDONESIA: &str = include_str!("../../policies/id.json");

pub(crate) fn document() -> Value {
    serde_json::from_str(INDONESIA).unwrap()
}

pub(crate) fn set(document: &Value) -> PolicySet {
    read_policy_set(document.to_string().as_bytes()).unwrap()
}

pub(crate) fn at(text: &str) -> UnixTime {
    UnixTime::parse(text).unwrap()
}

pub(crate) fn now() -> UnixTime {
    at("2027-01-05T12:00:00Z")
}

/// Puts `value` at `member` of what `place` points to; takes it away where that is null.
fn put(document: &mut Value, place: &str, member: &str, value: Value) {
    let members = document.pointer_mut(place).unwrap();
    let members = members.as_object_mut().unwrap();
    if value.is_null() {
        members.shift_remove(member);
    } else {
        members.insert(member.to_owned(), value);
    }
}

fn flaws(document: &Value) -> Vec<String> {
    let flaws = check_policy_set(document.to_string().as_bytes()).unwrap_err();
    assert!(flaws.iter().all(|flaw| !flaw.failure.detail().is_empty()));
    flaws.into_iter().map(|flaw| flaw.place).collect()
}

#[test]
fn what_is_no_policy_set_is_refused_with_every_flaw_and_its_place() {
    let document = document();
    let (set, rule, colour) = ("policy set", "VR-ID-0001", "CR-ID-0001");
    let (here, first_rule, first_colour) = ("", "/Rules/0", "/Colours/0");
    let levels = document["Wilayah"]["31"].clone();
    let (next_rule, next_colour) = (document["Rules"][1].clone(), document["Colours"][1].clone());
    let cases = [
        (set, here, "More", json!(1)),
        (set, here, "Type", json!("Acceptance")),
        (set, here, "Engine", json!("OTHER")),
        (set, here, "EngineVersion", json!("1.4.0")),
        (set, here, "Identifier", json!("PS-DE-0001")),
        (set, here, "Country", json!("id")),
        (set, here, "Version", json!("1")),
        (set, here, "ValidFrom", json!("2026-12-01")),
        (set, here, "ValidTo", document["ValidFrom"].clone()),
        (
            set,
            here,
            "Description",
            json!([{ "lang": "en", "desc": "b" }]),
        ),
        ("Modes", here, "Modes", json!(["Air"])),
        ("Sectors", here, "Sectors", json!(["mall", "mall"])),
        ("Sectors", here, "Sectors", Value::Null),
        (rule, first_rule, "Country", json!("DE")),
        // A rule that ends before its set, or begins after it, would be silent.
        (rule, first_rule, "ValidTo", json!("2027-11-30T16:59:59Z")),
        (
            rule,
            first_rule,
            "ValidFrom",
            json!("2026-12-01T00:00:01+07:00"),
        ),
        (rule, here, "ValidTo", json!("2099-12-31T16:59:59Z")),
        (rule, first_rule, "Logic", json!({ "or": [1, 2] })),
        (rule, first_rule, "EngineVersion", json!("2.0.0")),
        (rule, "/Rules/0/Description/0", "lang", json!("de")),
        ("VR-ID-0002", here, "Rules", json!([next_rule, next_rule])),
        ("Rules/2", here, "Rules", json!([next_rule, 7])),
        ("Wilayah 31", "/Wilayah", "31", json!([])),
        ("Wilayah 31", "/Wilayah/31/0", "Level", json!(5)),
        ("Wilayah 311", "/Wilayah", "311", levels),
        ("Wilayah/42", "/Wilayah", "\u{1b}[2J", json!([])),
        (colour, first_colour, "Colour", json!("blue")),
        (colour, first_colour, "More", json!(1)),
        (colour, first_colour, "Logic", json!({ "and": [] })),
        (colour, first_colour, "Logic", json!({ "var": "payload.t" })),
        (
            colour,
            first_colour,
            "Logic",
            json!({ "<": [{ "var": "payload.v.0.dn" }, 1] }),
        ),
        (colour, first_colour, "Logic", Value::Null),
        (colour, "/Colours/0/Reason/1", "desc", json!("a\u{202e}b")),
        (
            "CR-DE-0001",
            first_colour,
            "Identifier",
            json!("CR-DE-0001"),
        ),
        ("Colours/1", first_colour, "Identifier", json!("cr\u{7}")),
        (
            "CR-ID-0002",
            here,
            "Colours",
            json!([next_colour, next_colour]),
        ),
        ("CR-ID-0099", "/Colours/13", "Colour", json!("green")),
        (
            "CR-ID-0099",
            "/Colours/13",
            "Logic",
            json!({ "===": [1, 1] }),
        ),
        ("Colours", here, "Colours", json!([])),
    ];
    for (part, place, member, value) in cases {
        let mut spoilt = document.clone();
        put(&mut spoilt, place, member, value);
        let told = flaws(&spoilt);
        assert!(
            told.iter().any(|it| it == part),
            "{place}/{member}: {part} is not in {told:?}"
        );
    }
    let mut spoilt = document;
    put(&mut spoilt, first_rule, "Logic", json!({ "or": [1, 2] }));
    put(&mut spoilt, "/Colours/3", "Logic", json!({ "not": [1] }));
    put(&mut spoilt, "/Colours/5", "Logic", json!({ "var": 1 }));
    assert_eq!(
        flaws(&spoilt),
        ["VR-ID-0001", "CR-ID-0010", "CR-ID-0012"],
        "not only the first"
    );
}

#[test]
fn hostile_documents_are_bounded_and_coded() {
    let code = |bytes: &[u8]| read_policy_set(bytes).unwrap_err().code();
    assert_eq!(code(b""), Code::PolicyInvalid);
    assert_eq!(code(b"[]"), Code::PolicyInvalid);
    assert_eq!(code(&b"[".repeat(100_000)), Code::PolicyInvalid);
    assert_eq!(code(&b" ".repeat(512 * 1024 + 1)), Code::InputTooLarge);
    let twice = INDONESIA.replacen('{', "{\"Country\":\"ID\",", 1);
    assert_eq!(code(twice.as_bytes()), Code::PolicyInvalid);
    let spoilt = |member: &str, value: Value| {
        let mut document = document();
        document[member] = value;
        code(document.to_string().as_bytes())
    };
    let many: Value = (0..60_000).map(Value::from).collect();
    let deep = (0..500).fold(json!(1), |inner, _| json!({ "!": [inner] }));
    let colour = |logic: Value| {
        let mut colours = document()["Colours"].clone();
        colours[0]["Logic"] = logic;
        colours
    };
    let row = document()["Colours"][0].clone();
    for (member, value) in [
        ("Modes", many.clone()),
        (
            "Modes",
            (0..101).map(|it| json!(format!("m_{it}"))).collect(),
        ),
        ("Rules", many.clone()),
        ("Wilayah", many.clone()),
        ("Colours", many.clone()),
        ("Colours", vec![row; 101].into()),
        ("Colours", colour(many)),
        ("Colours", colour(deep)),
        ("Colours", colour(json!("x".repeat(100_000)))),
        (
            "Description",
            json!([{ "lang": "id", "desc": "x".repeat(3_000) }]),
        ),
    ] {
        let code = spoilt(member, value);
        let coded = [Code::PolicyInvalid, Code::InputTooLarge, Code::RuleInvalid];
        assert!(coded.contains(&code), "{member}: {code}");
    }
}

#[test]
fn what_differs_is_told_part_by_part() {
    let (old, mut changed) = (set(&document()), document());
    changed["Version"] = json!("1.1.0");
    assert!(differences(Some(&old), &set(&changed)).is_empty());
    changed["Colours"][0]["Remedy"][0]["desc"] = json!("Tunggu.");
    changed["Colours"][1]["Identifier"] = json!("CR-ID-0005");
    let (one, two) = (changed["Colours"][8].clone(), changed["Colours"][9].clone());
    (changed["Colours"][8], changed["Colours"][9]) = (two, one);
    changed["Rules"][0]["Version"] = json!("1.0.1");
    changed["Wilayah"]["31"][0]["Level"] = json!(4);
    changed["Wilayah"]
        .as_object_mut()
        .unwrap()
        .shift_remove("11");
    changed["Modes"] = json!(["air", "sea", "rail", "ferry"]);
    let told = differences(Some(&old), &set(&changed));
    let told: Vec<_> = told.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "removed CR-ID-0002",
            "changed CR-ID-0001",
            "added CR-ID-0005",
            "changed order of colours",
            "removed VR-ID-0001@1.0.0",
            "added VR-ID-0001@1.0.1",
            "removed wilayah 11",
            "changed wilayah 31",
            "removed mode road",
            "added mode ferry",
        ]
    );
    assert!(differences(None, &old).len() > 30, "everything is new");
}

#[test]
fn of_what_was_activated_the_highest_version_that_has_begun_is_in_force() {
    let version = |version: &str, until: &str| {
        let mut document = document();
        document["Version"] = json!(version);
        document["ValidTo"] = json!(until);
        Arc::new(set(&document))
    };
    let (end, begin) = ("2027-12-01T00:00:00+07:00", "2026-12-10T00:00:00Z");
    let decided = at("2026-11-30T00:00:00Z");
    let mut policies = Policies::default();
    let first = version("1.0.0", end);
    policies
        .activate(first.clone(), at(begin), decided)
        .unwrap();
    let empty = Policies::default().content_hash();
    let one = policies.content_hash();
    assert_ne!(one, empty);
    // The later one begins first and ends soon.
    let urgent = version("1.1.0", "2026-12-09T00:00:00Z");
    policies
        .activate(urgent, at("2026-12-05T00:00:00Z"), decided)
        .unwrap();
    let next = version("2.0.0", end);
    policies
        .activate(next.clone(), at("2027-02-01T00:00:00Z"), decided)
        .unwrap();
    let in_force = |when: &str| policies.in_force(at(when)).map(|it| it.version.to_string());
    for (when, expected) in [
        ("2026-12-04T23:59:59Z", None),
        ("2026-12-05T00:00:00Z", Some("1.1.0")),
        ("2026-12-09T00:00:00Z", Some("1.1.0")),
        ("2026-12-09T00:00:01Z", None),
        ("2026-12-10T00:00:00Z", Some("1.0.0")),
        ("2027-01-31T23:59:59Z", Some("1.0.0")),
        ("2027-02-01T00:00:00Z", Some("2.0.0")),
        ("2027-12-01T00:00:00Z", None),
    ] {
        assert_eq!(in_force(when).as_deref(), expected, "{when}");
    }
    let mut other = document();
    other["Identifier"] = json!("PS-ID-0002");
    other["Version"] = json!("3.0.0");
    for (refused, from) in [
        (next, "2027-03-01T00:00:00Z"),
        (first, "2027-03-01T00:00:00Z"),
        (Arc::new(set(&other)), "2027-03-01T00:00:00Z"),
        (version("3.0.0", end), "2026-11-30T00:00:00Z"),
        (version("3.0.0", end), "2027-12-02T00:00:00Z"),
    ] {
        let before = policies.content_hash();
        let failure = policies.activate(refused, at(from), decided).unwrap_err();
        assert_eq!(
            (failure.code(), policies.content_hash()),
            (Code::PolicyInvalid, before)
        );
    }
    // What can never be in force again, a day before somebody decides anything, is kept no longer: what has ended, and what a
    // higher version covers.
    let mut kept = |next: &str, from: &str, decided: &str| {
        policies
            .activate(version(next, end), at(from), at(decided))
            .unwrap();
        let kept = policies.all().iter().map(|it| it.set.version.to_string());
        kept.collect::<Vec<_>>()
    };
    let (march, april) = ("2027-03-01T00:00:00Z", "2027-04-01T00:00:00Z");
    assert_eq!(
        kept("3.0.0", march, "2026-12-10T00:00:00Z"),
        ["1.0.0", "1.1.0", "2.0.0", "3.0.0"]
    );
    assert_eq!(
        kept("3.0.1", march, "2026-12-10T00:00:01Z"),
        ["1.0.0", "2.0.0", "3.0.0", "3.0.1"]
    );
    assert_eq!(
        kept("3.0.2", april, "2027-02-01T23:59:59Z"),
        ["1.0.0", "2.0.0", "3.0.0", "3.0.1", "3.0.2"]
    );
    assert_eq!(
        kept("3.0.3", april, "2027-02-02T00:00:00Z"),
        ["2.0.0", "3.0.0", "3.0.1", "3.0.2", "3.0.3"]
    );
    assert_eq!(
        kept("3.0.4", april, "2027-03-02T00:00:00Z"),
        ["3.0.1", "3.0.2", "3.0.3", "3.0.4"]
    );
    assert_eq!(
        kept("4.0.0", "2027-11-01T00:00:00Z", "2027-10-01T00:00:00Z"),
        ["3.0.4", "4.0.0"]
    );
}
