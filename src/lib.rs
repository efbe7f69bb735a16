//! Lintas, a federated health-certificate gateway: it issues, verifies and explains signed health certificates.
//!
//! Two rivers meet once. The *credential river* runs QR text -> [`credential::Unverified`] -> [`credential::Authentic`]
//! -> [`model::HealthCertificate`]; the *trust river* runs feed -> entries -> [`snapshot::Snapshot`]. They meet in
//! [`verify::verify`], a pure function of a text, an instant, a snapshot and a policy.
//!
//! Floors; a wing imports only from lower ones, and `tests/architecture.rs` holds them:
//!
//! | floor | wings | |
//! |---|---|---|
//! | 9 | `cli` | doors |
//! | 8 | `server` | everything that touches the world |
//! | 7 | [`scan`] | a scanner at a gate, without a network |
//! | 6 | [`verify`] | the meeting |
//! | 5 | [`snapshot`] | all that a verdict depends on, frozen |
//! | 4 | [`exchange`], [`issue`] | list documents to entries; claims to QR |
//! | 3 | [`trust`], [`revocation`], [`rules`], [`credential`] | the concepts |
//! | 2 | [`model`], [`codec`], [`crypto`] | values; bytes to structure; keys and signatures |
//! | 1 | [`failure`], [`quirk`] | every way to fail; every oddity tolerated |
//!
//! Floors 1 to 7 are pure: no clock, no files, no network, no environment, no async. They build without default
//! features. The feature `server` adds the rest and never changes a verdict.

#[cfg(feature = "c")]
pub mod c;
#[cfg(feature = "server")]
pub mod cli;
pub mod codec;
pub mod credential;
pub mod crypto;
pub mod exchange;
pub mod failure;
pub mod issue;
pub mod model;
pub mod quirk;
pub mod revocation;
pub mod rules;
pub mod scan;
#[cfg(feature = "server")]
pub mod server;
pub mod snapshot;
pub mod trust;
pub mod verify;
#[cfg(feature = "wasm")]
pub mod wasm;
