//! What a country accepts: the codes that certificates may use, as data with dates, and rules with their logic.
//!
//! Refuses to be code: whatever changes with a regulation is read, never compiled in.

pub mod certlogic;
mod rule;
mod set;
mod valueset;

pub use rule::{CertificateType, Rule, RuleKind, Version};
pub use set::{Answer, Open, Question, RuleResult, RuleSet};
pub use valueset::{CodedValue, ValueSet, ValueSets};
