//! Signing keys.
//!
//! Refuses to hand out a private key: whoever holds a [`Signer`] can have something signed, nothing more.

mod demo;
mod file;
mod publication;
mod signer;

pub use demo::{DemoPki, demo_pki};
pub use file::FileSigner;
pub use publication::{PublicationKey, PublicationKeys, publication_keys};
pub use signer::Signer;
