//! What the guides for whoever checks certificates tell their readers to type, typed: every block, in order, each guide in one
//! empty folder.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/mod.rs"]
mod support;

use std::process::Command;

fn holds(guide: &str, base: u16) {
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
    support::guide::typed(guide, &["8443", "8445", "9464"], base);
}

#[test]
fn an_airlines_first_day_holds() {
    holds("docs/AIRLINE.md", 9000);
}

#[test]
fn an_officers_first_day_holds() {
    holds("docs/OFFICER.md", 12_000);
}

#[test]
fn a_scanners_first_run_holds() {
    holds("docs/SCANNER.md", 15_000);
}
