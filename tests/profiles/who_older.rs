//! The WHO's older form, which stands alone: the published samples, which are only read since nobody publishes their
//! signers' keys, and the same contents under a key of our own, which verify.

use crate::ground::*;
use crate::support::vectors_dir;
use lintas::credential;
use lintas::model::Entry;
use lintas::verify::Outcome;
use serde_json::json;
use std::fs;

fn sample(name: &str) -> Option<String> {
    let path = vectors_dir()?
        .join("who/ddcc")
        .join(format!("{name}Contents.txt"));
    Some(fs::read_to_string(path).unwrap())
}

/// What is odd about each of the published samples.
const SAMPLES: [(&str, &[&str]); 3] = [
    ("WHOQR1", &["unprotected_kid", "no_claims"]),
    (
        "WHOQR2",
        &[
            "unprotected_kid",
            "null_field",
            "no_claims",
            "field_missing",
            "text_for_code",
        ],
    ),
    (
        "WHOSingaporePCR",
        &["unprotected_kid", "no_claims", "identifier_elsewhere"],
    ),
];

#[test]
fn the_published_samples_are_read_with_their_oddities_told() {
    for (name, expected) in SAMPLES {
        let Some(text) = sample(name) else { return };
        let unverified = credential::read(&text).unwrap();
        let content = unverified.inspect_without_authentication();
        let quirks: Vec<_> = content.quirks.iter().map(|quirk| quirk.name()).collect();
        assert_eq!(quirks, expected, "{name}");
        assert_eq!(content.format.name(), "who_ddcc");
        let certificate = content.certificate.unwrap().unwrap();
        let full = certificate.person.name.full.as_deref();
        let stated = match &certificate.entry {
            Entry::WhoVaccination(it) => (
                full.unwrap(),
                it.uvci.as_str().to_owned(),
                it.brand.as_ref().map(|brand| brand.as_str().to_owned()),
                it.date.map(|date| date.to_string()),
            ),
            Entry::WhoTest(it) => (
                full.unwrap(),
                it.uvci.as_str().to_owned(),
                it.result.as_ref().map(|result| result.as_str().to_owned()),
                Some(it.sampled_at.to_string()),
            ),
            other => panic!("{other:?}"),
        };
        let owned = |text: &str| Some(text.to_owned());
        let expected = match name {
            "WHOQR1" => (
                "Eddie Murphy",
                "US111222333444555666".to_owned(),
                owned("TEST"),
                owned("2021-07-08"),
            ),
            "WHOQR2" => ("EddieMurphy", "111000111".to_owned(), None, None),
            _ => (
                "TAN CHEN CHEN",
                "URN:UVCI:01:SG:ABC-CDE-CDE".to_owned(),
                owned("260415000"),
                owned("2022-07-27T06:15:00Z"),
            ),
        };
        assert_eq!(stated, expected);
        // Their signers stand in no list, so no verdict believes them.
        let verdict = National::new().verify(&text);
        assert_eq!(codes(&verdict), ["unknown_signer"], "{name}");
    }
}

#[test]
fn their_contents_verify_under_a_key_that_is_listed() {
    let national = National::new();
    for (name, expected) in SAMPLES {
        let Some(text) = sample(name) else { return };
        let signed = national.text(&payload(text.trim()));
        let verdict = judged(&signed, issued_at().plus(DAY_S), &national.snapshot);
        // Without a period of its own a certificate lasts as long as its signer, which is told.
        let mut expected: Vec<_> = expected
            .iter()
            .copied()
            .filter(|quirk| *quirk != "unprotected_kid")
            .collect();
        let (codes, quirks) = (codes(&verdict), quirks(&verdict));
        if name == "WHOQR1" {
            // Valid until 2022-07-08 by its own word.
            assert_eq!(codes, ["expired"]);
        } else {
            assert_eq!(codes, [""; 0], "{name}");
            expected.push("exceeds_signer");
        }
        expected.push("issued_before_signer");
        let mut quirks = quirks;
        quirks.sort_unstable();
        expected.sort_unstable();
        assert_eq!(quirks, expected, "{name}");
    }
}

#[test]
fn it_is_current_within_the_period_that_it_states() {
    let national = National::new();
    let content = json!({
        "name": "Dewi", "vaccine": { "code": "XM1NL1" }, "brand": { "code": "XM7HT3" }, "ma_holder": { "code": "x" },
        "lot": "A1", "date": "2026-05-01", "dose": 1, "country": { "code": "IDN" }, "hcid": "IDN-1", "pha": "kemkes",
        "valid_from": "2026-06-02", "valid_until": "2026-06-20",
    });
    let text = national.text(&cbor(&content));
    let on = |day: i64| {
        codes(&judged(
            &text,
            issued_at().plus(day * DAY_S),
            &national.snapshot,
        ))
    };
    assert_eq!(on(0), ["not_yet_valid"]);
    assert_eq!(on(1), [""; 0]);
    assert_eq!(on(19), [""; 0]);
    assert_eq!(on(20), ["expired"]);
    let tests_only = National::of(&[1], 700);
    let forged = tests_only.text(&cbor(&content));
    assert_eq!(
        codes(&tests_only.verify(&forged)),
        ["signer_not_authorised"]
    );
}

#[test]
fn a_map_that_is_no_certificate_is_none() {
    let national = National::new();
    for (content, code) in [
        (json!({ "name": "Dewi" }), "cwt_invalid"),
        (json!({ "vaccine": { "code": "x" } }), "cwt_invalid"),
        (json!({}), "cwt_invalid"),
        (
            json!({ "name": "Dewi", "vaccine": { "code": "x" }, "dose": 1 }),
            "payload_invalid",
        ),
        (
            json!({ "name": "Dewi", "vaccine": { "code": "x" }, "dose": 1, "identifier": "3174000000000001" }),
            "payload_invalid",
        ),
        (
            json!({ "name": "Dewi", "test": {}, "hcid": "1" }),
            "payload_invalid",
        ),
        (
            json!({ "name": "Dewi", "test": {}, "vaccine": { "code": "x" }, "hcid": "1" }),
            "entries_not_one",
        ),
    ] {
        let verdict = national.verify(&national.text(&cbor(&content)));
        assert_eq!(verdict.outcome(), Outcome::Reject);
        assert_eq!(codes(&verdict), [code], "{content}");
    }
}
