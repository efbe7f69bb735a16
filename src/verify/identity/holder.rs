//! Who stands at the gate, by the documents they show: what a certificate is compared with.
//!
//! Refuses a holder without a name, texts over their ceiling, and dates and zones that cannot be read. Errors name the member,
//! never its value; `Debug` prints nothing of it.

use super::birth::{Birth, Dates};
use super::name::Name;
use super::zone;
use crate::failure::{Code, Failure};
use crate::model::PartialDate;
use std::fmt;

/// A name as a caller gives it.
#[derive(Clone, Copy)]
pub enum Named<'a> {
    /// One text: `Given Family`, `FAMILY/GIVEN` or `Family, Given`.
    Whole(&'a str),
    /// In parts; either may be empty.
    Parts {
        /// The family name.
        family: &'a str,
        /// The given names.
        given: &'a str,
    },
}

/// Whom a certificate should be about.
#[derive(Clone)]
pub struct Holder {
    /// The names of their documents; `None` for one in letters that have no transliteration.
    pub(super) names: Vec<Option<Shown>>,
    births: Vec<Birth>,
}

/// A name as a document shows it.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) name: Name,
    /// By a less likely reading, where the document may be read in two ways.
    pub(super) otherwise: Option<Name>,
}

impl Holder {
    /// The holder with the typed `name` and `birth_date` and the machine-readable zone `mrz`. At least a name or a zone; of both
    /// the weaker agreement counts.
    ///
    /// Each text of `name` is at most 800 bytes, both parts together of at most 32 words. `birth_date` is `YYYY-MM-DD`, `YYYY-MM`,
    /// `YYYY` or empty. `mrz` is all lines of a TD1, TD2 or TD3 document or visa, whose check digits all have to be right; or a first
    /// line or a name field alone, with its fillers at the end or without. With all lines it brings its own birth date.
    ///
    /// # Errors
    /// `request_invalid` about `holder`, `holder.name`, `holder.birth_date` or `holder.mrz`.
    pub fn read(
        name: Option<Named<'_>>,
        birth_date: Option<&str>,
        mrz: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut names = Vec::new();
        let mut births = Vec::new();
        if let Some(name) = name {
            let name = read_name(name).map_err(|why| invalid("holder.name", why))?;
            names.push(name.map(|name| Shown {
                name,
                otherwise: None,
            }));
        }
        if let Some(text) = birth_date {
            let why = "is not YYYY-MM-DD, YYYY-MM, YYYY or empty";
            births.push(Birth::parse(text).ok_or_else(|| invalid("holder.birth_date", why))?);
        }
        if let Some(text) = mrz {
            let zone = zone::read(text).map_err(|why| invalid("holder.mrz", why))?;
            names.push(Some(Shown {
                name: zone.name,
                otherwise: zone.otherwise,
            }));
            births.extend(zone.birth);
        }
        if names.is_empty() {
            return Err(invalid("holder", "has neither a name nor a zone"));
        }
        Ok(Self { names, births })
    }

    /// How far the birth dates of their documents agree with `date`, the weakest of them.
    pub(super) fn born(&self, date: PartialDate) -> Dates {
        let births = self.births.iter().map(|birth| birth.agrees(date));
        births.max().unwrap_or(Dates::Partial)
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl fmt::Debug for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

fn read_name(named: Named<'_>) -> Result<Option<Name>, &'static str> {
    let (texts, name) = match named {
        Named::Whole(text) if text.len() <= MAX_NAME => ([text, ""], Name::of_text(text)),
        Named::Parts { family, given } if family.len().max(given.len()) <= MAX_NAME => {
            ([family, given], Name::of_parts(family, given))
        }
        Named::Whole(_) | Named::Parts { .. } => return Err("is over the ceiling of a name"),
    };
    let letters = texts.iter().any(|text| text.contains(char::is_alphabetic));
    match name.as_ref().map(Name::len) {
        None if letters => Ok(None),
        None | Some(0) => Err("has no letters"),
        Some(1..=MAX_WORDS) => Ok(name),
        Some(_) => Err("has more words than a name may have"),
    }
}

pub(super) fn invalid(member: &str, why: &str) -> Failure {
    let reason = format!("member `{member}` {why}");
    Code::RequestInvalid.because(reason).about(member)
}

/// The most bytes of a text with a name: what certificates may hold, in any script.
pub(super) const MAX_NAME: usize = 800;
/// The most words of a name.
pub(super) const MAX_WORDS: usize = 32;
