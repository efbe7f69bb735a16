//! Foreign and local sources of trust.
//!
//! Refuses to judge what it fetches: documents leave here as they came.

mod dgcg;
mod did;
mod did_web;
mod directory;
mod feed;
mod feed_config;
mod feed_row;
mod feeds;
mod folder;
mod open;
mod outbound;

pub use dgcg::{DgcgFeed, Uploader};
pub use did::Did;
pub use did_web::DidWebFeed;
pub use directory::{Directory, Document};
pub use feed::{Feed, Fetched, FetchedDocument, Mark};
pub use feed_config::{
    ClientFiles, Connection, DgcgConfig, Dialect, DidWebConfig, FeedConfig, FeedKind, FolderConfig,
    FolderForm, ListProof, ServerTrust, Take,
};
pub use feeds::{default_feeds, parse_feeds};
pub use folder::FolderFeed;
pub use open::open_feed;
pub use outbound::{Answer, Host, Outbound};
