//! Certificates in the form that rules read, beside the bytes that their issuers signed.

use crate::support;
use lintas::codec::cose::Sign1;
use lintas::codec::item::{Item, Kind};
use lintas::codec::{base45, cwt, deflate};
use lintas::credential::{self, hcert};
use lintas::model::known_spelling;
use lintas::rules::certlogic::{Budget, Logic};
use serde_json::{Value, json};

/// An item of CBOR as the JSON that issuers mean by it; the misspelt codes are spelt right in all that we read.
fn meant(item: Item<'_>) -> Value {
    match item.kind() {
        Kind::Text(text) => json!(known_spelling(text).unwrap_or(text)),
        Kind::Integer(number) => json!(i64::try_from(number).unwrap()),
        Kind::Float(number) => json!(number),
        Kind::Bool(value) => json!(value),
        Kind::Null | Kind::Bytes(_) => json!(null),
        Kind::Tag(_, inner) => meant(inner),
        Kind::Array(items) => items.map(meant).collect(),
        Kind::Map(members) => {
            let members = members.iter();
            let members =
                members.map(|(key, value)| (key.as_text().unwrap().to_owned(), meant(value)));
            Value::Object(members.collect())
        }
    }
}

/// Every member of the schema in `payload`, with its path, as rules see it: nothing where it is null or not there.
fn seen(payload: &Value) -> Vec<(String, String)> {
    let entry = [
        "tg", "vp", "mp", "ma", "dn", "sd", "dt", "co", "is", "ci", "tt", "nm", "sc", "tr", "tc",
        "fr", "df", "du",
    ];
    let mut paths: Vec<_> = ["ver", "dob"].map(str::to_owned).into();
    paths.extend(["fn", "gn", "fnt", "gnt"].map(|name| format!("nam.{name}")));
    for group in ["v", "t", "r"] {
        paths.extend([format!("{group}.1"), format!("{group}.1.tg")]);
        paths.extend(entry.map(|name| format!("{group}.0.{name}")));
    }
    let seen = paths.into_iter().map(|path| {
        let logic = Logic::read(&json!({ "var": path })).unwrap();
        let value = logic.evaluate(payload, &mut Budget::default()).unwrap();
        let shown = format!("{value:?}");
        (path, shown)
    });
    seen.collect()
}

#[test]
fn rules_see_in_a_certificate_what_its_issuer_wrote() {
    let Some(dir) = support::conformance_dir() else {
        return;
    };
    let json = |path: &str| -> Value {
        serde_json::from_slice(&std::fs::read(dir.join(path)).unwrap()).unwrap()
    };
    let (mut compared, mut as_written) = (0, 0);
    for manifest in ["dcc-manifest.json", "dcc-qa-manifest.json"] {
        for case in json(manifest)["cases"].as_array().unwrap() {
            let path = case["path"].as_str().unwrap();
            let text = match manifest {
                "dcc-manifest.json" => json(path)["PREFIX"].as_str().map(str::to_owned),
                _ => std::fs::read_to_string(dir.join(path)).ok(),
            };
            let text = text.unwrap_or_default();
            let Ok(unverified) = credential::read(&text) else {
                continue;
            };
            let content = unverified.inspect_without_authentication();
            let Some(Ok(certificate)) = content.certificate else {
                continue;
            };
            let stream = base45::decode(text.trim().split_once(':').unwrap().1).unwrap();
            let message = deflate::inflate(&stream, hcert::LIMITS.inflated).unwrap();
            let message = Sign1::read(&message, hcert::LIMITS.cbor).unwrap();
            let claims = cwt::Claims::read(message.payload(), hcert::LIMITS.cbor).unwrap();
            let held = claims.claim(-260).unwrap().as_map().unwrap();
            let (_, held) = held.iter().next().unwrap();
            let ours = credential::payload(&certificate).unwrap();
            for (ours, written) in seen(&ours).iter().zip(seen(&meant(held))) {
                assert_eq!(*ours, written, "{path}");
            }
            compared += 1;
            as_written += usize::from(certificate.as_written.iter().next().is_some());
        }
    }
    assert!(compared > 600 && as_written > 40, "{compared} {as_written}");
}
