//! The program as a user runs it: exit codes, scanner input, a served gateway that is told to stop.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod support;

use lintas::server::client;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use support::{TestSigner, VACCINATION, vectors_dir};

fn lintas(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lintas"))
        .current_dir(dir)
        .args(arguments)
        .output()
        .unwrap()
}

fn with_input(dir: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
    let command = command.current_dir(dir).args(arguments);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program stops reading past its ceiling, so the pipe may break.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// A folder with a data folder in it, and a credential of its demo PKI.
fn demo_folder() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let issued = lintas(dir.path(), &["issue"]);
    assert!(
        issued.status.success(),
        "{}",
        String::from_utf8_lossy(&issued.stderr)
    );
    let text = stdout(&issued).trim().to_owned();
    (dir, text)
}

#[test]
fn what_is_issued_here_is_accepted_here_and_nowhere_else() {
    let (dir, text) = demo_folder();
    let accepted = lintas(dir.path(), &["verify", &text]);
    assert_eq!(accepted.status.code(), Some(0), "{}", stdout(&accepted));
    assert!(stdout(&accepted).starts_with("accept\n"));
    let elsewhere = tempfile::tempdir().unwrap();
    let rejected = lintas(elsewhere.path(), &["verify", &text]);
    assert_eq!(rejected.status.code(), Some(1));
    assert!(stdout(&rejected).contains("unknown_signer"));
    let other_world = lintas(
        dir.path(),
        &["verify", "--environment", "production", &text],
    );
    assert!(stdout(&other_world).contains("unknown_signer"));
}

#[test]
fn the_exit_code_is_the_verdict() {
    let (dir, text) = demo_folder();
    let verify = |more: &[&str]| {
        lintas(dir.path(), &[&["verify", &text], more].concat())
            .status
            .code()
    };
    assert_eq!(verify(&[]), Some(0));
    assert_eq!(verify(&["--at", "2036-01-01T00:00:00Z"]), Some(1));
    assert_eq!(verify(&["--at", "yesterday"]), Some(64));
    assert_eq!(verify(&["--view", "all"]), Some(64));
    assert_eq!(verify(&["--unknown"]), Some(64));
    assert_eq!(verify(&["--trust", "nowhere.pem"]), Some(74));
    assert_eq!(
        lintas(dir.path(), &["verify", "nowhere.txt"]).status.code(),
        Some(74)
    );
    assert_eq!(lintas(dir.path(), &[]).status.code(), Some(64));
    assert_eq!(lintas(dir.path(), &["--help"]).status.code(), Some(0));
    assert_eq!(
        lintas(dir.path(), &["issue", "nowhere.json"]).status.code(),
        Some(74)
    );
}

#[test]
fn scanner_input_gets_a_quirk_or_a_code_and_never_a_silent_failure() {
    let (dir, text) = demo_folder();
    let verify = |input: &[u8]| {
        let output = with_input(dir.path(), &["verify", "--json", "-"], input);
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), verdict)
    };
    let (code, verdict) = verify(format!("\t {}\r\n", text.to_lowercase()).as_bytes());
    assert_eq!(
        (code, &verdict["quirks"]),
        (0, &json!(["whitespace_trimmed", "lower_cased"]))
    );
    let doubled = text.replacen("HC1:", "HC1: ", 1);
    for (input, expected) in [
        (&b""[..], "format_unknown"),
        (b"\n\n", "format_unknown"),
        (b"\0\0\0", "format_unknown"),
        (b"\xff\xfe\xfd", "format_unknown"),
        (b"hc1:\xff", "base45_invalid"),
        (&text.as_bytes()[1..], "format_unknown"),
        (&text.as_bytes()[..text.len() / 2], "inflate_invalid"),
    ] {
        let (code, verdict) = verify(input);
        let found = verdict["findings"][0]["code"].as_str().unwrap();
        // Half a text may also end inside a group of characters.
        let torn = expected == "inflate_invalid" && found == "base45_invalid";
        assert!(
            code == 1 && (found == expected || torn),
            "{found} for {expected}"
        );
    }
    let (code, _) = verify(doubled.as_bytes());
    assert_eq!(code, 1);
    let (code, verdict) = verify(&[b"HC1:".as_slice(), &vec![b'A'; 50_000_000]].concat());
    assert_eq!(
        (code, verdict["findings"][0]["code"].as_str()),
        (1, Some("input_too_large"))
    );
}

