//! The supported formats and the ceilings each is read under.
//!
//! Refuses an open set: a new format is a new row, and the compiler points at what it needs.

use crate::codec::cbor;

/// A supported credential format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// An EU digital COVID certificate in an HCERT container, prefix `HC1:`. Whatever has that prefix counts as this until
    /// it is opened.
    EuDcc,
    /// A WHO digital documentation of COVID-19 certificates, in the same container.
    WhoDdcc,
}

impl Format {
    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::EuDcc => "eu_dcc",
            Self::WhoDdcc => "who_ddcc",
        }
    }
}

/// Ceilings of one credential format.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The text, in bytes, after trimming.
    pub text: usize,
    /// The inflated content, in bytes.
    pub inflated: usize,
    /// Each CBOR document in it.
    pub cbor: cbor::Limits,
    /// Vaccinations, tests and recoveries in one certificate.
    pub entries: usize,
}
