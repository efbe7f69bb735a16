//! CMS messages as gateways carry them: Base64 text.
//!
//! Refuses texts over 2 MiB and anything but Base64 between white space. Reads line breaks, which some tools put in, and
//! writes none, because the EU gateway's own reader refuses them.
//!
//! Source: EU DGCG, uploads and stored signatures (RFC 4648, section 4, padded).

use crate::codec::cms::Signed;
use crate::failure::{Code, Failure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The message in `text`.
///
/// # Errors
/// `cms_invalid`, `input_too_large`.
pub fn read_message(text: &[u8]) -> Result<Signed, Failure> {
    Signed::read(&message_bytes(text)?)
}

/// The bytes of the message in `text`.
///
/// # Errors
/// `cms_invalid`, `input_too_large`.
pub fn message_bytes(text: &[u8]) -> Result<Vec<u8>, Failure> {
    if text.len() > MAX_TEXT {
        return Err(Code::InputTooLarge.because(format!("a message over {MAX_TEXT} characters")));
    }
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    BASE64_STANDARD
        .decode(text)
        .map_err(|error| Code::CmsInvalid.caused_by("the message is not Base64", error))
}

/// `message` as text.
pub fn write_message(message: &[u8]) -> String {
    BASE64_STANDARD.encode(message)
}

/// A message of 1 MiB has 1.4 million characters.
const MAX_TEXT: usize = 2 * 1024 * 1024;
