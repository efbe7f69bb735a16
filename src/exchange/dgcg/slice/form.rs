//! The kinds of filter, and what both have in common.
//!
//! Refuses rates that are none between 0 and 1.
//!
//! Source: dgca-revocation-distribution-service, `X-SLICE-FILTER-TYPE`.

use crate::failure::{Code, Failure};

/// The kinds of filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterType {
    /// A Bloom filter.
    Bloom,
    /// A list of the leading bytes of hashes.
    VarHashList,
}

impl FilterType {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Bloom, Self::VarHashList];

    /// The name that apps know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bloom => "BLOOMFILTER",
            Self::VarHashList => "VARHASHLIST",
        }
    }

    /// The one with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// The share of other certificates that a filter may find, as it says.
pub(super) fn read_rate(bytes: [u8; 4]) -> Result<f32, Failure> {
    let rate = f32::from_be_bytes(bytes);
    if (f32::MIN_POSITIVE..1.0).contains(&rate) {
        return Ok(rate);
    }
    Err(Code::RevocationInvalid.because("a rate that is none between 0 and 1"))
}

/// Of the bytes of either kind.
pub(super) const VERSION: [u8; 2] = [0, 1];
