//! Keys and signatures: which key may use which algorithm, and whether one signature holds.
//!
//! Refuses weak keys before any backend sees them, and any algorithm but the key's own. Verification only: no private
//! key ever enters here, and all inputs are public, so variable time is right.
//!
//! Source: FIPS 186-5, RFC 8017, RFC 9053.

#[cfg(feature = "server")]
mod aws_lc;
mod chain;
mod digest;
mod engine;
mod jose;
mod key;
mod known_answers;
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(dead_code, reason = "lanes are for one processor")
)]
mod p256;
mod portable;

pub use chain::{ChainAlgorithm, ECDSA_SHA_256, Hash, verify_chain};
pub use digest::sha256;
pub use engine::{Alarm, Counts, Engine, Mode};
pub use jose::{ecdsa_der, verify_jose};
pub use key::{Algorithm, VerifyingKey};
pub use p256::Path;

use crate::failure::{Code, Failure};

/// Whether `signature` over `message` verifies under `key`: judged by the known-signer engine where it knows the key,
/// else by the library.
///
/// `signature` is in the fixed form of COSE and JOSE: `r ‖ s` for ECDSA, as long as the modulus for RSASSA-PSS.
///
/// # Errors
/// `signature_invalid`.
pub fn verify(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> Result<(), Failure> {
    let check = Check {
        key,
        message,
        signature,
    };
    let valid = engine::verify(&check, || library(&check));
    judged(key, valid, signature.len())
}

/// The same question to the library alone, the faster one that was built in.
///
/// # Errors
/// `signature_invalid`.
pub fn verify_by_library(
    key: &VerifyingKey,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Failure> {
    let check = Check {
        key,
        message,
        signature,
    };
    judged(key, library(&check), signature.len())
}

fn library(check: &Check<'_>) -> bool {
    let Check {
        key,
        message,
        signature,
    } = check;
    if signature.len() != key.signature_length() {
        return false;
    }
    #[cfg(feature = "server")]
    if let Some(fast) = &key.aws_lc {
        return aws_lc::verify(fast, message, signature);
    }
    portable::verify(key, message, signature)
}

/// The same question to the pure-Rust judge, which always exists; both must answer alike.
///
/// # Errors
/// `signature_invalid`.
pub fn verify_portable(
    key: &VerifyingKey,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Failure> {
    let valid =
        signature.len() == key.signature_length() && portable::verify(key, message, signature);
    judged(key, valid, signature.len())
}

/// One signature to judge among many.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// The key.
    pub key: &'a VerifyingKey,
    /// What was signed.
    pub message: &'a [u8],
    /// The signature, in the form that [`verify`] takes.
    pub signature: &'a [u8],
}

/// The answers of [`verify`] to all `checks`, in their order; a bad one never hurts another.
pub fn verify_batch(checks: &[Check<'_>]) -> Vec<Result<(), Failure>> {
    let valid = engine::verify_batch(checks, library);
    let answers = checks.iter().zip(valid);
    answers
        .map(|(check, valid)| judged(check.key, valid, check.signature.len()))
        .collect()
}

fn judged(key: &VerifyingKey, valid: bool, length: usize) -> Result<(), Failure> {
    if valid {
        return Ok(());
    }
    let expected = key.signature_length();
    Err(if length == expected {
        Code::SignatureInvalid.because("the signature does not verify")
    } else {
        Code::SignatureInvalid.because(format!("{length} bytes of signature, expected {expected}"))
    })
}
