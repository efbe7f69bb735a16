//! Which node presses bundles, and by which key: one node at a time, by the key that was installed last.
//!
//! Refuses to press without the lease. So no number is given twice: a number is a second before the lease of whoever gives it ends,
//! and nobody has it next but from that second on.

use super::Gateway;
use super::bundles::BundlePress;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::server::keys::{BundleKeys, BundleOpeners, bundle_statements};
use crate::server::store::Lease;
use std::sync::Arc;
use tracing::{error, info};

/// What a node that may press bundles remembers.
#[derive(Default)]
pub(super) struct Duty {
    lease: Option<Lease>,
    /// Why newer statements of the root are not in use.
    told: Option<String>,
}

impl Gateway {
    /// What opens a key of bundles here.
    pub(super) fn bundle_openers(&self) -> BundleOpeners<'_> {
        BundleOpeners {
            environment: self.environment,
            passphrase: self.openers.passphrase.as_ref(),
            token: self.openers.token.as_ref(),
        }
    }

    /// Takes up the key of bundles that was installed since the last look; whether there was one. One that cannot be used is told
    /// once, and the old one stays.
    pub(super) async fn take_up_keys(
        self: &Arc<Self>,
        press: &BundlePress,
        duty: &mut Duty,
    ) -> bool {
        let taken = self.newer_keys(press).await;
        let until = press.keys().key.validity.not_after;
        let left = until.seconds() - self.clock.now().seconds();
        metrics::gauge!("lintas_bundle_key_seconds")
            .set(i32::try_from(left).map_or(f64::MAX, f64::from));
        match taken {
            Ok(false) => {
                duty.told = None;
                false
            }
            Ok(true) => {
                duty.told = None;
                info!(%until, "bundles are signed by another key, until {until}");
                true
            }
            Err(failure) => {
                let reason = failure.to_string();
                if duty.told.as_ref() != Some(&reason) {
                    let code = failure.code().name();
                    error!(code, "the old key of bundles stays: {reason}");
                }
                duty.told = Some(reason);
                false
            }
        }
    }

    /// Whether other keys are in use from now on.
    async fn newer_keys(self: &Arc<Self>, press: &BundlePress) -> Result<bool, Failure> {
        let statements = bundle_statements(&self.data)?;
        if sha256(&statements) == press.keys().statements.0 {
            return Ok(false);
        }
        let gateway = Arc::clone(self);
        let taken = actix_web::rt::task::spawn_blocking(move || {
            let keys = BundleKeys::open(&gateway.data, gateway.bundle_openers())?;
            if let Some(press) = gateway.bundle_press() {
                press.take_up(keys);
            }
            gateway.watch_ends();
            Ok::<_, Failure>(())
        });
        let broken = |error| Code::Internal.caused_by("the key was not opened", error);
        taken.await.map_err(broken)??;
        Ok(true)
    }

    /// Whether this node presses bundles now.
    ///
    /// # Errors
    /// `store_unavailable`.
    pub(super) async fn is_on_duty(&self, duty: &mut Duty) -> Result<bool, Failure> {
        let now = self.clock.now();
        let holds = |it: &Lease| now.plus(RENEW_S) < it.expires_at;
        if !duty.lease.as_ref().is_some_and(holds) {
            duty.lease = self.records()?.lease(LEASE, now).await?;
        }
        Ok(duty.lease.is_some())
    }

    /// Lets another node press bundles.
    pub(super) async fn leave_duty(&self, duty: &mut Duty) {
        if let (Some(lease), Ok(records)) = (duty.lease.take(), self.records()) {
            // The last number may be of this second.
            records.release(&lease, self.clock.now().plus(1)).await;
        }
    }
}

const LEASE: &str = "bundles";
/// How long before its end a lease is renewed: pressing may take a while.
const RENEW_S: i64 = 30;
