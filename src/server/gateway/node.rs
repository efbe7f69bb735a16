//! The name of a process among those that share a store.
//!
//! Refuses one name to two running processes: the name of a data folder belongs to whoever holds its lock, and everybody else
//! there gets one of the moment. A process that was killed and starts again has its old name, and with it its leases.

use crate::failure::{Code, Failure};
use crate::server::files;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A name, for as long as this lives.
#[derive(Debug)]
pub(super) struct Node {
    name: String,
    _lock: Option<File>,
}

impl Node {
    /// The name of this process; that of the folder `data`, if no other process has it now.
    ///
    /// # Errors
    /// `input_output`, `internal`.
    pub(super) fn of(data: &Path) -> Result<Self, Failure> {
        let folder = data.join("marks");
        files::create_private_dir(&folder)?;
        let path = folder.join("node");
        let failed = |error| {
            Code::InputOutput.caused_by(format!("{} cannot be used", path.display()), error)
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(files::PRIVATE)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Ok(Self {
                    name: random()?,
                    _lock: None,
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        if !is_name(&text) {
            text = random()?;
            file.set_len(0).map_err(failed)?;
            file.write_all(text.as_bytes()).map_err(failed)?;
            file.sync_all().map_err(failed)?;
        }
        Ok(Self {
            name: text,
            _lock: Some(file),
        })
    }

    /// The name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

fn random() -> Result<String, Failure> {
    let mut random = [0; LENGTH / 2];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
    Ok(base16ct::lower::encode_string(&random))
}

fn is_name(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

const LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_and_never_had_by_two() {
        let data = tempfile::tempdir().unwrap();
        let first = Node::of(data.path()).unwrap();
        let second = Node::of(data.path()).unwrap();
        assert!(is_name(first.name()) && is_name(second.name()));
        assert_ne!(first.name(), second.name());
        let name = first.name().to_owned();
        drop(first);
        assert_eq!(Node::of(data.path()).unwrap().name(), name);
        std::fs::write(data.path().join("marks/node"), "cut").unwrap();
        assert_ne!(Node::of(data.path()).unwrap().name(), name);
    }
}
