//! The WHO DDCC payload, both ways: vaccinations (map entry 3) and test results (4), and the older form that stands alone.
//!
//! Refuses a certificate without an identifier, since it could not be withdrawn, and everything that the core data set
//! requires and is not there; in the older form some of that is let pass under a name. Numbers and documents of a person
//! are left where they are.
//!
//! Source: WHO DDCC core data set RC2 (`ddcc-core-data-set.fsh`), hcert_spec 1.1.1 for the map entries; the older form as
//! in the WHO's published samples.

mod fields;
mod read;
mod write;

pub use read::{Stated, purposes, purposes_alone, read, read_alone, stands_alone};
pub use write::write;

/// The version of the core data set that Lintas issues under.
pub const VERSION: &str = "RC2";

/// The map entry of a vaccination.
pub(super) const VACCINATION: i64 = 3;
/// The map entry of a test result.
pub(super) const TEST: i64 = 4;
