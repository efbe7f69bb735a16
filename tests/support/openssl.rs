//! OpenSSL as another maker of keys, certificates and messages, in a folder of its own.

use super::skipped;
use std::fs;
use std::process::Command;

pub struct OpenSsl(tempfile::TempDir);

impl OpenSsl {
    /// An empty folder; `None`, and a word why, where there is no OpenSSL.
    pub fn start() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            skipped("there is no openssl");
            return None;
        }
        Some(Self(tempfile::tempdir().unwrap()))
    }

    /// Runs `openssl command arguments` in the folder.
    pub fn run(&self, command: &str, arguments: &[&str]) {
        let mut program = Command::new("openssl");
        let program = program.current_dir(self.0.path()).arg(command);
        let ran = program.args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{command} {arguments:?}: {said}");
    }

    /// Makes a key, as `kind` says, and a certificate that it signs for itself.
    pub fn self_signed(&self, key: &str, certificate: &str, kind: &[&str]) {
        let made = [
            "-x509",
            "-nodes",
            "-days",
            "9",
            "-subj",
            "/C=ZZ/CN=made for a test",
        ];
        let names = ["-keyout", key, "-out", certificate];
        self.run("req", &[&made[..], &names, kind].concat());
    }

    pub fn put(&self, name: &str, content: &[u8]) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    pub fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).unwrap()
    }
}
