//! The HCERT container, both ways: `HC1:`, Base45, zlib, COSE, CWT claim -260.
//!
//! Refuses any other prefix version, uncompressed content, and everything past the ceilings.
//!
//! Source: hcert-spec 1.0.8, sections 3 and 4.

use super::format::{Format, Limits};
use super::unverified::Unverified;
use super::{eu_dcc, who_ddcc};
use crate::codec::cbor::{self, Value};
use crate::codec::cose::Sign1;
use crate::codec::item::{Entries, Item};
use crate::codec::{base45, cwt, deflate};
use crate::failure::{Code, Failure};
use crate::model::{Entry, HealthCertificate};
use crate::quirk::Quirk;

/// The ceilings of this format.
pub const LIMITS: Limits = Limits {
    text: 4 * 1024,
    inflated: 64 * 1024,
    cbor: cbor::Limits {
        depth: 16,
        items: 512,
    },
    entries: 1,
};

/// The prefix of the text: context identifier and version.
pub const PREFIX: &str = "HC1:";

/// Reads the envelope of `text`, which starts with the prefix in any case of letters.
///
/// # Errors
/// `input_too_large`, `base45_invalid`, `inflate_invalid`, `cbor_invalid`, `cose_invalid`.
pub(super) fn read(text: &str) -> Result<Unverified, Failure> {
    if text.len() > LIMITS.text {
        return Err(Code::InputTooLarge.because(format!("over {} bytes of text", LIMITS.text)));
    }
    // Base45 has no lower-case letters, so a scanner that lower-cases loses nothing.
    let (prefix, body) = text.split_at_checked(PREFIX.len()).unwrap_or_default();
    let (compressed, lower_cased) = base45::decode_any_case(body)?;
    let inflated = deflate::inflate(&compressed, LIMITS.inflated)?;
    let message = Sign1::read(&inflated, LIMITS.cbor)?;
    let mut unverified = Unverified::new(Format::EuDcc, message, inflated.len());
    if lower_cased || prefix != PREFIX {
        unverified.note(Quirk::LowerCased);
    }
    Ok(unverified)
}

/// The health certificate in a container, unread.
pub(super) enum Held<'d> {
    /// Map entry 1.
    EuDcc(Item<'d>),
    /// A container with map entry 3 or 4.
    WhoDdcc(Entries<'d>),
}

/// The health certificate among the `claims`, in claim -260: the EU's where there is one, else the WHO's.
///
/// # Errors
/// `hcert_missing`.
pub(super) fn certificate<'d>(claims: &'d cwt::Claims<'_>) -> Result<Held<'d>, Failure> {
    let missing = || Code::HcertMissing.because("no entry 1, 3 or 4 in claim -260");
    let container = claims.claim(HCERT).and_then(Item::as_map);
    let container = container.ok_or_else(missing)?;
    if let Some(item) = container.get(EU_DCC_V1) {
        return Ok(Held::EuDcc(item));
    }
    let who = [who_ddcc::VACCINATION, who_ddcc::TEST];
    let held = who.iter().any(|label| container.get(*label).is_some());
    held.then_some(Held::WhoDdcc(container)).ok_or_else(missing)
}

/// The claims of a `certificate` to be signed, as CBOR; the form is the certificate's own.
///
/// # Errors
/// `internal` if the writer fails.
pub fn write_certificate(
    issuer: &str,
    issued_at: i64,
    expires_at: i64,
    certificate: &HealthCertificate,
) -> Result<Vec<u8>, Failure> {
    let written = match &certificate.entry {
        Entry::Vaccination(_) | Entry::Test(_) | Entry::Recovery(_) => {
            eu_dcc::write(certificate).map(|content| (EU_DCC_V1, content))
        }
        Entry::WhoVaccination(_) | Entry::WhoTest(_) => who_ddcc::write(certificate),
    };
    // Each writer knows the entries it was chosen for, so this is never said.
    let (label, content) = written.ok_or_else(|| Code::Internal.because("no writer"))?;
    let container = Value::Map(vec![(Value::from(label), content)]);
    cbor::write(&cwt::write(issuer, issued_at, expires_at, HCERT, container))
}

/// The QR text of a signed `message`.
///
/// # Errors
/// `input_too_large` where it would not be read back; `internal` if the compressor fails.
pub fn write(message: &[u8]) -> Result<String, Failure> {
    let text = format!("{PREFIX}{}", base45::encode(&deflate::deflate(message)?));
    if text.len() > LIMITS.text {
        return Err(Code::InputTooLarge.because(format!("over {} bytes of text", LIMITS.text)));
    }
    Ok(text)
}

const HCERT: i64 = -260;
const EU_DCC_V1: i64 = 1;
