//! What a certificate states, in words that its holder and an officer abroad read.
//!
//! Refuses to guess: a code that it has no words for is shown as the code.
//!
//! Source: EU value sets 2.12.0 (disease agents, test types, test results); ICD-11 for the same in the WHO's form;
//! ISO 3166-1 for the one country named in words.

use super::font::Fonts;
use super::sheet::Sheet;
use super::words::{self, Words};
use crate::issue::event::Profile;
use crate::model::{Coding, Date, Entry, Person, UnixTime};
use crate::verify::Locale;
use smol_str::SmolStr;

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
        Entry::Vaccination(_) | Entry::WhoVaccination(_) => words::VACCINATION,
        Entry::Test(_) | Entry::WhoTest(_) => words::TEST,
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
    match passport_name(person, fonts) {
        Some(name) => (name, true),
        None => (words::NAME_IN_CODE.both(), false),
    }
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
    let dose = |dose: u32, doses: Option<u32>, date: Option<Date>| {
        let (id, _) = count(dose, doses);
        let date = date.map(|date| format!(" · {date}")).unwrap_or_default();
        format!("{} {id}{date}", words::DOSE.both())
    };
    let test =
        |code: Option<&str>, at: UnixTime| format!("{} · {}", result(code, fonts), at.date());
    match &sheet.certificate.entry {
        Entry::Vaccination(it) => dose(it.dose, Some(it.doses), Some(it.date)),
        Entry::WhoVaccination(it) => dose(it.dose, it.doses, it.date),
        Entry::Test(it) => test(Some(&it.result.0), it.sampled_at),
        Entry::WhoTest(it) => test(it.result.as_ref().map(Coding::as_str), it.sampled_at),
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
    let country = country(entry.country().unwrap_or_default(), fonts);
    facts.push(Fact::short(words::COUNTRY, country));
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
    let named = |code: &str| shown(sheet.product.unwrap_or(code), fonts);
    let disease = disease(sheet, fonts);
    match &sheet.certificate.entry {
        Entry::Vaccination(it) => {
            facts.push(Fact::short(words::DISEASE, disease));
            facts.push(Fact::short(words::PRODUCT, named(&it.product.0)));
            dose(it.dose, Some(it.doses), Some(it.date), facts);
        }
        Entry::WhoVaccination(it) => {
            let product = it.brand.as_ref().unwrap_or(&it.vaccine);
            facts.push(Fact::short(words::DISEASE, disease));
            facts.push(Fact::short(words::PRODUCT, named(product.as_str())));
            dose(it.dose, it.doses, it.date, facts);
            if let Some(lot) = &it.lot {
                facts.push(Fact::wide(words::LOT, shown(lot, fonts)));
            }
        }
        Entry::Test(it) => {
            facts.push(Fact::wide(words::DISEASE, disease));
            let result = result(Some(&it.result.0), fonts);
            facts.push(Fact::wide(words::RESULT, result));
            let device = it.device.as_ref().map(|device| &device.0);
            let name = it.name.as_ref().or(device).map(SmolStr::as_str);
            let name = sheet.product.or(name);
            test(&it.test_type.0, name, it.sampled_at, fonts, facts);
            facts.extend(centre(it.centre.as_deref(), fonts));
        }
        Entry::WhoTest(it) => {
            facts.push(Fact::wide(words::DISEASE, disease));
            let result = result(it.result.as_ref().map(Coding::as_str), fonts);
            facts.push(Fact::wide(words::RESULT, result));
            let name = sheet.product;
            let name = name.or_else(|| it.brand.as_ref().map(Coding::as_str));
            test(it.test_type.as_str(), name, it.sampled_at, fonts, facts);
            facts.extend(centre(it.centre.as_deref(), fonts));
        }
        Entry::Recovery(it) => {
            facts.push(Fact::short(words::DISEASE, disease));
            let first = it.first_positive.to_string();
            facts.push(Fact::short(words::FIRST_POSITIVE, first));
            facts.push(Fact::short(words::STATED_FROM, it.valid_from.to_string()));
            facts.push(Fact::short(words::STATED_UNTIL, it.valid_until.to_string()));
        }
    }
}

fn dose(dose: u32, doses: Option<u32>, date: Option<Date>, facts: &mut Vec<Fact>) {
    let (id, en) = count(dose, doses);
    let count = if id == en { id } else { format!("{id} / {en}") };
    facts.push(Fact::short(words::DOSE, count));
    let date = date.map_or_else(|| words::NOT_KNOWN.both(), |date| date.to_string());
    facts.push(Fact::short(words::DOSE_DATE, date));
}

fn test(code: &str, name: Option<&str>, at: UnixTime, fonts: &Fonts, facts: &mut Vec<Fact>) {
    let kind = match code {
        "LP6464-4" => words::NUCLEIC_ACID.both(),
        "LP217198-3" => words::RAPID.both(),
        other => shown(other, fonts),
    };
    facts.push(Fact::wide(words::TEST_TYPE, kind));
    if let Some(name) = name {
        facts.push(Fact::wide(words::TEST_NAME, shown(name, fonts)));
    }
    facts.push(Fact::wide(words::SAMPLED, instant(at)));
}

fn centre(centre: Option<&str>, fonts: &Fonts) -> Option<Fact> {
    centre.map(|centre| Fact::wide(words::CENTRE, shown(centre, fonts)))
}

/// Given names before the family name, as in speech; one of them where there is but one, or the whole name.
fn written_name(person: &Person, fonts: &Fonts) -> Option<String> {
    let name = &person.name;
    let parts = [&name.given, &name.family, &name.full];
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
        Entry::Vaccination(it) => &*it.disease.0,
        Entry::Test(it) => &*it.disease.0,
        Entry::Recovery(it) => &*it.disease.0,
        Entry::WhoVaccination(it) => it.disease.as_ref().map_or("", Coding::as_str),
        Entry::WhoTest(it) => it.pathogen.as_str(),
    };
    match disease {
        "840539006" | "RA01" | "XN109" => "COVID-19".to_owned(),
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
fn count(dose: u32, doses: Option<u32>) -> (String, String) {
    match doses {
        None => (dose.to_string(), dose.to_string()),
        Some(doses) => (format!("{dose} dari {doses}"), format!("{dose} of {doses}")),
    }
}

fn result(code: Option<&str>, fonts: &Fonts) -> String {
    match code {
        Some("260415000" | "QA02") => words::NOT_DETECTED.both(),
        Some("260373001" | "RA01.0") => words::DETECTED.both(),
        other => shown(other.unwrap_or_default(), fonts),
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
