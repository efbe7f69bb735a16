//! Withdrawn certificates as the EU's verifier apps fetch them: filters over hashes, divided so that an app needs only a few.
//!
//! Refuses clocks and chance: the same batches come to the same bytes on every node.
//!
//! Source: dgca-revocation-distribution-service; dgc-bloomfilter; dgca-partialvarhashfilter.

mod archive;
mod bloom;
mod divide;
mod form;
mod lists;
mod var_hash;

pub use archive::write_archive;
pub use bloom::BloomFilter;
pub use divide::{Cell, Division, Mode, divide};
pub use form::FilterType;
pub use lists::{Filter, Partition, Slice, SliceList, SliceLists};
pub use var_hash::VarHashList;
