//! The store: records, audit and leases in one database, SQLite or PostgreSQL, to which rows are only ever added.
//!
//! Refuses to believe the database: each record bears a seal whose key the database never holds, each names the one
//! before it, and what was seen last is remembered outside.

mod audit;
mod canonical;
mod chain;
mod contract;
mod copy;
mod heads;
pub mod issuing;
mod mark;
mod open;
mod page;
mod place;
mod rows;
mod seal;
mod sql;
mod trouble;
mod write;

pub use audit::{AuditReport, verify_audit};
pub use contract::{
    AuditHead, AuditRow, Event, Head, Lease, MAX_BODY, MAX_DETAIL, MAX_TEXT, Row, Store, Wholeness,
};
pub use copy::copy;
pub use heads::{Heads, SignedHead};
pub use open::{migrate, open};
pub use place::StoreConfig;
