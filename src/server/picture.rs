//! Codes in pictures: PNG and JPEG files, as a camera makes them.
//!
//! Refuses files over 5 MB and pictures over 12 million points before any room is made for them. What is left is looked at with as
//! many points as `scan::picture` takes.
//!
//! Source: PNG and JPEG by the crate `image`.

use crate::failure::{Code, Failure};
use crate::scan::picture;
use image::{GrayImage, ImageReader, Limits, imageops};
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
    let grey = looked_at(reader.decode().map_err(|_| unread())?.to_luma8());
    let (width, height) = grey.dimensions();
    picture::text(grey.into_raw(), width, height)
}

/// `grey` with as many points as are looked at.
fn looked_at(grey: GrayImage) -> GrayImage {
    let (width, height) = grey.dimensions();
    let points = u64::from(width) * u64::from(height);
    // The least whole number by whose square the points are to be divided, in quarters.
    let Some(quarters) = (4_u32..)
        .find(|it| points * 16 <= picture::MAX_POINTS * u64::from(*it).pow(2))
        .filter(|it| *it > 4)
    else {
        return grey;
    };
    let less = |side: u32| (side.saturating_mul(4) / quarters).max(1);
    imageops::thumbnail(&grey, less(width), less(height))
}

/// Bytes of a file.
pub const MAX_FILE: usize = 5 * 1024 * 1024;
const MAX_POINTS: u64 = 12_000_000;
/// Bytes that decoding may take: four for each point, and as many to work with.
const MAX_MEMORY: u64 = 8 * MAX_POINTS;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue;
    use image::{ImageFormat, Luma};

    /// A picture with a code of modules of `scale` points in its middle.
    fn photographed(text: &str, scale: u32, (width, height): (u32, u32)) -> Vec<u8> {
        let code = issue::modules(text).unwrap();
        let side = u32::from(code.side()) * scale;
        let (left, top) = ((width - side) / 2, (height - side) / 2);
        written(&GrayImage::from_fn(width, height, |x, y| {
            let module = |at: u32, from: u32| {
                let place = u8::try_from(at.checked_sub(from)? / scale).ok()?;
                (place < code.side()).then_some(place)
            };
            let place = module(x, left).zip(module(y, top));
            let is_dark = place.is_some_and(|(x, y)| code.is_dark(x, y));
            Luma([if is_dark { 20 } else { 230 }])
        }))
    }

    fn written(grey: &GrayImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        let written = grey.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png);
        written.unwrap();
        bytes
    }

    #[test]
    fn a_code_is_found_in_small_pictures_and_in_large_ones() {
        let said = "HC1:6BFOXN%TS3DH0YOJ58S S-W5HDC *M0II5XHC9B5G2+$N IOP-IA";
        for (scale, size) in [(1, (80, 80)), (4, (400, 300)), (9, (3000, 4000))] {
            let picture = photographed(said, scale, size);
            assert_eq!(text(&picture).unwrap(), said, "{scale}");
        }
    }

    #[test]
    fn a_picture_full_of_corners_is_not_looked_through() {
        let is_dark = |x: u32, y: u32| {
            let (x, y) = (x / 3 % 8, y / 3 % 8);
            let ring = (x == 0 || x == 6 || y == 0 || y == 6) && x < 7 && y < 7;
            ring || ((2..5).contains(&x) && (2..5).contains(&y))
        };
        let corners = GrayImage::from_fn(1000, 1000, |x, y| {
            Luma([if is_dark(x, y) { 0 } else { 255 }])
        });
        let failure = text(&written(&corners)).unwrap_err();
        assert!(failure.detail().contains("full of"), "{failure}");
        let none = text(&written(&GrayImage::new(900, 900))).unwrap_err();
        assert!(none.detail().contains("no code"), "{none}");
    }
}
