//! The name and the birth date in the machine-readable zone of a travel document.
//!
//! Refuses other characters than `A-Z`, `0-9` and `<`, other lengths than those of documents, digits in a name, a name
//! without letters, and a zone any of whose check digits is not right. Reads nothing else of it.
//!
//! A line or a name field whose fillers at the end were left out is read as one that is not full. Without its fillers a first
//! line can be told from a name field by its document code and state alone; what may be either is read as both.
//!
//! Source: ICAO Doc 9303 parts 4 (TD3), 5 (TD1), 6 (TD2) and 7 (visas), data structure of the zone; part 3, section 4.9 (check
//! digits) and 5 (codes of states).

use super::birth::Birth;
use super::name::Name;
use crate::model::Country;

/// What a zone says of its holder.
pub(super) struct Zone {
    pub(super) name: Name,
    /// The name by the less likely reading of a text that may be a line or a name field.
    pub(super) otherwise: Option<Name>,
    pub(super) birth: Option<Birth>,
}

/// The zone in `text`: all lines of a TD1, TD2 or TD3 document or a visa, with or without line breaks; the first line of a TD2
/// or TD3 document or a visa; or the name field alone, at most 39 characters. Of a line or field alone the fillers at the end may
/// be left out.
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
    let visa = zone.starts_with('V');
    let (field, (digits, birth)) = match zone.len() {
        TD3 if visa => (at(5, 39), (MRV_A_DIGITS, TD3_BIRTH)),
        TD3 => (at(5, 39), (TD3_DIGITS, TD3_BIRTH)),
        TD2 if visa => (at(5, 31), (MRV_B_DIGITS, TD2_BIRTH)),
        TD2 => (at(5, 31), (TD2_DIGITS, TD2_BIRTH)),
        TD1 => (at(60, 30), (TD1_DIGITS, TD1_BIRTH)),
        0..=TD3_LINE => return alone(&zone),
        _ => return Err("has the length of no machine-readable zone"),
    };
    if !digits.iter().all(|digit| digit.fits(&zone)) {
        return Err("has a check digit that is not right");
    }
    let birth = Birth::of_zone(at(birth, 6)).ok_or("has no birth date where it stands")?;
    Ok(Zone {
        name: name(field, FIELDS.contains(&field.len()))?,
        otherwise: None,
        birth: Some(birth),
    })
}

/// A first line or a name field.
fn alone(text: &str) -> Result<Zone, &'static str> {
    let line = || {
        let field = text.get(5..).unwrap_or_default();
        // A passport's line is 44 characters long: at 36 its fillers were left out.
        let whole = match text.len() {
            TD3_LINE => true,
            TD2_LINE => !text.starts_with('P'),
            _ => false,
        };
        name(field, whole)
    };
    let field = || match text.len() {
        0..=MAX_FIELD => name(text, FIELDS.contains(&text.len())),
        _ => Err("has the length of no machine-readable zone"),
    };
    let filled = text.len() == TD2_LINE && text.ends_with('<');
    let (name, otherwise) = match opening(text) {
        _ if text.len() == TD3_LINE => (line()?, None),
        Opening::None => (field()?, None),
        Opening::Short => (line()?, field().ok()),
        Opening::Long if filled || text.len() > MAX_FIELD => (line()?, None),
        Opening::Long => (field()?, line().ok()),
    };
    Ok(Zone {
        name,
        otherwise,
        birth: None,
    })
}

/// What a text begins with, if it is the first line of a document.
enum Opening {
    /// No document code and state: it is no such line.
    None,
    /// A document code of one letter and a filler, and a state.
    Short,
    /// A document code of two letters, and a state: many a name begins so.
    Long,
}

fn opening(text: &str) -> Opening {
    let (Some(code), Some(state)) = (text.get(..2), text.get(2..5)) else {
        return Opening::None;
    };
    let named = text
        .get(5..)
        .is_some_and(|rest| rest.starts_with(|it: char| it.is_ascii_uppercase()));
    let is_state = || OTHER_STATES.contains(&state) || Country::parse(state).is_some();
    if !code.starts_with(DOCUMENTS) || !named || !is_state() {
        return Opening::None;
    }
    match code.ends_with('<') {
        true => Opening::Short,
        false => Opening::Long,
    }
}

/// The name in `field`, which may be cut where it is `whole` and full.
fn name(field: &str, whole: bool) -> Result<Name, &'static str> {
    if field.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err("has digits in the name");
    }
    let (family, given) = field.split_once("<<").unwrap_or((field, ""));
    let mut name = Name::of_parts(family, given)
        .filter(|name| name.len() > 0)
        .ok_or("has no letters in the name")?;
    name.cut = (whole && !field.ends_with('<')).then_some(field.len());
    Ok(name)
}

/// A check digit: where it stands, and over which pieces of the zone, each its place and length, it is counted.
struct Digit {
    at: usize,
    over: &'static [(usize, usize)],
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Of a date or an optional number: a filler where nothing is known.
    Field,
    /// Of a document's number: a filler where the number goes on in the optional data, this place and length, with its digit.
    Number(Option<(usize, usize)>),
    /// Over several fields.
    Composite,
}

