//! Signing keys.
//!
//! Refuses to hand out a private key: whoever holds a [`Signer`] can have something signed, nothing more.

mod demo;
mod file;
mod neighbour;
mod signer;

pub use demo::{DemoPki, demo_pki};
pub use file::FileSigner;
pub use neighbour::{ThrowAway, Use};
pub use signer::Signer;
