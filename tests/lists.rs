//! Real trust lists of other systems, read whole: how many signers are admitted, and why an entry is not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use lintas::exchange::{self, read_value_set, write_value_set};
use lintas::model::{Date, Environment, Purpose, UnixTime};
use lintas::rules::ValueSets;
use lintas::snapshot::Snapshot;
use lintas::trust::{Dsc, Refusal, Source, SourceList};
use serde_json::Value;
use std::fs;
use std::sync::Arc;
use support::conformance_dir;

/// The admitted signers of a list, and the refusals of both reading and admission.
fn admitted(name: &str) -> Option<(Vec<Arc<Dsc>>, Vec<Refusal>)> {
    let bytes = std::fs::read(conformance_dir()?.join("trustlists").join(name)).unwrap();
    let source = Source::new("list", Environment::Test, UnixTime::EPOCH);
    let mut refused = Vec::new();
    let mut entries = Vec::new();
    for row in exchange::read(name, &bytes).unwrap() {
        match row {
            Ok(entry) => entries.push(entry),
            Err(row) => refused.push(Refusal::new(&source, row.place, row.kid, &row.failure)),
        }
    }
    let list = SourceList::pinned(source, entries);
    let (snapshot, report) = Snapshot::assemble(Environment::Test, 1, &[list]);
    refused.extend(report.refused);
    Some((snapshot.trust().signers().to_vec(), refused))
}

#[test]
fn germanys_lists_are_admitted_whole() {
    for (name, count) in [
        ("de/acc/dsc-list.signed", 610),
        ("de/prod/dsc-list.signed", 829),
        ("de/acc-2021-trailing-newline/dsc-list.signed", 122),
        ("de/reformatted-bad-signature/dsc-list.signed", 57),
    ] {
        let Some((signers, refused)) = admitted(name) else {
            return;
        };
        assert_eq!((signers.len(), refused.len()), (count, 0), "{name}");
        // Test participants such as DX and WW are stated, and are no countries.
        assert!(signers.iter().all(|dsc| dsc.country_stated), "{name}");
    }
}

#[test]
fn only_a_short_rsa_key_of_germanys_test_list_is_of_no_use() {
    let Some((signers, _)) = admitted("de/acc/dsc-list.signed") else {
        return;
    };
    let unusable: Vec<_> = signers
        .iter()
        .filter_map(|dsc| dsc.key.as_ref().err())
        .collect();
    assert_eq!(
        unusable.iter().map(|code| code.name()).collect::<Vec<_>>(),
        ["signer_key_weak"]
    );
    let restricted = |purpose| {
        signers
            .iter()
            .filter(|dsc| !dsc.purposes.allow(purpose))
            .count()
    };
    assert!(restricted(Purpose::Vaccination) > 0 && restricted(Purpose::Test) > 0);
}

#[test]
fn the_bare_keys_of_the_netherlands_and_switzerland_are_admitted_under_their_kids() {
    let Some((dutch, refused)) = admitted("nl/public_keys.json") else {
        return;
    };
    // Fifty are of country ZZ, which outside the demo environment is nobody. Kids that stand twice in the file keep the
    // keys of both.
    assert_eq!((dutch.len(), refused.len()), (853, 50));
    assert!(
        refused
            .iter()
            .all(|refusal| refusal.code.name() == "environment_mismatch")
    );
    let Some((swiss, refused)) = admitted("ch/CH-20210715at1944-DCCkeys.json") else {
        return;
    };
    assert!(
        swiss.len() > 100 && refused.is_empty(),
        "{} {refused:?}",
        swiss.len()
    );
    assert!(swiss.iter().all(|dsc| dsc.key.is_ok()));
    // The same key, once from its certificate and once from bare numbers.
    let Some((german, _)) = admitted("de/acc-2021-trailing-newline/dsc-list.signed") else {
        return;
    };
    let digest = |dsc: &Arc<Dsc>| dsc.key.as_ref().map(|key| *key.spki_digest()).ok();
    let shared = swiss
        .iter()
        .filter(|ours| german.iter().any(|theirs| digest(theirs) == digest(ours)));
    assert!(shared.count() > 10);
}

#[test]
fn austrias_entries_without_a_certificate_are_told_and_the_others_kept() {
    let Some((signers, refused)) = admitted("at/decoded-bcsongor/certificates.json") else {
        return;
    };
    assert_eq!((signers.len(), refused.len()), (140, 10));
    assert!(
        refused
            .iter()
            .all(|refusal| refusal.code.name() == "entry_invalid" && refusal.kid.is_some())
    );
}

#[test]
fn every_published_value_set_is_read_whole_and_written_as_it_was() {
    let Some(folder) = conformance_dir() else {
        return;
    };
    let mut sets = ValueSets::default();
    let mut count = 0;
    for version in fs::read_dir(folder.join("valuesets")).unwrap() {
        for file in fs::read_dir(version.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = if path.is_file() {
                fs::read(&path).unwrap()
            } else {
                continue;
            };
            let Ok(document) = serde_json::from_slice::<Value>(&bytes) else {
                continue;
            };
            if document.get("valueSetId").is_none() {
                continue;
            }
            // How to write vaccines is published in the same frame, and gives no code a meaning.
            if document["valueSetId"] == "vaccines-covid-19-encoding-instructions" {
                assert!(read_value_set(&bytes).is_err());
                continue;
            }
            let set = read_value_set(&bytes).unwrap_or_else(|it| panic!("{path:?}: {it}"));
            assert_eq!(write_value_set(&set), document, "{path:?}");
            // The publisher changed some sets and left their dates.
            let _ = sets.add(set);
            count += 1;
        }
    }
    assert_eq!(count, 120);
    let (early, late) = (
        Date::parse("2021-06-30").unwrap(),
        Date::parse("2026-11-25").unwrap(),
    );
    let names = |day| {
        sets.on("vaccines-covid-19-names", day)
            .unwrap()
            .values
            .len()
    };
    assert!(
        names(late) > names(early),
        "vaccines were admitted meanwhile"
    );
}
