//! The code in a picture, as points of grey.
//!
//! Refuses pictures over two million points, such whose size is another than they say, and those with so much that looks like the
//! corner of a code that looking through it would take long.
//!
//! How long that takes depends on what looks like a corner, and not on points: a grid of corners kept the whole search of the crate
//! busy for minutes. So a module has two points or more in any but small pictures, and corners are counted first. The worst pictures
//! that were found then take under 2 s of one core (corners of 2 points a module side by side; as many corners as are still looked
//! through), noise, stripes, checkerboards and one colour 0.3 s.
//!
//! Source: ISO/IEC 18004, by the crate `rxing`.

use crate::failure::{Code, Failure};
use rxing::common::HybridBinarizer;
use rxing::qrcode::cpp_port::QrReader;
use rxing::qrcode::cpp_port::detector::FindFinderPatterns;
use rxing::{BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource, Reader};
use std::collections::HashSet;

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
    let none = || Code::FormatUnknown.because("no code in the picture");
    if u64::try_from(grey.len()) != Ok(points) || points == 0 {
        return Err(none());
    }
    // Small pictures are drawn rather than taken, and have no more corners than large ones with larger modules.
    let least = match points {
        0..MAX_DRAWN => 1,
        MAX_DRAWN.. => 2,
    };
    let source = Luma8LuminanceSource::new(grey, width, height);
    let mut bitmap = BinaryBitmap::new(HybridBinarizer::new(source.map_err(|_| none())?));
    let corners = FindFinderPatterns(bitmap.get_black_matrix(), true, least).len();
    if corners > MAX_CORNERS {
        let reason = "the picture is full of what looks like codes";
        return Err(Code::FormatUnknown.because(reason));
    }
    let hints = DecodeHints {
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        TryHarder: Some(true),
        MinimumModuleSize: Some(least),
        ..DecodeHints::default()
    };
    let found = QrReader.decode_with_hints(&mut bitmap, &hints);
    Ok(found.map_err(|_| none())?.getText().to_owned())
}

/// The points of a picture in grey, of which `rgba` has four bytes each.
pub fn grey(rgba: &[u8]) -> Vec<u8> {
    let points = rgba.as_chunks::<4>().0.iter();
    let grey = points.map(|[red, green, blue, _]| {
        let sum = 2 * u16::from(*red) + 5 * u16::from(*green) + u16::from(*blue);
        u8::try_from(sum / 8).unwrap_or(u8::MAX)
    });
    grey.collect()
}

/// Points that are looked at.
pub const MAX_POINTS: u64 = 2_000_000;
/// Points of a picture whose modules may be a point each.
const MAX_DRAWN: u64 = 500_000;
/// Corners that are looked through: a code has three, and what is around it a few.
const MAX_CORNERS: usize = 100;
