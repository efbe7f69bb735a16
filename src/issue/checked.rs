//! The last look at a finished certificate: every field, against its schema and the value sets.
//!
//! Refuses what a stranger's verifier may not know: a code that the table of products does not hold, texts without an end,
//! identifiers whose check character is wrong. The detail names the field.
//!
//! Source: EU DCC schema 1.3.3 (`DCC.combined-schema.json`); WHO DDCC core data set RC2; the table of products for codes.

use super::certify::{self, WhoVaccine};
use super::products::{ICD11, LOINC, Products, TestKind, Vaccine};
use super::profile::IMMUNOASSAY;
use super::uvci::check_character;
use crate::credential::{eu_dcc, who_ddcc};
use crate::failure::{Code, Failure};
use crate::model::{
    Coding, Country, Entry, HealthCertificate, PersonName, Recovery, Test, Uvci, Vaccination,
    WhoTest, WhoVaccination,
};

/// Whether `certificate` is what its form and the table `products` allow.
///
/// # Errors
/// `read_back_failed`, about the field.
pub fn checked(certificate: &HealthCertificate, products: &Products) -> Result<(), Failure> {
    uvci(certificate.entry.uvci())?;
    let (version, named) = match &certificate.entry {
        Entry::Vaccination(it) => (eu_dcc::VERSION, vaccination(it, products)),
        Entry::Test(it) => (eu_dcc::VERSION, test(it, products)),
        Entry::Recovery(it) => (eu_dcc::VERSION, recovery(it)),
        Entry::WhoVaccination(it) => (who_ddcc::VERSION, who_vaccination(it, products)),
        Entry::WhoTest(it) => (who_ddcc::VERSION, who_test(it, products)),
    };
    named?;
    holds("schema_version", certificate.schema_version == version)?;
    let name = &certificate.person.name;
    if version == eu_dcc::VERSION {
        eu_name(name)
    } else {
        let whole = name.full.as_deref();
        let apart = [
            &name.family,
            &name.given,
            &name.family_icao,
            &name.given_icao,
        ];
        let whole = whole.is_some_and(|name| within(name, MAX_WHOLE));
        holds("name", whole && apart.into_iter().all(Option::is_none))
    }
}

fn eu_name(name: &PersonName) -> Result<(), Failure> {
    let written = |part: Option<&str>| part.is_none_or(|part| within(part, MAX_TEXT));
    let icao = |part: Option<&str>| {
        let letters = |part: &str| part.bytes().all(|it| it.is_ascii_uppercase() || it == b'<');
        part.is_none_or(|part| within(part, MAX_TEXT) && letters(part))
    };
    holds(
        "family_name",
        written(name.family.as_deref()) && icao(name.family_icao.as_deref()),
    )?;
    holds(
        "given_name",
        written(name.given.as_deref()) && icao(name.given_icao.as_deref()),
    )?;
    let any = name.family_icao.is_some() || name.given_icao.is_some();
    holds("family_name", any && name.full.is_none())
}

fn vaccination(it: &Vaccination, products: &Products) -> Result<(), Failure> {
    holds("disease", it.disease.0 == certify::EU_COVID_19)?;
    let codes = |vaccine: &&Vaccine| {
        vaccine.eu.as_ref().is_some_and(|codes| {
            (
                codes.product.as_str(),
                codes.holder.as_str(),
                codes.prophylaxis.as_str(),
            ) == (
                it.product.0.as_str(),
                it.manufacturer.0.as_str(),
                it.vaccine.0.as_str(),
            )
        })
    };
    let vaccine = products.vaccines.values().find(codes);
    doses(vaccine, it.dose, Some(it.doses))?;
    eu_place(&it.country, &it.issuer)
}

fn test(it: &Test, products: &Products) -> Result<(), Failure> {
    holds("disease", it.disease.0 == certify::EU_COVID_19)?;
    let known = |kind: &TestKind| {
        let device = it.device.as_ref().map(|device| device.0.as_str());
        kind.loinc == it.test_type.0 && kind.device.as_deref() == device
    };
    holds("test", products.tests.values().any(known))?;
    let rapid = it.test_type.0 == IMMUNOASSAY;
    holds("device", rapid == it.device.is_some())?;
    let name = it.name.as_deref();
    holds("name", name.is_none_or(|name| within(name, MAX_TEXT)))?;
    let results = [certify::EU_DETECTED, certify::EU_NOT_DETECTED];
    holds("result", results.contains(&it.result.0.as_str()))?;
    let centre = it.centre.as_deref();
    holds(
        "centre",
        centre.is_none_or(|centre| within(centre, MAX_TEXT)),
    )?;
    eu_place(&it.country, &it.issuer)
}

