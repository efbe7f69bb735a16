//! The gateway as foreign backends see it: real sockets, real mutual TLS, both dialects over one store.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod ground;
mod python;
mod rows;
mod table;
