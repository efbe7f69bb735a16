//! Snapshots taken apart and put together again, so that a verdict can be reached once more when its snapshot is long gone.
//!
//! Refuses a snapshot that does not come to the id that was asked for, whoever kept it and whatever it says.
//!
//! A snapshot becomes an index and blobs. Blobs are named by the SHA-256 over their bytes, and are cut so that a small change
//! makes few new ones. Numbers and the ages of sources are not kept: they are no part of what a snapshot says, and receipts
//! name them. All is CBOR in deterministic encoding:
//!
//! | what | holds |
//! |---|---|
//! | index | `[1, environment, [[part, hash of what it says, list], ...]]` |
//! | list | the names of the chunks of a part, one after the other |
//! | chunk | an array of rows, as the part has them |

pub(super) mod acceptance;
mod index;
mod own;
mod part;
pub(super) mod policies;
mod signers;
mod withdrawn;

pub(super) use part::{document, items, written};

pub use index::{Index, MAX_ARCHIVED, put_together, take_apart};
