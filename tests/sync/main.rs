//! Whole gateways against scripted foreign ones, end to end: real sockets, mutual TLS, a store, verdicts, audit.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[allow(dead_code, reason = "the tests of feeds use the rest")]
#[path = "../feeds/foreign.rs"]
mod foreign;
#[allow(dead_code, reason = "the tests of the store use the rest")]
#[path = "../store/ground.rs"]
mod ground;
#[allow(dead_code, reason = "the tests of operators use the rest")]
#[path = "../admin/people.rs"]
mod people;
#[allow(dead_code, reason = "the tests of the store use the rest")]
#[path = "../store/postgres.rs"]
mod postgres;
#[path = "../support/mod.rs"]
mod support;

mod acts;
mod ages;
mod first;
mod flaky;
mod lists;
mod network;
mod nodes;
mod restart;
mod silence;
mod site;
mod tamper;
