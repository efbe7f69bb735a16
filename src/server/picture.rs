//! Codes in pictures: PNG and JPEG files, as a camera makes them.
//!
//! Refuses files over 5 MB and pictures over 12 million points before any room is made for them, and pictures without a code.
//!
//! Source: PNG and JPEG by the crate `image`; codes by `scan::picture`.

use crate::failure::{Code, Failure};
use crate::scan::picture;
use image::{ImageReader, Limits};
use std::io::Cursor;

/// The text of the code in the picture in `bytes`.
///
/// # Errors
/// `input_too_large`; `format_unknown` where it is no picture, or shows no code.
pub fn text(bytes: &[u8]) -> Result<String, Failure> {
    if bytes.len() > MAX_FILE {
        return Err(Code::InputTooLarge.because(format!("a picture over {MAX_FILE} bytes")));
    }
    let unread = || Code::FormatUnknown.because("no picture in PNG or JPEG");
    let reader = || {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
        reader.map_err(|_| unread())
    };
    let (width, height) = reader()?.into_dimensions().map_err(|_| unread())?;
    if u64::from(width) * u64::from(height) > picture::MAX_POINTS {
        let reason = format!("a picture of over {} points", picture::MAX_POINTS);
        return Err(Code::InputTooLarge.because(reason));
    }
    let mut reader = reader()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let grey = reader.decode().map_err(|_| unread())?.to_luma8();
    picture::text(grey.into_raw(), width, height)
}

/// Bytes of a file.
pub const MAX_FILE: usize = 5 * 1024 * 1024;
/// Bytes that decoding may take: four for each point, and as many to work with.
const MAX_MEMORY: u64 = 8 * picture::MAX_POINTS;
