//! Trust lists as DID documents, in the layout of the WHO's network: read, proven and written.
//!
//! Refuses to follow: a reference is text. A document is believed for nothing but what its proof covers, and only once a key
//! that the caller pinned has proven it.
//!
//! Source: WHO smart-trust, trust list v2 as its network publishes it; did:web; W3C DID Core 1.0; `JsonWebSignature2020`.

mod address;
mod document;
mod method;
mod proof;
mod quads;
mod write;

pub use document::{DidDocument, read_signer};
pub use method::{Method, MethodRow, Usage, participant_of};
pub use proof::Proof;
pub use quads::Network;
pub use write::{Heading, Published, Unsigned, write_signer};
