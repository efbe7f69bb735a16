//! Rules: what logic may be and where evaluating ends, which rules are asked, and what they see of a certificate.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod language;
mod payload;
mod sets;
#[path = "../support/mod.rs"]
mod support;
