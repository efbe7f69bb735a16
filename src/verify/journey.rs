//! For what a certificate is to be good: where its holder goes, how, and when.
//!
//! Refuses an arrival that lies too far from the instant of asking: rules of last year would accept what today's do not.

use crate::failure::{Code, Failure};
use crate::model::{Country, UnixTime};
use crate::rules::{Circumstances, PolicySet};
use crate::snapshot::Snapshot;
use smol_str::SmolStr;
use std::sync::Arc;

/// A journey, or a door at home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    /// The country of arrival.
    pub destination: Country,
    /// The region in it, as its rules name it.
    pub region: Option<SmolStr>,
    /// When the holder arrives; the instant of asking where nothing is said.
    pub arrival: Option<UnixTime>,
    /// How the holder travels and what is entered, where the destination asks for it.
    pub circumstances: Circumstances,
}

impl Journey {
    /// A journey to `destination`, of which nothing else is known.
    pub fn to(destination: Country) -> Self {
        Self {
            destination,
            region: None,
            arrival: None,
            circumstances: Circumstances::default(),
        }
    }

    /// The instant that its rules are asked about, where the question is asked `at`.
    pub fn clock(&self, at: UnixTime) -> UnixTime {
        self.arrival.unwrap_or(at)
    }

    /// The policy set that is in force at the instant `clock`, where this is a journey to its country.
    pub(super) fn home<'s>(
        &self,
        clock: UnixTime,
        snapshot: &'s Snapshot,
    ) -> Option<&'s Arc<PolicySet>> {
        let set = snapshot.policies().in_force(clock);
        set.filter(|set| set.country == self.destination)
    }

    /// Refuses a journey that ended over a day before `at` or ends over a year after it, and circumstances that the policy set
    /// in force does not know.
    ///
    /// # Errors
    /// `request_invalid`.
    pub fn check(&self, at: UnixTime, snapshot: &Snapshot) -> Result<(), Failure> {
        self.check_time(at)?;
        let clock = self.clock(at);
        let home = self.home(clock, snapshot);
        home.map_or(Ok(()), |set| {
            set.external(&self.circumstances, clock).map(drop)
        })
    }

    fn check_time(&self, at: UnixTime) -> Result<(), Failure> {
        let arrival = self.clock(at);
        if arrival < at.plus(-MAX_PAST_S) || arrival > at.plus(MAX_AHEAD_S) {
            let reason = "`for.arrival` is at most one day past and one year ahead";
            return Err(Code::RequestInvalid.because(reason).about("for.arrival"));
        }
        Ok(())
    }
}

const MAX_PAST_S: i64 = 24 * 60 * 60;
const MAX_AHEAD_S: i64 = 366 * 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journey_is_near() {
        let at = UnixTime::parse("2022-03-01T12:00:00Z").unwrap();
        let arriving = |arrival: &str| Journey {
            arrival: Some(UnixTime::parse(arrival).unwrap()),
            ..Journey::to(Country::parse("DE").unwrap())
        };
        assert_eq!(Journey::to(Country::parse("DE").unwrap()).clock(at), at);
        for (arrival, near) in [
            ("2022-02-28T12:00:00Z", true),
            ("2022-02-28T11:59:59Z", false),
            ("2023-03-02T12:00:00Z", true),
            ("2023-03-02T12:00:01Z", false),
        ] {
            assert_eq!(arriving(arrival).check_time(at).is_ok(), near, "{arrival}");
        }
    }
}