#[test]
fn a_named_list_is_trusted_and_the_instant_can_be_chosen() {
    let dir = tempfile::tempdir().unwrap();
    let signer = TestSigner::new(4);
    let text = signer.issue(VACCINATION);
    std::fs::write(dir.path().join("code.txt"), &text).unwrap();
    let list = json!({ "eu_keys": { "BAQEBAQEBAQ=": [{ "subjectPk": signer.spki_base64(), "keyUsage": ["v"] }] } });
    std::fs::write(dir.path().join("list.json"), list.to_string()).unwrap();
    let arguments = [
        "verify",
        "--trust",
        "list.json",
        "--at",
        "2026-07-01T00:00:00Z",
        "--json",
        "code.txt",
    ];
    let output = lintas(dir.path(), &arguments);
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &verdict["outcome"]),
        (Some(0), &json!("accept"))
    );
    assert_eq!(
        (&verdict["simulated"], &verdict["at"]),
        (&json!(true), &json!("2026-07-01T00:00:00Z"))
    );
    let narrowed = list.to_string().replace("[\"v\"]", "[\"t\"]");
    std::fs::write(dir.path().join("list.json"), narrowed).unwrap();
    assert!(stdout(&lintas(dir.path(), &arguments)).contains("signer_not_authorised"));
}

#[test]
fn inspecting_is_not_verifying() {
    let (dir, text) = demo_folder();
    let output = lintas(dir.path(), &["inspect", &text]);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&shown["verified"], &shown["claims"]["issuer"]),
        (&json!(false), &json!("ZZ"))
    );
    assert_eq!(shown["certificate"]["name"]["family"], "Contoh");
    assert!(String::from_utf8_lossy(&output.stderr).contains("NOT VERIFIED"));
    let broken = lintas(dir.path(), &["inspect", "HC1:="]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(stdout(&broken).contains("base45_invalid"));
}

#[test]
fn indonesias_first_eu_certificate_shows_its_misspelling_and_its_signer_is_unknown() {
    let Some(vectors) = vectors_dir() else { return };
    let dir = tempfile::tempdir().unwrap();
    let sample = vectors.join("other/ID_VAC_ID_01_ehn-qa.txt");
    let sample = sample.to_str().unwrap();
    let shown: Value =
        serde_json::from_slice(&lintas(dir.path(), &["inspect", sample]).stdout).unwrap();
    assert_eq!(shown["quirks"], json!(["legacy_spelling"]));
    assert_eq!(
        shown["certificate"]["vaccination"]["manufacturer"],
        "Sinovac-Biotech"
    );
    let verified = lintas(dir.path(), &["verify", sample]);
    assert_eq!(verified.status.code(), Some(1));
    assert!(stdout(&verified).contains("unknown_signer"));
}

