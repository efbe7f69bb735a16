//! A Unix socket for a proxy on this machine: whoever may open it may say who calls.
//!
//! Refuses to let others open it even while it is made, and a place where something else lies or another process listens.
//!
//! Source: unix(7), on the permissions of socket files.

use crate::failure::{Code, Failure};
use crate::server::files;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// A listener at `path` that only this user may open; what a process that is gone left there is replaced.
///
/// # Errors
/// `input_output`; `configuration_invalid` where the place is taken.
pub(super) fn bind(path: &Path) -> Result<UnixListener, Failure> {
    let failed = |what: &'static str| {
        move |error| Code::InputOutput.caused_by(format!("{} {what}", path.display()), error)
    };
    let taken = |what| Code::ConfigurationInvalid.because(format!("{} {what}", path.display()));
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed("cannot be looked at")(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(taken("is no socket")),
        Ok(_) => match UnixStream::connect(path) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(failed("cannot be tried")(error)),
            Ok(_) => return Err(taken("is in use")),
        },
    }
    // Bound in a folder of its own and moved from there, so that it is never open to others.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let draft = folder.join("s");
    files::create_private_dir(&folder)?;
    let bound = UnixListener::bind(&draft).and_then(|listener| {
        fs::set_permissions(&draft, Permissions::from_mode(files::PRIVATE))?;
        fs::rename(&draft, path)?;
        Ok(listener)
    });
    let _ = fs::remove_file(&draft);
    let _ = fs::remove_dir(&folder);
    bound.map_err(failed("cannot be bound"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_its_owners_and_replaces_a_stale_one_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("eu.sock");
        let first = bind(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(UnixStream::connect(&path).is_ok());
        let refused = bind(&path).unwrap_err();
        assert_eq!(refused.code(), Code::ConfigurationInvalid);
        drop(first);
        let _second = bind(&path).unwrap();
        assert!(UnixStream::connect(&path).is_ok());
        let left = fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 1);
    }

    #[test]
    fn a_file_in_the_place_of_a_socket_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.txt");
        fs::write(&path, "kept").unwrap();
        assert_eq!(bind(&path).unwrap_err().code(), Code::ConfigurationInvalid);
        assert_eq!(fs::read(&path).unwrap(), b"kept");
    }
}
