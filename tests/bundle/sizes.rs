//! How much room a bundle takes.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "figures that people read"
)]

use crate::ground::{Press, day};
use crate::support::{conformance_dir, skipped, vectors_dir};
use lintas::crypto::{Algorithm, sha256};
use lintas::exchange::dgcg::read_rule;
use lintas::exchange::{Record, RecordKind, read_value_set};
use lintas::model::{Country, Environment};
use lintas::revocation::{
    ExactSet, Filter, HashKind, Layer, Leading, RevocationBatch, RevocationHash, RevocationList,
};
use lintas::rules::{Circumstances, RuleSet, ValueSets};
use lintas::scan::Scanner;
use lintas::snapshot::bundle::Bundle;
use lintas::snapshot::{
    Acceptance, DidProof, DidTrust, FeedProof, FeedRecords, Own, Snapshot, read_feed,
};
use lintas::trust::Source;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const WHO: &str = "did:web:tng-cdn.who.int:v2:trustlist";

/// The signers of the WHO's network in production, and the EU's published rules and value sets.
fn world() -> Option<(Snapshot, usize)> {
    let (who, published) = (vectors_dir()?, conformance_dir()?);
    let record = Record {
        kind: RecordKind::DidDocument,
        source: "who".to_owned(),
        name: WHO.to_owned(),
        country: None,
        received_at: day(0),
        body: fs::read(who.join("who/trustlist/prod/root.did.json")).unwrap(),
    };
    let environment = Environment::Production;
    let feed = FeedRecords {
        source: Source::new("who", environment, day(0)),
        proof: FeedProof::Did(DidTrust {
            did: WHO.to_owned(),
            proof: DidProof::TlsOnly,
            domains: vec!["DCC".to_owned()],
            anchors: Vec::new(),
        }),
        records: vec![&record],
        withdrawn: HashSet::new(),
        retired: Vec::new(),
    };
    let said = read_feed(&feed, &[]);
    let (world, report) = Snapshot::assemble(environment, 1, [&said.list]);
    let (mut rules, mut sets) = (RuleSet::default(), ValueSets::default());
    for path in files(&published.join("certlogic/rules"), "rule.json") {
        // Some are refused, and are open; they travel all the same.
        let _ = read_rule(&fs::read(path).unwrap()).map(|rule| rules.add(Arc::new(rule)));
    }
    for path in files(&published.join("valuesets/HEAD"), ".json") {
        let _ = read_value_set(&fs::read(path).unwrap()).map(|set| sets.add(set));
    }
    assert!(rules.rules().count() > 100 && sets.sets().count() > 5);
    Some((
        world.with_acceptance(Arc::new(Acceptance::new(rules, sets))),
        report.admitted,
    ))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn signers_rules_and_value_sets_of_the_world_are_small() {
    let Some((world, signers)) = world() else {
        return skipped("the published lists are not here");
    };
    let press = Press::new(Environment::Production, 40);
    let bundle = press.made(&world, 1, day(0));
    let (parts, chunks) = Bundle::chunks_of(&world).unwrap();
    let of_part =
        |part: usize| -> usize { parts[part].iter().map(|name| chunks[name].len()).sum() };
    let bytes = bundle.write().unwrap().len();
    println!(
        "{signers} signers in {} bytes, {} each; rules {}, value sets {}; the bundle {bytes}",
        of_part(0),
        of_part(0) / signers,
        of_part(3),
        of_part(4)
    );
    // Keys that are no points on P-256 are as long as they are.
    let long = world.trust().signers().iter().filter_map(|dsc| {
        let key = dsc.key.as_ref().ok()?;
        let spki = dsc.spki().ok()?;
        (key.algorithm() != Algorithm::Es256).then_some(spki.len())
    });
    let (others, length) = long.fold((0, 0), |(count, sum), it| (count + 1, sum + it));
    println!("{others} of them on no P-256, with {length} bytes of keys");
    assert!(signers > 350 && of_part(0) <= 60 * (signers - others) + length + 27 * others);
    assert!(bytes <= 150_000, "{bytes}");
}

fn hash(number: u64) -> RevocationHash {
    RevocationHash(*sha256(&number.to_be_bytes()).first_chunk().unwrap())
}

/// Room and time at the size of a nation: in release, `cargo test --release --test bundle -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes and gigabytes, and measures"]
fn withdrawn_certificates_of_a_nation_take_little_room() {
    const ISSUED: u64 = 20_000_000;
    let is_withdrawn = |number: u64| number.is_multiple_of(20);
    let mut rows: Vec<_> = (0..ISSUED)
        .map(|number| (Leading::from(hash(number)), is_withdrawn(number)))
        .collect();
    let started = Instant::now();
    let layer = Layer::of(day(1), &mut rows);
    let bytes = layer.to_bytes().len();
    println!(
        "1,000,000 withdrawn of 20,000,000: {bytes} bytes, made in {:?}",
        started.elapsed()
    );
    for number in 0..ISSUED {
        assert_eq!(
            layer.withdraws(hash(number).into()),
            is_withdrawn(number),
            "{number}"
        );
    }
    println!("and all of them are answered right");
    let today = |number: u64| number % 2000 == 1;
    rows = (0..ISSUED)
        .map(|it| (Leading::from(hash(it)), today(it)))
        .collect();
    let of_today = Layer::of(day(1), &mut rows);
    println!("10,000 more: {} bytes", of_today.to_bytes().len());
    drop(rows);
    assert!(bytes <= 900_000 && of_today.to_bytes().len() <= 30_000);
    let country = Country::parse("FR").unwrap();
    let batches = (0..1000_u64).map(|batch| RevocationBatch {
        id: format!("{batch:04}"),
        country,
        kid: None,
        kind: HashKind::Signature,
        expires_at: day(9),
        hashes: (batch * 1000..batch * 1000 + 1000).map(hash).collect(),
    });
    let list = RevocationList::new(batches);
    let started = Instant::now();
    let filter = Filter::of(&list, day(0)).unwrap();
    let bytes = filter.to_bytes().len();
    println!(
        "1,000,000 foreign: {bytes} bytes, made in {:?}",
        started.elapsed()
    );
    let signed = lintas::revocation::SignedBy {
        countries: &[country],
        kids: &[],
    };
    let probe = |number: u64| filter.may_withdraw(HashKind::Signature, hash(number), signed);
    let innocent = 1_000_000..2_000_000;
    let hits = innocent.filter(|number| probe(*number)).count();
    println!("of 1,000,000 others {hits} are taken for withdrawn");
    assert!((0..1_000_000).all(probe) && hits == 0 && bytes <= 4_700_000);
    let mut own = Own::of(Country::DEMO);
    own.withdraw((0..10_000_000).map(hash));
    let started = Instant::now();
    let found = (0..20_000_000).filter(|it| own.names(hash(*it))).count();
    let both = started.elapsed();
    let started = Instant::now();
    let first = (0..20_000_000).map(hash).filter(|it| it.0[0] == 0).count();
    let hashing = started.elapsed();
    let each = both.saturating_sub(hashing) / 20_000_000;
    println!("10,000,000 of our own: {each:?} a question ({found} found, {first})");
    let set: ExactSet = (0..10_000_000).map(|it| Leading::from(hash(it))).collect();
    println!("{} bits a hash", set.memory() * 8 / 10_000_000);
    assert!(set.memory() * 8 <= 70 * 10_000_000);
}

/// From the start of a scanner to its first answer, with a bundle of a million bytes.
#[test]
#[ignore = "measures; in release"]
fn a_scanner_starts_quickly() {
    let Some((world, _)) = world() else {
        return skipped("the published lists are not here");
    };
    let mut rows: Vec<_> = (0..18_000_000)
        .map(|it| (Leading::from(hash(it)), it % 20 == 0))
        .collect();
    let layer = Arc::new(Layer::of(day(1), &mut rows));
    drop(rows);
    let offline = lintas::snapshot::Offline::new(vec![layer], ExactSet::default(), Arc::default());
    let press = Press::new(Environment::Production, 40);
    let bytes = press
        .made(&world.with_offline(Arc::new(offline)), 1, day(0))
        .write()
        .unwrap();
    let published = conformance_dir().unwrap().join("dcc");
    let text = files(&published, ".json").into_iter().find_map(|path| {
        let case: serde_json::Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        Some(case["PREFIX"].as_str()?.to_owned())
    });
    let text = text.unwrap();
    let mut times: Vec<_> = (0..21)
        .map(|_| {
            let started = Instant::now();
            let mut scanner = Scanner::enrolled(press.root.fingerprint());
            scanner.load(&bytes).unwrap();
            let shown = scanner.scan(&text, &Circumstances::default(), day(0));
            assert!(shown.verdict.is_some());
            started.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "{} bytes: {:?} to the first answer, {:?} at most",
        bytes.len(),
        times[10],
        times[20]
    );
}
