//! Foreign and local sources of trust.
//!
//! Refuses to judge what it fetches: documents leave here as they came.

mod directory;
mod feed;
mod feeds;

pub use directory::{Directory, Document};
pub use feed::{Feed, Fetched, FetchedDocument, Mark};
pub use feeds::{FeedConfig, default_feeds, parse_feeds};
