//! Our own signers: what the records say of each, which keys this node holds, and which of them signs what.
//!
//! Refuses to sign with a key whose certificate no two operators put in, and with one that waits, is retired, or is
//! compromised.
//!
//! Source: docs/KEYS.md.

mod acts;
mod expiry;
mod held;
mod ready;
mod shown;
mod signer;
mod state;
mod world;

pub use expiry::{Expiring, Expiry};
pub use held::{Held, Openers, folder};
pub use ready::ReadySigner;
pub use signer::{OwnSigner, SignerState};
pub use state::Keyring;

/// Where records of our own signers come from.
pub const SOURCE: &str = "registry";
/// The source of trust under which they stand in the world.
pub const OWN: &str = "own";
