//! Feeds against a scripted foreign gateway on real sockets, over mutual TLS with a throw-away PKI.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod did_web;
mod folder;
mod foreign;
mod lists;
mod outbound;
mod presets;
mod revocation;
mod trust_list;
