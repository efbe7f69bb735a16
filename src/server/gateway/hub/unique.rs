//! UUIDs for what others have to call by one.
//!
//! Refuses nothing: they are names, and prove nothing.
//!
//! Source: RFC 9562, versions 4 and 8.

use crate::failure::{Code, Failure};
use uuid::Builder;

/// One that nobody has had, in lower case.
///
/// # Errors
/// `internal` where there is no randomness.
pub fn random_uuid() -> Result<String, Failure> {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
    Ok(Builder::from_random_bytes(random).into_uuid().to_string())
}

/// The one that always stands for `bytes`, in lower case.
pub fn uuid_of(bytes: &[u8]) -> String {
    let digest = crate::crypto::sha256(bytes);
    let head = digest.first_chunk().copied().unwrap_or_default();
    Builder::from_custom_bytes(head).into_uuid().to_string()
}
