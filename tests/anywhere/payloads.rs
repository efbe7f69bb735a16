//! Every published payload, judged here and behind the doors of the module: the whole verdict is the same.

use crate::doors;
use crate::support::{conformance_dir, skipped, vectors_dir};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::exchange;
use lintas::model::{Environment, UnixTime};
use lintas::snapshot::Snapshot;
use lintas::trust::{Source, SourceList};
use lintas::verify::{self, Policy, View};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Payloads that are judged by one list of signers.
struct Group {
    list: Vec<u8>,
    as_of: UnixTime,
    cases: Vec<(String, String, UnixTime)>,
}

type Groups = BTreeMap<String, Group>;

fn add(groups: &mut Groups, list: (&str, Vec<u8>), case: (String, String, UnixTime)) {
    let group = groups.entry(list.0.to_owned()).or_insert_with(|| Group {
        list: list.1,
        as_of: UnixTime::END,
        cases: Vec::new(),
    });
    group.cases.push(case);
}

/// The same lists once more, so old that they decide nothing.
fn add_old(groups: &mut Groups) {
    let old: Vec<_> = groups
        .iter()
        .map(|(name, group)| {
            let group = Group {
                list: group.list.clone(),
                as_of: UnixTime::EPOCH,
                cases: group.cases.clone(),
            };
            (format!("{name}, old"), group)
        })
        .collect();
    groups.extend(old);
}

fn manifest(path: &Path) -> Vec<Value> {
    let manifest: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    manifest["cases"].as_array().unwrap().clone()
}

fn clock(value: &Value) -> Option<UnixTime> {
    let text = value.as_str()?;
    UnixTime::parse(text).or_else(|| UnixTime::parse(&format!("{text}Z")))
}

/// Those of `dcc`, each by its own certificate.
fn dcc(dir: &Path, groups: &mut Groups) -> usize {
    let mut count = 0;
    for case in manifest(&dir.join("dcc-manifest.json")) {
        let path = case["path"].as_str().unwrap();
        let file: Value = serde_json::from_slice(&fs::read(dir.join(path)).unwrap()).unwrap();
        let certificate = file.pointer("/TESTCTX/CERTIFICATE").and_then(Value::as_str);
        let certificate = certificate.and_then(|it| BASE64_STANDARD.decode(it).ok());
        let Some(text) = file["PREFIX"].as_str() else {
            continue;
        };
        let at = clock(&case["clock"]).unwrap_or(UnixTime::EPOCH);
        let list = certificate.unwrap_or_default();
        add(groups, (path, list), (path.to_owned(), text.to_owned(), at));
        count += 1;
    }
    count
}

/// Those of `dcc-qa`, by the lists that they name, when they were good and when they were over.
fn dcc_qa(dir: &Path, groups: &mut Groups) -> usize {
    let cases = manifest(&dir.join("dcc-qa-manifest.json"));
    for case in &cases {
        let path = case["path"].as_str().unwrap();
        let text = String::from_utf8_lossy(&fs::read(dir.join(path)).unwrap()).into_owned();
        let list = case["trust_list"]
            .as_str()
            .map(|it| dir.join(it).join("dsc-list.signed"));
        let list = list.filter(|it| it.exists());
        let (name, list) = match (&list, case["dsc"].as_str()) {
            (Some(file), _) => (file.to_str().unwrap(), fs::read(file).unwrap()),
            (None, Some(one)) => (path, BASE64_STANDARD.decode(one).unwrap()),
            (None, None) => (path, Vec::new()),
        };
        let clocks = ["clock_accept", "clock_expired", "iat"].map(|it| clock(&case[it]));
        for at in clocks.into_iter().flatten() {
            add(
                groups,
                (name, list.clone()),
                (path.to_owned(), text.clone(), at),
            );
        }
    }
    cases.len()
}

/// Every file of `vectors`, whatever it is, by the WHO's production list.
fn vectors(dir: &Path, groups: &mut Groups) -> usize {
    let list = fs::read(dir.join("who/trustlist/prod/root.did.json")).unwrap();
    let at = UnixTime::parse("2024-06-01T00:00:00Z").unwrap();
    let mut files = Vec::new();
    gather(dir, &mut files);
    for path in &files {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let name = path.strip_prefix(dir).unwrap().display().to_string();
        add(groups, ("who", list.clone()), (name, text, at));
    }
    files.len()
}

fn gather(dir: &Path, files: &mut Vec<PathBuf>) {
    let mut paths: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            gather(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// The world of the signers of `group`, as the module makes it.
fn world(group: &Group) -> Option<Snapshot> {
    let environment = Environment::Demo;
    let source = Source::new("list".to_owned(), environment, group.as_of);
    let rows = exchange::read("list", &group.list).ok()?;
    let entries = rows.into_iter().filter_map(Result::ok).collect();
    let list = SourceList::pinned(source, entries);
    Some(Snapshot::assemble(environment, 1, &[list]).0)
}

#[test]
fn every_payload_is_judged_alike() {
    let (Some(conformance), Some(published)) = (conformance_dir(), vectors_dir()) else {
        return skipped("the published vectors are not here");
    };
    let mut groups = Groups::new();
    let counts = [
        ("dcc", dcc(&conformance, &mut groups)),
        ("dcc-qa", dcc_qa(&conformance, &mut groups)),
        ("vectors", vectors(&published, &mut groups)),
    ];
    add_old(&mut groups);
    let policy = Policy::default();
    let mut outcomes = BTreeMap::new();
    let (mut ours, mut asked) = (Vec::new(), Vec::new());
    for group in groups.values() {
        let world = world(group);
        let verdicts = group.cases.iter().map(|(_, text, at)| {
            let world = world.as_ref()?;
            let verdict = verify::verify(text, *at, world, &policy);
            *outcomes.entry(verdict.outcome().name()).or_insert(0) += 1;
            Some(verdict.to_json(View::Officer, None, None))
        });
        ours.push(verdicts.collect::<Vec<_>>());
        let cases = group.cases.iter();
        let cases = cases.map(|(_, text, at)| json!({ "text": text, "at": at.to_string() }));
        asked.push(json!({
            "list": BASE64_STANDARD.encode(&group.list),
            "environment": "demo",
            "as_of": group.as_of.to_string(),
            "view": "officer",
            "cases": cases.collect::<Vec<_>>(),
        }));
    }
    println!("{counts:?}: {outcomes:?}");
    assert!(
        outcomes.len() == 3 && outcomes["accept"] > 300,
        "{outcomes:?}"
    );
    let questions = json!({ "groups": asked });
    for package in doors::packages() {
        for door in [doors::node, doors::browser] {
            let Some(theirs) = door(&package, &questions) else {
                continue;
            };
            let mut compared = 0;
            for ((group, ours), theirs) in groups
                .values()
                .zip(&ours)
                .zip(theirs["groups"].as_array().unwrap())
            {
                for ((case, ours), theirs) in
                    group.cases.iter().zip(ours).zip(theirs.as_array().unwrap())
                {
                    let ours = ours.clone().unwrap_or(Value::Null);
                    assert_eq!(&ours, theirs, "{}", case.0);
                    compared += 1;
                }
            }
            println!("{compared} verdicts are the same");
            assert_eq!(compared, ours.iter().map(Vec::len).sum::<usize>());
        }
    }
}
