//! Our own signers and everything that ends, as operators see it.
//!
//! Refuses to show anything of a private key but where it lies.

use super::OwnSigner;
use crate::failure::{Code, Failure};
use crate::server::gateway::Gateway;
use serde_json::{Value, json};

impl Gateway {
    /// Every signer of our own and how it stands, and every certificate of ours with its end.
    ///
    /// # Errors
    /// `store_incomplete`.
    pub(in crate::server) fn show_keys(&self) -> Result<Value, Failure> {
        let (world, keyring) = (self.world.load(), self.keyring());
        if world.incomplete {
            let reason = "records are missing, so no signer of ours is believed";
            return Err(Code::StoreIncomplete.because(reason));
        }
        let now = self.clock.now();
        let signer = |it: &OwnSigner| {
            let hindrance = self.ready(&world, it, now).err();
            json!({
                "kid": it.kid.to_string(),
                "thumbprint": it.thumbprint.to_string(),
                "purposes": it.cohort.purpose_names(),
                "region": it.cohort.region,
                "quarter": it.cohort.quarter.to_string(),
                "state": it.state.name(),
                "since": it.since.to_string(),
                "active_from": it.active_from.to_string(),
                "from": it.validity.not_before.to_string(),
                "until": it.validity.not_after.to_string(),
                "key": self.held.place(&it.public_key),
                "ready": hindrance.is_none(),
                "hindrance": hindrance,
            })
        };
        let signers = keyring.signers().map(|it| signer(it));
        let ends = self.ends().into_iter().map(|it| {
            json!({
                "what": it.what, "id": it.id, "until": it.until.to_string(),
                "days": it.days, "alarm": it.alarm(),
            })
        });
        Ok(json!({
            "signers": signers.collect::<Vec<_>>(),
            "live": keyring.live(now),
            "live_at_most": self.keys.max_live,
            "ends": ends.collect::<Vec<_>>(),
        }))
    }
}
