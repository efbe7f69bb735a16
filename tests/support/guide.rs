//! A guide's blocks of commands, typed into one shell.
#![allow(
    clippy::disallowed_methods,
    reason = "the shell finds this program where the test was told to keep what was said"
)]

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Types every block of `guide`, in order, in one empty folder, with a free port, from `base` on, for each of `ports`.
pub fn typed(guide: &str, ports: &[&str], base: u16) {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join(guide);
    let guide = std::fs::read_to_string(guide).unwrap();
    let script = with_free_ports(&blocks(&guide), ports, base);
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
fn with_free_ports(script: &str, ports: &[&str], base: u16) -> String {
    // None of those that connections are given, so that nobody else takes them meanwhile.
    let first = 12_000 + base + u16::try_from(std::process::id() % 400).unwrap() * 7;
    let free = (first..).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let drawn = ports.iter().zip(free);
    drawn.fold(script.to_owned(), |script, (port, free)| {
        script.replace(&format!(":{port}"), &format!(":{free}"))
    })
}
