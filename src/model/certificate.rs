//! The health certificate: what an authentic credential states about a person.
//!
//! Refuses to be anything but one vaccination, one test or one recovery of one person.
//!
//! Source: EU DCC core data set (Regulation (EU) 2021/953, annex), which the WHO DDCC core data set contains.

use super::{Coding, Date, Person, UnixTime, Uvci, WhoTest, WhoVaccination};
use smol_str::SmolStr;
use std::fmt;

/// What an authentic credential states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCertificate {
    /// The version of the format's schema that the certificate declares, such as `1.3.0`; empty where it declares none.
    pub schema_version: SmolStr,
    /// Whom it is about.
    pub person: Person,
    /// What happened.
    pub entry: Entry,
    /// Its dates as they stand in it, where that is otherwise than they print.
    pub as_written: AsWritten,
}

impl HealthCertificate {
    /// About how many bytes it holds in memory, those of its texts included.
    pub fn weight(&self) -> usize {
        let name = &self.person.name;
        let names = [
            &name.family,
            &name.given,
            &name.family_icao,
            &name.given_icao,
            &name.full,
        ];
        let names = names.into_iter().flatten().chain([&self.schema_version]);
        let dates = self.as_written.0.iter();
        let dates = dates.map(|(_, text)| size_of::<(Dated, SmolStr)>() + held(text));
        let own = size_of::<Self>() + dates.sum::<usize>();
        own + names.map(held).sum::<usize>() + self.entry.weight()
    }
}

/// Which of its dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dated {
    /// The birth date.
    Birth,
    /// The day of the dose.
    Dose,
    /// When the sample was taken.
    Sample,
    /// The day of the first positive result.
    FirstPositive,
    /// The first day on which the statement holds.
    ValidFrom,
    /// The last day on which the statement holds.
    ValidUntil,
}

/// Dates in the letters of their certificate: with a time of day, in another zone, of no calendar. Rules read them so.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AsWritten(Vec<(Dated, SmolStr)>);

impl AsWritten {
    /// Keeps what stands for `date`, 1 to 80 bytes.
    pub fn keep(&mut self, date: Dated, text: &str) {
        self.0.push((date, text.into()));
    }

    /// What is kept.
    pub fn iter(&self) -> impl Iterator<Item = (Dated, &str)> {
        self.0.iter().map(|(date, text)| (*date, text.as_str()))
    }
}

impl fmt::Debug for AsWritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// The bytes that a text holds outside itself, about.
fn held(text: &SmolStr) -> usize {
    if text.is_heap_allocated() {
        text.len() + COUNTED
    } else {
        0
    }
}

/// The one event that a certificate states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A dose was given.
    Vaccination(Vaccination),
    /// A test was made.
    Test(Test),
    /// A person has recovered.
    Recovery(Recovery),
    /// A dose was given, as the WHO's core data set says it. Kept apart, since few are of it and they are large.
    WhoVaccination(Box<WhoVaccination>),
    /// A test was made, as the WHO's core data set says it.
    WhoTest(Box<WhoTest>),
}

impl Entry {
    /// Which kind of entry this is, which its signer must be authorised for.
    pub fn purpose(&self) -> Purpose {
        match self {
            Self::Vaccination(_) | Self::WhoVaccination(_) => Purpose::Vaccination,
            Self::Test(_) | Self::WhoTest(_) => Purpose::Test,
            Self::Recovery(_) => Purpose::Recovery,
        }
    }

    /// About how many bytes its texts and boxes hold.
    fn weight(&self) -> usize {
        let texts: [Option<&SmolStr>; 8] = match self {
            Self::Vaccination(it) => [
                Some(&it.disease.0),
                Some(&it.vaccine.0),
                Some(&it.product.0),
                Some(&it.manufacturer.0),
                Some(&it.country),
                Some(&it.issuer),
                None,
                None,
            ],
            Self::Test(it) => [
                Some(&it.disease.0),
                Some(&it.test_type.0),
                it.name.as_ref(),
                it.device.as_ref().map(|device| &device.0),
                Some(&it.result.0),
                it.centre.as_ref(),
                Some(&it.country),
                Some(&it.issuer),
            ],
            Self::Recovery(it) => [
                Some(&it.disease.0),
                Some(&it.country),
                Some(&it.issuer),
                None,
                None,
                None,
                None,
                None,
            ],
            Self::WhoVaccination(_) | Self::WhoTest(_) => [None; 8],
        };
        let boxed = match self {
            Self::WhoVaccination(it) => size_of_val(&**it) + it.texts().map(held).sum::<usize>(),
            Self::WhoTest(it) => size_of_val(&**it) + it.texts().map(held).sum::<usize>(),
            Self::Vaccination(_) | Self::Test(_) | Self::Recovery(_) => 0,
        };
        let texts = texts.into_iter().flatten().chain([&self.uvci().0]);
        texts.map(held).sum::<usize>() + boxed
    }

