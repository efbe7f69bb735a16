//! How much each operator hands in: a ceiling, and a look at what is not usual.
//!
//! Refuses more than the ceiling. What is not usual is told and nothing is kept back for it: an alarm is for people.
//!
//! Both are counted by each node for itself, from its start on: a gateway of several nodes allows as much at each.

use crate::failure::{Code, Failure};
use crate::server::config::{IssuingConfig, Rate};
use crate::server::gateway::bucket::{Bucket, Refused};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What every operator has handed in.
pub(super) struct Limits {
    rate: Rate,
    alarm: u64,
    accounts: Mutex<BTreeMap<String, Account>>,
}

/// What one operator has.
struct Account {
    /// What may be handed in now, in events.
    bucket: Bucket,
    day: i64,
    today: u64,
    facilities: BTreeSet<String>,
}

impl Limits {
    pub(super) fn new(config: &IssuingConfig) -> Self {
        Self {
            rate: Rate {
                per_minute: config.events_per_minute,
                burst: config.events_burst,
            },
            alarm: config.alarm_events_per_day.into(),
            accounts: Mutex::default(),
        }
    }

    /// Counts `count` events of `operator` at `now_ms`, milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// `rate_limited`, which counts nothing.
    pub(super) fn spend(&self, operator: &str, count: u64, now_ms: i64) -> Result<(), Failure> {
        let mut accounts = self.accounts();
        let account = self.account(&mut accounts, operator, now_ms);
        let Rate { per_minute, burst } = self.rate;
        account
            .bucket
            .spend(count, now_ms)
            .map_err(|refused| match refused {
                Refused::Always => {
                    let reason = format!("at most {burst} events at once");
                    Code::RateLimited.because(reason)
                }
                Refused::For(wait_ms) => {
                    let reason = format!("more than {per_minute} events a minute");
                    let seconds = u32::try_from(wait_ms.div_ceil(1000)).unwrap_or(u32::MAX);
                    Code::RateLimited.because(reason).again_in_s(seconds)
                }
            })
    }

    /// Notes that `count` events of `operator` were taken in; whether that is more in a day than usual, told once a day.
    pub(super) fn exceeds(&self, operator: &str, count: u64, now_ms: i64) -> bool {
        let mut accounts = self.accounts();
        let account = self.account(&mut accounts, operator, now_ms);
        let day = now_ms.div_euclid(DAY_MS);
        if account.day != day {
            account.day = day;
            account.today = 0;
        }
        let before = account.today;
        account.today = before.saturating_add(count);
        self.alarm > 0 && before < self.alarm && account.today >= self.alarm
    }

    /// Notes that `operator` works at `facility`; whether this node had not noted it since its start.
    pub(super) fn is_first_at(&self, operator: &str, facility: &str, now_ms: i64) -> bool {
        let mut accounts = self.accounts();
        let account = self.account(&mut accounts, operator, now_ms);
        !account.facilities.contains(facility) && account.facilities.insert(facility.to_owned())
    }

    fn account<'a>(
        &self,
        accounts: &'a mut BTreeMap<String, Account>,
        operator: &str,
        now_ms: i64,
    ) -> &'a mut Account {
        accounts
            .entry(operator.to_owned())
            .or_insert_with(|| Account {
                bucket: Bucket::new(self.rate, now_ms),
                day: now_ms.div_euclid(DAY_MS),
                today: 0,
                facilities: BTreeSet::new(),
            })
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeMap<String, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const DAY_MS: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::new(&IssuingConfig {
            events_per_minute: 60,
            events_burst: 10,
            alarm_events_per_day: 93,
            ..IssuingConfig::default()
        })
    }

    #[test]
    fn what_was_not_used_is_there_up_to_the_burst() {
        let limits = limits();
        let spend = |operator, count, at| {
            let spent = limits.spend(operator, count, at);
            spent.map_err(|failure| failure.code())
        };
        assert_eq!(spend("ana", 10, 0), Ok(()));
        assert_eq!(spend("ana", 1, 999), Err(Code::RateLimited));
        assert_eq!(spend("budi", 10, 999), Ok(()));
        assert_eq!(spend("ana", 1, 1000), Ok(()));
        assert_eq!(spend("ana", 10, 1_000_000), Ok(()));
        assert_eq!(spend("ana", 1, 1_000_000), Err(Code::RateLimited));
        // A clock that was set back.
        assert_eq!(spend("ana", 1, 500), Err(Code::RateLimited));
        assert_eq!(spend("citra", 11, 0), Err(Code::RateLimited));
    }

    #[test]
    fn an_unusual_day_is_told_once() {
        let limits = limits();
        let told: Vec<_> = [0, 1, 2, DAY_MS, DAY_MS + 1]
            .into_iter()
            .map(|at| limits.exceeds("ana", 50, at))
            .collect();
        assert_eq!(told, [false, true, false, false, true]);
        assert!(limits.is_first_at("ana", "a", 0) && !limits.is_first_at("ana", "a", 1));
        assert!(limits.is_first_at("ana", "b", 0) && limits.is_first_at("budi", "a", 0));
    }
}
