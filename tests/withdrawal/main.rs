//! Withdrawing what was issued here: over a real store, real listeners, two nodes and two operators.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../store/ground.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod ground;
#[path = "../admin/people.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod people;
#[path = "../store/postgres.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod postgres;
#[path = "../support/mod.rs"]
mod support;

mod crash;
mod drills;
mod layers;
mod limits;
mod ministry;
mod publishing;
mod whose;