    /// The country in which it happened, as written: alpha-2 in the EU's form, alpha-3 in the WHO's.
    pub fn country(&self) -> Option<&str> {
        let coded = match self {
            Self::Vaccination(Vaccination { country, .. })
            | Self::Test(Test { country, .. })
            | Self::Recovery(Recovery { country, .. }) => return Some(country),
            Self::WhoVaccination(it) => &it.country,
            Self::WhoTest(it) => &it.country,
        };
        coded.as_ref().map(Coding::as_str)
    }

    /// The unique identifier of the certificate.
    pub fn uvci(&self) -> &Uvci {
        match self {
            Self::Vaccination(Vaccination { uvci, .. })
            | Self::Test(Test { uvci, .. })
            | Self::Recovery(Recovery { uvci, .. }) => uvci,
            Self::WhoVaccination(it) => &it.uvci,
            Self::WhoTest(it) => &it.uvci,
        }
    }
}

/// What a DSC may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Test certificates (extended key usage ending in `.1`).
    Test,
    /// Vaccination certificates (`.2`).
    Vaccination,
    /// Recovery certificates (`.3`).
    Recovery,
}

impl Purpose {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Vaccination, Self::Test, Self::Recovery];

    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Vaccination => "vaccination",
            Self::Recovery => "recovery",
        }
    }
}

/// A code of a published value set, 1 to 80 characters, such as `EU/1/20/1528`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coded(pub SmolStr);

/// A dose that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vaccination {
    /// The disease, SNOMED CT (`840539006` is COVID-19).
    pub disease: Coded,
    /// The kind of vaccine.
    pub vaccine: Coded,
    /// The product.
    pub product: Coded,
    /// The marketing authorisation holder or manufacturer.
    pub manufacturer: Coded,
    /// Which dose this was, from 1.
    pub dose: u32,
    /// How many doses the series has, from 1; a booster may exceed it.
    pub doses: u32,
    /// The day of the dose.
    pub date: Date,
    /// Where the dose was given, as written; compare nothing with it.
    pub country: SmolStr,
    /// Who vouches for it, as written.
    pub issuer: SmolStr,
    /// The unique identifier.
    pub uvci: Uvci,
}

/// A test that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// The disease.
    pub disease: Coded,
    /// The type of test, LOINC.
    pub test_type: Coded,
    /// The name of a nucleic-acid test.
    pub name: Option<SmolStr>,
    /// The device identifier of a rapid antigen test.
    pub device: Option<Coded>,
    /// When the sample was taken.
    pub sampled_at: UnixTime,
    /// The result, SNOMED CT.
    pub result: Coded,
    /// Where the test was made.
    pub centre: Option<SmolStr>,
    /// The country of the test, as written.
    pub country: SmolStr,
    /// Who vouches for it, as written.
    pub issuer: SmolStr,
    /// The unique identifier.
    pub uvci: Uvci,
}

/// A recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The disease.
    pub disease: Coded,
    /// The day of the first positive result.
    pub first_positive: Date,
    /// The first day on which the statement holds.
    pub valid_from: Date,
    /// The last day on which the statement holds.
    pub valid_until: Date,
    /// The country of the first positive result, as written.
    pub country: SmolStr,
    /// Who vouches for it, as written.
    pub issuer: SmolStr,
    /// The unique identifier.
    pub uvci: Uvci,
}

/// What a text outside itself costs besides its letters: two counts, and what the allocator rounds up and keeps.
const COUNTED: usize = 32;
