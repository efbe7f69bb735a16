//! An EU or TNG gateway as a feed.
//!
//! Refuses to lose the whole for a part: what fails for one kind of document, or for one document, is told and leaves the
//! others as they are.
//!
//! Source: dgc-gateway and smart-trust-network-gateway, their OpenAPI documents and code.

mod feed;
mod lists;
mod remote;
mod revocation;
mod rules;
mod trust_list;
mod upload;

pub use feed::DgcgFeed;
pub use upload::Uploader;
