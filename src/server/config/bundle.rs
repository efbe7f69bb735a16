//! What the configuration says of bundles: how often they are pressed, and how old scanners let them grow.
//!
//! Refuses unknown members, a bundle that stops before it warns, one that lasts longer than a month, and one that warns before the
//! next is pressed.

use crate::failure::{Code, Failure};
use serde::Deserialize;

/// How bundles are pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleConfig {
    /// Seconds after which a scanner says that its bundle is old. Default a day.
    pub warn_after_s: i64,
    /// Seconds after which a scanner decides nothing by it. Default seven days.
    pub stop_after_s: i64,
    /// Seconds after which a bundle is pressed though nothing changed. Default an hour.
    pub every_s: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BundleTable {
    warn_after_hours: u32,
    stop_after_hours: u32,
    every_minutes: u32,
}

impl Default for BundleTable {
    fn default() -> Self {
        Self {
            warn_after_hours: 24,
            stop_after_hours: 168,
            every_minutes: 60,
        }
    }
}

impl BundleTable {
    pub(super) fn checked(self) -> Result<BundleConfig, Failure> {
        let invalid = |what: &str| Err(Code::ConfigurationInvalid.because(what));
        if !(1..=MAX_HOURS).contains(&self.stop_after_hours) {
            return invalid("bundle.stop_after_hours is at most 720");
        }
        if !(1..self.stop_after_hours).contains(&self.warn_after_hours) {
            return invalid(
                "bundle.warn_after_hours is at least 1 and below bundle.stop_after_hours",
            );
        }
        let config = BundleConfig {
            warn_after_s: i64::from(self.warn_after_hours) * HOUR_S,
            stop_after_s: i64::from(self.stop_after_hours) * HOUR_S,
            every_s: i64::from(self.every_minutes) * MINUTE_S,
        };
        if self.every_minutes == 0 || config.every_s > config.warn_after_s {
            let reason = "bundle.every_minutes is at least 1 and at most bundle.warn_after_hours";
            return invalid(reason);
        }
        Ok(config)
    }
}

/// As long as a key of bundles: 30 days.
const MAX_HOURS: u32 = 720;
const HOUR_S: i64 = 3600;
const MINUTE_S: i64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<BundleConfig, Failure> {
        toml::from_str::<BundleTable>(text).unwrap().checked()
    }

    #[test]
    fn a_bundle_warns_before_it_stops_and_after_the_next_is_due() {
        let usual = checked("").unwrap();
        let of = |it: BundleConfig| (it.warn_after_s, it.stop_after_s, it.every_s);
        assert_eq!(of(usual), (86_400, 7 * 86_400, 3600));
        let least = "warn_after_hours = 1\nstop_after_hours = 2\nevery_minutes = 60";
        assert_eq!(of(checked(least).unwrap()), (3600, 7200, 3600));
        for text in [
            "stop_after_hours = 721",
            "stop_after_hours = 0",
            "stop_after_hours = 24",
            "warn_after_hours = 0",
            "warn_after_hours = 168",
            "every_minutes = 0",
            "every_minutes = 1441",
        ] {
            let refused = checked(text).unwrap_err();
            assert_eq!(refused.code(), Code::ConfigurationInvalid, "{text}");
        }
    }
}
