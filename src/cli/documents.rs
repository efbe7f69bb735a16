//! JSON documents in files and folders that somebody named: rules, value sets.
//!
//! Refuses to pass anything by in silence: what is no JSON is told, and what its name or its first letter calls JSON and is
//! none is a failure; so are signed messages, of which nobody here knows who may sign. Hidden files are not read, nor links
//! that lead out of their folder or to another one, and the links are told.

use super::show;
use crate::codec::cms::Signed;
use crate::codec::json;
use crate::exchange;
use crate::exchange::dgcg::read_message;
use crate::failure::{Code, Failure};
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Gives every document in `places` to `take`, and the members of lists in them; folders with those inside them, by name.
///
/// # Errors
/// `input_output`, `input_too_large`, those of JSON and of `take`, each with the file.
pub(super) fn each(
    places: &[PathBuf],
    take: &mut impl FnMut(&Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for place in places {
        let mut found = Found::default();
        let root = fs::canonicalize(place).map_err(|error| unreadable(place, error))?;
        if root.is_dir() {
            found.folder(place, &root, 0)?;
        } else {
            found.file(place.clone())?;
        }
        for path in &found.files {
            // Whoever names a file means it.
            let is_meant = path == place || path.extension().is_some_and(|it| it == "json");
            let taken = bounded(path).and_then(|bytes| document(&bytes, is_meant));
            let taken = taken.and_then(|document| match document {
                None => {
                    show::note(&format!("{} is no JSON and is left out", path.display()));
                    Ok(())
                }
                Some(Value::Array(documents)) => documents.iter().try_for_each(&mut *take),
                Some(document) => take(&document),
            });
            taken.map_err(|failure| {
                let reason = format!("{}: {}", path.display(), failure.detail());
                failure.code().because(reason)
            })?;
        }
    }
    Ok(())
}

/// The document in `bytes`; nothing where neither its letters nor anybody says that it is one.
fn document(bytes: &[u8], is_meant: bool) -> Result<Option<Value>, Failure> {
    let start = bytes.trim_ascii_start().first();
    if start.is_some_and(|byte| b"{[".contains(byte)) {
        return json::read(bytes, MAX_VALUES).map(Some);
    }
    if read_message(bytes).is_ok() || Signed::read(bytes).is_ok() {
        let reason = "a signed message, which is not read here: `lintas rules check` and `lintas rules dry-run` read a signed \
                      policy set, and rules are given as plain JSON";
        return Err(Code::RequestInvalid.because(reason));
    }
    match json::read(bytes, MAX_VALUES) {
        Err(failure) if is_meant => Err(failure),
        Err(_) => Ok(None),
        Ok(document) => Ok(Some(document)),
    }
}

/// The files that are to be read.
#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    seen: usize,
    bytes: u64,
}

impl Found {
    /// Takes in what is in `folder`, which is `root` or in it.
    fn folder(&mut self, folder: &Path, root: &Path, depth: usize) -> Result<(), Failure> {
        if depth > MAX_DEPTH {
            let reason = format!("{}: folders over {MAX_DEPTH} deep", folder.display());
            return Err(Code::InputTooLarge.because(reason));
        }
        let failed = |error| unreadable(folder, error);
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            self.count(folder)?;
            if !entry.file_name().to_string_lossy().starts_with('.') {
                paths.push((entry.path(), entry.file_type().map_err(failed)?));
            }
        }
        paths.sort_by(|(one, _), (two, _)| one.cmp(two));
        for (path, kind) in paths {
            if kind.is_dir() {
                self.folder(&path, root, depth + 1)?;
            } else if kind.is_file() || kind.is_symlink() && leads_to_a_file_in(root, &path) {
                self.file(path)?;
            } else {
                let what = "is no file of this folder and is left out";
                show::note(&format!("{} {what}", path.display()));
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf) -> Result<(), Failure> {
        let length = fs::metadata(&path).map_err(|error| unreadable(&path, error))?;
        self.bytes = self.bytes.saturating_add(length.len());
        if self.bytes > MAX_SUM {
            let reason = format!("{}: over {MAX_SUM} bytes in all", path.display());
            return Err(Code::InputTooLarge.because(reason));
        }
        self.files.push(path);
        Ok(())
    }

    fn count(&mut self, folder: &Path) -> Result<(), Failure> {
        self.seen += 1;
        if self.seen > MAX_FILES {
            let reason = format!("{}: over {MAX_FILES} files", folder.display());
            return Err(Code::InputTooLarge.because(reason));
        }
        Ok(())
    }
}

/// Whether the link at `path` leads to a file in `root`, as mounted configuration does.
fn leads_to_a_file_in(root: &Path, path: &Path) -> bool {
    fs::canonicalize(path).is_ok_and(|target| target.starts_with(root) && target.is_file())
}

/// The file's bytes, cut just past the ceiling of one document, where it is no JSON any more.
fn bounded(path: &Path) -> Result<Vec<u8>, Failure> {
    let ceiling = u64::try_from(exchange::MAX_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|it| it.take(ceiling + 1).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(path, error))?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    Code::InputOutput.caused_by(format!("{} cannot be read", path.display()), error)
}

const MAX_FILES: usize = 2000;
const MAX_DEPTH: usize = 16;
const MAX_SUM: u64 = 64 * 1024 * 1024;
const MAX_VALUES: usize = 1_000_000;
