//! What a country accepts: the codes that certificates may use, as data with dates, and rules with their logic.
//!
//! Refuses to be code: whatever changes with a regulation is read, never compiled in.

pub mod certlogic;
mod circumstances;
mod colour;
mod policies;
mod policy_diff;
mod policy_set;
mod rule;
mod set;
mod valueset;
mod wilayah;

pub use circumstances::Circumstances;
pub use colour::{Colour, ColourRule, Coloured, Words};
pub use policies::{Activated, Policies};
pub use policy_diff::{Difference, differences};
pub use policy_set::{ColourDraft, Draft, Flaw, PolicySet, Standing, WHOLE};
pub use rule::{CertificateType, Rule, RuleKind, Version};
pub use set::{Answer, ENGINE, ENGINE_VERSION, Open, Question, RuleResult, RuleSet};
pub use valueset::{CodedValue, ValueSet, ValueSets};
pub use wilayah::Wilayah;
