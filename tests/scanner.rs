//! A scanner as gate staff use it: enrolled, brought up to date by a real gateway, then without a network, with a clock that
//! somebody sets, and killed at any moment.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic, tells what it saw, waits for what it started, and is told how often to kill"
)]

mod support;

use lintas::model::UnixTime;
use lintas::snapshot::bundle::{Bundle, Root};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use support::program::{Serving, complained, lintas, said};
use support::skipped;

/// A demo gateway with a certificate of its own, and its bundles.
struct Place {
    folder: tempfile::TempDir,
    serving: Serving,
    code: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listen = "[listen]\nhttps = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n";
        fs::write(folder.path().join("lintas.toml"), listen).unwrap();
        assert!(lintas(folder.path(), &["init"]).status.success());
        let serving = Serving::start(folder.path());
        let code = said(&lintas(folder.path(), &["issue"])).trim().to_owned();
        assert!(code.starts_with("HC1:"), "{code}");
        let place = Self {
            folder,
            serving,
            code,
        };
        place.pressed(0);
        place
    }

    /// The text of a certificate that stands in the register; nothing without `curl`.
    fn registered(&self) -> Option<String> {
        let curl = Command::new("curl").arg("--version").output();
        if !curl.is_ok_and(|it| it.status.success()) {
            skipped("no curl");
            return None;
        }
        let events = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/events.csv");
        let arguments = [
            "events",
            "import",
            events,
            "--rejects",
            "rejects",
            "--claims",
            "claims",
        ];
        let imported = self.serving.asked_by(self.path(), "first", &arguments);
        let claims = fs::read_to_string(self.path().join("claims"));
        let claims = claims.unwrap_or_else(|_| panic!("{}", complained(&imported)));
        let row = claims.lines().nth(1).unwrap();
        let claim = row.split(',').nth(2).unwrap();
        let body = serde_json::json!({ "claim": claim }).to_string();
        let started = Instant::now();
        loop {
            let answer = Command::new("curl")
                .args(["--silent", "--cacert"])
                .arg(self.path().join("lintas-data/tls/ca.pem"))
                .args([
                    "--header",
                    "Content-Type: application/json",
                    "--data",
                    &body,
                ])
                .arg(format!("{}/v1/claims", self.serving.public))
                .output()
                .unwrap();
            let answer = String::from_utf8(answer.stdout).unwrap();
            if let Some(from) = answer.find("HC1:") {
                let text = &answer[from..];
                let end = text.find('"').unwrap();
                return Some(text[..end].replace("\\/", "/"));
            }
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "{claims}: {answer}"
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The files of bundles once there are more than `before`, the oldest first.
    fn pressed(&self, before: usize) -> Vec<PathBuf> {
        let started = Instant::now();
        loop {
            let files = fs::read_dir(self.path().join("lintas-data/bundles"));
            let files = files.into_iter().flatten().map(|it| it.unwrap().path());
            let mut files: Vec<_> = files.filter(|it| it.extension().is_some()).collect();
            files.retain(|it| !it.file_name().unwrap().to_string_lossy().starts_with('.'));
            files.sort();
            if files.len() > before {
                return files;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "no bundle");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn root(&self) -> String {
        let bundle = Bundle::read(&fs::read(&self.pressed(0)[0]).unwrap()).unwrap();
        Root::read(&bundle.roots[0].0)
            .unwrap()
            .fingerprint()
            .to_string()
    }

    fn scan(&self, arguments: &[&str]) -> Output {
        lintas(self.path(), &[&["scan"], arguments].concat())
    }

    fn enrolled(&self) {
        let enrolled = self.scan(&["enrol", "--root", &self.root()]);
        assert!(enrolled.status.success(), "{}", complained(&enrolled));
    }

    fn fetched(&self) -> Output {
        let ca = self.path().join("lintas-data/tls/ca.pem");
        self.scan(&["fetch", &self.serving.public, "--ca", ca.to_str().unwrap()])
    }

    /// What is shown of `code`, `hours` from now by the clock, and the exit code.
    fn shown(&self, code: &str, hours: i64) -> (Value, Option<i32>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
        command.args(["scan", "--json", "--quiet"]);
        let output = at_hours(command, self.path(), hours, code);
        let line = said(&output);
        let shown = serde_json::from_str(line.trim());
        let shown = shown.unwrap_or_else(|_| panic!("{line}{}", complained(&output)));
        (shown, output.status.code())
    }
}

/// A command in a network of its own with nothing in it, not even itself.
fn without_network() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net"]);
    command
}

fn has_namespaces() -> bool {
    let tried = without_network().arg("true").output();
    let has = tried.is_ok_and(|it| it.status.success());
    if !has {
        skipped("no network namespaces (unshare)");
    }
    has
}

/// What `scanner` says where there is no network at all and the clock shows another hour, with `input` to read.
fn at_hours(scanner: Command, folder: &Path, hours: i64, input: &str) -> Output {
    let mut command = without_network();
    command.arg(scanner.get_program()).args(scanner.get_args());
    command.current_dir(folder);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if hours != 0 {
        command
            .env("LD_PRELOAD", FAKETIME)
            .env("FAKETIME", format!("{hours:+}h"));
    }
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn has_faketime() -> bool {
    let found = Path::new(FAKETIME).exists();
    if !found {
        skipped("no faketime");
    }
    found
}

const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

#[test]
fn a_scanner_is_enrolled_brought_up_to_date_and_asked() {
    if !has_namespaces() {
        return;
    }
    let place = Place::new();
    let unknown = place.scan(&["status"]);
    assert!(
        complained(&unknown).contains("not_enrolled"),
        "{}",
        complained(&unknown)
    );
    place.enrolled();
    let (shown, exit) = place.shown(&place.code, 0);
    assert_eq!(
        (&shown["colour"], &shown["code"]),
        (&"yellow".into(), &"bundle_stale".into())
    );
    assert_eq!(exit, Some(2));
    let fetched = place.fetched();
    assert_eq!(said(&fetched).trim(), "in use", "{}", complained(&fetched));
    assert_eq!(said(&place.fetched()).trim(), "in use already");
    let (shown, exit) = place.shown(&place.code, 0);
    assert_eq!(
        (&shown["colour"], exit),
        (&"green".into(), Some(0)),
        "{shown}"
    );
    assert_eq!(shown["id"]["word"], "HIJAU: BOLEH MASUK");
    assert!(shown["name"].is_string() && shown["birth_year"].is_string());
    assert!(
        shown["verdict"]["credentials"][0]["certificate"]
            .get("vaccination")
            .is_none()
    );
    let mut forged = place.code.clone();
    let last = if forged.pop() == Some('A') { 'B' } else { 'A' };
    forged.push(last);
    let (shown, exit) = place.shown(&forged, 0);
    assert_eq!(
        (&shown["colour"], exit),
        (&"red".into(), Some(1)),
        "{shown}"
    );
    assert!(shown["name"].is_null());
    // For people, and by what a serial scanner sends.
    let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
    command.args(["scan"]);
    let codes = format!("{}\r{}\r\nhello\n", place.code, forged);
    let output = at_hours(command, place.path(), 0, &codes);
    let lines = said(&output);
    for word in [
        "\u{2714} HIJAU: BOLEH MASUK",
        "GREEN: MAY ENTER",
        "MERAH: TIDAK BOLEH MASUK",
        "[format_unknown]",
    ] {
        assert!(lines.contains(word), "{word}: {lines}");
    }
    assert_eq!(output.stderr, [7_u8; 1 + 3 + 3]);
    let status: Value = serde_json::from_str(&said(&place.scan(&["status"]))).unwrap();
    let today = status["tally"]
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap();
    assert_eq!(
        (&today["green"], &today["red"], &today["yellow"]),
        (&2.into(), &3.into(), &1.into())
    );
    assert_eq!(status["bundle"]["age"], "fresh");
}

#[test]
fn a_bundle_is_a_file_that_anybody_can_look_into_and_trust_by_its_root() {
    let place = Place::new();
    let (root, ca) = (place.root(), place.path().join("lintas-data/tls/ca.pem"));
    let (other, ca) = ("0".repeat(64), ca.to_str().unwrap());
    let run = |arguments: &[&str]| lintas(place.path(), arguments);
    let fetch = |root: &str, out: &str| {
        let gateway = place.serving.public.as_str();
        run(&[
            "bundle", "fetch", gateway, "--ca", ca, "--root", root, "--out", out,
        ])
    };
    let refused = fetch(&other, "none");
    assert!(
        complained(&refused).contains("anchor_unknown"),
        "{}",
        complained(&refused)
    );
    assert!(!place.path().join("none").exists());
    let fetched = fetch(&root, "stick");
    assert!(fetched.status.success(), "{}", complained(&fetched));
    let bytes = fs::read(place.path().join("stick")).unwrap();
    let files = place.pressed(0);
    assert!(files.iter().any(|it| fs::read(it).unwrap() == bytes));

    let shown = |more: &[&str]| {
        let output = run(&[&["bundle", "show", "stick", "--json"], more].concat());
        let shown: Value = serde_json::from_str(&said(&output)).unwrap();
        (shown, complained(&output))
    };
    let (open, note) = shown(&[]);
    assert!(
        open["proven"] == false && note.contains("NOT PROVEN"),
        "{note}"
    );
    let (proven, note) = shown(&["--root", &root]);
    assert!(proven["proven"] == true && note.is_empty(), "{note}");
    assert_eq!(
        (&proven["root"], &proven["missing"]),
        (&root.as_str().into(), &0.into())
    );
    let part = &proven["parts"][0];
    assert!(
        part["part"] == "signers" && part["rows"].as_u64() > Some(0),
        "{part}"
    );
    assert!(proven["sources"][0]["as_of"].is_string());
    let text = said(&run(&["bundle", "show", "stick", "--root", &root]));
    assert!(text.contains(&format!("proven by the root {root}")) && text.contains("signers"));

    let verify = |more: &[&str]| {
        let output = run(&[&["verify", "--trust", "stick", &place.code], more].concat());
        (output.status.code(), said(&output) + &complained(&output))
    };
    let (exit, told) = verify(&["--root", &root]);
    assert!(exit == Some(0) && told.starts_with("accept"), "{told}");
    let issued = proven["issued_at"].as_str().unwrap();
    let after = |hours: i64| {
        let at = UnixTime::parse(issued).unwrap();
        at.plus(hours * 3600).to_string()
    };
    for (hours, exit, word) in [
        (0, 0, "accept"),
        (25, 0, "scanners warn"),
        (100, 2, "trust_list_stale"),
        (169, 2, "bundle_stale"),
        (2000, 2, "bundle_stale"),
    ] {
        let (code, told) = verify(&["--root", &root, "--at", &after(hours)]);
        assert!(code == Some(exit) && told.contains(word), "{hours}: {told}");
        assert_eq!(told.contains("hours old"), hours > 24, "{hours}: {told}");
    }
    for (more, word) in [
        (vec![], "--root SHA256"),
        (vec!["--root", &other], "anchor_unknown"),
        (vec!["--root", "x"], "64 hexadecimal"),
        (
            vec!["--root", &root, "--trust", "lintas-data/trust"],
            "whole world",
        ),
        (
            vec!["--root", &root, "--environment", "test"],
            "environment_mismatch",
        ),
        (
            vec!["--root", &root, "--for", "ZZ", "--rules", "rules"],
            "has its own",
        ),
        (vec!["--root", &root, "--mode", "air"], "--for COUNTRY"),
    ] {
        let (exit, told) = verify(&more);
        assert!(exit == Some(64) && told.contains(word), "{more:?}: {told}");
    }
    let alone = run(&["verify", "--root", &root, &place.code]);
    assert!(complained(&alone).contains("--trust names none"));
    // Its rules are asked: nobody has published any.
    let (_, told) = verify(&["--root", &root, "--for", "DE"]);
    assert!(told.contains("rules_missing"), "{told}");

    // A stick that somebody had in hand.
    let places = (0..bytes.len()).step_by(bytes.len() / 24 + 1);
    let flipped = places.map(|it| {
        let mut changed = bytes.clone();
        changed[it] ^= 1;
        changed
    });
    let cut = [0, 15, 40, bytes.len() - 1].map(|length| bytes[..length].to_vec());
    for changed in flipped.chain(cut) {
        fs::write(place.path().join("changed"), &changed).unwrap();
        let output = run(&["bundle", "show", "changed", "--root", &root]);
        let told = complained(&output);
        let codes = ["bundle_invalid", "proof_invalid", "anchor_unknown"];
        assert_eq!(output.status.code(), Some(64), "{told}");
        assert!(codes.iter().any(|it| told.contains(it)), "{told}");
        let output = run(&["verify", "--trust", "changed", "--root", &root, &place.code]);
        assert_eq!(output.status.code(), Some(64));
    }
}

#[test]
fn a_ministrys_words_reach_the_scanner_with_the_next_bundle() {
    let place = Place::new();
    place.enrolled();
    place.fetched();
    let before = place.pressed(0).len();
    let folder = place.path().join("lintas-data/messages");
    fs::create_dir(&folder).unwrap();
    let words = "[format_unknown]\nsentence = \"Bukan kode.\"\nremedy = \"Pindai lagi.\"\n";
    fs::write(folder.join("id.toml"), words).unwrap();
    place.pressed(before);
    let fetched = place.fetched();
    assert_eq!(said(&fetched).trim(), "in use", "{}", complained(&fetched));
    let (shown, _) = place.shown("hello", 0);
    assert_eq!(shown["id"]["reason"], "Bukan kode.", "{shown}");
    assert!(shown["en"]["reason"].as_str() > Some(""));
}

#[test]
fn what_is_withdrawn_is_red_after_the_next_bundle() {
    if !has_namespaces() {
        return;
    }
    let place = Place::new();
    let Some(registered) = place.registered() else {
        return;
    };
    place.enrolled();
    place.fetched();
    let before = place.pressed(0).len();
    let code = place.path().join("code");
    fs::write(&code, &registered).unwrap();
    let asked = place.serving.asked_by(
        place.path(),
        "first",
        &[
            "revoke",
            "--qr",
            code.to_str().unwrap(),
            "--reason",
            "fraud",
        ],
    );
    assert!(
        asked.status.success(),
        "{}{}",
        said(&asked),
        complained(&asked)
    );
    let files = place.pressed(before);
    let fetched = place.fetched();
    assert_eq!(said(&fetched).trim(), "in use", "{}", complained(&fetched));
    let (shown, _) = place.shown(&registered, 0);
    assert_eq!(shown["code"], "revoked", "{shown}");
    // Nobody takes the scanner back to the day before.
    let old = place.scan(&["install", files[0].to_str().unwrap()]);
    assert!(
        complained(&old).contains("bundle_rolled_back"),
        "{}",
        complained(&old)
    );
    let (shown, _) = place.shown(&registered, 0);
    assert_eq!(shown["code"], "revoked", "{shown}");
}

#[test]
fn without_a_network_it_warns_and_then_stops() {
    if !has_faketime() || !has_namespaces() {
        return;
    }
    let place = Place::new();
    place.enrolled();
    place.fetched();
    for (hours, colour, code, warns) in [
        (1, "green", None, false),
        (23, "green", None, false),
        (25, "green", None, true),
        (60, "green", None, true),
        (100, "yellow", Some("trust_list_stale"), true),
        (169, "yellow", Some("bundle_stale"), false),
        (200, "yellow", Some("bundle_stale"), false),
    ] {
        let (shown, _) = place.shown(&place.code, hours);
        assert_eq!(shown["colour"], colour, "{hours}: {shown}");
        assert_eq!(shown["code"].as_str(), code, "{hours}: {shown}");
        assert_eq!(shown["data_age_s"].is_number(), warns, "{hours}");
    }
    // Somebody sets the clock back, to bring an ended code back.
    let (shown, _) = place.shown(&place.code, 0);
    assert_eq!(
        (&shown["colour"], &shown["code"]),
        (&"yellow".into(), &"clock_suspect".into())
    );
    // And takes what it remembers away.
    fs::remove_file(place.path().join("lintas-scanner/scanner.json")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
    command.args(["scan", "--json", "--quiet"]);
    let output = at_hours(command, place.path(), 0, &place.code);
    assert!(
        complained(&output).contains("not_enrolled"),
        "{}",
        complained(&output)
    );
    // Another root, and no root at all.
    for root in ["0".repeat(64), "x".to_owned()] {
        let enrolled = place.scan(&["enrol", "--root", &root]);
        assert_eq!(enrolled.status.success(), root != "x");
    }
    let fetched = place.fetched();
    assert!(
        complained(&fetched).contains("anchor_unknown"),
        "{}",
        complained(&fetched)
    );
}

/// In the order of the calls that the kernel saw: the new file is whole on the disk before it takes the old one's place, and that it
/// has taken it is on the disk before the scanner says so.
#[test]
fn what_is_replaced_is_synchronised_before_and_after() {
    let traced = Command::new("strace").arg("--version").output();
    if !traced.is_ok_and(|it| it.status.success()) {
        return skipped("no strace");
    }
    let place = Place::new();
    place.enrolled();
    let bundle = place.pressed(0).pop().unwrap();
    let trace = place.path().join("trace");
    let output = Command::new("strace")
        .args(["--follow-forks", "--decode-fds=path", "--output"])
        .arg(&trace)
        .arg("--trace=openat,fsync,rename,renameat,renameat2,write")
        .arg(env!("CARGO_BIN_EXE_lintas"))
        .args(["scan", "install", bundle.to_str().unwrap()])
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", complained(&output));
    let trace = fs::read_to_string(trace).unwrap();
    let calls: Vec<_> = trace.lines().collect();
    let after = |from: usize, what: &[&str]| {
        let found = calls[from..]
            .iter()
            .position(|call| what.iter().all(|part| call.contains(part)));
        from + found.unwrap_or_else(|| panic!("no {what:?} after call {from}:\n{trace}"))
    };
    let mut at = 0;
    for name in ["bundle.lintas", "scanner.json"] {
        let renamed = after(at, &["rename", &format!("{name}\")")]);
        let from = calls[renamed].split('"').nth(1).unwrap();
        let temporary = from.rsplit('/').next().unwrap();
        let written = after(at, &["write(", temporary]);
        let synchronised = after(written, &["fsync(", temporary]);
        let folder = after(renamed, &["fsync(", "lintas-scanner>"]);
        assert!(written < synchronised && synchronised < renamed && renamed < folder);
        let rewritten = calls[synchronised..renamed].iter();
        assert!(
            !rewritten
                .clone()
                .any(|it| it.contains("write(") && it.contains(temporary))
        );
        println!(
            "{}",
            [written, synchronised, renamed, folder]
                .map(|it| calls[it])
                .join("\n")
        );
        at = folder;
    }
    after(at, &["write(1", "in use"]);
}

#[test]
fn a_scanner_that_is_killed_has_one_whole_bundle() {
    if !has_namespaces() {
        return;
    }
    let place = Place::new();
    let Some(registered) = place.registered() else {
        return;
    };
    place.enrolled();
    place.fetched();
    let code = place.path().join("code");
    fs::write(&code, &registered).unwrap();
    let before = place.pressed(0).len();
    let asked = place.serving.asked_by(
        place.path(),
        "first",
        &[
            "revoke",
            "--qr",
            code.to_str().unwrap(),
            "--reason",
            "fraud",
        ],
    );
    assert!(asked.status.success());
    let files = place.pressed(before);
    let newest = files.last().unwrap();
    let kept = tempfile::tempdir().unwrap();
    support::copy(&place.path().join("lintas-scanner"), kept.path());
    let scanner = place.path().join("lintas-scanner");
    let (mut old, mut new) = (0, 0);
    let rounds = std::env::var("LINTAS_KILLS").map_or(20, |it| it.parse().unwrap());
    // How long it takes when nobody kills it.
    let started = Instant::now();
    assert!(
        place
            .scan(&["install", newest.to_str().unwrap()])
            .status
            .success()
    );
    let takes = started.elapsed();
    for round in 0..rounds {
        fs::remove_dir_all(&scanner).unwrap();
        support::copy(kept.path(), &scanner);
        let mut child = Command::new(env!("CARGO_BIN_EXE_lintas"))
            .current_dir(place.path())
            .args(["scan", "install", newest.to_str().unwrap()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(takes * round / rounds);
        let _ = child.kill();
        child.wait().unwrap();
        let (shown, _) = place.shown(&registered, 0);
        match shown["code"].as_str() {
            None => old += 1,
            Some("revoked") => new += 1,
            Some(code) => panic!("{code}"),
        }
    }
    assert_eq!(old + new, rounds);
    assert!(old > 0 && new > 0, "{old} old, {new} new");
}
