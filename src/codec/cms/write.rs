//! Writing a CMS message: one that awaits its signature, and one whose signature is there, with and without its content.
//!
//! Refuses nothing of the content; it is the caller's. Source: RFC 5652, sections 5.3 and 5.4.

use super::{
    CONTENT_TYPE, CONTEXT_0, DATA, INTEGER, MESSAGE_DIGEST, ONE, Parts, SHA_256, SIGNED_DATA,
    SIGNING_TIME, Signed, named,
};
use crate::codec::ber::{self, Element, OCTET_STRING, SEQUENCE, SET};
use crate::failure::{Code, Failure};
use der::asn1::{GeneralizedTime, ObjectIdentifier, UtcTime};

/// A message that awaits its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    content: Option<Vec<u8>>,
    certificate: Vec<u8>,
    /// Issuer and serial number.
    signer: Vec<u8>,
    digest_algorithm: Vec<u8>,
    signature_algorithm: Vec<u8>,
    attributes: Vec<u8>,
}

impl Unsigned {
    /// A message over content with the SHA-256 digest `digest`, by the key of `certificate` (X.509, DER), at the instant
    /// `signing_time` (seconds since 1970-01-01T00:00:00Z). It holds `content`, if that is given.
    ///
    /// `signature_algorithm` is the object identifier of the whole algorithm, such as that of ECDSA with SHA-256.
    ///
    /// # Errors
    /// `entry_invalid` where issuer and serial number of the certificate cannot be read; `internal` for an instant that
    /// has no form.
    pub fn new(
        content: Option<Vec<u8>>,
        digest: [u8; 32],
        certificate: Vec<u8>,
        signature_algorithm: ObjectIdentifier,
        signing_time: u64,
    ) -> Result<Self, Failure> {
        let signer = issuer_and_serial(&certificate)?;
        let time = std::time::Duration::from_secs(signing_time);
        let formless = |error| Code::Internal.caused_by("a signing time without a form", error);
        // RFC 5652, 11.3: until 2049 in two digits of the year.
        let time = match UtcTime::from_unix_duration(time) {
            Ok(time) => der::Encode::to_der(&time),
            Err(_) => GeneralizedTime::from_unix_duration(time)
                .and_then(|time| der::Encode::to_der(&time)),
        };
        let time = time.map_err(formless)?;
        let attribute = |kind: ObjectIdentifier, value: &[u8]| {
            ber::der(SEQUENCE, &[&named(kind), &ber::der(SET, &[value])])
        };
        let mut attributes = [
            attribute(CONTENT_TYPE, &named(DATA)),
            attribute(SIGNING_TIME, &time),
            attribute(MESSAGE_DIGEST, &ber::der(OCTET_STRING, &[&digest])),
        ];
        attributes.sort_unstable();
        Ok(Self {
            content,
            certificate,
            signer,
            digest_algorithm: ber::der(SEQUENCE, &[&named(SHA_256)]),
            signature_algorithm: ber::der(SEQUENCE, &[&named(signature_algorithm)]),
            attributes: attributes.concat(),
        })
    }

    /// The bytes to sign.
    pub fn signed_bytes(&self) -> Vec<u8> {
        ber::der(SET, &[&self.attributes])
    }

    /// The message with `signature` in it, DER.
    pub fn complete(&self, signature: &[u8]) -> Vec<u8> {
        message(
            self.content.as_deref(),
            &self.certificate,
            &self.signer,
            &self.digest_algorithm,
            Some(&self.attributes),
            &self.signature_algorithm,
            signature,
        )
    }
}

impl Signed {
    /// The same message, DER, whose signature stays as it is: around `content`, or without any.
    ///
    /// # Errors
    /// `entry_invalid` where issuer and serial number of its certificate cannot be read; `cms_invalid`.
    pub fn rewrapped(&self, content: Option<&[u8]>) -> Result<Vec<u8>, Failure> {
        let attributes = self.attributes.as_ref();
        let attributes = attributes.map(|it| Element::read(&it.signed_bytes));
        let attributes = attributes.transpose()?.map(|it| it.contents);
        Ok(message(
            content,
            &self.certificate,
            &issuer_and_serial(&self.certificate)?,
            &ber::der(SEQUENCE, &[&named(self.digest_algorithm)]),
            attributes,
            &self.signature_algorithm,
            &self.signature,
        ))
    }
}

fn message(
    content: Option<&[u8]>,
    certificate: &[u8],
    signer: &[u8],
    digest_algorithm: &[u8],
    attributes: Option<&[u8]>,
    signature_algorithm: &[u8],
    signature: &[u8],
) -> Vec<u8> {
    let content =
        content.map(|content| ber::der(CONTEXT_0, &[&ber::der(OCTET_STRING, &[content])]));
    let attributes = attributes.map(|attributes| ber::der(CONTEXT_0, &[attributes]));
    let signer = [
        ONE,
        signer,
        digest_algorithm,
        &attributes.unwrap_or_default(),
        signature_algorithm,
        &ber::der(OCTET_STRING, &[signature]),
    ];
    let data = [
        ONE,
        &ber::der(SET, &[digest_algorithm]),
        &ber::der(SEQUENCE, &[&named(DATA), &content.unwrap_or_default()]),
        &ber::der(CONTEXT_0, &[certificate]),
        &ber::der(SET, &[&ber::der(SEQUENCE, &signer)]),
    ];
    let data = ber::der(CONTEXT_0, &[&ber::der(SEQUENCE, &data)]);
    ber::der(SEQUENCE, &[&named(SIGNED_DATA), &data])
}

fn issuer_and_serial(certificate: &[u8]) -> Result<Vec<u8>, Failure> {
    let read = || {
        let mut parts = Parts::of(Element::read(certificate)?, SEQUENCE)?;
        let mut signed = Parts::of(parts.take(SEQUENCE)?, SEQUENCE)?;
        signed.optional(CONTEXT_0);
        let serial = signed.take(INTEGER)?;
        signed.take(SEQUENCE)?;
        let issuer = signed.take(SEQUENCE)?;
        Ok(ber::der(SEQUENCE, &[issuer.bytes, serial.bytes]))
    };
    read().map_err(|failure: Failure| {
        Code::EntryInvalid.caused_by("issuer and serial number of a certificate", failure)
    })
}