#[test]
fn the_demo_ends_with_an_accept_over_https() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let output = lintas(dir.path(), &["demo", "--exit"]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(stdout(&output).contains("\"outcome\": \"accept\""));
        assert!(stdout(&output).contains("██"));
    }
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, _) = demo_folder();
    let key = dir.path().join("lintas-data/keys/demo/dsc.key");
    assert_eq!(
        std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let output = lintas(dir.path(), &["issue"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("configuration_invalid"));
}

#[test]
fn a_node_does_not_start_in_a_role_it_has_no_listener_for() {
    let dir = tempfile::tempdir().unwrap();
    for roles in ["everything", "verify,admin", "federation"] {
        let output = lintas(dir.path(), &["serve", "--roles", roles]);
        assert_eq!(output.status.code(), Some(64), "{roles}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("configuration_invalid"));
    }
}

struct Served {
    child: Child,
    port: u16,
    log: BufReader<std::process::ChildStderr>,
}

/// Runs `serve` on free ports and waits for the line that says where.
fn serve(dir: &Path) -> Served {
    let configuration = "[listen]\nhttps = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\n";
    std::fs::write(dir.join("lintas.toml"), configuration).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
    let command = command.current_dir(dir).args(["serve", "--log", "trace"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    let port = loop {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "the server ended");
        let Some((_, address)) = line.split_once("serving on https://127.0.0.1:") else {
            continue;
        };
        break address.split('"').next().unwrap().parse().unwrap();
    };
    Served { child, port, log }
}

#[test]
fn a_served_gateway_answers_keeps_silent_about_people_and_ends_when_told() {
    let (dir, text) = demo_folder();
    let mut served = serve(dir.path());
    let ca = dir.path().join("lintas-data/tls/ca.pem");
    let token = std::fs::read_to_string(dir.path().join("lintas-data/demo-token")).unwrap();
    let base = format!("https://localhost:{}", served.port);
    let outcome = actix_web::rt::System::new().block_on(async {
        let client = client::trusting(&ca).unwrap();
        let ask = async |path: &str, body: String, token: &str| {
            let request = client
                .post(format!("{base}{path}"))
                .header("content-type", "application/json");
            let request = request.header("authorization", format!("Bearer {token}"));
            request
                .body(body)
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap()
        };
        let body = json!({ "credential": text, "view": "holder" }).to_string();
        let verdict: Value = serde_json::from_str(&ask("/v1/verify", body, &token).await).unwrap();
        assert_eq!(
            verdict["credentials"][0]["certificate"]["name"]["family"],
            "Contoh"
        );
        ask(
            "/v1/verify/Contoh?nik=3201234567890001",
            text.clone(),
            "secret-token",
        )
        .await;
        ask(
            "/v1/issue",
            "{\"person\": \"Melati Contoh, 1990-04-17\"}".to_owned(),
            &token,
        )
        .await;
        ask(
            "/v1/verify",
            "{\"credential\": [\"Melati\"]}".to_owned(),
            &token,
        )
        .await;
        verdict["outcome"].clone()
    });
    assert_eq!(outcome, "accept");
    let told = Command::new("kill")
        .args(["-TERM", &served.child.id().to_string()])
        .status()
        .unwrap();
    assert!(told.success());
    let mut log = String::new();
    served.log.read_to_string(&mut log).unwrap();
    let mut printed = String::new();
    served
        .child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut printed)
        .unwrap();
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
    assert!(
        log.matches("POST /v1/verify").count() >= 2,
        "nothing was logged"
    );
    for word in [
        "Contoh",
        "CONTOH",
        "Melati",
        "1990-04-17",
        "HC1:",
        "UVCI",
        "3201234567890001",
        token.trim(),
    ] {
        assert!(
            !log.contains(word) && !printed.contains(word),
            "{word} was logged"
        );
    }
}

#[test]
fn a_killed_gateway_starts_again_with_the_same_keys() {
    let (dir, text) = demo_folder();
    let mut served = serve(dir.path());
    served.child.kill().unwrap();
    served.child.wait().unwrap();
    // What a kill in the middle of a write leaves behind.
    std::fs::write(
        dir.path().join("lintas-data/trust/demo/.dsc.pem.new"),
        "half a certif",
    )
    .unwrap();
    let mut again = serve(dir.path());
    again.child.kill().unwrap();
    again.child.wait().unwrap();
    assert_eq!(
        lintas(dir.path(), &["verify", &text]).status.code(),
        Some(0)
    );
}
