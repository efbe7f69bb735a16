//! Events in three forms, and the table of products: generated persons through all readers, the manual's examples, and every code
//! against the published value sets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "issuing/persons.rs"]
mod persons;
mod support;

use lintas::failure::Failure;
use lintas::issue::Profiles;
use lintas::issue::event::Event;
use lintas::issue::event::rows::{self, Form, MAX_ROWS};
use lintas::issue::products::Products;
use persons::{Case, HEADER, cases, checked_at};
use serde_json::Value;
use std::sync::LazyLock;

static PRODUCTS: LazyLock<Products> = LazyLock::new(|| Products::embedded().unwrap());
static PROFILES: LazyLock<Profiles> = LazyLock::new(|| Profiles::embedded().unwrap());

fn read(form: Form, text: &str) -> Vec<Result<Event, Failure>> {
    rows::read(form, text.as_bytes(), &PRODUCTS)
        .unwrap()
        .map(|row| {
            let event = row.event?;
            event.check(&PRODUCTS, checked_at())?;
            PROFILES.chosen(&event, &PRODUCTS)?;
            Ok(event)
        })
        .collect()
}

#[test]
fn ten_thousand_persons_read_the_same_in_all_forms_and_what_is_wrong_is_refused() {
    let cases: Vec<Case> = cases(2026, MAX_ROWS).collect();
    let join = |line: &dyn Fn(&Case) -> String| -> String {
        let lines: Vec<String> = cases.iter().map(line).collect();
        lines.join("\n")
    };
    let json = read(Form::Ndjson, &join(&|case| case.json.to_string()));
    let csv = format!("{HEADER}\n{}", join(&|case| case.csv.clone()));
    let csv = read(Form::Csv, &csv);
    // Bundles over the ceiling of one request, taken a tenth at a time.
    let fhir: Vec<_> = cases
        .chunks(MAX_ROWS / 10)
        .flat_map(|piece| {
            let bundles: Vec<String> = piece.iter().map(|case| case.fhir.to_string()).collect();
            read(Form::Fhir, &bundles.join("\n"))
        })
        .collect();
    let forms = [("json", &json), ("csv", &csv), ("fhir", &fhir)];
    for (form, read) in forms {
        assert_eq!(read.len(), cases.len(), "{form}");
    }
    let mut refused = 0;
    for (position, case) in cases.iter().enumerate() {
        for (form, read) in forms {
            let told = || format!("{form} {position}: {}", case.json);
            match (&read[position], case.refused) {
                (Ok(event), None) => {
                    assert_eq!(event.source_id, case.source_id, "{}", told());
                    assert_eq!(*event, *json[position].as_ref().unwrap(), "{}", told());
                }
                (Err(failure), Some((code, field))) => {
                    assert_eq!(
                        (failure.code(), failure.member()),
                        (code, Some(field)),
                        "{}",
                        told()
                    );
                    refused += 1;
                }
                (Ok(_), Some(_)) => panic!("accepted: {}", told()),
                (Err(failure), None) => panic!("{failure}: {}", told()),
            }
        }
    }
    assert_eq!(refused, 3 * MAX_ROWS / 10);
    for event in json.iter().flatten() {
        assert_eq!(
            Event::from_json(event.to_json(), &PRODUCTS).unwrap(),
            *event
        );
    }
}

#[test]
fn a_refusal_never_quotes() {
    for case in cases(7, 1000).filter(|case| case.refused.is_some()) {
        let names = [
            &case.json["person"]["family_name"],
            &case.json["person"]["given_name"],
        ];
        for failure in read(Form::Json, &case.json.to_string())
            .into_iter()
            .filter_map(Result::err)
        {
            let told = format!("{failure} {failure:?}");
            for name in names
                .into_iter()
                .filter_map(Value::as_str)
                .filter(|name| name.len() > 4)
            {
                assert!(!told.contains(name), "{told}");
            }
        }
    }
}

#[test]
fn the_examples_of_the_manual_are_read() {
    let manual = include_str!("../docs/EVENTS.md");
    let mut read_examples = 0;
    for block in manual.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        let form = match language {
            "json" => Form::of(text.as_bytes()),
            "csv" => Form::Csv,
            _ => continue,
        };
        for event in read(form, text) {
            event.unwrap();
            read_examples += 1;
        }
    }
    assert_eq!(read_examples, 8);
}

#[test]
fn every_eu_code_is_in_the_published_value_sets_and_in_use() {
    let Some(cases) = support::conformance_dir() else {
        return;
    };
    let published = |name: &str| -> Value {
        let path = cases.join("valuesets/2.12.0").join(name);
        let set: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        set["valueSetValues"].clone()
    };
    let products = &*PRODUCTS;
    let (vp, mp, ma) = (
        published("vaccine-prophylaxis.json"),
        published("vaccine-medicinal-product.json"),
        published("vaccine-mah-manf.json"),
    );
    let instructions = published("vaccine-encoding-instructions.json");
    for (id, vaccine) in &products.vaccines {
        let Some(eu) = &vaccine.eu else { continue };
        for (set, code) in [
            (&vp, &eu.prophylaxis),
            (&mp, &eu.product),
            (&ma, &eu.holder),
        ] {
            assert_eq!(set[code]["active"], true, "{id}: {code}");
        }
        let mut rows = instructions.as_object().unwrap().values();
        let row = rows.find(|row| row["vaccine-code"] == eu.product.as_str());
        let row = row.unwrap_or_else(|| panic!("{id}: no instruction"));
        assert_eq!(row["vaccine-manufacturer"], eu.holder.as_str(), "{id}");
        let kinds = row["sct-codes"].as_array().unwrap();
        assert!(
            kinds.contains(&Value::from(eu.prophylaxis.as_str())),
            "{id}"
        );
    }
    let (types, devices) = (
        published("test-type.json"),
        published("test-manf-example.json"),
    );
    for (id, test) in &products.tests {
        assert_eq!(types[&test.loinc]["active"], true, "{id}");
        if let Some(device) = &test.device {
            assert_eq!(devices[device]["active"], true, "{id}");
            assert_eq!(types[&test.loinc]["display"], "Rapid immunoassay", "{id}");
        }
    }
}
