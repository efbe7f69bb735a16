//! Which certificates are withdrawn: the hashes by which gateways name them, in batches, and the list of all.
//!
//! Refuses names and numbers of people: a list holds hashes cut to 16 bytes, and says nothing of whoever is not in it.

mod batch;
mod exact;
mod filter;
mod hash;
mod layer;
mod list;

pub use batch::RevocationBatch;
pub use exact::{ExactSet, Leading};
pub use filter::Filter;
pub use hash::{HashKind, RegisterMark, RevocationHash};
pub use layer::Layer;
pub use list::{RevocationList, SignedBy};
