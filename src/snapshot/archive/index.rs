//! The index of a snapshot that was taken apart, and the way there and back.
//!
//! Refuses blobs whose bytes are not those of their name, parts that are not known or stand in another order, and more than
//! the ceilings.

use super::part::{Draft, PARTS, fixed, invalid, items, run, text, written};
use crate::codec::cbor::{self, Limits, Value};
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Environment, SnapshotId, Thumbprint};
use crate::snapshot::Snapshot;

/// Which blobs a snapshot is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    environment: Environment,
    /// Those of each part, in the order of the parts.
    parts: Vec<Listed>,
}

/// What is known of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Listed {
    /// SHA-256 over what it says.
    content: [u8; 32],
    /// The blob that names its chunks.
    list: Thumbprint,
}

impl Index {
    /// The index in `bytes`.
    ///
    /// # Errors
    /// `archive_invalid`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.len() > MAX_INDEX {
            return Err(invalid(format!("an index over {MAX_INDEX} bytes")));
        }
        let document = cbor::read(bytes, INDEX).map_err(|it| invalid(it.detail().to_owned()))?;
        let [version, environment, listed] = fixed(document.root())?;
        if version.as_i64() != Some(VERSION) {
            return Err(invalid("another version"));
        }
        let environment = Environment::parse(text(environment)?);
        let mut listed = items(listed)?;
        let mut parts = Vec::new();
        for part in &PARTS {
            let [name, content, list] = fixed(listed.next().ok_or_else(|| missing(part.name))?)?;
            let ([content], [list]) = (run(content)?, run(list)?) else {
                return Err(invalid("no SHA-256"));
            };
            if text(name)? != part.name {
                return Err(missing(part.name));
            }
            parts.push(Listed {
                content: *content,
                list: Thumbprint(*list),
            });
        }
        if listed.next().is_some() {
            return Err(invalid("a part that is not known"));
        }
        Ok(Self {
            environment: environment.ok_or_else(|| invalid("no environment"))?,
            parts,
        })
    }

    /// Its bytes.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn write(&self) -> Result<Vec<u8>, Failure> {
        let parts = PARTS.iter().zip(&self.parts).map(|(part, listed)| {
            Value::Array(vec![
                Value::Text(part.name.to_owned()),
                Value::Bytes(listed.content.to_vec()),
                Value::Bytes(listed.list.0.to_vec()),
            ])
        });
        written(vec![
            VERSION.into(),
            Value::Text(self.environment.name().to_owned()),
            Value::Array(parts.collect()),
        ])
    }

    /// The list of the part in `position`, where it says what has the hash `content`.
    fn same(&self, position: usize, content: [u8; 32]) -> Option<Listed> {
        let known = self.parts.get(position).copied();
        known.filter(|known| known.content == content)
    }
}

/// Takes `snapshot` apart: gives every blob with its name to `keep`, and then tells the index.
///
/// Parts that say the same as in the snapshot with the index `before`, whose blobs are kept already, are not taken apart.
///
/// # Errors
/// Those of `keep`; `internal` if the writer fails, or where a part is too large ever to be read back.
pub fn take_apart(
    snapshot: &Snapshot,
    before: Option<&Index>,
    mut keep: impl FnMut(Thumbprint, &[u8]) -> Result<(), Failure>,
) -> Result<Index, Failure> {
    let mut parts = Vec::new();
    for (position, part) in PARTS.iter().enumerate() {
        let content = (part.content_hash)(snapshot);
        if let Some(same) = before.and_then(|before| before.same(position, content)) {
            parts.push(same);
            continue;
        }
        let mut names = Vec::new();
        (part.chunks)(snapshot, &mut |chunk| {
            let name = Thumbprint(sha256(&chunk));
            names.push(name.0);
            if chunk.len() > MAX_ARCHIVED || names.len() > MAX_CHUNKS {
                return Err(Code::Internal.because("a part over the ceilings"));
            }
            keep(name, &chunk)
        })?;
        let list = cbor::write(&Value::Bytes(names.concat()))?;
        let name = Thumbprint(sha256(&list));
        keep(name, &list)?;
        parts.push(Listed {
            content,
            list: name,
        });
    }
    Ok(Index {
        environment: snapshot.environment(),
        parts,
    })
}

/// Puts the snapshot `id` together from its `index` and the blobs that `fetch` finds by their names; without a number, and
/// without sources.
///
/// # Errors
/// Those of `fetch`; `archive_invalid` where anything is not what it should be.
pub fn put_together(
    id: SnapshotId,
    index: &Index,
    mut fetch: impl FnMut(Thumbprint) -> Result<Vec<u8>, Failure>,
) -> Result<Snapshot, Failure> {
    let mut fetch = |name: Thumbprint| {
        let blob = fetch(name)?;
        if blob.len() > MAX_ARCHIVED || sha256(&blob) != name.0 {
            return Err(invalid(format!("the blob {name} has other bytes")));
        }
        Ok(blob)
    };
    let (mut draft, mut sum) = (Draft::default(), 0);
    for (part, listed) in PARTS.iter().zip(&index.parts) {
        let list = fetch(listed.list)?;
        let list = cbor::read(&list, LIST).map_err(|it| invalid(it.detail().to_owned()))?;
        let chunks = run(list.root())?;
        if chunks.len() > MAX_CHUNKS {
            return Err(invalid(format!("over {MAX_CHUNKS} chunks")));
        }
        for chunk in chunks {
            let chunk = fetch(Thumbprint(*chunk))?;
            sum += chunk.len();
            if sum > MAX_SUM {
                return Err(invalid(format!("over {MAX_SUM} bytes")));
            }
            (part.take)(&mut draft, &chunk)?;
        }
    }
    let snapshot = draft
        .finish(index.environment)
        .map_err(|failure| invalid(failure.detail().to_owned()))?;
    for (part, listed) in PARTS.iter().zip(&index.parts) {
        if (part.content_hash)(&snapshot) != listed.content {
            return Err(invalid(format!(
                "the part {} says something else",
                part.name
            )));
        }
    }
    if snapshot.id() != id {
        return Err(invalid(format!(
            "it comes to the snapshot {}",
            snapshot.id()
        )));
    }
    Ok(snapshot)
}

fn missing(part: &str) -> Failure {
    invalid(format!("the part {part} does not stand in its place"))
}

const VERSION: i64 = 1;
/// The ceiling of one blob or index, in bytes: 16 MiB.
pub const MAX_ARCHIVED: usize = 16 * 1024 * 1024;
const MAX_INDEX: usize = 4 * 1024;
/// Twice as many as there are first bytes.
const MAX_CHUNKS: usize = 512;
/// The ceiling of a snapshot, in bytes: 2 GiB.
const MAX_SUM: usize = 2 * 1024 * 1024 * 1024;
const INDEX: Limits = Limits {
    depth: 4,
    items: 256,
};
const LIST: Limits = Limits { depth: 1, items: 1 };
