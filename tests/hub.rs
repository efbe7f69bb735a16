//! What docs/HUB.md tells its readers to type, typed: every block of it, in order, in one empty folder.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/mod.rs"]
mod support;

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
    support::guide::typed(
        "docs/HUB.md",
        &["8443", "8444", "8445", "8446", "8447", "9464"],
        0,
    );
}
