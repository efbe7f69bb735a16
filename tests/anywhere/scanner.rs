//! A scanner's day, told as steps, and played behind every door.

use crate::doors;
use crate::ground::{DAY_S, Press, day};
use crate::support::{TEST, TestSigner, VACCINATION};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lintas::failure::Failure;
use lintas::model::{Environment, Thumbprint, UnixTime};
use lintas::rules::Circumstances;
use lintas::scan::{Scanner, told};
use lintas::snapshot::bundle::Seen;
use serde_json::{Value, json};

/// What is asked of a scanner, one step after the other.
enum Step {
    Enrol(String),
    Install(Vec<u8>, UnixTime),
    Status(UnixTime),
    Scan(String, UnixTime, Option<&'static str>),
    /// Forgets the scanner but for its memory and its bundle, as a start of the device does.
    Restart,
}

impl Step {
    fn to_json(&self) -> Value {
        let date = |at: &UnixTime| json!([at.to_string(), at.seconds()]);
        match self {
            Self::Enrol(root) => json!({ "do": "enrol", "root": root }),
            Self::Install(bytes, at) => {
                json!({ "do": "install", "bytes": BASE64_STANDARD.encode(bytes), "at": date(at) })
            }
            Self::Status(at) => json!({ "do": "status", "at": date(at) }),
            Self::Scan(text, at, mode) => {
                json!({ "do": "scan", "text": text, "at": date(at), "mode": mode })
            }
            Self::Restart => json!({ "do": "restart" }),
        }
    }
}

/// What the library answers here to each of `steps`.
fn answered(steps: &[Step]) -> Vec<Value> {
    let failed = |failure: Failure| json!({ "failed": told(&failure) });
    let mut scanner: Option<Scanner> = None;
    let mut kept: Vec<u8> = Vec::new();
    let answers = steps.iter().map(|step| match (step, &mut scanner) {
        (Step::Enrol(root), scanner) => {
            *scanner = Thumbprint::parse(root).map(Scanner::enrolled);
            json!(scanner.is_some())
        }
        (Step::Install(bytes, at), Some(scanner)) => match scanner.install(bytes, *at) {
            Ok(Some(whole)) => {
                kept = whole;
                json!(kept.len())
            }
            Ok(None) => json!(0),
            Err(failure) => failed(failure),
        },
        (Step::Status(at), Some(scanner)) => scanner.status(*at),
        (Step::Scan(text, at, mode), Some(scanner)) => {
            let circumstances = Circumstances {
                mode: mode.map(str::to_owned),
                ..Circumstances::default()
            };
            scanner.scan(text, &circumstances, *at).to_json()
        }
        (Step::Restart, Some(scanner)) => {
            let memory = scanner.seen().write().unwrap();
            let text = String::from_utf8(memory.clone()).unwrap();
            *scanner = Scanner::remembering(Seen::read(&memory).unwrap());
            scanner.load(&kept).unwrap();
            json!(text)
        }
        (_, None) => panic!("nobody enrolled the scanner"),
    });
    answers.collect()
}

fn steps() -> Vec<Step> {
    let (press, stranger) = (
        Press::new(Environment::Demo, 40),
        Press::new(Environment::Demo, 60),
    );
    let signer = TestSigner::new(7);
    let (good, other) = (signer.issue(VACCINATION), signer.issue(TEST));
    let first = press.made(&signer.snapshot, 5, day(0));
    let second = press.made(&TestSigner::new(8).snapshot, 6, day(1));
    let delta = second.following(
        &first
            .prove(press.root.fingerprint(), None)
            .unwrap()
            .manifest,
    );
    let whole = |bundle: &lintas::snapshot::bundle::Bundle| bundle.write().unwrap();
    let mut cut = whole(&first);
    cut.truncate(cut.len() - 9);
    let forged = TestSigner::new(9).issue(VACCINATION);
    let mut changed = good.clone().into_bytes();
    changed[60] = if changed[60] == b'A' { b'B' } else { b'A' };
    let scan = |text: &str, at: UnixTime| Step::Scan(text.to_owned(), at, None);
    vec![
        Step::Enrol(press.root.fingerprint().to_string()),
        scan(&good, day(0)),
        Step::Install(whole(&stranger.made(&signer.snapshot, 5, day(0))), day(0)),
        Step::Install(cut, day(0)),
        Step::Install(whole(&first), day(0)),
        Step::Install(whole(&first), day(0)),
        Step::Status(day(0)),
        scan(&good, day(0)),
        scan(&format!("  {other}\r\n"), day(0)),
        scan(&forged, day(0)),
        scan(std::str::from_utf8(&changed).unwrap(), day(0)),
        scan("", day(0)),
        scan("HC1:\u{1f600} \u{7f}", day(0)),
        Step::Scan(good.clone(), day(0), Some("pesawat")),
        Step::Restart,
        scan(&good, day(0).plus(2 * DAY_S)),
        Step::Status(day(2)),
        scan(&good, day(8)),
        scan(&good, day(1)),
        Step::Install(whole(&delta), day(8)),
        scan(&good, day(8)),
        Step::Install(whole(&first), day(8)),
        Step::Status(day(8)),
        Step::Enrol("no root".into()),
    ]
}

#[test]
fn a_scanner_answers_alike_behind_every_door() {
    let steps = steps();
    let ours = answered(&steps);
    let colours: Vec<_> = ours.iter().filter_map(|it| it["colour"].as_str()).collect();
    assert!(colours.contains(&"green") && colours.contains(&"red") && colours.contains(&"yellow"));
    let codes = json!(ours).to_string();
    for code in [
        "anchor_unknown",
        "bundle_invalid",
        "bundle_rolled_back",
        "bundle_stale",
        "clock_suspect",
    ] {
        assert!(codes.contains(code), "no step comes to {code}");
    }
    let steps: Vec<_> = steps.iter().map(Step::to_json).collect();
    let questions = json!({ "steps": steps });
    let mut theirs: Vec<_> = doors::packages()
        .iter()
        .filter_map(|it| doors::node(it, &questions))
        .collect();
    theirs.extend(
        doors::packages()
            .iter()
            .filter_map(|it| doors::browser(it, &questions)),
    );
    theirs.extend(doors::c(&questions));
    for theirs in theirs {
        let theirs = theirs["steps"].as_array().unwrap();
        assert_eq!(theirs.len(), ours.len());
        for (number, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            assert_eq!(ours, theirs, "step {number}");
        }
    }
}
