//! How far each feed was read, kept outside the database: what a database that was rolled back is noticed by.
//!
//! Refuses a mark that it cannot read: the feed is asked for everything then.

use crate::failure::{Code, Failure};
use crate::server::federation::Mark;
use crate::server::files;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The folder of marks.
#[derive(Clone, Debug)]
pub(super) struct Marks(PathBuf);

/// How far a feed was read, and what its records were then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedMark {
    /// What the next question needs to know.
    pub(super) feed: Mark,
    /// SHA-256 over the feed's records, in hexadecimal.
    pub(super) digest: String,
    /// The number of the last record of the store.
    pub(super) sequence: u64,
}

impl FeedMark {
    /// The mark of a feed whose records have this digest, at this record of the store.
    pub(super) fn new(feed: Mark, digest: [u8; 32], sequence: u64) -> Self {
        Self {
            feed,
            digest: base16ct::lower::encode_string(&digest),
            sequence,
        }
    }

    /// Whether it is of records with this digest.
    pub(super) fn is_of(&self, digest: [u8; 32]) -> bool {
        self.digest == base16ct::lower::encode_string(&digest)
    }
}

/// Forgets how far the feeds were read, below the folder `data`: each is asked for everything next.
///
/// # Errors
/// `input_output`.
pub fn forget(data: &Path) -> Result<(), Failure> {
    let folder = Marks::below(data).0;
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            let reason = format!("{} cannot be removed", folder.display());
            Err(Code::InputOutput.caused_by(reason, error))
        }
        _ => Ok(()),
    }
}

impl Marks {
    /// The folder of marks below the folder `data`.
    pub(super) fn below(data: &Path) -> Self {
        Self(data.join("marks").join("feeds"))
    }

    /// The mark of the feed `id`, if there is one.
    ///
    /// # Errors
    /// `input_output`, also where it cannot be understood.
    pub(super) fn read(&self, id: &str) -> Result<Option<FeedMark>, Failure> {
        let path = self.path(id);
        if !path.exists() {
            return Ok(None);
        }
        let mark = serde_json::from_slice(&files::read(&path)?).map_err(|error| {
            Code::InputOutput.caused_by(format!("{} is no mark", path.display()), error)
        })?;
        Ok(Some(mark))
    }

    /// Puts the mark of the feed `id` in the place of the one before.
    ///
    /// # Errors
    /// `input_output`.
    pub(super) fn write(&self, id: &str, mark: &FeedMark) -> Result<(), Failure> {
        files::create_private_dir(&self.0)?;
        // It is made of numbers and texts, which always have a JSON form.
        let text = serde_json::to_vec(mark).unwrap_or_default();
        files::write(&self.path(id), &text, files::PRIVATE)
    }

    fn path(&self, id: &str) -> PathBuf {
        // Ids are those of the configuration; whatever is no letter, digit or dash in them is written as a number.
        let letters = id.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
            other => format!("_{other:02x}"),
        });
        self.0
            .join(letters.collect::<String>())
            .with_extension("json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_no_id_leaves_the_folder() {
        let data = tempfile::tempdir().unwrap();
        let marks = Marks::below(data.path());
        assert_eq!(marks.read("eu").unwrap(), None);
        let mark = FeedMark::new(Mark::default(), [7; 32], 3);
        assert!(mark.is_of([7; 32]) && !mark.is_of([8; 32]));
        for id in ["eu", "../eu", "a/b", "a.b", "a_b"] {
            marks.write(id, &mark).unwrap();
            assert_eq!(marks.read(id).unwrap().as_ref(), Some(&mark));
        }
        let folder = data.path().join("marks/feeds");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 5);
        std::fs::write(folder.join("eu.json"), "{").unwrap();
        assert_eq!(marks.read("eu").unwrap_err().code(), Code::InputOutput);
    }
}
