//! The meeting of the two rivers: a text and a snapshot in, a verdict out.
//!
//! Refuses any dependence but its arguments: same text, same snapshot, same instant, same policy, and the same
//! word of the register where it was asked: same verdict.

mod acceptance;
mod asked;
mod checks;
mod colour;
pub mod identity;
mod journey;
mod judge;
mod messages;
mod open;
mod person;
mod policy;
mod receipt;
mod register;
mod shown;
mod verdict;

pub use asked::{Asked, Presented};
pub use colour::colour;
pub use journey::Journey;
pub use judge::{judge, verify};
pub use messages::{Locale, Message, Messages, message};
pub use open::{Opened, Reached, Signed, open, open_batch};
pub use policy::Policy;
pub use receipt::{
    PolicyName, RECEIPT, Receipt, ReceiptKey, Replayed, ToBeSigned, Told, ToldColour, Unproven,
};
pub use register::Registered;
pub use shown::{Shown, certificate_json};
pub use verdict::{CredentialVerdict, Finding, Outcome, Signer, Verdict, View};
