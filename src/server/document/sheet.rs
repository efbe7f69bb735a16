//! The sheet a holder prints: a page of A4 that folds to a quarter, and once more to the size of a wallet.
//!
//! Refuses to say more than the certificate and its warnings do: no identity number, no address of the holder.
//!
//! Source: EU guidelines on paper versions of certificates (page and folds); hcert-spec 4.2.2 (a code of 60 mm).

use std::num::NonZeroU16;

use super::column::{self, Column, MM, Place, Style};
use super::facts::{self, Fact, VALUES};
use super::pages::{self, A4, About, Page, Part};
use super::words::{self, Words};
use crate::failure::{Code, Failure};
use crate::issue::event::Profile;
use crate::issue::{self, QUIET_ZONE};
use crate::model::{HealthCertificate, UnixTime};
use crate::verify::{self, Locale};

/// What is on a sheet.
pub struct Sheet<'s> {
    /// What the credential states.
    pub certificate: &'s HealthCertificate,
    /// The QR text.
    pub text: &'s str,
    /// Its form.
    pub profile: Profile,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// The last second of its period.
    pub expires_at: UnixTime,
    /// Who issued it, for people.
    pub issuer: &'s str,
    /// The product or test by its name for people, where it is known.
    pub product: Option<&'s str>,
    /// What its holder must know before travel; the first four are shown.
    pub warnings: &'s [Code],
}

/// The sheet as a PDF file: one page, Indonesian before English, its code as a vector of at least 60 mm, its fonts within.
///
/// # Errors
/// `input_too_large` where no code holds the text; `internal` where the document cannot be written.
pub fn pdf(sheet: &Sheet) -> Result<Vec<u8>, Failure> {
    let mut page = Page::new();
    page.extend(column::set(FRONT, |column| front(column, sheet))?);
    page.push(code(sheet.text)?);
    page.extend(column::set(FACTS, |column| all_facts(column, sheet))?);
    page.extend(column::set(TRAVEL, |column| travel(column, sheet))?);
    page.extend(column::set(CHECKS, checks)?);
    page.extend(folds());
    let about = About {
        title: words::SHEET,
        made_at: sheet.issued_at,
        // 128 random bits, which say nothing of the holder.
        id: sheet.certificate.entry.uvci().as_str().to_owned(),
    };
    pages::write(vec![page], &about)
}

fn front(column: &mut Column, sheet: &Sheet) {
    let fonts = column.fonts();
    let person = &sheet.certificate.person;
    let issuer = fonts.writable(sheet.issuer).unwrap_or_default();
    column.paragraph(&issuer, VALUES, Style::pale(8.0));
    column.gap(3.0);
    column.heading(
        NonZeroU16::MIN,
        facts::title(&sheet.certificate.entry),
        Style::bold(19.0),
    );
    column.gap(1.0);
    let subtitle = facts::subtitle(sheet, fonts);
    column.paragraph(&subtitle, VALUES, Style::plain(9.5));
    column.gap(8.0);
    let (name, filled) = facts::name(person, fonts);
    text(column, &name, filled, Style::bold(15.0));
    column.gap(2.0);
    let birth_date = facts::birth_date(person);
    let birth_date = format!("{}: {birth_date}", words::BIRTH_DATE.both());
    column.paragraph(&birth_date, VALUES, Style::plain(9.5));
    let summary = facts::summary(sheet, fonts);
    column.paragraph(&summary, VALUES, Style::plain(9.5));
}

/// The code in the lower half of the first quarter, with its quiet zone as wide as the folds leave it.
fn code(text: &str) -> Result<Part, Failure> {
    let modules = issue::modules(text)?;
    let side = f32::from(modules.side() + 2 * QUIET_ZONE);
    let module = CODE / side;
    let margin = f32::from(QUIET_ZONE) * module;
    Ok(Part::Code {
        modules,
        corner: (
            (A4.0 / 2.0 - CODE) / 2.0 + margin,
            A4.1 * 0.375 - CODE / 2.0 + margin,
        ),
        module,
        says: words::CODE_OF_CERTIFICATE,
    })
}

