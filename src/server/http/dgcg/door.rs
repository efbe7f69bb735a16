//! One listener for other countries' backends: what it speaks, and whose word on callers counts there.
//!
//! Refuses nothing by itself: it is what handlers ask.
//!
//! Source: eu-dgcg, section 1.2.

use crate::exchange::dgcg::Dialect;
use crate::server::config::{FederationListen, ListenAt};
use crate::server::http::caller::Vouching;

/// A listener for backends, as its handlers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FederationDoor {
    /// What it speaks.
    pub dialect: Dialect,
    /// Whose word on callers counts.
    pub vouching: Vouching,
}

impl FederationDoor {
    /// The door at `listen`.
    pub fn at(listen: &FederationListen) -> Self {
        let vouching = match listen.at {
            ListenAt::Socket(_) => Vouching::Socket,
            ListenAt::Address(_) => Vouching::Proxies(listen.proxies.clone()),
        };
        Self {
            dialect: listen.dialect,
            vouching,
        }
    }
}
