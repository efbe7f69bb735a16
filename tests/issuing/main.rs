//! Issuing from events: over real stores, real listeners and real keys, from what a facility hands in to what a holder gets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod at_rest;
mod by_hand;
mod claims;
mod command_line;
mod ground;
mod guesses;
mod load;
mod needles;
mod once;
mod persons;
#[allow(dead_code, reason = "the tests of the store use all of it")]
#[path = "../store/postgres.rs"]
mod postgres;
mod story;
mod thousands;
mod who_may;
