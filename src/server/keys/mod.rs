//! Signing keys, and those of operators.
//!
//! Refuses to hand out a private key: whoever holds a [`Signer`] or an [`OperatorKey`] can have something signed, nothing more.

mod demo;
mod file;
mod message;
mod neighbour;
mod operator;
mod publication;
mod signer;

pub use demo::{DemoPki, demo_pki, demo_upload};
pub use file::FileSigner;
pub use message::sign_message;
pub use neighbour::{ThrowAway, Use};
pub use operator::{OperatorKey, certificate_of, demo_operators};
pub use publication::{PublicationKey, PublicationKeys, publication_keys};
pub use signer::Signer;
