//! A batch: certificates that one country withdraws together, as hashes of one kind.
//!
//! Refuses to say whose they are, and to withdraw what another country signed: that is for whoever asks the list.
//!
//! Source: EU DGCG, revocation lists (batches of at most 1,000 hashes, one country, one signer or any, one end).

use super::exact::Leading;
use super::hash::{HashKind, RevocationHash};
use crate::crypto::sha256;
use crate::model::{Country, Kid, UnixTime};

/// A batch of revocations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationBatch {
    /// Its id, a UUID in lower case as a rule.
    pub id: String,
    /// The country that withdraws.
    pub country: Country,
    /// The signer whose certificates are meant; `None` where it was not known.
    pub kid: Option<Kid>,
    /// What the hashes are over.
    pub kind: HashKind,
    /// The last second at which it counts; its certificates have expired by then.
    pub expires_at: UnixTime,
    /// The hashes.
    pub hashes: Vec<RevocationHash>,
}

impl RevocationBatch {
    /// SHA-256 over what it says; of its hashes the leading 80 bits count, and their order does not.
    pub fn content_hash(&self) -> [u8; 32] {
        let hashes = self.hashes.iter().copied().map(Leading::from);
        let mut hashes: Vec<_> = hashes.map(|hash| hash.0).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let kid = self.kid.as_ref().map_or(&[][..], Kid::as_bytes);
        let expires_at = self.expires_at.seconds().to_be_bytes();
        let parts = [
            self.id.as_bytes(),
            self.country.as_str().as_bytes(),
            kid,
            self.kind.name().as_bytes(),
            &expires_at,
        ];
        // Each part as its own hash, so that no two batches read alike.
        let parts: Vec<[u8; 32]> = parts.into_iter().map(sha256).collect();
        sha256(&[parts.as_flattened(), hashes.as_flattened()].concat())
    }
}
