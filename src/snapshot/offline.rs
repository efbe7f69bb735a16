//! Withdrawn certificates as a bundle carries them: our own in layers, foreign ones in a filter.
//!
//! Refuses to call a foreign certificate withdrawn, see [`Filter`]; and one of our own that was issued after a layer was made, or
//! that was taken back into force since then.

use crate::crypto::sha256;
use crate::model::UnixTime;
use crate::revocation::{ExactSet, Filter, Layer, Leading, RevocationHash};
use std::sync::Arc;

/// Withdrawn certificates where there is no room for the lists.
#[derive(Clone, Debug, Default)]
pub struct Offline {
    layers: Vec<Arc<Layer>>,
    reinstated: ExactSet,
    foreign: Arc<Filter>,
    hash: [u8; 32],
}

impl Offline {
    /// These layers, without those that were `reinstated` since; and the filter of `foreign` ones.
    pub fn new(layers: Vec<Arc<Layer>>, reinstated: ExactSet, foreign: Arc<Filter>) -> Self {
        let layers_hash: Vec<[u8; 32]> = layers.iter().map(|it| sha256(&it.to_bytes())).collect();
        let parts = [
            sha256(layers_hash.as_flattened()),
            reinstated.content_hash(),
            sha256(&foreign.to_bytes()),
        ];
        Self {
            hash: sha256(parts.as_flattened()),
            layers,
            reinstated,
            foreign,
        }
    }

    /// The layers of our own.
    pub fn layers(&self) -> &[Arc<Layer>] {
        &self.layers
    }

    /// Those of our own that stand in a layer and were taken back into force.
    pub fn reinstated(&self) -> &ExactSet {
        &self.reinstated
    }

    /// The filter of foreign ones.
    pub fn foreign(&self) -> &Arc<Filter> {
        &self.foreign
    }

    /// Whether the certificate of our own whose signature has this hash is withdrawn; it was issued at `issued_at`, by its claims.
    pub fn withdraws(&self, signature: RevocationHash, issued_at: UnixTime) -> bool {
        let hash = Leading::from(signature);
        let mut layers = self.layers.iter();
        layers.any(|layer| issued_at < layer.issued_before && layer.withdraws(hash))
            && !self.reinstated.contains(hash)
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty() && self.foreign.is_empty()
    }

    /// SHA-256 over what it says.
    pub fn content_hash(&self) -> [u8; 32] {
        self.hash
    }
}
