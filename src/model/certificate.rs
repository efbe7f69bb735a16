//! The health certificate: what an authentic credential states about a person.
//!
//! Refuses to be anything but one vaccination, one test or one recovery of one person.
//!
//! Source: EU DCC core data set (Regulation (EU) 2021/953, annex), which the WHO DDCC core data set contains.

use super::{Date, Person, UnixTime, Uvci};
use smol_str::SmolStr;

/// What an authentic credential states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCertificate {
    /// The version of the format's schema that the certificate declares, such as `1.3.0`.
    pub schema_version: SmolStr,
    /// Whom it is about.
    pub person: Person,
    /// What happened.
    pub entry: Entry,
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
        ];
        let names = names.into_iter().flatten().chain([&self.schema_version]);
        let texts = names.chain(self.entry.texts().into_iter().flatten());
        size_of::<Self>() + texts.map(held).sum::<usize>()
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
}

impl Entry {
    /// Which kind of entry this is, which its signer must be authorised for.
    pub fn purpose(&self) -> Purpose {
        match self {
            Self::Vaccination(_) => Purpose::Vaccination,
            Self::Test(_) => Purpose::Test,
            Self::Recovery(_) => Purpose::Recovery,
        }
    }

    fn texts(&self) -> [Option<&SmolStr>; 9] {
        let uvci = Some(&self.uvci().0);
        match self {
            Self::Vaccination(it) => [
                Some(&it.disease.0),
                Some(&it.vaccine.0),
                Some(&it.product.0),
                Some(&it.manufacturer.0),
                Some(&it.country),
                Some(&it.issuer),
                uvci,
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
                uvci,
            ],
            Self::Recovery(it) => [
                Some(&it.disease.0),
                Some(&it.country),
                Some(&it.issuer),
                uvci,
                None,
                None,
                None,
                None,
                None,
            ],
        }
    }

    /// The country in which it happened, as written.
    pub fn country(&self) -> &str {
        match self {
            Self::Vaccination(Vaccination { country, .. })
            | Self::Test(Test { country, .. })
            | Self::Recovery(Recovery { country, .. }) => country,
        }
    }

    /// The unique identifier of the certificate.
    pub fn uvci(&self) -> &Uvci {
        match self {
            Self::Vaccination(Vaccination { uvci, .. })
            | Self::Test(Test { uvci, .. })
            | Self::Recovery(Recovery { uvci, .. }) => uvci,
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
