//! The slips that a facility prints: one claim each, eight to a page, to be cut apart.
//!
//! Refuses to say whom a slip is for: it names the facility and the claim alone. Also more than [`MAX_SLIPS`].
//!
//! Source: RFC 4648 (Base32, the alphabet of claims).

use std::num::NonZeroU16;

use super::column::{self, Column, MM, Place, Style};
use super::font::Weight;
use super::pages::{self, A4, About, Page, Part};
use super::words::{self, Words};
use crate::failure::{Code, Failure};
use crate::issue;
use crate::model::UnixTime;
use crate::verify::Locale;

/// One slip.
pub struct Slip<'s> {
    /// The claim, in groups with a hyphen or space between them.
    pub claim: &'s str,
    /// The facility that hands it out.
    pub facility: &'s str,
    /// When it was made.
    pub made_at: UnixTime,
    /// The last second at which it can be used.
    pub until: UnixTime,
}

/// The slips as a PDF file, eight to a page of A4; `address` is where holders fetch certificates.
///
/// # Errors
/// `request_invalid` without slips, `input_too_large` for more than [`MAX_SLIPS`] and for a claim that no code holds,
/// `internal` where the document cannot be written.
pub fn slips(slips: &[Slip], address: &str) -> Result<Vec<u8>, Failure> {
    let Some(first) = slips.first() else {
        return Err(Code::RequestInvalid.because("there are no slips"));
    };
    if slips.len() > MAX_SLIPS {
        return Err(Code::InputTooLarge.because(format!("at most {MAX_SLIPS} slips in a document")));
    }
    let mut written = Vec::new();
    for eight in slips.chunks(COLUMNS * ROWS) {
        let mut page = Page::new();
        for (slip, (left, top)) in eight.iter().zip(corners()) {
            page.extend(one(slip, address, left, top)?);
        }
        page.extend(cuts());
        written.push(page);
    }
    let about = About {
        title: words::SLIPS,
        made_at: first.made_at,
        id: words::SLIPS.to_owned(),
    };
    pages::write(written, &about)
}

/// The upper left corners of the slips of a page.
fn corners() -> impl Iterator<Item = (f32, f32)> {
    let downwards = std::iter::successors(Some(0.0), |top| Some(top + HIGH)).take(ROWS);
    downwards.flat_map(|top| [(0.0, top), (WIDE, top)])
}

fn one(slip: &Slip, address: &str, left: f32, top: f32) -> Result<Vec<Part>, Failure> {
    let whole = Place {
        left: left + MARGIN,
        top: top + 5.0 * MM,
        width: WIDE - 2.0 * MARGIN,
        height: HIGH - 10.0 * MM,
    };
    let words = Place {
        width: whole.width - CODE - 3.0 * MM,
        height: CODE,
        ..whole
    };
    let mut parts = column::set(words, |column| fetching(column, slip, address))?;
    let below = Place {
        top: whole.top + CODE,
        height: whole.height - CODE,
        ..whole
    };
    parts.push(code(slip.claim, left + WIDE - MARGIN - CODE, whole.top)?);
    parts.extend(column::set(below, |column| claim(column, slip))?);
    Ok(parts)
}

fn fetching(column: &mut Column, slip: &Slip, address: &str) {
    let fonts = column.fonts();
    let shown = |text: &str| fonts.writable(text).unwrap_or_default();
    column.heading(NonZeroU16::MIN, words::SLIP, Style::bold(11.5));
    column.gap(3.0);
    fact(column, words::FETCH_AT, &shown(address), Style::bold(8.0));
    fact(column, words::FACILITY, &shown(slip.facility), PLAIN);
    let (made, until) = (slip.made_at.date(), slip.until.date());
    column.beside([
        &|half| fact(half, words::MADE, &made.to_string(), PLAIN),
        &|half| fact(half, words::UNTIL, &until.to_string(), PLAIN),
    ]);
}

fn fact(column: &mut Column, label: Words, value: &str, style: Style) {
    column.label(label);
    column.paragraph(value, Locale::Id, style);
    column.gap(2.5);
}

fn claim(column: &mut Column, slip: &Slip) {
    let claim = column.fonts().writable(slip.claim).unwrap_or_default();
    let big = Style {
        weight: Weight::Mono,
        ..Style::bold(15.0)
    };
    let lines = column.broken_after('-', &claim, big);
    fact(column, words::CLAIM, &lines, big);
    column.both(words::BEARER, 7.0);
}

fn code(claim: &str, left: f32, top: f32) -> Result<Part, Failure> {
    let modules = issue::modules(claim)?;
    let module = CODE / f32::from(modules.side());
    Ok(Part::Code {
        modules,
        corner: (left, top),
        module,
        says: words::CODE_OF_CLAIM,
    })
}

/// Where to cut.
fn cuts() -> impl Iterator<Item = Part> {
    let cut = |from, to| Part::Rule {
        from,
        to,
        thick: 0.5,
        dash: Some(3.0),
    };
    let across = std::iter::successors(Some(HIGH), |top| Some(top + HIGH)).take(ROWS - 1);
    let across = across.map(move |top| cut((0.0, top), (A4.0, top)));
    across.chain([cut((WIDE, 0.0), (WIDE, A4.1))])
}

/// How many slips a document holds at most.
pub const MAX_SLIPS: usize = 10_000;

const PLAIN: Style = Style::plain(8.0);
const COLUMNS: usize = 2;
const ROWS: usize = 4;
const WIDE: f32 = A4.0 / 2.0;
const HIGH: f32 = A4.1 / 4.0;
const MARGIN: f32 = 6.0 * MM;
/// How wide the code of a claim is, without its quiet zone, which the slip's white leaves it.
const CODE: f32 = 32.0 * MM;
