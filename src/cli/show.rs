//! What the command line prints: answers to standard output, everything else to standard error.
//!
//! Refuses to pass on what a terminal would obey: control and bidirectional-override characters are replaced.

use crate::failure::Failure;
use serde_json::Value;
use std::io::{Write, stderr, stdout};

/// A line of the answer.
pub(super) fn line(text: &str) {
    // A reader that has gone away, such as `head`, wants no more; that is no failure.
    let _ = writeln!(stdout(), "{}", harmless(text));
}

/// Lines that are drawn, not written, such as a QR code.
pub(super) fn drawing(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}

/// The answer as JSON; its writer escapes control characters.
pub(super) fn json(value: &Value) {
    let _ = writeln!(stdout(), "{value:#}");
}

/// A line for whoever runs the command, beside the answer.
pub(super) fn note(text: &str) {
    let _ = writeln!(stderr(), "{}", harmless(text));
}

/// Why a command failed, with its causes.
pub(super) fn failure(failure: &Failure) {
    note(&format!("lintas: {failure}"));
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        note(&format!("  because: {cause}"));
        source = cause.source();
    }
}

/// `text` with everything replaced that could move a cursor, hide text or turn its direction.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if is_active(letter) {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}

fn is_active(letter: char) -> bool {
    let bidirectional = matches!(
        letter,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    letter.is_control() || bidirectional
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_told_what_to_do() {
        assert_eq!(
            harmless("Siti\u{1b}[2J\u{202e}x\ny"),
            "Siti\u{fffd}[2J\u{fffd}x\u{fffd}y"
        );
        assert_eq!(harmless("Ångström — ünï"), "Ångström — ünï");
    }
}
