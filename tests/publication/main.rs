//! What a gateway publishes, read back as others read it: every artefact, over HTTPS, by our own readers and by OpenSSL.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod apps;
mod artefacts;
mod bundles;
mod kinds;
mod nodes;
mod openapi;
mod parties;
mod restored;
mod rules;
mod site;
mod slices;
