//! Credential formats: QR text to meaning, one file per format.
//!
//! Refuses to guess: the prefix decides the format, then that reader alone is asked. Knows nothing of trust; candidate
//! keys are an argument.

mod content;
pub mod eu_dcc;
mod eu_payload;
mod format;
pub mod hcert;
mod spelled;
mod together;
mod unverified;
pub mod who_ddcc;
mod who_payload;

pub use content::{Claims, Content};
pub use eu_payload::payload;
pub use format::{Format, Limits};
pub use together::{is_positive, sampled_at, says_something, together};
pub use unverified::{Asked, Authentic, Hint, Refused, Unverified, Work, authenticate_all};

use crate::failure::{Code, Failure};
use crate::quirk::Quirk;

/// Reads the envelope of `text`, in whatever supported format it is; the payload stays closed.
///
/// White space around the text is ignored; it is in no format's data at either end.
///
/// # Errors
/// `format_unknown`, `input_too_large`, and the reading codes of the format.
pub fn read(text: &str) -> Result<Unverified, Failure> {
    let trimmed = trim(text);
    let mut unverified = if has_prefix(trimmed, hcert::PREFIX) {
        hcert::read(trimmed)?
    } else {
        return Err(Code::FormatUnknown.because("no known prefix"));
    };
    if trimmed.len() != text.len() {
        unverified.note(Quirk::WhitespaceTrimmed);
    }
    Ok(unverified)
}

/// The format whose prefix `text` carries, if any; nothing else is looked at.
pub fn sniff(text: &str) -> Option<Format> {
    has_prefix(trim(text), hcert::PREFIX).then_some(Format::EuDcc)
}

/// `text` without white space and byte order marks around it.
fn trim(text: &str) -> &str {
    text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}')
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
