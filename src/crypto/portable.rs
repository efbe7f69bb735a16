//! The judge that always exists: pure Rust, also for browsers and phones.
//!
//! Refuses nothing of its own: lengths and keys were checked before. RUSTSEC-2023-0071 concerns operations with RSA
//! private keys, of which there are none here.
//!
//! Source: crates p256, p384, p521 and rsa of the RustCrypto project.

use super::key::{Portable, VerifyingKey};
use sha2::Sha256;
use signature::Verifier;

/// Whether `signature` over `message` verifies under `key`.
pub(super) fn verify(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    match &key.portable {
        Portable::P256(key) => p256::ecdsa::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        Portable::P384(key) => p384::ecdsa::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        Portable::P521(key) => p521::ecdsa::Signature::from_slice(signature)
            .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        Portable::Rsa(key) => rsa::pss::Signature::try_from(signature).is_ok_and(|signature| {
            rsa::pss::VerifyingKey::<Sha256>::new(key.clone())
                .verify(message, &signature)
                .is_ok()
        }),
    }
}
