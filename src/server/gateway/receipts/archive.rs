//! The archive as a folder: what verdicts were reached by, for whoever reaches them again.
//!
//! Refuses files over the ceilings; what they say is proven where it is put together. Nothing is ever written over, and the
//! index of a snapshot comes last.
//!
//! | path | what |
//! |---|---|
//! | `blobs/<two digits>/<sha256>` | a piece of a snapshot, a list of pieces, or a policy |
//! | `snapshots/<id>` | the index of a snapshot |

use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{SnapshotId, Thumbprint};
use crate::server::files::{self, PRIVATE};
use crate::snapshot::{self, Index, MAX_ARCHIVED, Snapshot};
use crate::verify::Policy;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// An archive of snapshots and policies.
pub struct Archive {
    folder: PathBuf,
    kept: Mutex<Option<Kept>>,
}

/// What this process kept last.
struct Kept {
    id: SnapshotId,
    policy: Policy,
    index: Index,
}

impl Archive {
    /// That in `folder`, which is made when something is kept.
    pub fn at(folder: PathBuf) -> Self {
        Self {
            folder,
            kept: Mutex::default(),
        }
    }

    /// Keeps `snapshot` and `policy`, if they are not kept yet; nobody else keeps any meanwhile.
    ///
    /// # Errors
    /// `input_output`, `internal`.
    pub fn keep(&self, snapshot: &Snapshot, policy: &Policy) -> Result<(), Failure> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let before = kept.as_ref();
        if before.is_some_and(|it| it.id == snapshot.id() && it.policy == *policy) {
            return Ok(());
        }
        files::create_private_dir(&self.folder)?;
        let written = policy.write()?;
        self.keep_blob(Thumbprint(sha256(&written)), &written)?;
        let before = before.map(|before| &before.index);
        let index =
            snapshot::take_apart(snapshot, before, |name, blob| self.keep_blob(name, blob))?;
        self.keep_file(&self.index(snapshot.id()), &index.write()?)?;
        *kept = Some(Kept {
            id: snapshot.id(),
            policy: policy.clone(),
            index,
        });
        Ok(())
    }

    /// The snapshot `id`, without a number, and without sources.
    ///
    /// # Errors
    /// `not_found` where it is not kept here whole; `archive_invalid`, `input_output`.
    pub fn snapshot(&self, id: SnapshotId) -> Result<Snapshot, Failure> {
        let index = Index::read(&bounded(&self.index(id))?)?;
        snapshot::put_together(id, &index, |name| bounded(&self.blob(name)))
    }

    /// The policy with this SHA-256.
    ///
    /// # Errors
    /// Those of [`Self::snapshot`].
    pub fn policy(&self, hash: [u8; 32]) -> Result<Policy, Failure> {
        let written = bounded(&self.blob(Thumbprint(hash)))?;
        if sha256(&written) != hash {
            return Err(Code::ArchiveInvalid.because("a policy with other bytes"));
        }
        Policy::read(&written)
    }

    fn keep_blob(&self, name: Thumbprint, blob: &[u8]) -> Result<(), Failure> {
        self.keep_file(&self.blob(name), blob)
    }

    fn keep_file(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        if path.exists() {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(&self.folder);
        files::create_dir(folder)?;
        files::write(path, bytes, PRIVATE)?;
        // The name counts as much as the bytes: a receipt is given out next.
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|error| Code::InputOutput.caused_by("the archive was not kept", error))
    }

    fn blob(&self, name: Thumbprint) -> PathBuf {
        let name = name.to_string();
        let near: String = name.chars().take(2).collect();
        self.folder.join("blobs").join(near).join(name)
    }

    fn index(&self, id: SnapshotId) -> PathBuf {
        self.folder.join("snapshots").join(id.to_string())
    }
}

/// The bytes of the file at `path`, which are no more than a blob may have.
fn bounded(path: &Path) -> Result<Vec<u8>, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let failed = |error: std::io::Error| {
        if error.kind() == ErrorKind::NotFound {
            return Code::NotFound.because(format!("the archive has no {name}"));
        }
        Code::InputOutput.caused_by(format!("{} cannot be read", path.display()), error)
    };
    let length = fs::metadata(path).map_err(failed)?.len();
    let ceiling = u64::try_from(MAX_ARCHIVED).unwrap_or(u64::MAX);
    if length > ceiling {
        return Err(Code::ArchiveInvalid.because(format!("{name} is over {ceiling} bytes")));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(ceiling).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
