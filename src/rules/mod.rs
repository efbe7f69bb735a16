//! What a country accepts: the codes that certificates may use, as data with dates.
//!
//! Refuses to be code: whatever changes with a regulation is read, never compiled in.

pub mod certlogic;
mod rule;
mod valueset;

pub use rule::{CertificateType, Rule, RuleKind, Version};
pub use valueset::{CodedValue, ValueSet, ValueSets};
