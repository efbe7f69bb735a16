//! Which certificates are withdrawn: the hashes by which gateways name them, in batches, and the list of all.
//!
//! Refuses names and numbers of people: a list holds hashes cut to 16 bytes, and says nothing of whoever is not in it.

mod batch;
mod hash;
mod list;

pub use batch::RevocationBatch;
pub use hash::{HashKind, RegisterMark, RevocationHash};
pub use list::{RevocationList, SignedBy};
