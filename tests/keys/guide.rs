//! What docs/KEYS.md tells its readers to type, typed: every block of it, in order, in one empty folder.

use crate::support::{guide, skipped};
use std::path::Path;
use std::process::Command;

#[test]
fn the_guide_to_keys_holds() {
    for (program, asked) in [
        ("bash", "--version"),
        ("jq", "--version"),
        ("openssl", "version"),
        ("softhsm2-util", "--version"),
    ] {
        let found = Command::new(program).arg(asked).output();
        if !found.is_ok_and(|it| it.status.success()) {
            return skipped(&format!("no {program}"));
        }
    }
    if !Path::new("/usr/lib/softhsm/libsofthsm2.so").exists() {
        return skipped("there is no SoftHSM");
    }
    guide::typed("docs/KEYS.md", &["8443", "8445", "9464"], 3000);
}
