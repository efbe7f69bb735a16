//! The view of an X.509 certificate that trust needs: its key, its period, its countries, its key usages.
//!
//! Refuses to judge: no chain, no signature, no validity is checked here. Reads what strict parsers drop (version 1,
//! negative serial numbers, oddly encoded extensions that this view does not need), because whole countries hang on it.
//!
//! Source: RFC 5280, section 4.1; observed lists of national signers.

use super::ber::{Element, SEQUENCE};
use crate::failure::{Code, Failure};
use der::asn1::{ObjectIdentifier, PrintableStringRef, TeletexStringRef, Utf8StringRef};
use der::{Decode, Encode};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::name::Name;

/// What trust needs to know of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
    /// The subject's countries as written, usually one.
    pub countries: Vec<String>,
    /// The subject's common name, for operators.
    pub common_name: Option<String>,
    /// The first second of its period, seconds since 1970-01-01T00:00:00Z.
    pub not_before: i64,
    /// The last second of its period.
    pub not_after: i64,
    /// The extended key usages, dotted; empty where there is no such extension.
    pub extended_key_usages: Vec<String>,
    /// Whether its key usages let it sign certificates; `None` where there are none.
    pub signs_certificates: Option<bool>,
    /// Whether it may sign certificates, by its own word; `None` where it does not say, as in version 1.
    pub authority: Option<bool>,
}

impl Certificate {
    /// The certificate in `der`, which holds nothing else.
    ///
    /// # Errors
    /// `entry_invalid`; `input_too_large` over 16 KiB.
    pub fn read(der: &[u8]) -> Result<Self, Failure> {
        if der.len() > MAX_DER {
            return Err(Code::InputTooLarge.because(format!("a certificate over {MAX_DER} bytes")));
        }
        let certificate = CertificateInner::<Raw>::from_der(der)
            .map_err(|error| Code::EntryInvalid.caused_by("not an X.509 certificate", error))?;
        let tbs = certificate.tbs_certificate();
        let public_key = tbs
            .subject_public_key_info()
            .to_der()
            .map_err(|error| Code::EntryInvalid.caused_by("its public key is unreadable", error))?;
        let extensions = tbs.extensions().map(Vec::as_slice).unwrap_or_default();
        let mut extended_key_usages = Vec::new();
        for extension in extensions
            .iter()
            .filter(|extension| extension.extn_id == EXTENDED_KEY_USAGE)
        {
            let usages = Vec::<ObjectIdentifier>::from_der(extension.extn_value.as_bytes())
                .map_err(|error| {
                    Code::EntryInvalid.caused_by("its key usages are unreadable", error)
                })?;
            extended_key_usages.extend(usages.iter().map(ToString::to_string));
        }
        let constraints = extensions
            .iter()
            .find(|extension| extension.extn_id == BASIC_CONSTRAINTS)
            .map(|extension| may_sign(extension.extn_value.as_bytes()));
        Ok(Self {
            authority: constraints,
            signs_certificates: extensions
                .iter()
                .find(|extension| extension.extn_id == KEY_USAGE)
                .map(|extension| signs_certificates(extension.extn_value.as_bytes())),
            public_key,
            countries: attributes(tbs.subject(), COUNTRY),
            common_name: attributes(tbs.subject(), COMMON_NAME).pop(),
            not_before: seconds(tbs.validity().not_before),
            not_after: seconds(tbs.validity().not_after),
            extended_key_usages,
        })
    }
}

/// The subject of the certificate in `der` as text, the most specific part first: `CN=backend,C=XB`.
///
/// # Errors
/// `entry_invalid`.
///
/// Source: RFC 4514.
pub fn subject_text(der: &[u8]) -> Result<String, Failure> {
    let certificate = CertificateInner::<Raw>::from_der(der)
        .map_err(|error| Code::EntryInvalid.caused_by("not an X.509 certificate", error))?;
    Ok(certificate.tbs_certificate().subject().to_string())
}