fn all_facts(column: &mut Column, sheet: &Sheet) {
    let facts = facts::all(sheet, column.fonts());
    let mut rest = facts.as_slice();
    while let [first, after @ ..] = rest {
        rest = match after {
            [second, after @ ..] if !first.wide && !second.wide => {
                column.beside([&|half| fact(half, first), &|half| fact(half, second)]);
                after
            }
            _ => {
                fact(column, first);
                after
            }
        };
    }
    column.gap(2.0);
    column.both(words::DATES, 6.8);
}

fn fact(column: &mut Column, fact: &Fact) {
    column.label(fact.label);
    text(column, &fact.value, fact.filled, Style::plain(10.0));
    column.gap(FACT_GAP);
}

fn text(column: &mut Column, text: &str, filled: bool, style: Style) {
    match filled {
        true => {
            let broken = column.broken_after('<', text, style);
            column.paragraph(&broken, VALUES, style);
        }
        false => column.paragraph(text, VALUES, style),
    }
}

fn travel(column: &mut Column, sheet: &Sheet) {
    section(column, words::BEFORE_TRAVEL);
    if !sheet.warnings.is_empty() {
        column.barred(|column| {
            for code in sheet.warnings.iter().take(MAX_WARNINGS) {
                warning(column, *code);
            }
        });
        column.gap(7.0);
    }
    column.both(words::RULES_DIFFER, TEXT);
    section(column, words::KEEP);
    column.both(words::WHO_SEES, TEXT);
    section(column, words::FOLD);
    column.both(words::FOLDED, TEXT);
}

fn warning(column: &mut Column, code: Code) {
    for (locale, style) in [
        (Locale::Id, Style::bold(TEXT)),
        (Locale::En, Style::plain(TEXT)),
    ] {
        if let Some(message) = verify::message(code, locale) {
            let text = format!("{} {}", message.sentence, message.remedy);
            column.paragraph(&text, locale, style);
            column.gap(2.0);
        }
    }
}

fn checks(column: &mut Column) {
    for (heading, words) in [
        (words::CONTENTS, words::CONTAINED),
        (words::VERIFY, words::VERIFIED),
        (words::WRONG, words::CORRECTED),
    ] {
        section(column, heading);
        column.both(words, TEXT);
    }
}

fn section(column: &mut Column, heading: Words) {
    column.gap(10.0);
    column.heading(SECTION, heading, Style::bold(12.0));
    column.gap(2.0);
}

/// Where to fold: to a quarter across the page, and the first quarter once more.
fn folds() -> [Part; 4] {
    let fold = |from, to| Part::Rule {
        from,
        to,
        thick: 0.5,
        dash: Some(3.0),
    };
    let (right, bottom) = A4;
    let (middle, half, quarter) = (right / 2.0, bottom / 2.0, bottom / 4.0);
    [
        fold((middle, 0.0), (middle, bottom)),
        fold((0.0, half), (right, half)),
        fold((0.0, quarter), (middle, quarter)),
        fold((right - 5.0 * MM, quarter), (right, quarter)),
    ]
}

const SECTION: NonZeroU16 = NonZeroU16::MIN.saturating_add(1);
/// The code with its quiet zone: at least 60 mm are left to a code of 41 modules and more, which every certificate needs.
const CODE: f32 = 72.0 * MM;

const FACT_GAP: f32 = 4.2;
const MAX_WARNINGS: usize = 4;
const TEXT: f32 = 9.2;
const WIDTH: f32 = 86.0 * MM;
const OUTER: f32 = 10.0 * MM;
const INNER: f32 = 114.0 * MM;
const FRONT: Place = Place {
    left: OUTER,
    top: 9.0 * MM,
    width: WIDTH,
    height: 62.0 * MM,
};
const FACTS: Place = Place {
    left: INNER,
    top: 9.0 * MM,
    width: WIDTH,
    height: 135.0 * MM,
};
const TRAVEL: Place = Place {
    left: OUTER,
    top: 151.0 * MM,
    ..FACTS
};
const CHECKS: Place = Place {
    left: INNER,
    ..TRAVEL
};
