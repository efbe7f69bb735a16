//! What docs/HUB.md tells its readers to type, typed: every block of it, in order, in one empty folder.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and asks where programs are"
)]

#[path = "support/mod.rs"]
mod support;

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

#[test]
fn the_guide_to_a_hub_holds() {
    for (program, asked) in [
        ("bash", "--version"),
        ("curl", "--version"),
        ("jq", "--version"),
        ("nginx", "-v"),
        ("openssl", "version"),
    ] {
        let found = Command::new(program).arg(asked).output();
        if !found.is_ok_and(|it| it.status.success()) {
            return support::skipped(&format!("no {program}"));
        }
    }
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/HUB.md");
    let script = with_free_ports(&blocks(&std::fs::read_to_string(guide).unwrap()));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("guide.sh"), script).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_lintas"));
    let path = format!(
        "{}:{}",
        program.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    // A group of its own, so that what it left running ends with it.
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-x", "guide.sh"])
        .current_dir(&folder);
    shell
        .env("PATH", path)
        .env_remove("CURL_CA_BUNDLE")
        .env_remove("SSL_CERT_FILE");
    let output = std::fs::File::create(folder.path().join("transcript")).unwrap();
    let errors = output.try_clone().unwrap();
    let mut running = shell
        .process_group(0)
        .stdout(output)
        .stderr(errors)
        .spawn()
        .unwrap();
    let ended = running.wait().unwrap();
    let group = format!("-{}", running.id());
    let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
    let transcript = std::fs::read_to_string(folder.path().join("transcript")).unwrap();
    if let Some(kept) = std::env::var_os("LINTAS_TRANSCRIPT") {
        std::fs::write(kept, &transcript).unwrap();
    }
    assert!(ended.success(), "{transcript}");
}

/// The blocks of commands in `guide`, one after the other.
fn blocks(guide: &str) -> String {
    let parts = guide.split("```sh\n").skip(1);
    let parts = parts.map(|part| part.split_once("\n```").unwrap().0);
    parts.fold(String::new(), |script, part| script + part + "\n")
}

/// The same with a free port for every one that it names.
fn with_free_ports(script: &str) -> String {
    let ports = ["8443", "8444", "8445", "8446", "8447", "9464"];
    // None of those that connections are given, so that nobody else takes them meanwhile.
    let first = 12_000 + u16::try_from(std::process::id() % 1000).unwrap() * 7;
    let free = (first..).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let drawn = ports.iter().zip(free);
    drawn.fold(script.to_owned(), |script, (port, free)| {
        script.replace(&format!(":{port}"), &format!(":{free}"))
    })
}
