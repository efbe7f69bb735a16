//! The code in a picture, as points of grey.
//!
//! Refuses pictures over 12 million points, and such whose size is another than they say.
//!
//! Source: ISO/IEC 18004, by the crate `rxing`.

use crate::failure::{Code, Failure};
use rxing::BarcodeFormat;

/// The text of the code in a picture of `width` times `height` points of `grey`, row by row, 0 for black.
///
/// # Errors
/// `input_too_large`; `format_unknown` where it shows no code.
pub fn text(grey: Vec<u8>, width: u32, height: u32) -> Result<String, Failure> {
    let points = u64::from(width) * u64::from(height);
    if points > MAX_POINTS {
        let reason = format!("a picture of over {MAX_POINTS} points");
        return Err(Code::InputTooLarge.because(reason));
    }
    let no_code = || Code::FormatUnknown.because("no code in the picture");
    if u64::try_from(grey.len()) != Ok(points) || points == 0 {
        return Err(no_code());
    }
    let code = Some(BarcodeFormat::QR_CODE);
    let found = rxing::helpers::detect_in_luma(grey, width, height, code);
    Ok(found.map_err(|_| no_code())?.getText().to_owned())
}

/// Points of a picture.
pub const MAX_POINTS: u64 = 12_000_000;
