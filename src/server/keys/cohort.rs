//! What a document signer is for: kinds of certificate, a group of regions, a quarter of a year.
//!
//! Refuses names that are not plain. Few signers with many certificates each keep neighbours' lists short, and a stolen key
//! harms one cohort alone.
//!
//! Source: docs/KEYS.md, Cohorts; certificate governance of the EU gateway (extended key usages).

use crate::failure::{Code, Failure};
use crate::model::{Date, Purpose, UnixTime};
use std::fmt;

/// What a signer is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cohort {
    /// The kinds of certificate that it signs, in order, at least one.
    pub purposes: Vec<Purpose>,
    /// The group of regions whose facilities' events it signs.
    pub region: String,
    /// From when on it signs: it does so until a later one is ready.
    pub quarter: Quarter,
}

impl Cohort {
    /// The cohort with these parts, as they are typed: kinds by their machine names, `all`, `2026Q4`.
    ///
    /// # Errors
    /// `request_invalid`.
    pub fn parse(
        purposes: &[impl AsRef<str>],
        region: &str,
        quarter: &str,
    ) -> Result<Self, Failure> {
        let purpose = |name: &str| {
            let known = Purpose::ALL.into_iter().find(|it| it.name() == name);
            known.ok_or_else(|| invalid("purposes", "a purpose is vaccination, test or recovery"))
        };
        let purposes = purposes.iter().map(|name| purpose(name.as_ref()));
        let mut purposes: Vec<_> = purposes.collect::<Result<_, _>>()?;
        purposes.sort_unstable();
        purposes.dedup();
        if purposes.is_empty() {
            return Err(invalid("purposes", "a signer has at least one purpose"));
        }
        check_region(region)?;
        let quarter = Quarter::parse(quarter)
            .ok_or_else(|| invalid("quarter", "a quarter is written 2026Q4"))?;
        Ok(Self {
            purposes,
            region: region.to_owned(),
            quarter,
        })
    }

    /// The common name of its signer with the public key whose SHA-256 is `digest`.
    pub(super) fn common_name(&self, digest: &[u8; 32]) -> String {
        let hex = base16ct::lower::encode_string(digest);
        let short: String = hex.chars().take(KEY_DIGITS).collect();
        format!("{HEAD}{self} {short}")
    }

    /// The cohort in the common name of a signer that was made here.
    pub fn of_common_name(name: &str) -> Option<Self> {
        let parts: Vec<_> = name.strip_prefix(HEAD)?.split(' ').collect();
        let [purposes, region, quarter, _] = parts.as_slice() else {
            return None;
        };
        let purposes: Vec<_> = purposes.split('-').collect();
        Self::parse(&purposes, region, quarter).ok()
    }

    /// The machine names of its purposes.
    pub fn purpose_names(&self) -> Vec<&'static str> {
        self.purposes.iter().map(|it| it.name()).collect()
    }

    /// The extended key usages of its signer, below the arc 1.3.6.1.4.1.1847.2021.1.
    pub(super) fn usages(&self) -> Vec<Vec<u64>> {
        let last = |purpose: &Purpose| match purpose {
            Purpose::Test => 1,
            Purpose::Vaccination => 2,
            Purpose::Recovery => 3,
        };
        let usage = |purpose| [&ARC[..], &[last(purpose)]].concat();
        self.purposes.iter().map(usage).collect()
    }
}

impl fmt::Display for Cohort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let purposes = self.purpose_names().join("-");
        write!(f, "{purposes} {} {}", self.region, self.quarter)
    }
}

/// Refuses the name of a group of regions that is not 1 to 16 small letters, digits or hyphens.
///
/// # Errors
/// `request_invalid`.
pub fn check_region(region: &str) -> Result<(), Failure> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=MAX_REGION).contains(&region.len()) && region.bytes().all(plain) {
        return Ok(());
    }
    let reason = "a region is 1 to 16 small letters, digits or hyphens";
    Err(invalid("region", reason))
}

/// A quarter of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarter {
    year: u16,
    number: u8,
}

impl Quarter {
    /// The quarter written as `2026Q4`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, number) = text.split_once('Q')?;
        let (year, number) = (year.parse().ok()?, number.parse().ok()?);
        let read = Self { year, number };
        let known = (2020..=2999).contains(&year) && (1..=4).contains(&number);
        (known && read.to_string() == text).then_some(read)
    }

    /// The quarter in which `at` lies, by UTC.
    pub fn of(at: UnixTime) -> Self {
        let date = at.date();
        Self {
            year: u16::try_from(date.year()).unwrap_or_default(),
            number: date.month().div_ceil(3),
        }
    }

    /// Its first second, by UTC.
    pub fn start(self) -> UnixTime {
        let month = self.number * 3 - 2;
        let first = Date::parse(&format!("{:04}-{month:02}-01", self.year));
        // Every quarter has a first day.
        first.map_or(UnixTime::EPOCH, Date::start)
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Q{}", self.year, self.number)
    }
}

fn invalid(member: &str, reason: &str) -> Failure {
    Code::RequestInvalid.because(reason).about(member)
}

const HEAD: &str = "DSC ";
const ARC: [u64; 9] = [1, 3, 6, 1, 4, 1, 1847, 2021, 1];
const KEY_DIGITS: usize = 8;
const MAX_REGION: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cohort_reads_as_it_is_named() {
        let cohort = Cohort::parse(&["recovery", "vaccination"], "java-1", "2026Q4").unwrap();
        let name = cohort.common_name(&[0xab; 32]);
        assert_eq!(name, "DSC vaccination-recovery java-1 2026Q4 abababab");
        assert_eq!(Cohort::of_common_name(&name), Some(cohort));
        let longest = Cohort::parse(
            &["recovery", "vaccination", "test"],
            &"a".repeat(16),
            "2026Q4",
        );
        assert!(longest.unwrap().common_name(&[0; 32]).len() <= 64);
        for (purpose, region, quarter) in [
            ("vaccine", "all", "2026Q4"),
            ("test", "All", "2026Q4"),
            ("test", "", "2026Q4"),
            ("test", "all", "2026Q5"),
            ("test", "all", "2026q4"),
            ("test", "all", "02026Q4"),
        ] {
            assert!(Cohort::parse(&[purpose], region, quarter).is_err());
        }
    }

    #[test]
    fn a_quarter_begins_with_its_first_month() {
        let quarter = Quarter::parse("2026Q4").unwrap();
        assert_eq!(quarter.start().to_string(), "2026-10-01T00:00:00Z");
        assert_eq!(Quarter::of(quarter.start()), quarter);
        assert_eq!(Quarter::of(quarter.start().plus(-1)).to_string(), "2026Q3");
        assert!(Quarter::parse("2027Q1").unwrap() > quarter);
    }
}
