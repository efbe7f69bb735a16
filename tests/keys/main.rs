//! Signing keys: sealed files beside OpenSSL, a real token, the ceremony, rotation, a stolen key, ends.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;

mod alarms;
mod guide;
mod land;
mod rotation;
mod sealed;
mod token;
