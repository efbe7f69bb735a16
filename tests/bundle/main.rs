//! Bundles: worlds in one signed file, what proves them, and what nobody can take back.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod carried;
mod file;
mod ground;
mod messages;
mod proof;
mod seen;
mod sizes;
mod statements;
mod withdrawn;
