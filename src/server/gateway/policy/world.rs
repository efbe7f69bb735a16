//! Policy sets as a part of the world, on every node that follows the store.
//!
//! Refuses to wait for a world that is being made: what was activated is known at once, and counts from its instant on.

use super::book::PolicyBook;
use crate::exchange::Record;
use crate::failure::{Code, Failure};
use crate::rules::PolicySet;
use crate::server::gateway::Gateway;
use crate::server::gateway::world::following;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError};
use tracing::{error, info};

impl Gateway {
    /// Takes records of policy sets in, and puts what they come to into force.
    pub(in crate::server::gateway) fn policies_read(&self, records: &[Record]) {
        if records.is_empty() {
            return;
        }
        self.change_policies(|book| {
            for record in records {
                if let Err(failure) = book.apply(record) {
                    let code = failure.code().name();
                    metrics::counter!("lintas_policies_refused_total").increment(1);
                    error!(code, "a record of a policy set is not obeyed: {failure}");
                }
            }
        });
    }

    /// Notes that records are missing, or that none are.
    pub(in crate::server::gateway) fn policies_incomplete(&self, incomplete: bool) {
        self.change_policies(|book| book.set_incomplete(incomplete));
    }

    /// Does `change` to what is known of policy sets, and puts it into force in the world as it is.
    fn change_policies(&self, change: impl FnOnce(&mut PolicyBook)) {
        let _one = self.putting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut book = PolicyBook::clone(&self.policies.load());
        change(&mut book);
        let policies = book.policies();
        self.policies.store(Arc::new(book));
        let before = self.world.load_full();
        let snapshot = before.snapshot.as_ref().clone().with_policies(policies);
        if snapshot.id() == before.snapshot.id() {
            return;
        }
        let sequence = following(before.snapshot.sequence(), self.clock.now());
        let snapshot = snapshot.with_sequence(sequence);
        let count = snapshot.policies().all().len();
        info!(count, snapshot = %snapshot.id(), sequence, "{count} policy sets are activated");
        self.world.store(Arc::new(before.with_snapshot(snapshot)));
    }

    /// Every policy set that was activated and is not over, for operators.
    ///
    /// # Errors
    /// `store_incomplete`.
    pub(in crate::server) fn show_policies(&self) -> Result<Value, Failure> {
        if self.world.load().incomplete {
            let reason = "records are missing, so no policy set is believed";
            return Err(Code::StoreIncomplete.because(reason));
        }
        let (book, now) = (self.policies.load(), self.clock.now());
        let policies = book.policies();
        let in_force = policies.in_force(now).map(|set| set.version);
        let rows = policies.all().iter().map(|it| {
            let set: &PolicySet = &it.set;
            let answered = book.answered(&format!("{}@{}", set.identifier, set.version));
            json!({
                "identifier": set.identifier,
                "version": set.version.to_string(),
                "sha256": base16ct::lower::encode_string(set.digest()),
                "description": { "id": set.description.id, "en": set.description.en },
                "from": it.from.to_string(),
                "until": set.valid_to.to_string(),
                "in_force": in_force == Some(set.version),
                "asked_by": answered.map(|it| it.by.as_str()),
                "approved_by": answered.map(|it| it.approved_by.as_str()),
                "signer": answered.map(|it| it.signer.to_string()),
            })
        });
        Ok(json!({ "policies": rows.collect::<Vec<_>>() }))
    }
}
