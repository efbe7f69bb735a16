//! Who may sign what.
//!
//! Refuses silently dropped entries: whatever is not admitted is a row with a code. Knows no list document and no wire
//! form; `exchange` makes [`TrustEntry`]s, this wing judges them.

pub mod chain;
mod dsc;
mod entry;
mod list;
pub mod proof;

pub use dsc::{Assurance, Dsc, Purposes, kid_of};
pub use entry::{KeyMaterial, Place, Refusal, Source, SourceList, TrustEntry};
pub use list::{AdmissionReport, TrustList};
