//! Receipts: what is confirmed, by whom, and whether it can be reached again: pure, over HTTPS, and by the program.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod archive;
mod asked;
mod door;
mod ground;
mod guide;
mod keys;
mod replay;
mod rules;
mod told;
