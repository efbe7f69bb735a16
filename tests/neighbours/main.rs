//! Two whole gateways, each with a PKI of its own, as each other's neighbours: real sockets, mutual TLS, two stores.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[allow(dead_code, reason = "the tests of feeds use the rest")]
#[path = "../feeds/foreign.rs"]
mod foreign;
#[allow(dead_code, reason = "the tests of feeds use the rest")]
#[path = "../sync/network.rs"]
mod network;
#[path = "../support/mod.rs"]
mod support;

mod land;
mod story;
