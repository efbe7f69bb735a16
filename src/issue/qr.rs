//! The QR code of a credential's text.
//!
//! Refuses text that no code holds. Source: ISO/IEC 18004; hcert-spec 4 recommends error correction level Q.

use crate::failure::{Code, Failure};
use fast_qr::convert::Builder;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::{ECL, QRBuilder, QRCode};
use std::fmt;

/// The dark and light squares of a code, without its quiet zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Modules {
    side: u8,
    dark: Vec<bool>,
}

impl Modules {
    /// How many modules a side has: 21 to 177.
    pub fn side(&self) -> u8 {
        self.side
    }

    /// Whether the module in column `x` and row `y`, both from 0, is dark; what lies outside is light.
    pub fn is_dark(&self, x: u8, y: u8) -> bool {
        let index = usize::from(y) * usize::from(self.side) + usize::from(x);
        x < self.side && self.dark.get(index).copied().unwrap_or_default()
    }

    /// The dark modules as runs along their rows: column, row, length.
    pub fn runs(&self) -> impl Iterator<Item = (u8, u8, u8)> {
        (0..self.side).flat_map(move |y| {
            let mut x = 0;
            std::iter::from_fn(move || {
                while x < self.side && !self.is_dark(x, y) {
                    x += 1;
                }
                let start = x;
                while self.is_dark(x, y) {
                    x += 1;
                }
                (start < x).then_some((start, y, x - start))
            })
        })
    }
}

impl fmt::Debug for Modules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever sees the modules can read the text.
        f.write_str("<redacted>")
    }
}

/// The modules of the code of `text`: error correction level Q where it fits, M and L for longer texts.
///
/// # Errors
/// `input_too_large` where no code holds the text.
pub fn modules(text: &str) -> Result<Modules, Failure> {
    let code = draw(text)?;
    let side = u8::try_from(code.size)
        .map_err(|_| Code::InputTooLarge.because("no QR code is as wide as that"))?;
    let modules = code.data.iter().take(code.size * code.size);
    Ok(Modules {
        side,
        dark: modules.map(|module| module.value()).collect(),
    })
}

/// The code as an SVG image with a quiet zone.
///
/// # Errors
/// `input_too_large` where no code holds the text.
pub fn svg(text: &str) -> Result<String, Failure> {
    Ok(SvgBuilder::default()
        .margin(usize::from(QUIET_ZONE))
        .to_str(&draw(text)?))
}

/// The code in half-block characters, two modules to a character, dark on light.
///
/// # Errors
/// `input_too_large` where no code holds the text.
pub fn terminal(text: &str) -> Result<String, Failure> {
    let code = modules(text)?;
    let dark = |x: u8, y: u8| match (x.checked_sub(TERMINAL_ZONE), y.checked_sub(TERMINAL_ZONE)) {
        (Some(x), Some(y)) => code.is_dark(x, y),
        (None, _) | (_, None) => false,
    };
    let side = code.side() + 2 * TERMINAL_ZONE;
    let mut lines = String::new();
    for y in (0..side).step_by(2) {
        for x in 0..side {
            lines.push(match (dark(x, y), dark(x, y + 1)) {
                (false, false) => '█',
                (false, true) => '▀',
                (true, false) => '▄',
                (true, true) => ' ',
            });
        }
        lines.push('\n');
    }
    Ok(lines)
}

/// Level Q where it fits, M and L for longer texts.
fn draw(text: &str) -> Result<QRCode, Failure> {
    let levels = [ECL::Q, ECL::M, ECL::L];
    let mut drawn = levels
        .iter()
        .filter_map(|level| QRBuilder::new(text).ecl(*level).build().ok());
    drawn
        .next()
        .ok_or_else(|| Code::InputTooLarge.because("no QR code holds the text"))
}

/// How many light modules stand around a code.
pub const QUIET_ZONE: u8 = 4;
const TERMINAL_ZONE: u8 = 2;
