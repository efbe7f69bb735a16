//! Signing keys, and those of operators.
//!
//! Refuses to hand out a private key: whoever holds a [`Signer`] or an [`OperatorKey`] can have something signed, nothing more.

mod bundle;
mod ceremony;
mod cohort;
mod demo;
mod file;
mod message;
mod neighbour;
mod operator;
mod passphrase;
mod place;
mod publication;
mod receipt;
mod remote;
mod request;
mod sealed;
mod signer;
mod token;

pub use bundle::{
    BundleKeys, BundleOpeners, bundle_statements, has_bundle_key, make_bundle_key,
    stated_for_bundles,
};
pub use ceremony::{Answered, Ceremony};
pub use cohort::{Cohort, Quarter, check_region};
pub use demo::{DemoPki, demo_pki, demo_upload};
pub use file::FileSigner;
pub use message::sign_message;
pub use neighbour::{ThrowAway, Use};
pub use operator::{OperatorKey, certificate_of, demo_operators};
pub use passphrase::{Passphrase, PassphrasePlace};
pub use place::KeyPlace;
pub use publication::{PublicationKey, PublicationKeys, publication_keys};
pub use receipt::{ReceiptKeys, ReceiptSigner, has_receipt_keys, make_receipt_key};
pub use request::{Wanted, make_sealed_key, make_token_key};
pub use sealed::{make_sealed, open_sealed};
pub use signer::Signer;
pub use token::{Token, TokenConfig, TokenSigner};
