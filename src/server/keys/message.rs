//! A CMS message by a signing key of ours.
//!
//! Refuses nothing of its content. Source: RFC 5652; see `codec::cms`.

use super::Signer;
use crate::codec::cms::Unsigned;
use crate::crypto::{self, Algorithm, ECDSA_SHA_256, sha256};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;

/// The message by which `key`, that of `certificate` (X.509, DER), signs `content` at the instant `at`; it holds `content`
/// where `is_attached`. DER.
///
/// # Errors
/// `signer_unavailable`, `entry_invalid`, `internal`.
pub fn sign_message(
    key: &dyn Signer,
    certificate: &[u8],
    content: &[u8],
    is_attached: bool,
    at: UnixTime,
) -> Result<Vec<u8>, Failure> {
    let at = u64::try_from(at.seconds()).unwrap_or_default();
    let kept = is_attached.then(|| content.to_vec());
    let certificate = certificate.to_vec();
    let unsigned = Unsigned::new(kept, sha256(content), certificate, ECDSA_SHA_256, at)?;
    let signature = key.sign(&unsigned.signed_bytes())?;
    let signature = crypto::ecdsa_der(Algorithm::Es256, &signature)
        .ok_or_else(|| Code::SignerUnavailable.because("not a signature of ES256"))?;
    Ok(unsigned.complete(&signature))
}
