//! A request for a certificate: whose, over which key, for which uses, and the signature that proves the key.
//!
//! Refuses to judge: whether the signature holds is for the caller to ask. Refuses trailing bytes and a request over 16 KiB.
//!
//! Source: RFC 2986 (PKCS #10), RFC 2985, section 5.4.2 (requested extensions).

use super::ber::{Element, SEQUENCE};
use super::x509::{COMMON_NAME, COUNTRY, EXTENDED_KEY_USAGE, ORGANIZATION, attributes};
use crate::failure::{Code, Failure};
use der::asn1::ObjectIdentifier;
use der::{Decode, Encode};
use x509_cert::ext::Extensions;
use x509_cert::request::CertReq;

/// What a request states, as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificationRequest {
    /// The SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// The subject's countries as written.
    pub countries: Vec<String>,
    /// The subject's organisations.
    pub organizations: Vec<String>,
    /// The subject's common names.
    pub common_names: Vec<String>,
    /// The extended key usages that are asked for, dotted.
    pub extended_key_usages: Vec<String>,
    /// The bytes that are signed with the key itself.
    pub signed_bytes: Vec<u8>,
    /// How they are signed: an AlgorithmIdentifier, DER.
    pub signature_algorithm: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl CertificationRequest {
    /// The request in `der`, which holds nothing else.
    ///
    /// # Errors
    /// `entry_invalid`; `input_too_large`.
    pub fn read(der: &[u8]) -> Result<Self, Failure> {
        if der.len() > MAX_DER {
            return Err(Code::InputTooLarge.because(format!("a request over {MAX_DER} bytes")));
        }
        let unreadable =
            |error| Code::EntryInvalid.caused_by("not a request for a certificate", error);
        let request = CertReq::from_der(der).map_err(unreadable)?;
        let whole = Element::read(der)?;
        let parts = whole.children()?;
        let [signed, algorithm, _] = parts.as_slice() else {
            return Err(Code::EntryInvalid.because("a request is not of three parts"));
        };
        if signed.identifier != SEQUENCE {
            return Err(Code::EntryInvalid.because("a request without a body"));
        }
        let signature = request.signature.as_bytes();
        let signature =
            signature.ok_or_else(|| Code::EntryInvalid.because("odd signature bits"))?;
        let mut extended_key_usages = Vec::new();
        let wanted = request.info.attributes.iter();
        for attribute in wanted.filter(|it| it.oid == EXTENSION_REQUEST) {
            for value in attribute.values.iter() {
                let extensions: Extensions = value.decode_as().map_err(unreadable)?;
                let mut extensions = extensions.iter();
                if let Some(usages) = extensions.find(|it| it.extn_id == EXTENDED_KEY_USAGE) {
                    let usages = Vec::<ObjectIdentifier>::from_der(usages.extn_value.as_bytes())
                        .map_err(unreadable)?;
                    extended_key_usages.extend(usages.iter().map(ToString::to_string));
                }
            }
        }
        let subject = &request.info.subject;
        Ok(Self {
            public_key: request.info.public_key.to_der().map_err(unreadable)?,
            countries: attributes(subject, COUNTRY),
            organizations: attributes(subject, ORGANIZATION),
            common_names: attributes(subject, COMMON_NAME),
            extended_key_usages,
            signed_bytes: signed.bytes.to_vec(),
            signature_algorithm: algorithm.bytes.to_vec(),
            signature: signature.to_vec(),
        })
    }
}

const MAX_DER: usize = 16 * 1024;
const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_request_is_refused() {
        for bytes in [&[][..], &[0x30], &[0x30, 0x00], &[0xff; 100]] {
            let refused = CertificationRequest::read(bytes).unwrap_err();
            assert_eq!(refused.code(), Code::EntryInvalid);
        }
        let large = CertificationRequest::read(&[0x30; 20_000]).unwrap_err();
        assert_eq!(large.code(), Code::InputTooLarge);
    }
}
