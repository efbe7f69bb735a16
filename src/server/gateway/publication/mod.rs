//! Publication: what this gateway answers for, in every form that others read, under numbers that only rise.
//!
//! Refuses to publish what it is not sure of: while records are missing, where what was published is newer than what the
//! store knows, and where a source was never read. What was published last is served meanwhile.
//!
//! One node at a time decides what is published next, under a lease; all others make the same bytes of the same record, or
//! keep serving what they had and say so.

mod archive;
mod book;
mod build;
pub mod edition;
mod folder;
mod keep;
mod layout;
mod ledger;
mod note;
mod publisher;
mod set;
mod slices;

pub use book::{Book, Page, RulePage};
pub use edition::{Artefact, Edition, Listed};
pub use ledger::{Checkpoint, Ledger, Standing};
pub use note::{Note, PUBLICATION};
pub use publisher::{Publisher, State};
pub use set::{Key, Set};
