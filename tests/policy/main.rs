//! Policy sets: as documents, as colours, and on their way into force, over two nodes, a real store, two operators, the program
//! itself, and a guide.
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

mod activation;
mod colours;
mod dry_run;
mod files;
mod guide;
mod persons;
mod refused;
mod sets;
mod site;
