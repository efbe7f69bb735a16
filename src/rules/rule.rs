//! A rule of a country: what it is called, when it holds, and its logic, which is not read here.
//!
//! Refuses to be applied: that is for `set`, which reads the logic once.
//!
//! Source: EU DGCG, validation rules; the eHealth Network's "EU Digital COVID Certificate business rules".

use crate::model::{Country, UnixTime};
use serde_json::Value;

/// A rule, as its country signed it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its identifier: kind, country and number, such as `VR-DE-0001`.
    pub identifier: String,
    /// Its version; of two the higher counts.
    pub version: Version,
    /// Whether it accepts or invalidates.
    pub kind: RuleKind,
    /// The country whose rule it is.
    pub country: Country,
    /// The region in it, where the rule holds there only.
    pub region: Option<String>,
    /// Which certificates it is about.
    pub about: CertificateType,
    /// From when on it holds.
    pub valid_from: UnixTime,
    /// Until when it holds.
    pub valid_to: UnixTime,
    /// The engine that it is written for, and its version.
    pub engine: (String, Version),
    /// The version of the certificates' schema that it is written for.
    pub schema_version: Version,
    /// What it says, in words, with the language of each.
    pub descriptions: Vec<(String, String)>,
    /// The fields that it looks at.
    pub affected_fields: Vec<String>,
    /// The logic, in JSON.
    pub logic: Value,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// A certificate must meet it.
    Acceptance,
    /// Its country takes back what it issued and does not meet it.
    Invalidation,
}

impl RuleKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Acceptance, Self::Invalidation];

    /// The machine name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acceptance => "acceptance",
            Self::Invalidation => "invalidation",
        }
    }
}

/// Which certificates a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateType {
    /// All.
    General,
    /// Vaccinations.
    Vaccination,
    /// Tests.
    Test,
    /// Recoveries.
    Recovery,
}

impl CertificateType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::General, Self::Vaccination, Self::Test, Self::Recovery];

    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Vaccination => "vaccination",
            Self::Test => "test",
            Self::Recovery => "recovery",
        }
    }
}

/// Three numbers, compared one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// The version in `text`, such as `1.0.3`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| {
            let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| number.parse().ok()).flatten()
        });
        let version = Self(numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(version)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_numbers_in_order() {
        assert_eq!(Version::parse("1.0.3"), Some(Version(1, 0, 3)));
        assert!(Version::parse("1.10.0") > Version::parse("1.9.9"));
        for odd in [
            "",
            "1",
            "1.0",
            "1.0.0.0",
            "1.0.+1",
            "1..0",
            "v1.0.0",
            "1.0.99999999999",
        ] {
            assert_eq!(Version::parse(odd), None, "{odd}");
        }
    }
}
