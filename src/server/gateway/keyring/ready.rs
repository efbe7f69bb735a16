//! Which of our own keys signs what.
//!
//! Refuses a key that may not sign yet, or not any more, and one that this node does not hold.

use super::{OwnSigner, SignerState};
use crate::failure::{Code, Failure};
use crate::model::{Purpose, UnixTime};
use crate::server::gateway::world::World;
use crate::server::gateway::{Gateway, Issuance};
use crate::server::keys::Signer;
use crate::trust::Dsc;
use std::sync::Arc;

/// A key that may sign now, and its certificate.
#[derive(Clone)]
pub struct ReadySigner {
    /// The certificate, admitted as any other would be.
    pub dsc: Arc<Dsc>,
    /// The key.
    pub signer: Arc<dyn Signer>,
}

impl Gateway {
    /// The key that signs certificates of the kind `purpose` for events of `facility` at `at`: of the newest quarter that has
    /// a signer which may, in the facility's group of regions.
    ///
    /// In demo the throw-away signer takes the place of one that is missing.
    ///
    /// # Errors
    /// `no_signer_ready`, with what keeps each signer back.
    pub fn ready_signer(
        &self,
        purpose: Purpose,
        facility: &str,
        at: UnixTime,
    ) -> Result<ReadySigner, Failure> {
        let (keyring, world) = (self.keyring(), self.world.load());
        let region = self.keys.region_of(facility);
        let meant = |it: &&Arc<OwnSigner>| {
            it.cohort.region == region && it.cohort.purposes.contains(&purpose)
        };
        let mut signers: Vec<_> = keyring.signers().filter(meant).collect();
        signers.sort_by_key(|it| (it.cohort.quarter, it.active_from, it.thumbprint));
        let mut hindrances = Vec::new();
        for signer in signers.into_iter().rev() {
            match self.ready(&world, signer, at) {
                Ok(ready) => return Ok(ready),
                Err(hindrance) => hindrances.push(format!("{} {hindrance}", signer.kid)),
            }
        }
        let demo = self.issuance.as_ref().map(Issuance::ready);
        let demo = demo.filter(|ready| ready.dsc.purposes.allow(purpose));
        demo.ok_or_else(|| {
            let cohort = format!("{} {region}", purpose.name());
            let told = if hindrances.is_empty() {
                "there is no signer".to_owned()
            } else {
                hindrances.join(", ")
            };
            Code::NoSignerReady.because(format!("{cohort}: {told}"))
        })
    }

    /// `signer`, ready to sign at `at`; otherwise what keeps it back.
    pub(super) fn ready(
        &self,
        world: &World,
        signer: &OwnSigner,
        at: UnixTime,
    ) -> Result<ReadySigner, &'static str> {
        match signer.state {
            SignerState::Active => {}
            SignerState::Retired => return Err("is retired"),
            SignerState::Compromised => return Err("is compromised"),
        }
        if at < signer.active_from {
            return Err("waits");
        }
        if at < signer.cohort.quarter.start() {
            return Err("waits for its quarter");
        }
        if at < signer.validity.not_before {
            return Err("is not valid yet");
        }
        if at.plus(self.keys.room_s) > signer.validity.not_after {
            return Err("ends too soon");
        }
        if !world.visible.contains(&signer.thumbprint) {
            return Err("is not seen abroad yet");
        }
        let mut admitted = world.snapshot.trust().candidates(&signer.kid);
        let dsc = admitted.find(|it| it.thumbprint == signer.thumbprint);
        let dsc = dsc.filter(|it| it.key.is_ok()).ok_or("is not admitted")?;
        let held = self.held.signer(&signer.public_key);
        Ok(ReadySigner {
            dsc: Arc::clone(dsc),
            signer: held.ok_or("has its key elsewhere")?,
        })
    }
}
