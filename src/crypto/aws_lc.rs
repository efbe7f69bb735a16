//! The same answers as `portable`, faster: AWS-LC, for servers.
//!
//! Refuses nothing of its own; a test holds both judges alike over all conformance data.
//!
//! Source: crate aws-lc-rs.

use super::key::Portable;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ParsedPublicKey,
    RSA_PSS_2048_8192_SHA256,
};

/// The key in the form of this judge.
#[derive(Clone)]
pub(super) struct Key(ParsedPublicKey);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(aws-lc)")
    }
}

impl Key {
    /// The key that `portable` read from `bits`, the content of its SubjectPublicKeyInfo; `None` where this judge will not
    /// have it, and the other judges alone.
    pub(super) fn new(portable: &Portable, bits: &[u8]) -> Option<Self> {
        let key = match portable {
            Portable::P256(key) => ParsedPublicKey::new(
                &ECDSA_P256_SHA256_FIXED,
                key.to_sec1_point(false).as_bytes(),
            ),
            Portable::P384(key) => ParsedPublicKey::new(
                &ECDSA_P384_SHA384_FIXED,
                key.to_sec1_point(false).as_bytes(),
            ),
            Portable::P521(key) => ParsedPublicKey::new(
                &ECDSA_P521_SHA512_FIXED,
                key.to_sec1_point(false).as_bytes(),
            ),
            Portable::Rsa(_) => ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, bits),
        };
        key.map(Self).ok()
    }
}

/// Whether `signature` over `message` verifies under `key`.
pub(super) fn verify(key: &Key, message: &[u8], signature: &[u8]) -> bool {
    key.0.verify_sig(message, signature).is_ok()
}
