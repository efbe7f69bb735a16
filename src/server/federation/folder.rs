//! A folder of signed list documents, and of the parts that belong to them, as a feed.
//!
//! Refuses folders over 10,000 files or 64 MiB before any is read, and files over the list ceiling, each by itself.

use super::directory::{Directory, Document};
use super::feed::{Feed, Fetched, FetchedDocument, Mark};
use super::feed_config::{FeedConfig, FolderConfig};
use crate::exchange::{self, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use async_trait::async_trait;
use std::path::Path;

/// A folder that an operator fills.
#[derive(Debug)]
pub struct FolderFeed {
    id: String,
    directory: Directory,
}

impl FolderFeed {
    /// The folder of `folder` below `data`.
    pub fn new(config: &FeedConfig, folder: &FolderConfig, data: &Path) -> Self {
        Self {
            id: config.id.clone(),
            directory: Directory::new(data.join(&folder.path)),
        }
    }
}

#[async_trait]
impl Feed for FolderFeed {
    fn id(&self) -> &str {
        &self.id
    }

    /// Every file, each time: a folder does not say what is new in it.
    async fn fetch(&self, mark: &Mark, at: UnixTime) -> Result<Fetched, Failure> {
        let directory = self.directory.clone();
        let listed =
            tokio::task::spawn_blocking(move || directory.fetch_within(MAX_FILES, MAX_SUM)).await;
        let listed =
            listed.map_err(|error| Code::Internal.caused_by("reading a folder ended", error))??;
        let mut fetched = Fetched {
            answered: vec![RecordKind::ListDocument],
            complete: vec![RecordKind::ListDocument],
            mark: Mark {
                full_at: Some(at.seconds()),
                ..mark.clone()
            },
            ..Fetched::default()
        };
        for Document { name, bytes } in listed {
            match bytes.and_then(bounded) {
                Ok(body) => fetched.documents.push(FetchedDocument {
                    kind: RecordKind::ListDocument,
                    name,
                    country: None,
                    body,
                }),
                Err(failure) => {
                    let standing = (RecordKind::ListDocument, name.clone());
                    fetched.standing.push(standing);
                    fetched.troubles.push((name, failure));
                }
            }
        }
        Ok(fetched)
    }
}

fn bounded(bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let ceiling = exchange::MAX_BYTES;
    if bytes.len() > ceiling {
        return Err(Code::InputTooLarge.because(format!("a file over {ceiling} bytes")));
    }
    Ok(bytes)
}

const MAX_FILES: usize = 10_000;
/// The ceiling of all files together, in bytes.
const MAX_SUM: u64 = 64 * 1024 * 1024;
