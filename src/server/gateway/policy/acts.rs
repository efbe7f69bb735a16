//! The act that activates a policy set: what it would change, and the record by which it does.
//!
//! Refuses to change what was judged already: a set begins later than it is decided, by as much as every node needs to learn
//! of it.

use super::record::{Activation, PolicyMessage};
use crate::exchange::Record;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::rules::{Difference, differences};
use crate::server::gateway::Gateway;
use crate::server::gateway::registry::Answerable;
use crate::server::store::Event;
use serde_json::{Value, json};

impl Gateway {
    /// What activating the set in `message`, CMS in DER, from `from` on would change at `now`.
    ///
    /// # Errors
    /// Those of [`PolicyMessage::read`]; `policy_invalid` where it may not follow; `request_invalid` where it begins too early.
    pub(in crate::server::gateway) fn preview_policy(
        &self,
        message: &[u8],
        from: UnixTime,
        now: UnixTime,
    ) -> Result<Value, Failure> {
        let message = self.activated(message, from, now)?;
        let (set, policies) = (&message.set, self.policies.load().policies());
        let before = policies.in_force(from).map(AsRef::as_ref);
        let found = differences(before, set);
        Ok(json!({
            "change": "a policy set is in force from then on, on every node",
            "policy": message.name(),
            "sha256": base16ct::lower::encode_string(set.digest()),
            "signer": message.signer.to_string(),
            "from": from.to_string(),
            "until": set.valid_to.to_string(),
            "in_place_of": before.map(|it| format!("{}@{}", it.identifier, it.version)),
            "differences": found.len(),
            "differences_first": found.iter().take(MAX_SHOWN).map(Difference::to_string).collect::<Vec<_>>(),
        }))
    }

    /// The record and event by which it is done.
    ///
    /// # Errors
    /// As [`Self::preview_policy`].
    pub(in crate::server::gateway) fn carry_out_policy(
        &self,
        message: &[u8],
        from: UnixTime,
        by: &Answerable<'_>,
    ) -> Result<(Vec<Record>, Vec<Event>), Failure> {
        let read = self.activated(message, from, by.at)?;
        let activation = Activation {
            message: message.to_vec(),
            from,
            by: by.asked_by.to_owned(),
            approved_by: by.approved_by.to_owned(),
            at: by.at,
        };
        let digest = base16ct::lower::encode_string(read.set.digest());
        let event = by.event(
            "policy.activated",
            &read.name(),
            &format!("{digest} from {from}"),
        );
        Ok((vec![activation.record(read.name())], vec![event]))
    }

    /// The set in `message`, if it may be activated at `now` from `from` on.
    fn activated(
        &self,
        message: &[u8],
        from: UnixTime,
        now: UnixTime,
    ) -> Result<PolicyMessage, Failure> {
        let book = self.policies.load();
        let message = book.read(message)?;
        if message.set.valid_from < now {
            let reason = "ValidFrom lies in the past; sign a version that begins later";
            return Err(Code::PolicyInvalid.because(reason));
        }
        if from < now.plus(NOTICE_S) {
            let reason =
                format!("a policy set begins {NOTICE_S} seconds after its approval, or later");
            return Err(Code::RequestInvalid.because(reason).about("at"));
        }
        book.policies().may_follow(&message.set, from)?;
        Ok(message)
    }
}

/// How long before it begins a set is approved: nodes look at the store twice a second, and clocks differ.
const NOTICE_S: i64 = 60;
/// Differences that are named one by one.
const MAX_SHOWN: usize = 100;
