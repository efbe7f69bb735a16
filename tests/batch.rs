//! The program on many codes: order, bounds, exit codes, and readers that go away.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use support::{TestSigner, VACCINATION};

/// A folder with a list that knows one signer, and a code of that signer.
fn folder() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let signer = TestSigner::new(4);
    let list = json!({ "eu_keys": { "BAQEBAQEBAQ=": [{ "subjectPk": signer.spki_base64(), "keyUsage": [] }] } });
    std::fs::write(dir.path().join("list.json"), list.to_string()).unwrap();
    (dir, signer.issue(VACCINATION))
}

fn command(dir: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
    let trust = [
        "verify",
        "--trust",
        "list.json",
        "--at",
        "2026-07-01T00:00:00Z",
    ];
    command.current_dir(dir).args(trust).args(more);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Verifies the lines of `input` as a file, and as standard input, which must come to the same.
fn batch(dir: &Path, input: &[u8], more: &[&str]) -> Output {
    std::fs::write(dir.join("codes.txt"), input).unwrap();
    let of_file = [&["--batch", "codes.txt"], more].concat();
    let of_file = command(dir, &of_file).output().unwrap();
    let of_input = [&["--batch", "-"], more].concat();
    let mut child = command(dir, &of_input).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || pipe.write_all(&input));
    let of_input = child.wait_with_output().unwrap();
    let _ = writing.join().unwrap();
    assert_eq!(of_file.stdout, of_input.stdout);
    assert_eq!(of_file.status.code(), of_input.status.code());
    of_file
}

fn lines(output: &Output) -> Vec<&str> {
    std::str::from_utf8(&output.stdout)
        .unwrap()
        .lines()
        .collect()
}

#[test]
fn every_line_is_answered_in_its_place_and_the_worst_is_the_exit_code() {
    let (dir, good) = folder();
    let all_good = batch(
        dir.path(),
        format!("{good}\n{good}\r\n{good}").as_bytes(),
        &[],
    );
    assert_eq!(
        lines(&all_good),
        ["1\taccept\t", "2\taccept\t", "3\taccept\t"]
    );
    assert_eq!(all_good.status.code(), Some(0));
    let spoilt = format!(
        "{good}\n\nHC1:=\n{}\n{good}\n",
        TestSigner::new(9).issue(VACCINATION)
    );
    let spoilt = batch(dir.path(), spoilt.as_bytes(), &[]);
    assert_eq!(
        lines(&spoilt),
        [
            "1\taccept\t",
            "2\treject\tformat_unknown",
            "3\treject\tbase45_invalid",
            "4\treject\tunknown_signer",
            "5\taccept\t"
        ]
    );
    assert_eq!(spoilt.status.code(), Some(1));
    let summary = String::from_utf8_lossy(&spoilt.stderr).into_owned();
    for told in ["5 lines", "accept: 2", "reject: 3", "unknown_signer: 1"] {
        assert!(summary.contains(told), "{summary}");
    }
    let nothing = batch(dir.path(), b"", &[]);
    assert_eq!((nothing.status.code(), nothing.stdout.len()), (Some(0), 0));
}

