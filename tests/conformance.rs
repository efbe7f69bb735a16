//! The grading of published cases, by the program itself.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

fn lintas(dir: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
    command
        .arg("conformance")
        .arg(dir)
        .arg("--json")
        .args(more)
        .output()
        .unwrap()
}

/// The rows on which we and the publishers part.
const DEVIATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deviations.toml");

fn suite(output: &Output, name: &str) -> Value {
    let grades: Value = serde_json::from_slice(&output.stdout).unwrap();
    let suites = grades["suites"].as_array().unwrap();
    suites
        .iter()
        .find(|suite| suite["name"] == name)
        .unwrap()
        .clone()
}

#[test]
fn every_trustworthy_case_agrees_in_verdict_and_step() {
    let Some(dir) = support::conformance_dir() else {
        return;
    };
    let output = lintas(&dir, &["--deviations", DEVIATIONS]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // 303 trustworthy and 132 with a disputed schema, on what stands before it; 3 on P-384 under ES256.
    let dcc = suite(&output, "dcc");
    assert_eq!(
        (&dcc["agreed"], &dcc["skipped"]),
        (&Value::from(435), &Value::from(3))
    );
    // Nine codes that their issuers withdrew, three samples of the German app; three kinds of hash each. Three filters.
    assert_eq!(suite(&output, "revocation")["agreed"], 39);
    // 264 to accept, 16 to reject, 22 on the signature; 3 with RSA-1024 signers, refused by choice.
    let qa = suite(&output, "dcc-qa");
    assert_eq!(
        (&qa["agreed"], &qa["skipped"]),
        (&Value::from(302), &Value::from(3))
    );
    assert_eq!(suite(&output, "dcc-qa-expired")["agreed"], 264);
    assert_eq!(suite(&output, "schema")["agreed"], 190);
    // 218 assertions and 23 cases of validity; the publisher skips 14.
    let specification = suite(&output, "certlogic-spec");
    assert_eq!(
        (&specification["agreed"], &specification["skipped"]),
        (&Value::from(241), &Value::from(14))
    );
    for (name, cases) in [
        ("certlogic-rules", 955),
        ("certlogic-cwa", 14),
        ("certlogic-true", 53_654),
        ("certlogic-false", 3_700),
        ("certlogic-error", 126),
    ] {
        let suite = suite(&output, name);
        assert_eq!(
            (&suite["agreed"], &suite["cases"]),
            (&cases.into(), &cases.into()),
            "{name}"
        );
    }
    // Eight are about how another program parses or writes, one is of a form that is not read.
    let lists = suite(&output, "trustlists");
    assert_eq!(
        [&lists["agreed"], &lists["skipped"], &lists["deviations"]],
        [98, 9, 1]
    );
}

#[test]
fn every_row_of_the_whos_and_the_eus_vectors_agrees() {
    let Some(dir) = support::vectors_dir() else {
        return;
    };
    let output = lintas(&dir, &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for (name, rows) in [("who-list", 38), ("dgcg", 3)] {
        let suite = suite(&output, name);
        assert_eq!(
            (&suite["agreed"], &suite["skipped"]),
            (&rows.into(), &0.into()),
            "{name}"
        );
    }
}

#[test]
fn every_changed_row_of_the_whos_and_the_eus_vectors_is_reported() {
    let Some(dir) = support::vectors_dir() else {
        return;
    };
    let mut changed = 0;
    let copy = copy_with(&dir, "manifest.json", |cases| {
        cases.retain(|case| case["suite"] == "who-list" || case["suite"] == "dgcg");
        for (position, case) in cases.iter_mut().enumerate() {
            changed += 1;
            case["alt"] = Value::Array(vec![]);
            if case["expect"] != "load" {
                let flipped = match case["expect"].as_str().unwrap() {
                    "accept" | "signature_bad" => "reject",
                    "reject" => "accept",
                    _ => "signature_bad",
                };
                case["expect"] = flipped.into();
            } else if position % 2 == 0 {
                let counts = case["counts"].as_object_mut().unwrap();
                let count = counts.values_mut().find(|count| count.is_number()).unwrap();
                *count = (count.as_u64().unwrap() + 1).into();
            } else {
                let verifies = case["proof"] == "verifies";
                case["proof"] = if verifies { "unverifiable" } else { "verifies" }.into();
            }
        }
    });
    let output = lintas(copy.path(), &[]);
    let disagreed = |name| suite(&output, name)["disagreed"].as_u64().unwrap();
    assert_eq!(disagreed("who-list") + disagreed("dgcg"), changed);
}

/// A folder that shows the published data with `manifest` changed by `change`.
fn copy_with(
    dir: &Path,
    manifest: &str,
    change: impl FnOnce(&mut Vec<Value>),
) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != manifest {
            std::os::unix::fs::symlink(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    let mut value: Value =
        serde_json::from_slice(&std::fs::read(dir.join(manifest)).unwrap()).unwrap();
    change(value["cases"].as_array_mut().unwrap());
    std::fs::write(copy.path().join(manifest), value.to_string()).unwrap();
    copy
}

/// Turns the expectation of a case around: another verdict, or another step.
fn flip(case: &mut Value, position: usize) {
    if case["verdict"] == "accept" {
        case["verdict"] = "reject".into();
        case["reject_step"] = ["kid", "signature", "time"][position % 3].into();
    } else if position.is_multiple_of(2) {
        case["verdict"] = "accept".into();
    } else {
        case["reject_step"] = if case["reject_step"] == "prefix" {
            "cose"
        } else {
            "prefix"
        }
        .into();
    }
}

#[test]
fn twenty_flipped_expectations_are_reported_and_no_other() {
    let Some(dir) = support::conformance_dir() else {
        return;
    };
    let mut flipped = BTreeSet::new();
    let copy = copy_with(&dir, "dcc-manifest.json", |cases| {
        let trustworthy =
            |case: &&mut Value| case["verdict"] == "accept" || case["verdict"] == "reject";
        for (position, case) in cases
            .iter_mut()
            .filter(trustworthy)
            .step_by(15)
            .take(20)
            .enumerate()
        {
            flip(case, position);
            flipped.insert(case["path"].as_str().unwrap().to_owned());
        }
    });
    assert_eq!(flipped.len(), 20);
    let output = lintas(copy.path(), &["--deviations", DEVIATIONS]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(suite(&output, "dcc")["disagreed"], 20);
    let stderr = String::from_utf8(output.stderr).unwrap();
    let reported: BTreeSet<_> = stderr
        .lines()
        .map(|line| {
            line.strip_prefix("dcc ")
                .unwrap()
                .split_once(": ")
                .unwrap()
                .0
                .to_owned()
        })
        .collect();
    assert_eq!(reported, flipped);
}

#[test]
fn a_disagreement_stands_only_with_its_reason_and_only_while_it_deviates() {
    let Some(dir) = support::conformance_dir() else {
        return;
    };
    let mut path = String::new();
    let copy = copy_with(&dir, "dcc-manifest.json", |cases| {
        let case = cases
            .iter_mut()
            .find(|case| case["verdict"] == "accept")
            .unwrap();
        case["verdict"] = "reject".into();
        case["reject_step"] = "kid".into();
        path = case["path"].as_str().unwrap().to_owned();
    });
    let rows = copy.path().join("deviations.toml");
    let row = |because: &str| {
        let known = std::fs::read_to_string(DEVIATIONS).unwrap();
        format!(
            "{known}\n[[deviation]]\npath = \"{path}\"\nexpected = \"reject at kid\"\nours = \"accept\"\nbecause = \"{because}\"\n"
        )
    };
    std::fs::write(&rows, row("the publisher withdrew the case")).unwrap();
    let rows = rows.to_str().unwrap();
    let excused = lintas(copy.path(), &["--deviations", rows]);
    assert!(
        excused.status.success(),
        "{}",
        String::from_utf8_lossy(&excused.stderr)
    );
    assert_eq!(suite(&excused, "dcc")["deviations"], 1);
    let idle = lintas(&dir, &["--deviations", rows]);
    assert_eq!(idle.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&idle.stderr).contains("no longer deviates"));
    std::fs::write(rows, row("")).unwrap();
    assert_eq!(
        lintas(copy.path(), &["--deviations", rows]).status.code(),
        Some(1)
    );
}

#[test]
fn every_changed_expectation_of_a_rule_is_reported() {
    let Some(dir) = support::conformance_dir() else {
        return;
    };
    let copy = tempfile::tempdir().unwrap();
    for name in ["certlogic", "dcc-qa"] {
        std::os::unix::fs::symlink(dir.join(name), copy.path().join(name)).unwrap();
    }
    let manifest = std::fs::read(dir.join("certlogic-manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let mut changed = 0;
    for (list, step) in [("/tests", 90), ("/specification/suite", 40)] {
        let rows = manifest.pointer_mut(list).unwrap().as_array_mut().unwrap();
        for row in rows
            .iter_mut()
            .filter(|row| row["trustworthy"] == true)
            .step_by(step)
        {
            let expected = row["expected"].as_bool();
            row["expected"] =
                expected.map_or_else(|| "another".into(), |expected| (!expected).into());
            changed += 1;
        }
    }
    manifest["tests"][1]["path"] = "AT/NOWHERE/test.json".into();
    let path = copy.path().join("certlogic-manifest.json");
    std::fs::write(path, manifest.to_string()).unwrap();
    let output = lintas(copy.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let disagreed = |name| suite(&output, name)["disagreed"].as_u64().unwrap();
    assert_eq!(
        disagreed("certlogic-rules") + disagreed("certlogic-spec"),
        changed + 1
    );
}

#[test]
fn a_folder_without_cases_fails() {
    let empty = tempfile::tempdir().unwrap();
    let output = lintas(empty.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"{\n  \"suites\": []\n}\n");
    std::fs::write(empty.path().join("dcc-manifest.json"), r#"{"cases": []}"#).unwrap();
    assert_eq!(lintas(empty.path(), &[]).status.code(), Some(1));
    std::fs::write(empty.path().join("dcc-manifest.json"), "not JSON").unwrap();
    assert_eq!(lintas(empty.path(), &[]).status.code(), Some(64));
}

#[test]
fn a_case_whose_file_is_gone_is_a_disagreement() {
    let Some(dir) = support::conformance_dir() else {
        return;
    };
    let copy = copy_with(&dir, "dcc-manifest.json", |cases| {
        cases.truncate(2);
        cases[0]["path"] = "dcc/NOWHERE/1.json".into();
    });
    let output = lintas(copy.path(), &[]);
    assert_eq!(suite(&output, "dcc")["disagreed"], 1);
}
