//! Policy sets that two operators activated: signed by the country, kept as sealed records, in force from an instant on.
//!
//! Refuses a set that no pinned certificate's key signed, another country's, one of which the period has begun, a version
//! that is not above the last, and an activation that nodes could not learn of in time.
//!
//! Source: docs/POLICY.md.

mod acts;
mod book;
mod record;
mod world;

pub use book::{Answered, PolicyBook};
pub use record::{Activation, PolicyMessage};

/// Where records of policy sets come from.
pub const SOURCE: &str = "policy";
