//! A folder of list documents that an operator filled by hand.
//!
//! Refuses documents over the list ceiling. Passes over hidden files and folders inside; a link to a file is that file,
//! as mounted secrets and configuration are.

use crate::exchange;
use crate::failure::{Code, Failure};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A folder, or a single file, of directly trusted signers.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
}

/// One document as it lies there, or why it cannot be read.
#[derive(Debug)]
pub struct Document {
    /// Its name in the folder.
    pub name: String,
    /// Its bytes.
    pub bytes: Result<Vec<u8>, Failure>,
}

impl Directory {
    /// The folder or file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Every document, in the order of their names. An unreadable one is an entry with its reason.
    ///
    /// # Errors
    /// `input_output` where the folder itself cannot be listed.
    pub fn fetch(&self) -> Result<Vec<Document>, Failure> {
        let failed = |error| {
            Code::InputOutput.caused_by(format!("{} cannot be read", self.path.display()), error)
        };
        if !fs::metadata(&self.path).map_err(failed)?.is_dir() {
            return Ok(vec![document(&self.path)]);
        }
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if !hidden && entry.path().is_file() {
                paths.push(entry.path());
            }
        }
        paths.sort();
        Ok(paths.iter().map(|path| document(path)).collect())
    }

    /// The same, where there are at most `files` documents of together at most `bytes` bytes.
    ///
    /// # Errors
    /// `input_output`; `input_too_large`, before any of them is read.
    pub fn fetch_within(&self, files: usize, bytes: u64) -> Result<Vec<Document>, Failure> {
        let (mut count, mut sum) = (0usize, 0u64);
        if let Ok(entries) = fs::read_dir(&self.path) {
            for entry in entries.flatten() {
                count += 1;
                sum = sum.saturating_add(fs::metadata(entry.path()).map_or(0, |it| it.len()));
                if count > files || sum > bytes {
                    let reason = format!("a folder over {files} files or {bytes} bytes");
                    return Err(Code::InputTooLarge.because(reason));
                }
            }
        }
        self.fetch()
    }
}

fn document(path: &Path) -> Document {
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned();
    let bytes = bounded(path)
        .map_err(|error| Code::InputOutput.caused_by("the file cannot be read", error));
    Document { name, bytes }
}

/// The file's bytes, cut just past the list ceiling, where the list reader refuses them.
fn bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    let ceiling = u64::try_from(exchange::MAX_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(ceiling + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
