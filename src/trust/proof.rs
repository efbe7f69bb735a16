//! Whether a signed message proves itself: digest, signature, and the time at which its signer says that it signed.
//!
//! Refuses to say who signed: the certificate in a message is its maker's choice, so whoever relies on a message compares
//! it with one that is pinned or was admitted.
//!
//! Source: RFC 5652, sections 5.4 and 5.6; observed conduct of the EU gateway's library, which holds a stated signing time
//! to the period of the certificate.

use crate::codec::cms::Signed;
use crate::codec::x509::Certificate;
use crate::crypto::{self, ChainAlgorithm, Hash, VerifyingKey};
use crate::failure::{Code, Failure};

/// That the key of the certificate in `message` signed `content`, and at a time within that certificate's period where it
/// states one.
///
/// # Errors
/// `proof_invalid`, caused by what is wrong.
pub fn proves(message: &Signed, content: &[u8]) -> Result<(), Failure> {
    let proven = || {
        let certificate = Certificate::read(&message.certificate)?;
        let key = VerifyingKey::from_spki(&certificate.public_key)?;
        let digest = Hash::named(message.digest_algorithm)?;
        let algorithm = ChainAlgorithm::read(&message.signature_algorithm, Some(digest))?;
        if let Some(attributes) = &message.attributes {
            if attributes.message_digest != digest.of(content) {
                return Err(Code::SignatureInvalid.because("the digest is of other content"));
            }
            let period = certificate.not_before..=certificate.not_after;
            if attributes
                .signing_time
                .is_some_and(|time| !period.contains(&time))
            {
                let reason = "signed at a time outside its certificate's period";
                return Err(Code::SignatureInvalid.because(reason));
            }
        }
        let signed = message.signed_bytes(content);
        crypto::verify_chain(&key, algorithm, signed, &message.signature)
    };
    proven().map_err(|failure| {
        let reason = format!("{}: {}", failure.code().name(), failure.detail());
        Code::ProofInvalid.caused_by(reason, failure)
    })
}
