//! The doors: one file an audience, and the table of every route with the scope it needs.
//!
//! Refuses to decide anything: a handler reads, asks the gateway, and writes the answer.

mod admin;
mod answer;
pub mod auth;
mod batch;
mod body;
pub mod caller;
mod claims;
mod codes;
pub mod connections;
mod dgcg;
pub mod dgcg_problem;
mod drain;
mod events;
mod health;
mod issue;
mod meter;
mod metrics;
mod once;
mod openapi;
mod page;
pub mod peer;
mod problem;
mod publication;
mod purpose;
mod revocations;
mod routes;
pub mod tls;
mod trace;
mod trust;
mod verify;
mod work;

pub(crate) use admin::feeds_status;
pub use admin::{DOORS, Door, configure_admin};
pub use dgcg::{FederationDoor, configure_federation};
pub use metrics::configure as configure_metrics;
pub use routes::{ROUTES, Route, State, configure};
pub use trace::trace_requests;
pub(crate) use trust::list as trust_list;
