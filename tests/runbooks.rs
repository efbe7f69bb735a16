//! What docs/RUNBOOKS.md tells its readers to type, typed: every block of it, in order, in one empty folder.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/mod.rs"]
mod support;

use std::process::Command;

#[test]
fn the_runbooks_hold() {
    for (program, asked) in [
        ("bash", "--version"),
        ("curl", "--version"),
        ("jq", "--version"),
        ("openssl", "version"),
    ] {
        let found = Command::new(program).arg(asked).output();
        if !found.is_ok_and(|it| it.status.success()) {
            return support::skipped(&format!("no {program}"));
        }
    }
    support::guide::typed("docs/RUNBOOKS.md", &["8443", "8445", "9464"], 6000);
}
