//! Where a command takes its credential from: the argument itself, a file, or standard input.
//!
//! Refuses nothing: what is no credential is for the verdict to say. Reads no further than just past the ceiling.

use crate::failure::{Code, Failure};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The text that `argument` stands for: `-` or nothing is standard input, an existing file is read, anything that
/// starts like a credential (`HC1:`) is taken as it is.
///
/// # Errors
/// `input_output`.
pub(super) fn text(argument: Option<&str>) -> Result<String, Failure> {
    match argument {
        None | Some("-") => file(Path::new("-")),
        Some(argument) if Path::new(argument).exists() => file(Path::new(argument)),
        Some(argument) if starts_like_a_credential(argument) => Ok(argument.to_owned()),
        Some(_) => Err(Code::InputOutput
            .because("the argument is no file, and does not start like a credential")),
    }
}

/// The text in the file at `path`, or on standard input for `-`.
///
/// # Errors
/// `input_output`.
pub(super) fn file(path: &Path) -> Result<String, Failure> {
    let mut text = whole(path)?;
    // Every tool that writes a line ends it; that is no oddity of the credential.
    let length = line(&text).len();
    text.truncate(length);
    Ok(text)
}

/// The same in every way in which it may have been sent: without the end of its line, with all of it, with a part of it.
///
/// # Errors
/// `input_output`.
pub(super) fn spellings(path: &Path) -> Result<Vec<String>, Failure> {
    let text = whole(path)?;
    let part = text.strip_suffix('\n').unwrap_or(&text);
    let mut spellings = vec![line(&text).to_owned(), part.to_owned(), text];
    spellings.dedup();
    Ok(spellings)
}

/// `text` without the end of its last line.
fn line(text: &str) -> &str {
    text.strip_suffix('\n')
        .map_or(text, |text| text.strip_suffix('\r').unwrap_or(text))
}

fn whole(path: &Path) -> Result<String, Failure> {
    let name = path.display().to_string();
    if name == "-" {
        return bounded(std::io::stdin().lock(), "standard input");
    }
    bounded(
        File::open(path).map_err(|error| failed(&name, error))?,
        &name,
    )
}

/// Two to four characters and a colon, as the prefixes of credential formats, after white space.
fn starts_like_a_credential(argument: &str) -> bool {
    argument
        .trim_start()
        .find(':')
        .is_some_and(|position| (2..=4).contains(&position))
}

/// Bytes that are no UTF-8 are replaced, and input past the ceiling is marked, which no format takes for its own.
fn bounded(reader: impl Read, name: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let failed = |error| failed(name, error);
    let length = reader
        .take(CEILING + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    if u64::try_from(length).unwrap_or(u64::MAX) > CEILING {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Ok(text)
}

fn failed(name: &str, error: std::io::Error) -> Failure {
    Code::InputOutput.caused_by(format!("{name} cannot be read"), error)
}

/// Sixteen times the largest text of any format.
const CEILING: u64 = 64 * 1024;
