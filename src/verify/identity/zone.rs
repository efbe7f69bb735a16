//! The name and the birth date in the machine-readable zone of a travel document.
//!
//! Refuses other characters than `A-Z`, `0-9` and `<`, other lengths than those of documents, digits in a name, a name
//! without letters, and a birth date whose check digit is not right. Reads nothing else of it.
//!
//! Source: ICAO Doc 9303 parts 4 (TD3), 5 (TD1) and 6 (TD2), data structure of the zone; part 3, section 4.9 (check digits).

use super::birth::Birth;
use super::name::Name;

/// What a zone says of its holder.
pub(super) struct Zone {
    pub(super) name: Name,
    pub(super) birth: Option<Birth>,
}

/// The zone in `text`: all lines of a TD1, TD2 or TD3 document or a visa, with or without line breaks; the first line of a TD2
/// or TD3 document or a visa; or the name field alone, at most 39 characters.
///
/// # Errors
/// What is wrong with it, without a word of it.
pub(super) fn read(text: &str) -> Result<Zone, &'static str> {
    if text.len() > MAX_TEXT {
        return Err("is over the ceiling of a machine-readable zone");
    }
    let lines = text.split(['\r', '\n']).map(str::trim);
    let zone: String = lines.collect::<String>().to_ascii_uppercase();
    let known = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'<';
    if !zone.bytes().all(known) {
        return Err("holds other characters than A to Z, 0 to 9 and <");
    }
    let at = |start: usize, length: usize| zone.get(start..start + length).unwrap_or_default();
    let (field, birth) = match zone.len() {
        TD3 => (at(5, 39), Some(at(44 + 13, 7))),
        TD1 => (at(60, 30), Some(at(30, 7))),
        TD2 => (at(5, 31), Some(at(36 + 13, 7))),
        TD3_LINE => (at(5, 39), None),
        TD2_LINE => (at(5, 31), None),
        0..=39 => (zone.as_str(), None),
        _ => return Err("has the length of no machine-readable zone"),
    };
    Ok(Zone {
        name: name(field)?,
        birth: birth.map(checked).transpose()?,
    })
}

fn name(field: &str) -> Result<Name, &'static str> {
    if field.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err("has digits in the name");
    }
    let (family, given) = field.split_once("<<").unwrap_or((field, ""));
    let mut name = Name::of_parts(family, given)
        .filter(|name| name.len() > 0)
        .ok_or("has no letters in the name")?;
    name.cut = FIELDS.contains(&field.len()) && !field.ends_with('<');
    Ok(name)
}

/// The birth date in the six characters before its check digit.
fn checked(field: &str) -> Result<Birth, &'static str> {
    let (date, digit) = field.split_at_checked(6).ok_or(WRONG_DIGIT)?;
    let weighed = date.bytes().zip(WEIGHTS).map(|(byte, weight)| {
        let value = if byte.is_ascii_digit() {
            byte - b'0'
        } else {
            0
        };
        u32::from(value) * weight
    });
    let sum: u32 = weighed.sum();
    let unknown = date.bytes().all(|byte| byte == b'<') && digit == "<";
    if !unknown && digit.parse() != Ok(sum % 10) {
        return Err(WRONG_DIGIT);
    }
    Birth::of_zone(date).ok_or("has no birth date where it stands")
}

const WRONG_DIGIT: &str = "has another check digit than its birth date's";
const MAX_TEXT: usize = 120;
const TD3: usize = 88;
const TD1: usize = 90;
const TD2: usize = 72;
const TD3_LINE: usize = 44;
const TD2_LINE: usize = 36;
const FIELDS: [usize; 3] = [39, 31, 30];
const WEIGHTS: [u32; 6] = [7, 3, 1, 7, 3, 1];
