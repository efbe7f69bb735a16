//! Issuing from events: over real stores, real listeners and real keys, from what a facility hands in to what a holder gets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod claims;
mod command_line;
mod ground;
mod load;
#[allow(dead_code, reason = "the tests of the store use all of it")]
#[path = "../store/postgres.rs"]
mod postgres;
mod story;
mod who_may;
