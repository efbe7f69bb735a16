//! From the row of a feed to something that can be asked.
//!
//! Refuses feeds whose files are missing or open to others.

use super::dgcg::DgcgFeed;
use super::did_web::DidWebFeed;
use super::feed::Feed;
use super::feed_config::{FeedConfig, FeedKind};
use super::folder::FolderFeed;
use crate::failure::Failure;
use std::path::Path;

/// The feed of `config`, whose files are below `data`; `None` where it is switched off, and for folders of pinned signers,
/// which are read without being fetched.
///
/// # Errors
/// `configuration_invalid`, `input_output`; `internal` where TLS cannot be set up.
pub fn open_feed(config: &FeedConfig, data: &Path) -> Result<Option<Box<dyn Feed>>, Failure> {
    if !config.enabled {
        return Ok(None);
    }
    Ok(match &config.kind {
        FeedKind::PinnedSigner { .. } => None,
        FeedKind::Dgcg(dgcg) => Some(Box::new(DgcgFeed::new(config, dgcg, data)?)),
        FeedKind::DidWeb(did_web) => Some(Box::new(DidWebFeed::new(config, did_web, data)?)),
        FeedKind::Folder(folder) => Some(Box::new(FolderFeed::new(config, folder, data))),
    })
}
