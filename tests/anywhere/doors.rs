//! The doors: the module of `web/pkg` in Node.js and in a real browser, the library for C in Python. What is asked goes in as JSON,
//! what is answered comes out as JSON.

use crate::support::{python::python, skipped};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn script(name: &str) -> PathBuf {
    root().join("tests/anywhere").join(name)
}

/// The packages that there are: the one in the tree, and one that was built from it just now.
pub(crate) fn packages() -> Vec<PathBuf> {
    let packages = ["web/pkg", "target/module/pkg"].map(|it| root().join(it));
    packages.into_iter().filter(|it| it.exists()).collect()
}

fn ran(command: &mut Command, questions: &Value) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let (asked, answered) = (folder.path().join("asked"), folder.path().join("answered"));
    fs::write(&asked, questions.to_string()).unwrap();
    let output = command.arg(&asked).arg(&answered).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    println!("{}", String::from_utf8_lossy(&output.stdout).trim());
    serde_json::from_slice(&fs::read(&answered).unwrap()).unwrap()
}

fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output();
    let found = found.is_ok_and(|it| it.status.success());
    if !found {
        skipped(&format!("no {program}"));
    }
    found
}

/// What the package in the folder `package` answers in Node.js.
pub(crate) fn node(package: &Path, questions: &Value) -> Option<Value> {
    has("node").then(|| {
        let mut command = Command::new("node");
        ran(command.arg(script("node.mjs")).arg(package), questions)
    })
}

/// What the package in the folder `package` answers in Chromium.
pub(crate) fn browser(package: &Path, questions: &Value) -> Option<Value> {
    let driver = root().join("tests/page/node_modules/playwright-core");
    if !driver.exists() {
        skipped("no playwright-core (npm ci --prefix tests/page)");
        return None;
    }
    (has("node") && has("chromium")).then(|| {
        let mut command = Command::new("node");
        command.arg(script("browser.mjs")).arg(driver).arg(package);
        ran(&mut command, questions)
    })
}

/// What the library for C answers in Python.
pub(crate) fn c(questions: &Value) -> Option<Value> {
    let library = root().join("target/c/debug/liblintas.so");
    if !library.exists() {
        skipped("no library for C in target/c (see docs/ANYWHERE.md)");
        return None;
    }
    let python = python("ctypes")?;
    let mut command = Command::new(python);
    Some(ran(command.arg(script("c.py")).arg(library), questions))
}

/// The header is one for C and for C++, and `cc` says so.
#[test]
fn the_header_is_read_by_compilers() {
    if !has("cc") {
        return;
    }
    for language in ["c", "c++"] {
        let mut command = Command::new("cc");
        command.args([
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-fsyntax-only",
            "-x",
        ]);
        command.arg(language).arg(root().join("include/lintas.h"));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{language}: {said}");
    }
}
