//! The code of a certificate as a PNG picture.
//!
//! Refuses pictures of other sizes than [`MAX_PIXELS_PER_MODULE`] allows.
//!
//! Source: PNG (third edition), greyscale of one bit.

use crate::failure::{Code, Failure};
use crate::issue::{self, QUIET_ZONE};

/// The code of `text`, dark on light with its quiet zone, each module `pixels_per_module` wide and high.
///
/// # Errors
/// `input_too_large` where no code holds the text, `request_invalid` for fewer than 1 or more than [`MAX_PIXELS_PER_MODULE`]
/// pixels.
pub fn png(text: &str, pixels_per_module: u32) -> Result<Vec<u8>, Failure> {
    let allowed = 1..=MAX_PIXELS_PER_MODULE;
    let repeat = usize::try_from(pixels_per_module).unwrap_or_default();
    if !allowed.contains(&pixels_per_module) {
        let reason = format!("a module is 1 to {MAX_PIXELS_PER_MODULE} pixels wide");
        return Err(Code::RequestInvalid
            .because(reason)
            .about("pixels_per_module"));
    }
    let modules = issue::modules(text)?;
    let side = modules.side() + 2 * QUIET_ZONE;
    let dark = |x: u8, y: u8| match (x.checked_sub(QUIET_ZONE), y.checked_sub(QUIET_ZONE)) {
        (Some(x), Some(y)) => modules.is_dark(x, y),
        (None, _) | (_, None) => false,
    };
    let mut pixels = Vec::new();
    for y in 0..side {
        let mut row = Row::default();
        for x in 0..side {
            row.push(!dark(x, y), repeat);
        }
        for _ in 0..repeat {
            pixels.extend_from_slice(&row.bytes);
        }
    }
    let width = u32::from(side) * pixels_per_module;
    let mut file = Vec::new();
    written(&mut file, width, &pixels)
        .map_err(|error| Code::Internal.caused_by("the picture was not written", error))?;
    Ok(file)
}

fn written(file: &mut Vec<u8>, width: u32, pixels: &[u8]) -> Result<(), png::EncodingError> {
    let mut encoder = png::Encoder::new(file, width, width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()
}

/// A row of pixels, eight to a byte, the first one in the highest bit; the rest of the last byte is dark.
#[derive(Default)]
struct Row {
    bytes: Vec<u8>,
    filled: usize,
}

impl Row {
    fn push(&mut self, light: bool, times: usize) {
        for _ in 0..times {
            if self.filled.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let (true, Some(last)) = (light, self.bytes.last_mut()) {
                *last |= 0x80 >> (self.filled % 8);
            }
            self.filled += 1;
        }
    }
}

/// How many pixels a module may be wide and high.
pub const MAX_PIXELS_PER_MODULE: u32 = 32;