fn recovery(it: &Recovery) -> Result<(), Failure> {
    holds("disease", it.disease.0 == certify::EU_COVID_19)?;
    holds("valid_from", it.first_positive <= it.valid_from)?;
    holds("valid_until", it.valid_from < it.valid_until)?;
    eu_place(&it.country, &it.issuer)
}

fn who_vaccination(it: &WhoVaccination, products: &Products) -> Result<(), Failure> {
    let disease = Coding::of(certify::COVID_19, ICD11);
    holds("disease", it.disease.as_ref() == Some(&disease))?;
    let named = WhoVaccine {
        class: it.vaccine.clone(),
        brand: it.brand.clone().ok_or_else(|| failed("product"))?,
        manufacturer: it.manufacturer.clone(),
        holder: it.holder.clone(),
    };
    let mut vaccines = products.vaccines.values();
    let vaccine = vaccines.find(|vaccine| WhoVaccine::of(vaccine) == named);
    doses(vaccine, it.dose, it.doses)?;
    let lot = it.lot.as_deref();
    holds("lot", lot.is_some_and(|lot| within(lot, MAX_LOT)))?;
    holds("date", it.date.is_some())?;
    who_place(
        it.country.as_ref(),
        it.centre.as_deref(),
        it.issuer.as_deref(),
    )
}

fn who_test(it: &WhoTest, products: &Products) -> Result<(), Failure> {
    holds(
        "disease",
        it.pathogen == Coding::of(certify::SARS_COV_2, ICD11),
    )?;
    let known = |kind: &TestKind| {
        it.test_type == Coding::of(&kind.loinc, LOINC)
            && it.brand.as_ref() == Some(&certify::device(kind))
    };
    holds("test", products.tests.values().any(known))?;
    let results = [certify::DETECTED, certify::NOT_DETECTED];
    let mut results = results
        .into_iter()
        .map(|code| Some(Coding::of(code, ICD11)));
    holds("result", results.any(|result| result == it.result))?;
    who_place(
        it.country.as_ref(),
        it.centre.as_deref(),
        it.issuer.as_deref(),
    )
}

/// Whether `vaccine` is known, and its schedule has such a dose.
fn doses(vaccine: Option<&Vaccine>, dose: u32, doses: Option<u32>) -> Result<(), Failure> {
    let vaccine = vaccine.ok_or_else(|| failed("product"))?;
    let given = 1..=vaccine.primary_doses.saturating_add(vaccine.boosters);
    let mut counted = given.filter_map(|given| vaccine.check_dose(given).ok());
    holds(
        "dose",
        counted.any(|counted| (counted.0, Some(counted.1)) == (dose, doses)),
    )
}

fn eu_place(country: &str, issuer: &str) -> Result<(), Failure> {
    let two_letters = Country::parse(country).is_some_and(|it| it.as_str() == country);
    holds("country", two_letters)?;
    holds("issuer", within(issuer, MAX_TEXT))
}

fn who_place(
    country: Option<&Coding>,
    centre: Option<&str>,
    issuer: Option<&str>,
) -> Result<(), Failure> {
    let named = country.and_then(|country| Country::parse(country.as_str()));
    let named = named.map(certify::country);
    holds("country", named.is_some() && named.as_ref() == country)?;
    holds(
        "centre",
        centre.is_none_or(|centre| within(centre, MAX_TEXT)),
    )?;
    holds(
        "issuer",
        issuer.is_some_and(|issuer| within(issuer, MAX_TEXT)),
    )
}

/// `URN:UVCI:01:<country>:<opaque>#<check>`.
fn uvci(uvci: &Uvci) -> Result<(), Failure> {
    let (stated, check) = uvci
        .as_str()
        .rsplit_once('#')
        .ok_or_else(|| failed("uvci"))?;
    let parts = stated
        .strip_prefix("URN:UVCI:01:")
        .and_then(|it| it.split_once(':'));
    let named = parts.is_some_and(|(country, opaque)| {
        Country::parse(country).is_some_and(|it| it.as_str() == country) && !opaque.is_empty()
    });
    let checks = check_character(stated).is_some_and(|right| check.chars().eq([right]));
    holds("uvci", named && checks)
}

fn within(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count())
}

fn holds(field: &str, holds: bool) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(failed(field)) }
}

fn failed(field: &str) -> Failure {
    let reason = format!("{field} is not as its form and the table of products have it");
    Code::ReadBackFailed.because(reason).about(field)
}

const MAX_TEXT: usize = 80;
/// Two parts and what is between them.
const MAX_WHOLE: usize = 161;
const MAX_LOT: usize = 20;
