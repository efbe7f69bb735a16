//! What docs/POLICY.md tells its readers to type, typed: every block of it, in order, in one empty folder.

use crate::support::{guide, skipped};
use std::process::Command;

#[test]
fn the_guide_to_policy_sets_holds() {
    for (program, asked) in [
        ("bash", "--version"),
        ("jq", "--version"),
        ("openssl", "version"),
    ] {
        let found = Command::new(program).arg(asked).output();
        if !found.is_ok_and(|it| it.status.success()) {
            return skipped(&format!("no {program}"));
        }
    }
    guide::typed("docs/POLICY.md", &["8443", "8445", "9464"], 3600);
}
