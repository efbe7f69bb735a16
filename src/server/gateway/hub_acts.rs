//! Acts on what this gateway is for others: parties and issuers.
//!
//! Refuses all of them where this gateway serves no others.

use super::Gateway;
use super::registry::{Act, Answerable};
use crate::exchange::Record;
use crate::failure::{Code, Failure};
use crate::server::store::Event;
use serde_json::{Value, json};

impl Gateway {
    /// What `act` on a party or an issuer would change.
    ///
    /// # Errors
    /// `request_invalid`.
    pub(super) fn preview_hub(&self, act: &Act) -> Result<Value, Failure> {
        Err(not_served(act))
    }

    /// The parties and issuers in force, for operators.
    ///
    /// # Errors
    /// `store_incomplete`.
    pub(in crate::server) fn show_hub(&self) -> Result<Value, Failure> {
        Ok(json!({ "parties": [], "issuers": [] }))
    }

    /// The records and events by which it is done.
    ///
    /// # Errors
    /// `request_invalid`.
    pub(super) fn carry_out_hub(
        &self,
        act: &Act,
        _: &Answerable<'_>,
    ) -> Result<(Vec<Record>, Vec<Event>), Failure> {
        Err(not_served(act))
    }
}

fn not_served(act: &Act) -> Failure {
    let reason = format!("{} is not served", act.name());
    Code::RequestInvalid.because(reason)
}