#[test]
fn doubt_without_a_rejection_is_the_exit_code_of_doubt() {
    let (dir, good) = folder();
    std::fs::write(dir.path().join("list.json"), "{\"eu_keys\":{}}").unwrap();
    let output = batch(dir.path(), format!("{good}\n").as_bytes(), &[]);
    assert_eq!(lines(&output), ["1\tindeterminate\ttrust_list_stale"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn json_lines_are_the_verdicts_of_single_verification() {
    let (dir, good) = folder();
    let texts = [good.as_str(), "HC1:=", "\u{202e}Dewi", &good.to_lowercase()].map(str::to_owned);
    let output = batch(
        dir.path(),
        texts.join("\n").as_bytes(),
        &["--json", "--view", "holder"],
    );
    let verdicts = lines(&output);
    assert_eq!(verdicts.len(), texts.len());
    for (text, verdict) in texts.iter().zip(verdicts) {
        std::fs::write(dir.path().join("code.txt"), text).unwrap();
        let alone = command(dir.path(), &["--json", "--view", "holder", "code.txt"]).output();
        let alone: Value = serde_json::from_slice(&alone.unwrap().stdout).unwrap();
        assert_eq!(serde_json::from_str::<Value>(verdict).unwrap(), alone);
    }
}

#[test]
fn what_is_no_line_of_text_is_rejected_and_the_next_line_is_read() {
    let (dir, good) = folder();
    let mut input = [b"HC1:".as_slice(), &vec![b'A'; 20_000_000], b"\n"].concat();
    input.extend_from_slice(format!("{good}{}junk\n", " ".repeat(10_000)).as_bytes());
    input.extend_from_slice(b"\xff\xfe\xfd\n\0\n\x1b[2J\n");
    input.extend_from_slice(good.as_bytes());
    let output = batch(dir.path(), &input, &[]);
    let rejected = |line: &str| line.contains("\treject\t");
    let lines = lines(&output);
    assert_eq!((lines.len(), lines[5]), (6, "6\taccept\t"));
    assert!(lines[..5].iter().all(|line| rejected(line)), "{lines:?}");
    assert_eq!(lines[0], "1\treject\tinput_too_large");
}

#[test]
fn thousands_of_lines_keep_their_order() {
    let (dir, good) = folder();
    let line = |number: usize| match number % 7 {
        3 => good.clone(),
        _ => format!("HC1:{number}"),
    };
    let input: Vec<_> = (0..20_000).map(line).collect();
    let output = batch(dir.path(), input.join("\n").as_bytes(), &[]);
    let lines = lines(&output);
    assert_eq!(lines.len(), input.len());
    for (number, line) in lines.iter().enumerate() {
        let outcome = if number % 7 == 3 { "accept" } else { "reject" };
        assert!(
            line.starts_with(&format!("{}\t{outcome}\t", number + 1)),
            "{line}"
        );
    }
}

/// Starts a batch on standard input and feeds it for as long as it reads.
fn endless(dir: &Path, line: String) -> Child {
    let mut child = command(dir, &["--batch", "-"]).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    std::thread::spawn(move || while pipe.write_all(line.as_bytes()).is_ok() {});
    child
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let (dir, _) = folder();
    let mut child = endless(dir.path(), "HC1:=\n".to_owned());
    let mut first = String::new();
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    answers.read_line(&mut first).unwrap();
    assert_eq!(first, "1\treject\tbase45_invalid\n");
    drop(answers);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut told = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    assert_eq!(told, "");
}

#[test]
fn an_interrupt_leaves_whole_lines_and_a_summary() {
    let (dir, _) = folder();
    let mut child = endless(dir.path(), "HC1:=\n".to_owned());
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    answers.read_line(&mut printed).unwrap();
    let interrupt = ["-INT", &child.id().to_string()];
    assert!(
        Command::new("kill")
            .args(interrupt)
            .status()
            .unwrap()
            .success()
    );
    answers.read_to_string(&mut printed).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(printed.ends_with("\treject\tbase45_invalid\n"));
    let mut told = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    assert!(told.contains("base45_invalid: "), "{told}");
}

#[test]
fn whoever_scans_is_answered_before_the_next_code() {
    let (dir, good) = folder();
    let mut child = command(dir.path(), &["--batch", "-"]).spawn().unwrap();
    let (mut input, mut answers) = (
        child.stdin.take().unwrap(),
        BufReader::new(child.stdout.take().unwrap()),
    );
    let mut answer = |number: u32| {
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, format!("{number}\taccept\t\n"));
    };
    // The start of the next code is at hand, its end is not.
    let (start, rest) = good.split_at(3);
    input.write_all(start.as_bytes()).unwrap();
    for number in 1..=3 {
        input
            .write_all(format!("{rest}\n{start}").as_bytes())
            .unwrap();
        answer(number);
    }
    input.write_all(rest.as_bytes()).unwrap();
    drop(input);
    answer(4);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_batch_takes_no_credential_beside_it_and_a_file_that_is_there() {
    let (dir, good) = folder();
    let exit = |more: &[&str]| command(dir.path(), more).output().unwrap().status.code();
    assert_eq!(exit(&["--batch", "list.json", &good]), Some(64));
    assert_eq!(exit(&["--batch", "nowhere.txt"]), Some(74));
}
