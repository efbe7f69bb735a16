//! What only one node may do at a time: the leases that this node asks for, and gives back.
//!
//! Refuses to hold on: a lease that nobody renews ends within a minute.

use super::Records;
use crate::failure::Failure;
use crate::model::UnixTime;
use crate::server::store::Lease;
use tracing::warn;

impl Records {
    /// The lease of this name, for this node, while no other has it.
    pub(super) async fn lease(&self, name: &str, at: UnixTime) -> Result<Option<Lease>, Failure> {
        let holder = self.node.name();
        self.store.lease(name, holder, at, LEASE_S).await
    }

    /// Gives `lease` back; where that fails, it ends by itself.
    pub(super) async fn release(&self, lease: &Lease, at: UnixTime) {
        if let Err(failure) = self.store.release(lease, at).await {
            warn!(
                code = failure.code().name(),
                "a lease was not given back: {failure}"
            );
        }
    }
}

/// How long after the last sign of life of whoever has a lease another node may have it.
const LEASE_S: u32 = 60;
