//! What a certificate states, in words that its holder and an officer abroad read.
//!
//! Refuses to guess: a code that it has no words for is shown as the code.
//!
//! Source: EU value sets 2.12.0 (disease agents, test types, test results); ISO 3166-1 for the one country named in words.

use super::font::Fonts;
use super::sheet::Sheet;
use super::words::{self, Words};
use crate::issue::event::Profile;
use crate::model::{Entry, Person, UnixTime};
use crate::verify::Locale;

/// One thing that a certificate states.
pub(super) struct Fact {
    /// What it is called.
    pub(super) label: Words,
    /// What it is; both languages where they differ.
    pub(super) value: String,
    /// Whether it needs the whole width.
    pub(super) wide: bool,
    /// Whether it is in passport form, where lines end after a filler.
    pub(super) filled: bool,
}

impl Fact {
    fn wide(label: Words, value: String) -> Self {
        Self {
            label,
            value,
            wide: true,
            filled: false,
        }
    }

    fn short(label: Words, value: String) -> Self {
        Self {
            wide: false,
            ..Self::wide(label, value)
        }
    }
}

/// What the certificate is called.
pub(super) fn title(entry: &Entry) -> Words {
    match entry {
        Entry::Vaccination(_) => words::VACCINATION,
        Entry::Test(_) => words::TEST,
        Entry::Recovery(_) => words::RECOVERY,
    }
}

/// The disease and the form of the certificate.
pub(super) fn subtitle(sheet: &Sheet, fonts: &Fonts) -> String {
    format!("{} · {}", disease(sheet, fonts), form(sheet.profile))
}

/// The name that stands largest, and whether it is in passport form: as written, where it can be written.
pub(super) fn name(person: &Person, fonts: &Fonts) -> (String, bool) {
    if let Some(name) = written_name(person, fonts) {
        return (name, false);
    }
    let name = passport_name(person, fonts);
    (name.unwrap_or_else(|| UNKNOWN.to_owned()), true)
}

/// The birth date as far as it is known, in both languages where words are needed.
pub(super) fn birth_date(person: &Person) -> String {
    let date = person.birth_date.to_string();
    match date.len() {
        0 => words::NOT_KNOWN.both(),
        4 => format!("{date} ({})", words::DAY_AND_MONTH_NOT_KNOWN.both()),
        7 => format!("{date} ({})", words::DAY_NOT_KNOWN.both()),
        _ => date,
    }
}

/// What happened, in one line.
pub(super) fn summary(sheet: &Sheet, fonts: &Fonts) -> String {
    match &sheet.certificate.entry {
        Entry::Vaccination(it) => {
            let dose = Words {
                id: "Dosis",
                en: "Dose",
            };
            let count = count(it.dose, it.doses).0;
            format!("{} {count} · {}", dose.both(), it.date)
        }
        Entry::Test(it) => format!("{} · {}", result(&it.result.0, fonts), it.sampled_at.date()),
        Entry::Recovery(it) => format!("{} – {}", it.valid_from, it.valid_until),
    }
}

/// Everything the certificate states, in the order of the sheet.
pub(super) fn all(sheet: &Sheet, fonts: &Fonts) -> Vec<Fact> {
    let person = &sheet.certificate.person;
    let mut facts = Vec::new();
    match written_name(person, fonts) {
        Some(name) => facts.push(Fact::wide(words::NAME, name)),
        None => facts.push(Fact::wide(words::NAME, words::NAME_IN_CODE.both())),
    }
    if let Some(name) = passport_name(person, fonts) {
        facts.push(Fact {
            filled: true,
            ..Fact::wide(words::PASSPORT_NAME, name)
        });
    }
    facts.push(Fact::wide(words::BIRTH_DATE, birth_date(person)));
    happened(sheet, fonts, &mut facts);
    let entry = &sheet.certificate.entry;
    facts.push(Fact::short(words::COUNTRY, country(entry.country(), fonts)));
    let form = match sheet.profile {
        Profile::EuDcc => "EU DCC",
        Profile::WhoDdcc => "WHO DDCC",
    };
    facts.push(Fact::short(words::FORM, form.to_owned()));
    facts.push(Fact::wide(words::ISSUER, shown(sheet.issuer, fonts)));
    facts.push(Fact::wide(
        words::CERTIFICATE,
        shown(entry.uvci().as_str(), fonts),
    ));
    facts.push(Fact::short(words::ISSUED, instant(sheet.issued_at)));
    facts.push(Fact::short(words::VALID_UNTIL, instant(sheet.expires_at)));
    facts
}

