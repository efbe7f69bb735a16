//! Who may sign what.
//!
//! Refuses silently dropped entries: whatever is not admitted is a row with a code. Knows no list document and no wire
//! form; `exchange` makes [`TrustEntry`]s, this wing judges them.

mod anchored;
pub mod chain;
mod dsc;
mod entry;
mod list;
mod listed;
pub mod proof;
mod statement;
mod test_keys;

pub use anchored::{Authorities, Authority, vouched_by};
pub use dsc::{Assurance, Dsc, Purposes, kid_of};
pub use entry::{KeyMaterial, Place, Refusal, Source, SourceList, TrustEntry};
pub use list::{AdmissionReport, TrustList};
pub use listed::Listed;
pub use statement::{Role, Statement};
