//! The program reads rules out of files and folders, and passes nothing by in silence.

use crate::site::{document, later, signed};
use crate::support::country::Identity;
use crate::support::program::{complained, lintas, said};
use crate::support::{TestSigner, VACCINATION};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A rule of Germany that every vaccination meets, or none.
fn rule(number: u32, holds: bool) -> Value {
    json!({
        "Identifier": format!("VR-DE-{number:04}"),
        "Type": "Acceptance",
        "Country": "DE",
        "Version": "1.0.0",
        "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC",
        "EngineVersion": "1.0.0",
        "CertificateType": "Vaccination",
        "Description": [{ "lang": "en", "desc": "A rule of a test, in some words." }],
        "ValidFrom": "2026-01-01T00:00:00Z",
        "ValidTo": "2027-01-01T00:00:00Z",
        "AffectedFields": ["v.0"],
        "Logic": { "===": [holds, true] },
    })
}

/// A folder with a certificate, those who signed it, and the folder `rules` with a rule that it meets.
fn ground() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let signer = TestSigner::new(4);
    let list = json!({ "eu_keys": { "BAQEBAQEBAQ=": [{ "subjectPk": signer.spki_base64(), "keyUsage": [] }] } });
    fs::create_dir_all(place.path().join("rules/inner/deep")).unwrap();
    for (name, text) in [
        ("code.txt", signer.issue(VACCINATION)),
        ("list.json", list.to_string()),
        ("rules/good.json", rule(1, true).to_string()),
    ] {
        fs::write(place.path().join(name), text).unwrap();
    }
    place
}

/// The exit code for `rules`, what is said, and what is noted.
fn verified(place: &Path, rules: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let usual = [
        "verify",
        "--trust",
        "list.json",
        "--at",
        "2026-06-01T02:00:00Z",
        "--for",
        "DE",
    ];
    let arguments = [&usual[..], &["--rules", rules], more, &["code.txt"]].concat();
    let output = lintas(place, &arguments);
    (output.status.code(), said(&output), complained(&output))
}

#[test]
fn every_rule_in_a_folder_is_asked_whatever_its_file_is_called() {
    for name in ["inner/deep/no.json", "no.txt", "no", "inner/NO.JSON"] {
        let place = ground();
        let file = place.path().join("rules").join(name);
        fs::write(&file, json!([rule(2, false)]).to_string()).unwrap();
        let (code, said, _) = verified(place.path(), "rules", &[]);
        assert_eq!(code, Some(1), "{name}: {said}");
        assert!(said.contains("VR-DE-0002"), "{name}: {said}");
    }
    let place = ground();
    let (code, said, noted) = verified(place.path(), "rules", &["--mode", "submarine"]);
    assert_eq!(code, Some(0), "{noted}");
    assert!(
        !said.contains("only where a destination is named"),
        "{said}"
    );
    assert!(noted.contains("no rule here asks for mode"), "{noted}");
}

#[test]
fn what_is_no_rule_is_told_with_its_file() {
    let place = ground();
    let rules = place.path().join("rules");
    fs::write(rules.join("inner/README"), "Rules of Germany.").unwrap();
    fs::write(rules.join(".hidden.json"), rule(3, false).to_string()).unwrap();
    fs::write(
        place.path().join("elsewhere.json"),
        rule(4, false).to_string(),
    )
    .unwrap();
    symlink("../elsewhere.json", rules.join("leads-out.json")).unwrap();
    symlink("good.json", rules.join("leads-in.json")).unwrap();
    let (code, said, noted) = verified(place.path(), "rules", &[]);
    assert_eq!(code, Some(0), "{said}{noted}");
    assert!(noted.contains("inner/README is no JSON"), "{noted}");
    assert!(
        noted.contains("leads-out.json is no file of this folder"),
        "{noted}"
    );
    assert!(
        !noted.contains("hidden") && !noted.contains("leads-in"),
        "{noted}"
    );
    let mut short = rule(5, true);
    short["Description"][0]["desc"] = json!("Too short.");
    let message = signed(
        &Identity::self_signed("ZZ", "NBup", false),
        &document("1.0.0", later(1)),
    );
    let message = lintas::exchange::dgcg::write_message(&message);
    for (name, text, told) in [
        (
            "bad.json",
            "Rules of Germany.".to_owned(),
            "inner/bad.json: ",
        ),
        ("bad", "{\"Identifier\": 1".to_owned(), "inner/bad: "),
        ("short.json", short.to_string(), "under 20 characters"),
        (
            "set.json",
            document("1.0.0", later(1)).to_string(),
            "lintas rules dry-run",
        ),
        ("set.cms", message, "a signed message"),
    ] {
        let file = rules.join("inner").join(name);
        fs::write(&file, text).unwrap();
        let (code, _, noted) = verified(place.path(), "rules", &[]);
        assert!(code == Some(64), "{name}: {code:?} {noted}");
        assert!(
            noted.contains(told) && noted.contains(name),
            "{name}: {noted}"
        );
        fs::remove_file(file).unwrap();
    }
}
