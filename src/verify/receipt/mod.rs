//! Receipts: what was answered to whom, when and by what, signed, so that the answer can be shown and reached again later.
//!
//! Refuses to hold anything of a person: of a credential there is the SHA-256 over its text, which whoever has no text cannot
//! come to.
//!
//! Source: RFC 9052 (COSE), RFC 9596 (`typ`), RFC 8949, section 4.2 (deterministic encoding).

mod key;
mod message;
mod replay;
mod shown;
mod told;
mod wire;

pub use key::ReceiptKey;
pub use message::{RECEIPT, ToBeSigned, Unproven};
pub use replay::Replayed;
pub use told::{PolicyName, Receipt, Told, ToldColour};
