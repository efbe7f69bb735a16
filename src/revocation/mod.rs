//! Which certificates are withdrawn: the hashes by which gateways name them.
//!
//! Refuses names and numbers of people: a list holds hashes cut to 16 bytes, and says nothing of whoever is not in it.

mod hash;

pub use hash::{HashKind, RevocationHash};
