//! What an operator types to take in a foreign list: pin its key, ask, and have the answer explained.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use support::conformance_dir;

fn lintas(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
    command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn feed(id: &str, fingerprint: &str) -> String {
    format!(
        "[[feed]]\nid = \"{id}\"\nkind = \"folder\"\nenvironment = \"demo\"\npath = \"{id}\"\nform = \"de\"\n\
         anchors = [\"{fingerprint}\"]\n"
    )
}

#[test]
fn a_list_is_pinned_asked_for_and_explained() {
    let Some(lists) = conformance_dir() else {
        return;
    };
    let lists = lists.join("trustlists/de/prod");
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("lintas-data");
    for folder in ["trust/demo", "germany"] {
        fs::create_dir_all(data.join(folder)).unwrap();
    }
    fs::copy(lists.join("dsc-list.signed"), data.join("germany/list")).unwrap();
    fs::write(
        place.path().join("lintas.toml"),
        "[trust]\nfeeds = \"feeds.toml\"\n",
    )
    .unwrap();
    let row = feed("germany", &"0".repeat(64));
    fs::write(place.path().join("feeds.toml"), row).unwrap();

    // Nothing is believed under another key than the pinned one.
    let refused = lintas(place.path(), &["feeds", "sync", "germany"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said(&refused).contains("anchor_unknown"),
        "{}",
        said(&refused)
    );

    let key = lists.join("signing-key.pem");
    let pinned = lintas(place.path(), &["trust", "pin", key.to_str().unwrap()]);
    let fingerprint = said(&pinned).trim().to_owned();
    assert_eq!((pinned.status.code(), fingerprint.len()), (Some(0), 64));
    fs::write(
        place.path().join("feeds.toml"),
        feed("germany", &fingerprint),
    )
    .unwrap();
    assert!(
        lintas(place.path(), &["feeds", "sync", "germany"])
            .status
            .success()
    );

    let status = lintas(place.path(), &["feeds", "status", "--json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let germany = &status["feeds"][0];
    assert_eq!(
        (&germany["id"], &germany["admitted"]),
        (&"germany".into(), &829.into())
    );
    assert!(germany["as_of"].is_string() && germany["left_out"].as_array().unwrap().is_empty());
    let list = lintas(place.path(), &["trust", "list"]);
    assert_eq!(said(&list).lines().count(), 829);

    let indonesia = said(&lintas(place.path(), &["trust", "explain", "ID"]));
    assert!(
        indonesia.contains("umFDVUdIS8Y=") && indonesia.contains("expired"),
        "{indonesia}"
    );
    let kid = lintas(place.path(), &["trust", "explain", "umFDVUdIS8Y="]);
    assert!(said(&kid).contains("signer_expired"));
    let nobody = lintas(place.path(), &["trust", "explain", "AAAAAAAAAAA="]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(said(&nobody).contains("unknown_signer"));

    let audit = lintas(place.path(), &["audit", "verify"]);
    assert!(audit.status.success());
    let audit = said(&lintas(place.path(), &["audit", "show"]));
    assert!(
        audit.contains("feed_synchronised") && audit.contains("feed_left_out"),
        "{audit}"
    );
    let unknown = lintas(
        place.path(),
        &[
            "trust",
            "readmit",
            &fingerprint,
            "--feed",
            "germany",
            "--actor",
            "ana",
        ],
    );
    assert_eq!(unknown.status.code(), Some(64), "nothing was withdrawn");
}
