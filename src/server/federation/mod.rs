//! Foreign and local sources of trust.
//!
//! Refuses to judge what it fetches: documents leave here as they came.

mod directory;
mod feeds;

pub use directory::{Directory, Document};
pub use feeds::{FeedConfig, default_feeds, parse_feeds};
