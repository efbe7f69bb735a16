//! The program in a process of its own: commands, and a gateway that can be killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Runs `lintas arguments` in `folder`.
pub fn lintas(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
    command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

pub fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// `lintas serve` in a folder, until it is dropped, which kills it.
pub struct Serving {
    child: Child,
    /// The listener for operators.
    pub admin: String,
    /// The public listener.
    pub public: String,
}

impl Serving {
    /// Serves what `lintas.toml` in `folder` says, with a listener for operators.
    pub fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lintas"));
        let mut child = command
            .current_dir(folder)
            .arg("serve")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut port = |place: &str| {
            lines.find_map(|line| {
                let line = line.unwrap();
                let (_, rest) = line.split_once(place)?;
                let port = rest.split(|letter: char| !letter.is_ascii_digit()).next();
                port.map(|port| format!("https://localhost:{port}"))
            })
        };
        let public = port("serving on https://127.0.0.1:").unwrap();
        let admin = port("serving operators on https://127.0.0.1:").unwrap();
        // Whoever writes to a pipe that nobody reads waits for ever.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            admin,
            public,
        }
    }

    /// A command of `operator`, the stem of whose files is below the data folder.
    pub fn asked_by(&self, folder: &Path, operator: &str, arguments: &[&str]) -> Output {
        let stem = format!("lintas-data/operators/{operator}");
        let more = ["--gateway", &self.admin, "--as", &stem];
        lintas(folder, &[arguments, &more].concat())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
