//! Operators and what they do together: over a real store, real listeners with mutual TLS, and the program itself.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod approvals;
mod command_line;
mod door;
mod parties;
mod people;
mod tamper;