/// What a certificate was signed over, and by whom, as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The bytes that its issuer signed.
    pub signed_bytes: &'a [u8],
    /// The issuer's name.
    pub issuer: &'a [u8],
    /// Its own name.
    pub subject: &'a [u8],
    /// How it was signed: an AlgorithmIdentifier.
    pub signature_algorithm: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// The envelope of the certificate in `der`, by position: nothing in it is decoded, so that odd contents do no harm.
    ///
    /// # Errors
    /// `entry_invalid`.
    pub fn read(der: &'a [u8]) -> Result<Self, Failure> {
        let read = || {
            let whole = Element::read(der)?;
            let children = whole.children()?;
            let [signed, algorithm, signature] = children.as_slice() else {
                return Err(Code::EntryInvalid.because("not three parts"));
            };
            if [whole.identifier, signed.identifier] != [SEQUENCE; 2] {
                return Err(Code::EntryInvalid.because("not a sequence of a sequence"));
            }
            let mut parts = signed.children()?.into_iter().peekable();
            // The version is tagged, and version 1 has none.
            parts.next_if(|part| part.identifier == VERSION);
            // Serial number, algorithm, issuer, period, subject.
            let (issuer, subject) = (parts.nth(2), parts.nth(1));
            let (issuer, subject) = issuer
                .zip(subject)
                .ok_or_else(|| Code::EntryInvalid.because("parts are missing"))?;
            let bits = signature.contents.split_first();
            let bits =
                bits.filter(|(unused, _)| signature.identifier == BIT_STRING && **unused == 0);
            let (_, bits) = bits.ok_or_else(|| Code::EntryInvalid.because("odd signature bits"))?;
            Ok(Self {
                signed_bytes: signed.bytes,
                issuer: issuer.bytes,
                subject: subject.bytes,
                signature_algorithm: algorithm.bytes,
                signature: bits,
            })
        };
        read().map_err(|failure: Failure| {
            Code::EntryInvalid.caused_by("not an X.509 certificate", failure)
        })
    }
}

/// Whether `BasicConstraints` begin with a true; read by position, because some encode what DER leaves out.
fn may_sign(constraints: &[u8]) -> bool {
    let parts = Element::read(constraints).and_then(|whole| whole.children());
    let first = parts.ok().and_then(|parts| parts.into_iter().next());
    first.is_some_and(|first| first.identifier == BOOLEAN && first.contents == [TRUE])
}

/// Whether bit 5 of `KeyUsage` is set; odd ones allow nothing.
fn signs_certificates(usage: &[u8]) -> bool {
    let usage = Element::read(usage).ok();
    let bits = usage.filter(|usage| usage.identifier == BIT_STRING);
    let first = bits.and_then(|bits| bits.contents.get(1).copied());
    first.is_some_and(|first| first & KEY_CERT_SIGN != 0)
}

fn seconds(time: x509_cert::time::Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}

/// The texts of one kind in `name`.
pub(super) fn attributes(name: &Name, kind: ObjectIdentifier) -> Vec<String> {
    name.iter()
        .filter(|attribute| attribute.oid == kind)
        .filter_map(|attribute| {
            let value = &attribute.value;
            let text = value
                .decode_as::<PrintableStringRef<'_>>()
                .map(|text| text.as_str().to_owned())
                .or_else(|_| {
                    value
                        .decode_as::<Utf8StringRef<'_>>()
                        .map(|text| text.as_str().to_owned())
                })
                .or_else(|_| {
                    value
                        .decode_as::<TeletexStringRef<'_>>()
                        .map(|text| text.as_str().to_owned())
                });
            text.ok()
        })
        .collect()
}

/// The ceiling of one certificate, in bytes; the largest seen in circulation is under 3 KiB.
const MAX_DER: usize = 16 * 1024;
const VERSION: u8 = 0xa0;
const BOOLEAN: u8 = 0x01;
const TRUE: u8 = 0xff;
const BIT_STRING: u8 = 0x03;
pub(super) const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
/// The sixth bit from the left.
const KEY_CERT_SIGN: u8 = 0x04;
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
pub(super) const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
pub(super) const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
pub(super) const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x03, 0x02, 0x01, 0x00],
            &[0xff; 100],
        ] {
            assert_eq!(
                Certificate::read(bytes).unwrap_err().code(),
                Code::EntryInvalid
            );
        }
        assert_eq!(
            Certificate::read(&[0x30; 20_000]).unwrap_err().code(),
            Code::InputTooLarge
        );
    }
}
