//! The high-water mark: the newest record that this node has seen, in a file outside the database.
//!
//! Refuses to go back, other than by [`MarkFile::replace`], and a file that it cannot read: a mark that is lost unnoticed
//! protects nothing.

use super::contract::Head;
use crate::failure::{Code, Failure};
use crate::server::files::{self, PRIVATE};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a node remembers of the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The newest record it has seen.
    pub(super) head: Head,
    /// Records behind a gap that an operator has accepted.
    pub(super) accepted: Vec<Head>,
}

/// The file.
#[derive(Clone)]
pub(super) struct MarkFile(PathBuf);

impl MarkFile {
    /// That below the folder `data`, which need not be there.
    pub(super) fn below(data: &Path) -> Self {
        Self(data.join("marks").join("records.json"))
    }

    /// What it says; `None` where this node has seen no record.
    ///
    /// # Errors
    /// `input_output`; `configuration_invalid` where it makes no sense or others may write it.
    pub(super) fn read(&self) -> Result<Option<Mark>, Failure> {
        let Some(bytes) = files::read_guarded(&self.0)? else {
            return Ok(None);
        };
        let written: Option<Written> = serde_json::from_slice(&bytes).ok();
        let mark = written.and_then(|it| {
            Some(Mark {
                head: it.head.read()?,
                accepted: it
                    .accepted
                    .iter()
                    .map(WrittenHead::read)
                    .collect::<Option<_>>()?,
            })
        });
        let unreadable = || {
            let reason = format!(
                "{} is no mark; it says what this node has seen, so restore it rather than remove it",
                self.0.display()
            );
            Code::ConfigurationInvalid.because(reason)
        };
        mark.map(Some).ok_or_else(unreadable)
    }

    /// Moves the mark up to `head`; several processes may do so at once.
    ///
    /// # Errors
    /// As [`MarkFile::read`].
    pub(super) fn raise(&self, head: Head) -> Result<(), Failure> {
        let _writing = files::lock(self.folder())?;
        let mark = self.read()?;
        if mark
            .as_ref()
            .is_some_and(|it| it.head.sequence >= head.sequence)
        {
            return Ok(());
        }
        let accepted = mark.map(|it| it.accepted).unwrap_or_default();
        self.write(&Mark { head, accepted })
    }

    /// Sets the mark to `mark`, also back.
    ///
    /// # Errors
    /// `input_output`.
    pub(super) fn replace(&self, mark: &Mark) -> Result<(), Failure> {
        let _writing = files::lock(self.folder())?;
        self.write(mark)
    }

    fn write(&self, mark: &Mark) -> Result<(), Failure> {
        let written = Written {
            head: WrittenHead::of(&mark.head),
            accepted: mark.accepted.iter().map(WrittenHead::of).collect(),
        };
        let text = serde_json::to_vec(&written)
            .map_err(|error| Code::Internal.caused_by("the mark cannot be written", error))?;
        files::write(&self.0, &text, PRIVATE)
    }

    fn folder(&self) -> &Path {
        self.0.parent().unwrap_or_else(|| Path::new(""))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    head: WrittenHead,
    accepted: Vec<WrittenHead>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHead {
    sequence: u64,
    seal: String,
}

impl WrittenHead {
    fn of(head: &Head) -> Self {
        Self {
            sequence: head.sequence,
            seal: base16ct::lower::encode_string(&head.seal),
        }
    }

    fn read(&self) -> Option<Head> {
        let mut seal = [0; 32];
        let read = base16ct::lower::decode(&self.seal, &mut seal).ok()?.len();
        (read == seal.len()).then_some(Head {
            sequence: self.sequence,
            seal,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_goes_back_only_when_told_to() {
        let data = tempfile::tempdir().unwrap();
        let file = MarkFile::below(data.path());
        assert_eq!(file.read().unwrap(), None);
        let head = |sequence| Head {
            sequence,
            seal: [u8::try_from(sequence).unwrap(); 32],
        };
        file.raise(head(7)).unwrap();
        file.raise(head(5)).unwrap();
        assert_eq!(file.read().unwrap().unwrap().head, head(7));
        let mark = Mark {
            head: head(3),
            accepted: vec![head(2)],
        };
        file.replace(&mark).unwrap();
        file.raise(head(4)).unwrap();
        assert_eq!(file.read().unwrap().unwrap().accepted, [head(2)]);
        std::fs::write(&file.0, b"{}").unwrap();
        assert_eq!(file.read().unwrap_err().code(), Code::ConfigurationInvalid);
    }
}
