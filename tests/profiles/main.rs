//! Certificates in the EU's and the WHO's form: chosen, made, read back, and held against the published schema.
//!
//! Refuses to pass without the published files: where they are absent it says so and is skipped.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod choice;
mod eu_schema;
mod ground;
mod issued;
mod spoilt;
mod who_form;
mod who_older;
