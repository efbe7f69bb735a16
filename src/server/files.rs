//! Files that only their owner may read, and files that are never half written.
//!
//! Refuses a private file whose permissions let others in.

use crate::failure::{Code, Failure};
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::Zeroizing;

/// Creates `dir` and its parents.
///
/// # Errors
/// `input_output`.
pub(crate) fn create_dir(dir: &Path) -> Result<(), Failure> {
    fs::create_dir_all(dir).map_err(|error| failed(dir, "cannot be created", error))
}

/// Creates `dir` for its owner alone.
///
/// # Errors
/// `input_output`.
pub(crate) fn create_private_dir(dir: &Path) -> Result<(), Failure> {
    create_dir(dir)?;
    let owner_only = Permissions::from_mode(0o700);
    fs::set_permissions(dir, owner_only)
        .map_err(|error| failed(dir, "cannot be closed to others", error))
}

/// Writes `content` to a new file beside `path`, then moves it there; `mode` is its permissions.
///
/// # Errors
/// `input_output`.
pub(crate) fn write(path: &Path, content: &[u8], mode: u32) -> Result<(), Failure> {
    // Hidden, so that a half-written file in a folder of lists is never read as one.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    // A draft left by a killed process may have other permissions.
    let _ = fs::remove_file(&draft);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&draft)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&draft, path));
    written.map_err(|error| failed(path, "cannot be written", error))
}

/// [`write`], and the folder is synchronised after it, so that the power may fail at any moment.
///
/// # Errors
/// `input_output`.
pub(crate) fn write_durably(path: &Path, content: &[u8], mode: u32) -> Result<(), Failure> {
    write(path, content, mode)?;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let synchronised = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synchronised.map_err(|error| failed(folder, "cannot be synchronised", error))
}

/// The bytes of a file that nobody but its owner may read or write.
///
/// # Errors
/// `input_output`; `configuration_invalid` where others may open it.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    read_closed(path, 0o077)
}

/// The bytes of a credential of this service: its group may read it, because an access list shows so in the mode.
///
/// # Errors
/// `input_output`; `configuration_invalid` where others may open it.
pub(crate) fn read_credential(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    read_closed(path, 0o037)
}

fn read_closed(path: &Path, to_others: u32) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let unreadable = |error| failed(path, "cannot be read", error);
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & to_others != 0 {
        let shown = path.display();
        let reason = format!(
            "{shown} is open to others (mode {:o}); chmod 600",
            mode & 0o777
        );
        return Err(Code::ConfigurationInvalid.because(reason));
    }
    fs::read(path).map(Zeroizing::new).map_err(unreadable)
}

/// The bytes of a file that others may read and not write; `None` where there is none.
///
/// # Errors
/// `input_output`; `configuration_invalid` where others may write it.
pub(crate) fn read_guarded(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let unreadable = |error| failed(path, "cannot be read", error);
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    if mode & 0o022 != 0 {
        let reason = format!(
            "{} can be written by others (mode {:o})",
            path.display(),
            mode & 0o777
        );
        return Err(Code::ConfigurationInvalid.because(reason));
    }
    fs::read(path).map(Some).map_err(unreadable)
}

/// Holds the folder `dir` for this process until dropped, so that two that start at once do not both make its keys.
///
/// # Errors
/// `input_output`.
pub(crate) fn lock(dir: &Path) -> Result<fs::File, Failure> {
    create_dir(dir)?;
    let path = dir.join(".lock");
    let open = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(PRIVATE)
        .open(&path);
    let file = open.map_err(|error| failed(&path, "cannot be opened", error))?;
    file.lock()
        .map_err(|error| failed(&path, "cannot be locked", error))?;
    Ok(file)
}

/// The bytes of any file.
///
/// # Errors
/// `input_output`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| failed(path, "cannot be read", error))
}

/// The text in any file.
///
/// # Errors
/// `input_output`, also where it is no UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| failed(path, "cannot be read", error))
}

fn failed(path: &Path, what: &str, error: std::io::Error) -> Failure {
    Code::InputOutput.caused_by(format!("{} {what}", path.display()), error)
}

/// Readable by its owner alone.
pub(crate) const PRIVATE: u32 = 0o600;
/// Readable by all.
pub(crate) const PUBLIC: u32 = 0o644;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        write(&path, b"secret", PRIVATE).unwrap();
        assert_eq!(read_private(&path).unwrap().as_slice(), b"secret");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert_eq!(
            read_private(&path).unwrap_err().code(),
            Code::ConfigurationInvalid
        );
    }
}
