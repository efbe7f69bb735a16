//! The listeners of backends and operators, over real sockets and real mutual TLS: who gets through the handshake, who is
//! believed about whom, who is cut off, and what a node does not have.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod client;
mod cut_off;
mod handshake;
mod headers;
mod roles;
