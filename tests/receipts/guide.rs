//! What docs/RECEIPTS.md tells its readers to type, typed: every block of it, in order, in one empty folder.

use crate::support::{guide, skipped};
use std::process::Command;

#[test]
fn the_guide_to_receipts_holds() {
    for program in ["bash", "jq", "curl"] {
        let found = Command::new(program).arg("--version").output();
        if !found.is_ok_and(|it| it.status.success()) {
            return skipped(&format!("no {program}"));
        }
    }
    guide::typed("docs/RECEIPTS.md", &["8443", "9464"], 6000);
}
