//! The Python of the tests: what is written in it has nothing of ours.

use super::skipped;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python that has `modules`, named with commas between them: that below `target`, else the system's.
///
/// Where there is none, the test says so in one line and is skipped, unless `LINTAS_REQUIRE=all` makes that a failure.
pub fn python(modules: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python");
    let has_all = |python: &PathBuf| {
        let mut asked = Command::new(python);
        asked.args(["-c", &format!("import {modules}")]);
        asked.output().is_ok_and(|done| done.status.success())
    };
    let found = [beside, "python3".into()].into_iter().find(has_all);
    if found.is_none() {
        skipped(&format!(
            "no Python with {modules} (python3 -m venv target/python, and what tests/requirements.txt names)"
        ));
    }
    found
}
