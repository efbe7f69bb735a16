//! What the WHO's core data set says of an event, which is more than the EU's in some places and less in others.
//!
//! Refuses to keep what no verdict needs: identity numbers, sex and names of practitioners have no place here.
//!
//! Source: WHO DDCC core data set, RC2.

use super::{Date, UnixTime, Uvci};
use smol_str::SmolStr;

/// A code, the system it is of, and its words; a code or words at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coding {
    /// The code, 1 to 200 characters.
    pub code: Option<SmolStr>,
    /// The system that the code is of, as written, such as `http://id.who.int/icd11/mms`.
    pub system: Option<SmolStr>,
    /// Its words, 1 to 200 characters.
    pub display: Option<SmolStr>,
}

impl Coding {
    /// The code `code` of `system`.
    pub fn of(code: &str, system: &str) -> Self {
        Self {
            code: Some(code.into()),
            system: Some(system.into()),
            display: None,
        }
    }

    /// Words that no code stands for.
    pub fn words(text: &str) -> Self {
        Self {
            code: None,
            system: None,
            display: Some(text.into()),
        }
    }

    /// The code; the words where there is none.
    pub fn as_str(&self) -> &str {
        let said = self.code.as_deref().or(self.display.as_deref());
        said.unwrap_or_default()
    }

    fn texts(&self) -> impl Iterator<Item = &SmolStr> {
        [&self.code, &self.system, &self.display]
            .into_iter()
            .flatten()
    }
}

/// A dose that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhoVaccination {
    /// The disease.
    pub disease: Option<Coding>,
    /// The kind of vaccine.
    pub vaccine: Coding,
    /// The product.
    pub brand: Option<Coding>,
    /// Who made it.
    pub manufacturer: Option<Coding>,
    /// Who holds the marketing authorisation.
    pub holder: Option<Coding>,
    /// The lot.
    pub lot: Option<SmolStr>,
    /// The day of the dose.
    pub date: Option<Date>,
    /// The first day on which the dose counts.
    pub valid_from: Option<Date>,
    /// Which dose this was, from 1.
    pub dose: u32,
    /// How many doses the series has, from 1.
    pub doses: Option<u32>,
    /// When the next dose is due.
    pub next_dose: Option<Date>,
    /// Where the dose was given, alpha-3 as a rule; compare nothing with it.
    pub country: Option<Coding>,
    /// Where in the country.
    pub centre: Option<SmolStr>,
    /// Who vouches for it, as written.
    pub issuer: Option<SmolStr>,
    /// The identifier of the certificate.
    pub uvci: Uvci,
}

/// A test that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhoTest {
    /// What was looked for.
    pub pathogen: Coding,
    /// The type of test.
    pub test_type: Coding,
    /// The product.
    pub brand: Option<Coding>,
    /// Who made it.
    pub manufacturer: Option<Coding>,
    /// Where on the body the sample was taken.
    pub origin: Option<Coding>,
    /// When the sample was taken.
    pub sampled_at: UnixTime,
    /// The result.
    pub result: Option<Coding>,
    /// Where the test was made.
    pub centre: Option<SmolStr>,
    /// The country of the test, alpha-3 as a rule.
    pub country: Option<Coding>,
    /// Who vouches for it, as written.
    pub issuer: Option<SmolStr>,
    /// The identifier of the certificate.
    pub uvci: Uvci,
}

impl WhoVaccination {
    pub(super) fn texts(&self) -> impl Iterator<Item = &SmolStr> {
        let optional = [
            &self.disease,
            &self.brand,
            &self.manufacturer,
            &self.holder,
            &self.country,
        ];
        let codings = optional.into_iter().flatten().chain([&self.vaccine]);
        let plain = [&self.lot, &self.centre, &self.issuer]
            .into_iter()
            .flatten();
        codings.flat_map(Coding::texts).chain(plain)
    }
}

impl WhoTest {
    pub(super) fn texts(&self) -> impl Iterator<Item = &SmolStr> {
        let optional = [
            &self.brand,
            &self.manufacturer,
            &self.origin,
            &self.result,
            &self.country,
        ];
        let required = [&self.pathogen, &self.test_type];
        let codings = optional.into_iter().flatten().chain(required);
        let plain = [&self.centre, &self.issuer].into_iter().flatten();
        codings.flat_map(Coding::texts).chain(plain)
    }
}
