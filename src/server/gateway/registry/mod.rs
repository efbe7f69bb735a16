//! Who may do what to this gateway: operators, clients, what operators ask for, and what others of them made of it.
//!
//! Refuses to know files, sockets or the clock. It is a pure function of sealed records in their order: nothing counts here
//! that did not come through the store, and nothing is ever altered, only superseded.

mod act;
mod change;
mod client;
mod operator;
mod request;
mod state;
mod wire;

pub use act::{Act, PartyCertificate};
pub use change::{Answerable, apart};
pub use client::{Client, Quota};
pub use operator::{Operator, OperatorRole};
pub use request::{Decision, Request, RequestState, Verdict, signed_bytes};
pub use state::Registry;
pub use wire::canonical;
pub(in crate::server::gateway) use wire::{base64, check_text, instant};

/// Where records of this kind come from.
pub const SOURCE: &str = "admin";
