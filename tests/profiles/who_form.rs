//! The WHO's current form as strangers may write it: what is read, what is refused, what is told.

use crate::ground::*;
use lintas::codec::cbor::Value;
use lintas::credential;
use lintas::model::{Country, UnixTime};
use lintas::revocation::{HashKind, RevocationBatch, RevocationHash, RevocationList};
use lintas::verify::Outcome;
use serde_json::json;
use std::sync::Arc;

/// The example of the form, as the WHO's documents have it.
fn example() -> serde_json::Value {
    json!({
        "name": "Dewi Sartika", "birthDate": "1980-01-01",
        "vaccination": {
            "vaccine": { "code": "XM1NL1", "system": "http://id.who.int/icd11/mms" },
            "brand": { "code": "XM7HT3", "system": "http://id.who.int/icd11/mms" },
            "maholder": { "code": "Sinovac-Biotech", "system": "urn:x" },
            "lot": "A1", "date": "2021-09-28", "dose": 1, "totalDoses": 2,
            "country": { "code": "IDN", "system": "urn:iso:std:iso:3166" },
        },
        "certificate": {
            "issuer": { "identifier": { "value": "kemkes" } }, "hcid": { "value": "IDN-1" }, "version": "RC2",
        },
    })
}

fn test_example() -> serde_json::Value {
    json!({
        "name": "Dewi Sartika",
        "test": {
            "pathogen": { "code": "XN109", "system": "http://id.who.int/icd11/mms" },
            "type": { "code": "1334426561", "system": "urn:ichi" },
            "date": "2026-05-30T08:15:00+07:00",
            "result": { "code": "QA02", "system": "http://id.who.int/icd11/mms" },
            "centre": { "display": "Labkesda" },
            "country": { "code": "IDN", "system": "urn:iso:std:iso:3166" },
        },
        "certificate": { "issuer": "kemkes", "hcid": "IDN-2", "version": "RC2" },
    })
}

fn container(label: i64, content: &serde_json::Value) -> Value {
    Value::Map(vec![(Value::from(label), cbor(content))])
}

/// The codes, the details and the quirks of a certificate.
fn told(
    national: &National,
    label: i64,
    content: &serde_json::Value,
) -> (Vec<&'static str>, String, Vec<&'static str>) {
    let verdict = national.verify(&national.claims(container(label, content)));
    let details = verdict
        .findings()
        .map(|(_, finding)| finding.detail.clone());
    let details: Vec<_> = details.collect();
    (codes(&verdict), details.join("; "), quirks(&verdict))
}

const NONE: [&str; 0] = [];

#[test]
fn the_documented_examples_are_accepted() {
    let national = National::new();
    for (label, example) in [(3, example()), (4, test_example())] {
        let (codes, details, quirks) = told(&national, label, &example);
        assert_eq!(
            (codes.as_slice(), quirks.as_slice()),
            (&NONE[..], &NONE[..]),
            "{details}"
        );
    }
}

#[test]
fn what_the_core_data_set_requires_is_demanded() {
    let national = National::new();
    for (label, example, pointers) in [
        (
            3,
            example(),
            &[
                "/name",
                "/vaccination",
                "/vaccination/vaccine",
                "/vaccination/brand",
                "/vaccination/maholder",
                "/vaccination/lot",
                "/vaccination/date",
                "/vaccination/dose",
                "/vaccination/country",
                "/certificate",
                "/certificate/issuer",
                "/certificate/hcid",
                "/certificate/version",
            ][..],
        ),
        (
            4,
            test_example(),
            &[
                "/name",
                "/test",
                "/test/pathogen",
                "/test/type",
                "/test/date",
                "/test/country",
                "/certificate",
            ],
        ),
    ] {
        for pointer in pointers {
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            let mut bad = example.clone();
            let parent = bad.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            parent.remove(member);
            let (codes, detail, _) = told(&national, label, &bad);
            assert_eq!(codes, ["payload_invalid"], "{pointer}");
            assert_eq!(detail, format!("{member} is missing"));
        }
    }
}

