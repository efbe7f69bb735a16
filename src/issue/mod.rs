//! From claims to a signed credential, in two halves around the signing key: prepare, then complete.
//!
//! Refuses to hold a private key, and to let anything out that does not read back as what was claimed.

mod certify;
mod checked;
mod claims;
pub mod event;
mod prepare;
pub mod products;
pub mod profile;
mod qr;
mod stated;
mod uvci;

pub use checked::checked;
pub use claims::{Claims, EventClaims, Issuer, PersonClaims, check};
pub use prepare::{Credential, ToBeSigned, prepare};
pub use profile::Profiles;
pub use qr::{Modules, QUIET_ZONE, modules, svg, terminal};
pub use uvci::{check_character, uvci_from_random};