fn happened(sheet: &Sheet, fonts: &Fonts, facts: &mut Vec<Fact>) {
    let disease = Fact::short(words::DISEASE, disease(sheet, fonts));
    match &sheet.certificate.entry {
        Entry::Vaccination(it) => {
            let product = sheet.product.unwrap_or(&it.product.0);
            facts.push(disease);
            facts.push(Fact::short(words::PRODUCT, shown(product, fonts)));
            let (id, en) = count(it.dose, it.doses);
            let count = if id == en { id } else { format!("{id} / {en}") };
            facts.push(Fact::short(words::DOSE, count));
            facts.push(Fact::short(words::DOSE_DATE, it.date.to_string()));
        }
        Entry::Test(it) => {
            facts.push(Fact {
                wide: true,
                ..disease
            });
            facts.push(Fact::wide(words::RESULT, result(&it.result.0, fonts)));
            let kind = match it.test_type.0.as_str() {
                "LP6464-4" => words::NUCLEIC_ACID.both(),
                "LP217198-3" => words::RAPID.both(),
                other => shown(other, fonts),
            };
            facts.push(Fact::wide(words::TEST_TYPE, kind));
            let named = it.name.as_deref().or(sheet.product);
            let named = named.or(it.device.as_ref().map(|device| device.0.as_str()));
            if let Some(named) = named {
                facts.push(Fact::wide(words::TEST_NAME, shown(named, fonts)));
            }
            facts.push(Fact::wide(words::SAMPLED, instant(it.sampled_at)));
            if let Some(centre) = &it.centre {
                facts.push(Fact::wide(words::CENTRE, shown(centre, fonts)));
            }
        }
        Entry::Recovery(it) => {
            facts.push(disease);
            let first = it.first_positive.to_string();
            facts.push(Fact::short(words::FIRST_POSITIVE, first));
            facts.push(Fact::short(words::STATED_FROM, it.valid_from.to_string()));
            facts.push(Fact::short(words::STATED_UNTIL, it.valid_until.to_string()));
        }
    }
}

/// Given names before the family name, as in speech; one of them where there is but one.
fn written_name(person: &Person, fonts: &Fonts) -> Option<String> {
    let parts = [&person.name.given, &person.name.family];
    let parts: Vec<&str> = parts.into_iter().flatten().map(|part| &**part).collect();
    fonts.writable(&parts.join(" "))
}

/// Family name, two fillers, given names: as in the machine-readable zone of a passport.
fn passport_name(person: &Person, fonts: &Fonts) -> Option<String> {
    let parts = [&person.name.family_icao, &person.name.given_icao];
    let parts: Vec<&str> = parts.into_iter().flatten().map(|part| &**part).collect();
    fonts.writable(&parts.join("<<"))
}

fn disease(sheet: &Sheet, fonts: &Fonts) -> String {
    let disease = match &sheet.certificate.entry {
        Entry::Vaccination(it) => &it.disease,
        Entry::Test(it) => &it.disease,
        Entry::Recovery(it) => &it.disease,
    };
    match disease.0.as_str() {
        "840539006" | "RA01" | "RA01.0" => "COVID-19".to_owned(),
        other => shown(other, fonts),
    }
}

fn form(profile: Profile) -> &'static str {
    match profile {
        Profile::EuDcc => "EU Digital COVID Certificate",
        Profile::WhoDdcc => "WHO Digital Documentation of COVID-19 Certificates",
    }
}

/// Which dose of how many; the number alone where it is not known how many there are.
fn count(dose: u32, doses: u32) -> (String, String) {
    match doses {
        0 => (dose.to_string(), dose.to_string()),
        _ => (format!("{dose} dari {doses}"), format!("{dose} of {doses}")),
    }
}

fn result(code: &str, fonts: &Fonts) -> String {
    match code {
        "260415000" => words::NOT_DETECTED.both(),
        "260373001" => words::DETECTED.both(),
        other => shown(other, fonts),
    }
}

fn country(code: &str, fonts: &Fonts) -> String {
    match code {
        "ID" | "IDN" => "Indonesia (ID)".to_owned(),
        other => shown(other, fonts),
    }
}

/// The second it is, in UTC.
fn instant(at: UnixTime) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    let time = time.get(..5).unwrap_or_default();
    format!("{day} {time} UTC")
}

/// A text of the certificate as it can be shown.
fn shown(text: &str, fonts: &Fonts) -> String {
    fonts.writable(text).unwrap_or_else(|| UNKNOWN.to_owned())
}

/// Which language most of a value is in.
pub(super) const VALUES: Locale = Locale::Id;
const UNKNOWN: &str = "–";
