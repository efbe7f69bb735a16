//! Verdicts reached once more, out of the archive alone.

use crate::ground::{self, Ground, day, judged, key, signed};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lintas::failure::Code;
use lintas::server::gateway::receipts::Archive;
use lintas::verify::{Registered, Replayed, Unproven};
use serde_json::json;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::process::Command;

/// Keeps every world, and writes `count` receipts with their texts, a line each; what `lintas replay` said of all.
fn replayed(count: usize) -> Vec<String> {
    let ground = Ground::new();
    let (signer, data) = key();
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::at(folder.path().join("archive"));
    for world in &ground.worlds {
        for policy in &ground.policies {
            archive.keep(world, policy).unwrap();
        }
    }
    let lines = folder.path().join("receipts.ndjson");
    let mut out = BufWriter::new(File::create(&lines).unwrap());
    for number in 0..count {
        let (texts, receipt) = ground.number(number);
        let receipt = BASE64_URL_SAFE_NO_PAD.encode(signed(receipt, &signer));
        writeln!(
            out,
            "{}",
            json!({ "receipt": receipt, "credentials": texts })
        )
        .unwrap();
    }
    out.flush().unwrap();
    let name: String = signer.key.kid.to_string().chars().take(16).collect();
    let certificate = data.path().join(format!("keys/receipt/{name}.pem"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
    let output = command
        .current_dir(folder.path())
        .args([
            "replay",
            "--batch",
            "receipts.ndjson",
            "--archive",
            "archive",
            "--key",
        ])
        .arg(certificate)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{complaint}");
    assert_eq!(
        complaint.trim(),
        format!("{count} the same, 0 different, 0 not replayed")
    );
    said.lines().map(str::to_owned).collect()
}

#[test]
fn two_thousand_verdicts_are_reached_again() {
    let said = replayed(2000);
    let expected = (1..=2000).map(|number| format!("{number} same"));
    assert!(said.into_iter().eq(expected));
    // And they were of all kinds.
    let told = Ground::new().told(2000);
    for name in [
        "accept",
        "reject",
        "indeterminate",
        "expired",
        "not_yet_valid",
        "revoked",
        "unknown_signer",
        "signature_invalid",
        "base45_invalid",
        "format_unknown",
        "trust_list_stale",
        "not_logged",
        "register_unavailable",
        "revocation_stale",
        "unverified_proof",
        "signer_not_authorised",
        "quirk_refused",
        "rule_failed",
        "rule_open",
        "rules_missing",
        "identity_check",
        "identity_mismatch",
    ] {
        assert!(told.contains(name), "{name} is not among {told:?}");
    }
}

#[test]
#[ignore = "takes minutes; prints how long"]
fn a_hundred_thousand_verdicts_are_reached_again() {
    let said = replayed(100_000);
    assert_eq!(said.len(), 100_000);
}

#[test]
fn another_world_text_or_policy_is_no_replay() {
    let ground = Ground::new();
    let (texts, receipt) = ground.number(0);
    let (world, policy) = (&ground.worlds[0], &ground.policies[0]);
    assert_eq!(
        receipt.replay(&texts, world, policy).unwrap(),
        Replayed::Same
    );
    let other = receipt.replay(&["HC1:other"], world, policy).unwrap_err();
    assert_eq!(other.code(), Code::RequestInvalid);
    let other = receipt
        .replay(&texts, &ground.worlds[1], policy)
        .unwrap_err();
    assert_eq!(other.code(), Code::RequestInvalid);
    let other = receipt
        .replay(&texts, world, &ground.policies[1])
        .unwrap_err();
    assert_eq!(other.code(), Code::RequestInvalid);
    // What a receipt says and nothing comes to is told.
    let mut wrong = receipt;
    wrong.credentials[0].codes.push((Code::Expired, None));
    let told = wrong.replay(&texts, world, policy).unwrap();
    assert!(matches!(told, Replayed::Different(_)));
}

#[test]
fn the_program_tells_the_same_from_the_different_and_from_what_it_cannot_reach() {
    let ground = Ground::new();
    let (signer, data) = key();
    let folder = tempfile::tempdir().unwrap();
    Archive::at(folder.path().join("archive"))
        .keep(&ground.worlds[0], &ground.policies[0])
        .unwrap();
    let (texts, receipt) = ground.number(0);
    let mut wrong = receipt.clone();
    wrong.credentials[0].codes.push((Code::Expired, None));
    let elsewhere = ground.number(3).1;
    for (name, receipt) in [
        ("same", receipt),
        ("different", wrong),
        ("missing", elsewhere),
    ] {
        let text = BASE64_URL_SAFE_NO_PAD.encode(signed(receipt, &signer));
        fs::write(folder.path().join(name), text).unwrap();
    }
    fs::write(folder.path().join("text"), texts[0]).unwrap();
    fs::write(folder.path().join("other"), "HC1:other").unwrap();
    let pem = fs::read_dir(data.path().join("keys/receipt")).unwrap();
    let mut pem = pem.map(|it| it.unwrap().path());
    let pem = pem.find(|it| it.extension().unwrap() == "pem").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
        command
            .current_dir(folder.path())
            .args(arguments)
            .arg("--key")
            .arg(&pem);
        let output = command.output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let replay = ["replay", "--archive", "archive", "--text", "text"];
    let of = |names: &[&str]| run(&[&replay, names].concat());
    assert_eq!(of(&["same"]), (Some(0), "same same\n".to_owned()));
    let (code, said) = of(&["missing", "same"]);
    assert!(
        code == Some(2) && said.starts_with("missing failed: "),
        "{said}"
    );
    let (code, said) = of(&["same", "different", "missing"]);
    assert!(
        code == Some(1) && said.contains("different different: reject"),
        "{said}"
    );
    assert_eq!(run(&["receipt", "same", "--text", "text"]).0, Some(0));
    // A text that was judged with the end of its line is that of the same file.
    let by = (&ground.worlds[0], &ground.policies[0]);
    for (name, sent, written) in [
        ("line", "\n", "\n"),
        ("two", "\r\n", "\r\n"),
        ("part", "\r", "\r\n"),
    ] {
        let sent = format!("{}{sent}", texts[0]);
        let verdict = judged(&[&sent], day(0), by.0, by.1, Registered::NotAsked);
        let told = ground::receipt(&verdict, &[&sent], by.0, by.1);
        let told = BASE64_URL_SAFE_NO_PAD.encode(signed(told, &signer));
        fs::write(folder.path().join("told"), told).unwrap();
        fs::write(folder.path().join(name), format!("{}{written}", texts[0])).unwrap();
        let (code, said) = run(&["receipt", "told", "--text", name]);
        assert_eq!(code, Some(0), "{name}: {said}");
        let again = run(&["replay", "told", "--archive", "archive", "--text", name]);
        assert_eq!(again, (Some(0), "told same\n".to_owned()), "{name}");
    }
    let (code, said) = run(&["receipt", "same", "--text", "other"]);
    assert!(code == Some(1) && said.contains("NOT the one"), "{said}");
    let receipt = Unproven::read(
        &BASE64_URL_SAFE_NO_PAD
            .decode(fs::read(folder.path().join("same")).unwrap())
            .unwrap(),
    );
    let proven = receipt.unwrap().prove([&signer.key]).unwrap();
    let (_, said) = run(&["receipt", "same", "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(shown["snapshot"], proven.to_json()["snapshot"]);
    assert_eq!(shown["kid"], signer.key.kid.to_string());
}
