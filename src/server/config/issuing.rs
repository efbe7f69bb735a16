//! How this gateway issues from events: which table of products, how long claims are good, how much an operator may hand in.
//!
//! Refuses limits of nothing, and periods that nobody would believe.

use crate::failure::{Code, Failure};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// How it issues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuingConfig {
    /// The folder of `vaccines.toml`, `tests.toml` and `profiles.toml`; by default those that this program brings along.
    pub products: Option<PathBuf>,
    /// How many days a holder can fetch certificates by a claim. Default 90.
    pub claim_days: u32,
    /// How many events an operator may hand in at this node in a minute, on average. Default 12,000.
    pub events_per_minute: u32,
    /// How many at once after a pause; at least one whole request. Default 20,000.
    pub events_burst: u32,
    /// From how many events of one operator a day at this node an alarm is raised. Default 500; 0 raises none.
    pub alarm_events_per_day: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct IssuingTable {
    products: Option<PathBuf>,
    claim_days: u32,
    events_per_minute: u32,
    events_burst: u32,
    alarm_events_per_day: u32,
}

impl Default for IssuingTable {
    fn default() -> Self {
        Self {
            products: None,
            claim_days: 90,
            events_per_minute: 12_000,
            events_burst: 20_000,
            alarm_events_per_day: 500,
        }
    }
}

impl IssuingTable {
    pub(super) fn checked(self, base: &Path) -> Result<IssuingConfig, Failure> {
        let within = |name: &str, value: u32, least: u32, most: u32| {
            if (least..=most).contains(&value) {
                return Ok(value);
            }
            let reason = format!("issuing.{name} is {least} to {most}");
            Err(Code::ConfigurationInvalid.because(reason))
        };
        Ok(IssuingConfig {
            products: self.products.map(|folder| base.join(folder)),
            claim_days: within("claim_days", self.claim_days, 1, 730)?,
            events_per_minute: within("events_per_minute", self.events_per_minute, 1, MAX_EVENTS)?,
            events_burst: within("events_burst", self.events_burst, 1, MAX_EVENTS)?,
            alarm_events_per_day: self.alarm_events_per_day,
        })
    }
}

impl Default for IssuingConfig {
    fn default() -> Self {
        let table = IssuingTable::default();
        Self {
            products: None,
            claim_days: table.claim_days,
            events_per_minute: table.events_per_minute,
            events_burst: table.events_burst,
            alarm_events_per_day: table.alarm_events_per_day,
        }
    }
}

const MAX_EVENTS: u32 = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_is_usual_and_the_absurd_is_refused() {
        let base = Path::new("/etc/lintas");
        let usual = IssuingTable::default().checked(base).unwrap();
        assert_eq!(usual, IssuingConfig::default());
        for text in [
            "claim_days = 0",
            "claim_days = 10000",
            "events_per_minute = 0",
            "events_burst = 0",
        ] {
            let table: IssuingTable = toml::from_str(text).unwrap();
            let refused = table.checked(base).unwrap_err();
            assert_eq!(refused.code(), Code::ConfigurationInvalid, "{text}");
        }
        let table: IssuingTable = toml::from_str("products = \"tables\"").unwrap();
        let folder = table.checked(base).unwrap().products;
        assert_eq!(folder.as_deref(), Some(Path::new("/etc/lintas/tables")));
    }
}
