//! The doors, asked over HTTPS as any client would. The files here have the names of what they ask.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../admin/people.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod people;
#[path = "../support/mod.rs"]
mod support;

mod acceptance;
mod auth;
mod batch;
mod cache;
mod engine;
mod home;
mod issue;
mod manifest;
mod once;
mod openapi;
mod quota;
mod routes;
mod sequence;
mod tls;
mod trace;
mod trust;
mod verify;
