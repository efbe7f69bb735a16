//! The QR code of a credential's text.
//!
//! Refuses text that no code holds. Source: ISO/IEC 18004; hcert-spec 4 recommends error correction level Q.

use crate::failure::{Code, Failure};
use fast_qr::convert::Builder;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::{ECL, QRBuilder, QRCode};

/// The code as an SVG image with a quiet zone.
///
/// # Errors
/// `input_too_large` where no code holds the text.
pub fn svg(text: &str) -> Result<String, Failure> {
    Ok(SvgBuilder::default()
        .margin(QUIET_ZONE)
        .to_str(&draw(text)?))
}

/// The code in half-block characters, two modules to a character, dark on light.
///
/// # Errors
/// `input_too_large` where no code holds the text.
pub fn terminal(text: &str) -> Result<String, Failure> {
    let code = draw(text)?;
    let dark = |x: usize, y: usize| {
        let (Some(x), Some(y)) = (x.checked_sub(TERMINAL_ZONE), y.checked_sub(TERMINAL_ZONE))
        else {
            return false;
        };
        x < code.size
            && y < code.size
            && code
                .data
                .get(y * code.size + x)
                .is_some_and(|it| it.value())
    };
    let side = code.size + 2 * TERMINAL_ZONE;
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

const QUIET_ZONE: usize = 4;
const TERMINAL_ZONE: usize = 2;
