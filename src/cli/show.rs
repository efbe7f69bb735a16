//! What the command line prints: answers to standard output, everything else to standard error.
//!
//! Refuses to pass on what a terminal would obey: control and bidirectional-override characters are replaced.

use crate::failure::{Code, Failure};
use serde_json::Value;
use std::io::{ErrorKind, Write, stderr, stdout};

/// A line of the answer.
///
/// # Errors
/// `input_output`; a reader that has gone away, such as `head`, wants no more, which is no failure.
pub(super) fn line(text: &str) -> Result<(), Failure> {
    print(&harmless(text))
}

/// Lines that are drawn, not written, such as a QR code.
///
/// # Errors
/// `input_output`.
pub(super) fn drawing(text: &str) -> Result<(), Failure> {
    print(text)
}

/// The answer as JSON, with what a terminal would obey written as escapes.
///
/// # Errors
/// `input_output`.
pub(super) fn json(value: &Value) -> Result<(), Failure> {
    print(&escaped(&format!("{value:#}")))
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Code::InputOutput.caused_by("standard output cannot be written", error))
        }
        _ => Ok(()),
    }
}

/// A line for whoever runs the command, beside the answer.
pub(super) fn note(text: &str) {
    let _ = writeln!(stderr(), "{}", harmless(text));
}

/// Why a command failed, with its causes.
pub(super) fn failure(failure: &Failure) {
    note(&format!("lintas: {failure}"));
    for cause in failure.causes() {
        note(&format!("  because: {cause}"));
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

/// JSON `text` that means the same; outside strings there is nothing active but line ends.
pub(super) fn escaped(text: &str) -> String {
    let harmful = |letter: char| letter != '\n' && is_active(letter);
    if !text.contains(harmful) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if harmful(letter) {
            out.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            out.push(letter);
        }
    }
    out
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
        let value = Value::from("a\u{202e}b\u{9b}c\u{7f}d\n");
        let shown = escaped(&format!("{value:#}"));
        assert_eq!(shown, r#""a\u202eb\u009bc\u007fd\n""#);
        assert_eq!(serde_json::from_str::<Value>(&shown).ok(), Some(value));
    }
}
