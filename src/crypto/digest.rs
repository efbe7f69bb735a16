//! Digests.
//!
//! Refuses nothing. Source: FIPS 180-4.

use sha2::{Digest, Sha256};

/// SHA-256 over `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