#[test]
fn odd_values_are_refused_or_told_by_name() {
    let national = National::new();
    let changed = |example: &serde_json::Value, pointer: &str, value: serde_json::Value| {
        let mut changed = example.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    let (vaccination, test) = (example(), test_example());
    let long = "x".repeat(201);
    for (label, example, pointer, value) in [
        (3, &vaccination, "/name", json!(1)),
        (3, &vaccination, "/name", json!("")),
        (3, &vaccination, "/name", json!(long)),
        (3, &vaccination, "/birthDate", json!("1880")),
        (3, &vaccination, "/vaccination", json!([])),
        (
            3,
            &vaccination,
            "/vaccination/vaccine",
            json!({ "system": "urn:x" }),
        ),
        (3, &vaccination, "/vaccination/vaccine", json!([])),
        (3, &vaccination, "/vaccination/vaccine/code", json!(7)),
        (3, &vaccination, "/vaccination/date", json!("2021-09")),
        (3, &vaccination, "/vaccination/dose", json!(0)),
        (3, &vaccination, "/vaccination/dose", json!("1")),
        (3, &vaccination, "/vaccination/totalDoses", json!(1.5)),
        (
            3,
            &vaccination,
            "/certificate/hcid/value",
            json!("x".repeat(81)),
        ),
        (
            3,
            &vaccination,
            "/certificate/issuer",
            json!({ "reference": "x" }),
        ),
        (4, &test, "/test/date", json!("2026-05-30T08:15:00")),
    ] {
        let (codes, detail, _) = told(&national, label, &changed(example, pointer, value));
        assert_eq!(codes, ["payload_invalid"], "{pointer}: {detail}");
        assert!(!detail.contains("xx"), "{detail}");
    }
    for (label, example, pointer, value, quirk) in [
        (
            3,
            &vaccination,
            "/vaccination/maholder",
            json!("Sinovac"),
            "text_for_code",
        ),
        (
            3,
            &vaccination,
            "/vaccination/totalDoses",
            json!(2.0),
            "float_number",
        ),
        (
            3,
            &vaccination,
            "/vaccination/totalDoses",
            json!(null),
            "null_field",
        ),
        (
            3,
            &vaccination,
            "/birthDate",
            json!("1980-01-01T00:00:00Z"),
            "datetime_in_date",
        ),
        (
            3,
            &vaccination,
            "/birthDate",
            json!("1980-02-30"),
            "impossible_date",
        ),
        (
            4,
            &test,
            "/test/date",
            json!("2026-05-30"),
            "date_without_time",
        ),
    ] {
        let (codes, detail, quirks) = told(&national, label, &changed(example, pointer, value));
        assert_eq!(
            (codes.as_slice(), quirks.as_slice()),
            (&NONE[..], &[quirk][..]),
            "{detail}"
        );
    }
}

#[test]
fn one_certificate_states_one_event_and_the_eus_entry_wins() {
    let national = National::new();
    let both = Value::Map(vec![
        (Value::from(3), cbor(&example())),
        (Value::from(4), cbor(&test_example())),
    ]);
    assert_eq!(
        codes(&national.verify(&national.claims(both))),
        ["entries_not_one"]
    );
    let eu = json!({
        "ver": "1.3.0", "nam": { "fnt": "SUHARTO" }, "dob": "1964",
        "r": [{ "tg": "840539006", "fr": "2026-04-02", "df": "2026-04-13", "du": "2026-09-29", "co": "ID",
                "is": "Kementerian", "ci": "URN:UVCI:01:ID:A#B" }],
    });
    let beside = Value::Map(vec![
        (Value::from(3), cbor(&example())),
        (Value::from(1), cbor(&eu)),
    ]);
    let verdict = national.verify(&national.claims(beside));
    assert_eq!(verdict.credentials[0].format.unwrap().name(), "eu_dcc");
    let empty = national.claims(Value::Map(vec![(Value::from(2), cbor(&eu))]));
    assert_eq!(codes(&national.verify(&empty)), ["hcert_missing"]);
}

#[test]
fn a_period_of_its_own_shortens_the_claims() {
    let national = National::new();
    let mut shorter = example();
    shorter["certificate"]["period"] = json!({ "start": "2026-06-03", "end": "2026-06-10" });
    let text = national.claims(container(3, &shorter));
    let on = |day: i64| {
        codes(&judged(
            &text,
            issued_at().plus(day * DAY_S),
            &national.snapshot,
        ))
    };
    assert_eq!(on(1), ["not_yet_valid"]);
    assert_eq!(on(3), NONE);
    assert_eq!(on(9), NONE);
    assert_eq!(on(10), ["expired"]);
    // A longer one changes nothing.
    shorter["certificate"]["period"] = json!({ "end": "2036-06-10T00:00:00Z" });
    let text = national.claims(container(3, &shorter));
    let after = UnixTime::from_seconds(issued_at().plus(366 * DAY_S).seconds()).unwrap();
    assert_eq!(
        codes(&judged(&text, after, &national.snapshot)),
        ["expired"]
    );
}

#[test]
fn its_identifier_withdraws_it_alone_and_with_its_country() {
    let national = National::new();
    let text = national.claims(container(3, &example()));
    let content = credential::read(&text)
        .unwrap()
        .inspect_without_authentication();
    let certificate = content.certificate.unwrap().unwrap();
    let uvci = certificate.entry.uvci();
    for (kind, hash) in [
        (HashKind::Uci, RevocationHash::of_uci(uvci)),
        (
            HashKind::CountryCodeUci,
            RevocationHash::of_country_and_uci("ID", uvci),
        ),
        (
            HashKind::CountryCodeUci,
            RevocationHash::of_country_and_uci("IDN", uvci),
        ),
    ] {
        let batch = RevocationBatch {
            id: "1f0e".to_owned(),
            country: Country::parse("ID").unwrap(),
            kid: None,
            kind,
            expires_at: issued_at().plus(100 * DAY_S),
            hashes: vec![hash],
        };
        let list = Arc::new(RevocationList::new([batch]));
        let snapshot = national.snapshot.clone().with_revocations(list);
        let verdict = judged(&text, issued_at().plus(DAY_S), &snapshot);
        assert_eq!(codes(&verdict), ["revoked"], "{}", kind.name());
    }
    assert_eq!(national.verify(&text).outcome(), Outcome::Accept);
}

#[test]
fn personal_numbers_are_not_kept() {
    let national = National::new();
    let mut more = example();
    more["identifier"] = json!({ "value": "3174000000000001" });
    more["sex"] = json!({ "code": "female" });
    more["vaccination"]["practitioner"] = json!({ "value": "practitioner-7" });
    let verdict = national.verify(&national.claims(container(3, &more)));
    let shown = verdict
        .to_json(lintas::verify::View::Holder, None, None)
        .to_string();
    assert_eq!(verdict.outcome(), Outcome::Accept);
    for kept in ["3174000000000001", "female", "practitioner-7"] {
        assert!(!shown.contains(kept));
    }
    assert!(!format!("{verdict:?}").contains("Dewi"));
}
