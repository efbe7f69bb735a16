//! What the EU's gateway and those of the WHO's kind exchange: signed certificates, revocations, rules, trusted issuers.
//!
//! Refuses to believe: what is signed is read with its signature, and `trust` judges both.

mod batch;
mod entry;
mod handed;
mod issuer;
mod listed;
mod message;
mod rule;
pub mod slice;
mod statement;

pub use batch::{read_batch, write_batch};
pub(in crate::exchange) use entry::{entry, read};
pub use handed::{
    HandedCertificate, read_handed_certificate, read_handed_reference, read_reference_id,
};
pub use issuer::{
    Dialect, TrustedIssuer, TrustedReference, read_issuer, read_own_reference, read_reference,
    write_issuer, write_reference,
};
pub use listed::{Listed, TrustedCertificate};
pub use message::{message_bytes, read_message, write_message};
pub use rule::{
    has_prefix_of_kind, read_rule, read_rule_row, read_rule_shape, write_rule, write_rule_row,
};
pub use statement::{
    DEFAULT_DOMAIN, HEALTH_DOMAINS, is_of_certificates, read_statement, write_statement,
};
