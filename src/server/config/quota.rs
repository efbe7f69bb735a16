//! How much callers may have done in a time, in units: one is what judging one credential costs.
//!
//! Refuses a rate of nothing, and one that nothing ever reaches.

use crate::failure::{Code, Failure};
use serde::Deserialize;

/// So much in a minute, and so much at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Units in a minute, 1 to [`Rate::MAX`].
    pub per_minute: u32,
    /// Units at once, 1 to [`Rate::MAX`].
    pub burst: u32,
}

impl Rate {
    /// The most that either number can be.
    pub const MAX: u32 = 100_000_000;

    /// The rate of these numbers; without `burst` a minute's units come at once, and without both there is no rate.
    ///
    /// # Errors
    /// What is wrong, as a sentence: a number out of range, or a burst of no rate.
    pub fn of(per_minute: Option<u32>, burst: Option<u32>) -> Result<Option<Self>, &'static str> {
        let number = |number: u32| {
            let fits = (1..=Self::MAX).contains(&number);
            let wrong = "units_per_minute and burst are 1 to 100,000,000";
            fits.then_some(number).ok_or(wrong)
        };
        match (per_minute, burst) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err("burst needs units_per_minute"),
            (Some(per_minute), burst) => Ok(Some(Self {
                per_minute: number(per_minute)?,
                burst: number(burst.unwrap_or(per_minute))?,
            })),
        }
    }
}

/// What those may who need not be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaConfig {
    /// What callers without a token may have done at this node, all together; without it, as much as they like. Default
    /// 12,000,000 units a minute, 2,000,000 at once.
    pub anonymous: Option<Rate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct QuotaTable {
    anonymous_units_per_minute: u32,
    anonymous_burst: u32,
}

impl Default for QuotaTable {
    fn default() -> Self {
        Self {
            anonymous_units_per_minute: 12_000_000,
            anonymous_burst: 2_000_000,
        }
    }
}

impl QuotaTable {
    pub(super) fn checked(self) -> Result<QuotaConfig, Failure> {
        let per_minute = Some(self.anonymous_units_per_minute).filter(|it| *it > 0);
        let burst = per_minute.map(|_| self.anonymous_burst);
        let invalid = |what| Code::ConfigurationInvalid.because(format!("quota.anonymous: {what}"));
        Ok(QuotaConfig {
            anonymous: Rate::of(per_minute, burst).map_err(invalid)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_at_all_is_no_rate_and_nothing_in_a_minute_is_none_either() {
        assert_eq!(Rate::of(None, None), Ok(None));
        let rate = Rate::of(Some(60), None).unwrap().unwrap();
        assert_eq!((rate.per_minute, rate.burst), (60, 60));
        for (per_minute, burst) in [
            (Some(0), None),
            (Some(1), Some(0)),
            (None, Some(1)),
            (Some(Rate::MAX + 1), None),
            (Some(1), Some(Rate::MAX + 1)),
        ] {
            assert!(
                Rate::of(per_minute, burst).is_err(),
                "{per_minute:?} {burst:?}"
            );
        }
    }

    #[test]
    fn nobody_in_particular_has_a_quota_unless_it_is_off() {
        let table = |text| toml::from_str::<QuotaTable>(text).unwrap().checked();
        assert!(table("").unwrap().anonymous.is_some());
        let off = table("anonymous_units_per_minute = 0").unwrap();
        assert_eq!(off.anonymous, None);
        assert!(table("anonymous_burst = 0").is_err());
    }
}
