//! Codes in pictures: PNG and JPEG files, as a camera makes them.
//!
//! Refuses files over 5 MB and pictures over 12 million points before any room is made for them, and pictures without a code.
//!
//! Source: ISO/IEC 18004, by the crates `image` and `rxing`.

use crate::failure::{Code, Failure};
use image::{ImageReader, Limits};
use rxing::BarcodeFormat;
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
    if u64::from(width) * u64::from(height) > MAX_POINTS {
        let reason = format!("a picture of over {MAX_POINTS} points");
        return Err(Code::InputTooLarge.because(reason));
    }
    let mut reader = reader()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let grey = reader.decode().map_err(|_| unread())?.to_luma8();
    let code = Some(BarcodeFormat::QR_CODE);
    let found = rxing::helpers::detect_in_luma(grey.into_raw(), width, height, code);
    let found = found.map_err(|_| Code::FormatUnknown.because("no code in the picture"))?;
    Ok(found.getText().to_owned())
}

/// Bytes of a file.
pub const MAX_FILE: usize = 5 * 1024 * 1024;
const MAX_POINTS: u64 = 12_000_000;
/// Bytes that decoding may take: four for each point, and as many to work with.
const MAX_MEMORY: u64 = 8 * MAX_POINTS;
