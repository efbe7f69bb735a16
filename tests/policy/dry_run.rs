//! The program tries a policy set on many certificates.

use crate::site::{document, later, stricter};
use crate::support::program::{complained, lintas, said};
use crate::support::{TEST, TestSigner, VACCINATION};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// A folder with two policy sets, a list that knows one signer, and `count` certificates, of which every fifth, from the
/// second on, is a first dose.
fn folder(count: usize) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let signer = TestSigner::new(4);
    let list = json!({ "eu_keys": { "BAQEBAQEBAQ=": [{ "subjectPk": signer.spki_base64(), "keyUsage": [] }] } });
    let key = TestSigner::new(5).spki_base64();
    let strange = json!({ "eu_keys": { "BQUFBQUFBQU=": [{ "subjectPk": key, "keyUsage": [] }] } });
    let first_dose = VACCINATION.replace("\"dose\": 2", "\"dose\": 1");
    assert_ne!(first_dose, VACCINATION);
    let five = [
        signer.issue(VACCINATION),
        signer.issue(&first_dose),
        signer.issue(TEST),
        TestSigner::new(9).issue(VACCINATION),
        "HC1:=".to_owned(),
    ];
    let lines: Vec<_> = five
        .iter()
        .cycle()
        .take(count)
        .map(String::as_str)
        .collect();
    let old = document("1.0.0", later(-1));
    let new = stricter("1.1.0", later(-1));
    for (name, text) in [
        ("old.json", old.to_string()),
        ("new.json", new.to_string()),
        ("list.json", list.to_string()),
        ("strange.json", strange.to_string()),
        ("codes.txt", lines.join("\n")),
    ] {
        std::fs::write(place.path().join(name), text).unwrap();
    }
    place
}

/// A dry run of the set and the certificates in a folder.
const USUAL: [&str; 7] = [
    "rules",
    "dry-run",
    "new.json",
    "--certificates",
    "codes.txt",
    "--trust",
    "list.json",
];

/// Where more than certificates is not asked for.
const OFFICE: [&str; 4] = ["--sector", "office", "--wilayah", "31"];

fn tried(folder: &Path, more: &[&str]) -> String {
    let usual = [&USUAL[..], &["--at", "2026-06-01T02:00:00Z"]].concat();
    let output = lintas(folder, &[&usual[..], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    for personal in [
        "Kusumawardhani",
        "Dewi",
        "1987-03-09",
        "Suharto",
        "HC1:",
        "UVCI",
    ] {
        assert!(!said(&output).contains(personal) && !complained(&output).contains(personal));
    }
    said(&output)
}

fn is_told_line_by_line(count: usize) {
    let place = folder(count);
    let fifth = count / 5;
    let against = [&["--against", "old.json"], &OFFICE[..]].concat();
    let told = tried(place.path(), &against);
    let expected = format!(
        "green stays: {fifth}\nred stays: {}\nyellow -> red: {fifth}\nyellow stays: {fifth}\n{count} lines, {fifth} changed\n",
        2 * fifth
    );
    assert_eq!(told, expected);
    let told = tried(place.path(), &[&against[..], &["--json"]].concat());
    let mut rows: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let counts = rows.pop().unwrap();
    assert_eq!(
        (&counts["lines"], &counts["changed"], &counts["open"]),
        (&json!(count), &json!(fifth), &json!(0))
    );
    assert_eq!(counts["authentic"], 3 * fifth);
    let changed = (0..fifth).map(|row| {
        json!({ "line": 5 * row + 2, "from": "yellow", "to": "red", "rule_before": "CR-ZZ-0032", "rule": "CR-ZZ-0032" })
    });
    assert!(changed.eq(rows), "every changed line, in order");
}

#[test]
fn two_thousand_certificates_are_tried_and_every_change_is_told() {
    is_told_line_by_line(2_000);
}

#[test]
#[ignore = "takes minutes where it is not optimised"]
#[expect(clippy::disallowed_methods, reason = "the time is what is told")]
fn a_hundred_thousand_certificates_are_tried() {
    let started = std::time::Instant::now();
    is_told_line_by_line(100_000);
    eprintln!(
        "100,000 certificates were tried under two policy sets, twice, in {:?}",
        started.elapsed()
    );
}

#[test]
fn circumstances_count_and_a_set_may_stand_alone() {
    let place = folder(10);
    let alone = tried(place.path(), &OFFICE);
    assert_eq!(alone, "green: 2\nred: 6\nyellow: 2\n10 lines, 0 changed\n");
    let flight = tried(place.path(), &["--mode", "air", "--wilayah", "5171"]);
    assert_eq!(flight, "red: 10\n10 lines, 0 changed\n");
    let noted = |list: &str| {
        let usual = [&USUAL[..6], &[list, "--at", "2026-06-01T02:00:00Z"]].concat();
        complained(&lintas(place.path(), &usual))
    };
    let (known, strange) = (noted("list.json"), noted("strange.json"));
    assert!(known.contains("6 of 10 lines hold an authentic"), "{known}");
    assert!(!known.contains("--trust"), "{known}");
    assert!(
        strange.contains("0 of 10 lines hold an authentic"),
        "{strange}"
    );
    assert!(strange.contains("--trust"), "{strange}");
    let refused = |arguments: &[&str]| {
        let output = lintas(place.path(), arguments);
        assert_eq!(output.status.code(), Some(64), "{}", said(&output));
        complained(&output)
    };
    let odd = refused(&[&USUAL[..], &["--mode", "submarine"]].concat());
    assert!(odd.contains("request_invalid"), "{odd}");
    std::fs::write(place.path().join("new.json"), "{}").unwrap();
    assert!(refused(&USUAL).contains("policy_invalid"));
}

#[test]
fn a_file_is_checked_and_two_are_compared() {
    let place = folder(0);
    let folder = place.path();
    let output = lintas(folder, &["rules", "check", "old.json"]);
    assert!(
        said(&output).starts_with("PS-ZZ-0001 1.0.0: 14 colour rules, 7 rules; from "),
        "{}",
        said(&output)
    );
    let mut spoilt = document("1.0.0", later(0));
    spoilt["Colours"][0]["Colour"] = json!("blue");
    spoilt["Colours"][5]["Logic"] = json!({ "or": [1, 2] });
    std::fs::write(folder.join("spoilt.json"), spoilt.to_string()).unwrap();
    let output = lintas(folder, &["rules", "check", "spoilt.json"]);
    assert_eq!(output.status.code(), Some(1));
    let places: BTreeMap<_, _> = said(&output)
        .lines()
        .map(|line| {
            let (place, rest) = line.split_once(": ").unwrap();
            (place.to_owned(), rest.split(':').next().unwrap().to_owned())
        })
        .collect();
    let expected = [
        ("CR-ZZ-0001", "policy_invalid"),
        ("CR-ZZ-0012", "policy_invalid"),
    ];
    assert_eq!(
        places,
        expected
            .map(|(place, code)| (place.to_owned(), code.to_owned()))
            .into()
    );
    let output = lintas(folder, &["rules", "diff", "old.json", "new.json"]);
    assert_eq!(said(&output), "changed CR-ZZ-0032\n");
    let output = lintas(folder, &["rules", "diff", "old.json", "new.json", "--json"]);
    let told: Value = serde_json::from_str(&said(&output)).unwrap();
    assert_eq!(
        told,
        json!({ "differences": [{ "change": "changed", "part": "CR-ZZ-0032" }] })
    );
    let sample = said(&lintas(folder, &["rules", "sample"]));
    assert_eq!(sample, include_str!("../../policies/id.json"));
}
