//! List documents between gateways: what other systems publish, as trust entries.
//!
//! Refuses to believe: it reads, `trust` admits. One bad entry never drops a list; it comes back with its reason.

mod at;
mod ch;
mod de;
pub mod dgcg;
pub mod did;
mod jwk;
pub mod jwks;
mod nl;
pub mod onboarding;
mod pem;
mod policy_set;
mod read;
mod record;
pub mod signed;
mod valueset;
pub mod vci;

pub use jwk::Jwk;
pub use pem::write_pem;
pub use policy_set::{check_policy_set, read_policy_set};
pub use read::{MAX_BYTES, MAX_ENTRIES, Row, RowFailure, read};
pub use record::{Record, RecordKind};
pub use valueset::{read_value_set, write_value_set};