impl Digit {
    const fn new(at: usize, over: &'static [(usize, usize)], kind: Kind) -> Self {
        Self { at, over, kind }
    }

    /// Whether the digit in `zone` is what it should be.
    fn fits(&self, zone: &str) -> bool {
        let piece = |(start, length): (usize, usize)| zone.get(start..start + length);
        let counted: Option<String> = self.over.iter().map(|it| piece(*it)).collect();
        let (Some(counted), Some(digit)) = (counted, piece((self.at, 1))) else {
            return false;
        };
        if digit != "<" {
            return digit.parse() == Ok(sum(&counted));
        }
        let empty = counted.bytes().all(|byte| byte == b'<');
        match self.kind {
            Kind::Field | Kind::Number(None) => empty,
            Kind::Number(Some(_)) if empty => true,
            Kind::Number(Some(more)) => {
                let more = piece(more).unwrap_or_default();
                let more = more.split('<').next().unwrap_or_default();
                let digit_of = more.split_at_checked(more.len().saturating_sub(1));
                digit_of.is_some_and(|(more, digit)| {
                    digit.parse() == Ok(sum(&format!("{counted}{more}")))
                })
            }
            Kind::Composite => false,
        }
    }
}

/// The check digit of `text`: the sum of its characters, weighed 7, 3 and 1 in turn, by ten.
fn sum(text: &str) -> u32 {
    let weights = [7, 3, 1].into_iter().cycle();
    let values = text.chars().map(|it| it.to_digit(36).unwrap_or_default());
    values
        .zip(weights)
        .map(|(value, weight)| value * weight)
        .sum::<u32>()
        % 10
}

const MAX_TEXT: usize = 120;
const TD3: usize = 88;
const TD1: usize = 90;
const TD2: usize = 72;
const TD3_LINE: usize = 44;
const TD2_LINE: usize = 36;
const MAX_FIELD: usize = 39;
const FIELDS: [usize; 3] = [39, 31, 30];
/// The first letters of document codes: passports, cards, visas.
const DOCUMENTS: [char; 5] = ['A', 'C', 'I', 'P', 'V'];
/// Codes of Doc 9303 part 3, section 5, that are no ISO country's, and ISO's for no country.
const OTHER_STATES: [&str; 28] = [
    "D<<", "EUE", "GBD", "GBN", "GBO", "GBP", "GBS", "RKS", "UNA", "UNK", "UNO", "UTO", "XBA",
    "XCC", "XCE", "XCO", "XCT", "XEC", "XES", "XIM", "XMP", "XOM", "XPO", "XXA", "XXB", "XXC",
    "XXX", "ZZZ",
];
const TD3_BIRTH: usize = 44 + 13;
const TD2_BIRTH: usize = 36 + 13;
const TD1_BIRTH: usize = 30;
const TD3_DIGITS: &[Digit] = &[
    Digit::new(44 + 9, &[(44, 9)], Kind::Number(None)),
    Digit::new(44 + 19, &[(TD3_BIRTH, 6)], Kind::Field),
    Digit::new(44 + 27, &[(44 + 21, 6)], Kind::Field),
    Digit::new(44 + 42, &[(44 + 28, 14)], Kind::Field),
    Digit::new(
        44 + 43,
        &[(44, 10), (TD3_BIRTH, 7), (44 + 21, 22)],
        Kind::Composite,
    ),
];
const MRV_A_DIGITS: &[Digit] = &[
    Digit::new(44 + 9, &[(44, 9)], Kind::Number(None)),
    Digit::new(44 + 19, &[(TD3_BIRTH, 6)], Kind::Field),
    Digit::new(44 + 27, &[(44 + 21, 6)], Kind::Field),
];
const TD2_DIGITS: &[Digit] = &[
    Digit::new(36 + 9, &[(36, 9)], Kind::Number(Some((36 + 28, 7)))),
    Digit::new(36 + 19, &[(TD2_BIRTH, 6)], Kind::Field),
    Digit::new(36 + 27, &[(36 + 21, 6)], Kind::Field),
    Digit::new(
        36 + 35,
        &[(36, 10), (TD2_BIRTH, 7), (36 + 21, 14)],
        Kind::Composite,
    ),
];
const MRV_B_DIGITS: &[Digit] = &[
    Digit::new(36 + 9, &[(36, 9)], Kind::Number(None)),
    Digit::new(36 + 19, &[(TD2_BIRTH, 6)], Kind::Field),
    Digit::new(36 + 27, &[(36 + 21, 6)], Kind::Field),
];
const TD1_DIGITS: &[Digit] = &[
    Digit::new(14, &[(5, 9)], Kind::Number(Some((15, 15)))),
    Digit::new(30 + 6, &[(TD1_BIRTH, 6)], Kind::Field),
    Digit::new(30 + 14, &[(30 + 8, 6)], Kind::Field),
    Digit::new(
        30 + 29,
        &[(5, 25), (30, 7), (30 + 8, 7), (30 + 18, 11)],
        Kind::Composite,
    ),
];
