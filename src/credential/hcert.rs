//! The HCERT container, both ways: `HC1:`, Base45, zlib, COSE, CWT claim -260.
//!
//! Refuses any other prefix version, uncompressed content, and everything past the ceilings.
//!
//! Source: hcert-spec 1.0.8, sections 3 and 4.

use super::format::{Format, Limits};
use super::unverified::Unverified;
use crate::codec::cbor::{self, Value};
use crate::codec::cose::Sign1;
use crate::codec::item::Item;
use crate::codec::{base45, cwt, deflate};
use crate::failure::{Code, Failure};
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

/// The health certificate among the `claims`, unread: map entry 1 of claim -260.
///
/// # Errors
/// `hcert_missing`.
pub(super) fn certificate<'d>(claims: &'d cwt::Claims<'_>) -> Result<Item<'d>, Failure> {
    let container = claims.claim(HCERT).and_then(Item::as_map);
    container
        .and_then(|container| container.get(EU_DCC_V1))
        .ok_or_else(|| Code::HcertMissing.because("no entry 1 in claim -260"))
}

/// The claims of a certificate to be signed, as CBOR.
///
/// # Errors
/// `internal` if the writer fails.
pub fn write_claims(
    issuer: &str,
    issued_at: i64,
    expires_at: i64,
    certificate: Value,
) -> Result<Vec<u8>, Failure> {
    let container = Value::Map(vec![(Value::from(EU_DCC_V1), certificate)]);
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
