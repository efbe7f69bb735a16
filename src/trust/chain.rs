//! One hop of a chain: whether a certificate was signed by the key of another.
//!
//! Refuses to compare names: countries encode one name in several ways, and a signature over the received bytes is proof
//! where a name is none. Periods and countries are for whoever admits the certificate.
//!
//! Source: RFC 5280, section 4.1.1; the EU gateway's certificate governance (a DSC is signed by a CSCA, nothing between).

use crate::codec::x509::{Certificate, Envelope};
use crate::crypto::{self, ChainAlgorithm, VerifyingKey};
use crate::failure::{Code, Failure};

/// That the key of the certificate `issuer` signed `certificate`; both X.509, as received.
///
/// # Errors
/// `chain_invalid`, caused by what is wrong: the signature, its algorithm, or the issuer's key.
pub fn issued_by(certificate: &[u8], issuer: &[u8]) -> Result<(), Failure> {
    let signed = || {
        let envelope = Envelope::read(certificate)?;
        let key = VerifyingKey::from_spki(&Certificate::read(issuer)?.public_key)?;
        let algorithm = ChainAlgorithm::read(envelope.signature_algorithm, None)?;
        crypto::verify_chain(&key, algorithm, envelope.signed_bytes, envelope.signature)
    };
    signed().map_err(|failure| {
        let reason = format!("not signed by that issuer: {}", failure.code().name());
        Code::ChainInvalid.caused_by(reason, failure)
    })
}
