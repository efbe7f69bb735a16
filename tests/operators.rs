//! What an operator types to take in a foreign list: pin its key, ask, and have the answer explained.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use serde_json::Value;
use std::fs;
use support::conformance_dir;
use support::program::{Serving, lintas, said};

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
        "[trust]\nfeeds = \"feeds.toml\"\nask_feeds = false\n[listen]\nhttps = \"127.0.0.1:0\"\n\
         metrics = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n",
    )
    .unwrap();
    let row = feed("germany", &"0".repeat(64));
    fs::write(place.path().join("feeds.toml"), row).unwrap();

    assert!(lintas(place.path(), &["init"]).status.success());
    let asks =
        |serving: &Serving, arguments: &[&str]| serving.asked_by(place.path(), "first", arguments);

    // Nothing is believed under another key than the pinned one.
    let serving = Serving::start(place.path());
    let refused = asks(&serving, &["feeds", "sync", "germany"]);
    drop(serving);
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
    let serving = Serving::start(place.path());
    let synchronised = asks(&serving, &["feeds", "sync", "germany"]);
    assert!(synchronised.status.success(), "{synchronised:?}");

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
    let readmit = ["trust", "readmit", &fingerprint, "--feed", "germany"];
    let unknown = asks(&serving, &readmit);
    assert_eq!(unknown.status.code(), Some(64), "nothing was withdrawn");
    let accept = asks(&serving, &["feeds", "sync", "germany", "--accept"]);
    assert_eq!(accept.status.code(), Some(64), "nothing was refused");
}
