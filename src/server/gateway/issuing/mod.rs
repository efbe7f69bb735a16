//! Issuing from events: taking them in, making certificates of them, and giving those to whoever has the claim.
//!
//! Refuses to sign anything but what was made here of an event that this gateway took in and sealed itself.

mod attempt;
mod claim;
mod holder;
mod intake;
mod limits;
mod make;
mod state;
mod submitter;
mod token;
mod unusual;
mod vault;
mod worker;

pub use attempt::{Answer, Keyed, Once};
pub use claim::Claim;
pub use holder::{Fetched, HeldCertificate, Holding};
pub use intake::{Became, HandedIn, RowAnswer, TakenIn};
pub use state::Issuing;
pub use submitter::Submitter;
pub use token::Token;
pub use worker::{Turn, Worker};
