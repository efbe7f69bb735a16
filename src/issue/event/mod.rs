//! A national health event: the one form that everything handed in becomes before a certificate is made of it.
//!
//! Refuses more than one dose, test or recovery in an event, and to print whom it is about. It is handed in as JSON, CSV or
//! FHIR (`json`, `csv`, `fhir`), read row by row (`rows`), held against one set of rules (`check`), and given back to be mended
//! (`rejects`).
//!
//! Source: HL7 FHIR R4 (Patient, Immunization, Observation), the identifier systems of SATUSEHAT; EU DCC schema 1.3.3 for
//! what a certificate needs.

mod check;
mod csv;
mod fhir;
mod json;
pub mod rejects;
pub mod rows;

use crate::model::{Country, Date, Person, Purpose, UnixTime};

/// Something that happened to one person, as a facility tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name where it comes from, 1 to 200 printable characters: no two events of one gateway share it.
    pub source_id: String,
    /// What is to be done.
    pub action: Action,
    /// Whom it is about.
    pub person: Person,
    /// What happened.
    pub happening: Happening,
    /// The facility that answers for it, 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
    pub facility: String,
    /// Who entered it there, of the same form; where absent, whoever hands it in.
    pub operator: Option<String>,
    /// Which certificates are wanted.
    pub wanted: Wanted,
}

/// What is to be done about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Take it in. The same again changes nothing.
    New,
    /// It takes the place of what was said under this source id; the certificates made of that are withdrawn.
    Correct,
    /// It never happened; the certificates made of it are withdrawn.
    Cancel,
    /// The slip is lost: the same event gets a new claim and new certificates; the old claim and certificates are dead.
    Renew,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A dose was given.
    Vaccination {
        /// The id of the product in the table of products.
        product: String,
        /// Which dose it was, from 1.
        dose: u32,
        /// The day.
        date: Date,
        /// The lot, where it is known: 1 to 20 characters.
        lot: Option<String>,
    },
    /// A test was made.
    Test {
        /// The id of the test in the table of tests.
        test: String,
        /// When the sample was taken.
        sampled_at: UnixTime,
        /// Whether the disease was found.
        detected: bool,
        /// Where the test was made, as certificates say it.
        centre: Option<String>,
    },
    /// A person has recovered.
    Recovery {
        /// The day of the first positive result.
        first_positive: Date,
    },
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::New, Self::Correct, Self::Cancel, Self::Renew];

    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Correct => "correct",
            Self::Cancel => "cancel",
            Self::Renew => "renew",
        }
    }

    /// The action with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

impl Happening {
    /// Which kind of certificate is made of it.
    pub fn purpose(&self) -> Purpose {
        match self {
            Self::Vaccination { .. } => Purpose::Vaccination,
            Self::Test { .. } => Purpose::Test,
            Self::Recovery { .. } => Purpose::Recovery,
        }
    }

    /// The lot, where there is one.
    pub fn lot(&self) -> Option<&str> {
        match self {
            Self::Vaccination { lot, .. } => lot.as_deref(),
            Self::Test { .. } | Self::Recovery { .. } => None,
        }
    }
}

/// A form in which a certificate is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// The EU's digital COVID certificate.
    EuDcc,
    /// The WHO's digital documentation of COVID-19 certificates.
    WhoDdcc,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::EuDcc, Self::WhoDdcc];

    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::EuDcc => "eu_dcc",
            Self::WhoDdcc => "who_ddcc",
        }
    }

    /// The profile with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }
}

/// Which certificates are wanted of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The EU's form; where the product has no EU code, the WHO's, with a warning.
    Usual,
    /// These, 1 to 2, each once.
    These(Vec<Profile>),
    /// What this country reads; where the product has no code for that, the WHO's, with a warning.
    For(Country),
}
