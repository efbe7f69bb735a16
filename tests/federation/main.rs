//! The gateway as foreign backends see it: real sockets, real mutual TLS, both dialects over one store.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[allow(dead_code, reason = "the tests of listeners use the rest")]
#[path = "../listeners/client.rs"]
mod client;
#[allow(dead_code, reason = "the tests of the store use the rest")]
#[path = "../store/ground.rs"]
mod database;
#[allow(dead_code, reason = "the tests of the store use the rest")]
#[path = "../store/postgres.rs"]
mod postgres;
#[path = "../support/mod.rs"]
mod support;

mod conduct;
mod ground;
mod messages;
mod python;
mod removal;
mod rows;
mod scale;
mod slow;
mod suites;
mod table;
mod turns;
