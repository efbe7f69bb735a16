//! Verifiers in other languages, each a process of its own that takes its turns like any other row.
//!
//! Refuses to time their start: a program first says that it is ready, and how many of the texts it accepts.
//!
//! For every line `FROM TO` on its standard input a program verifies the texts with these numbers, counted on beyond the
//! last one from the first again, and answers a line. What the pipe costs is within the figures: some 50 µs a turn.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A verifier in another process.
pub struct Beside {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// What it is called, and how many texts it accepts.
    pub name: String,
}

impl Beside {
    /// Starts the shell `command` and waits until it is ready.
    ///
    /// # Errors
    /// A sentence that says what it did instead.
    pub fn start(command: &str) -> Result<Self, String> {
        let started = Command::new("sh")
            .args(["-c", &format!("exec {command}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = started.map_err(|error| format!("{command}: {error}"))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (input, output) = input.zip(output).ok_or("a child without pipes")?;
        let mut beside = Self {
            child,
            input,
            output: BufReader::new(output),
            name: String::new(),
        };
        let said = beside.line()?;
        let ready: Value = serde_json::from_str(&said).map_err(|_| format!("{command}: {said}"))?;
        let (row, accepted) = (ready["row"].as_str(), ready["accepted"].as_u64());
        let (row, accepted) = row
            .zip(accepted)
            .ok_or_else(|| format!("{command}: {said}"))?;
        beside.name = format!("{row} (accepts {accepted})");
        Ok(beside)
    }

    /// Has it verify the texts with these numbers.
    pub fn run(&mut self, range: Range<usize>) {
        let asked = writeln!(self.input, "{} {}", range.start, range.end);
        asked.and_then(|()| self.input.flush()).expect("it listens");
        self.line().expect("it answers");
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        read.map_err(|error| error.to_string())?;
        if line.is_empty() {
            return Err("a verifier beside ended early".to_owned());
        }
        Ok(line)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
