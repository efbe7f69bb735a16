//! Alarms about operators: more events in a day than is usual, work at a facility where they never worked.
//!
//! Refuses to keep anything back: an alarm is for people to look at, in the log and as a metric.

use super::Submitter;
use crate::model::UnixTime;
use crate::server::gateway::Gateway;
use crate::server::store::issuing::Selector;
use tracing::warn;

impl Gateway {
    /// Tells of what is not usual for this operator, who handed in an event of each of these facilities: more in a day, or work where
    /// they never worked.
    pub(super) async fn tell_unusual(
        &self,
        submitter: &Submitter,
        mut places: Vec<&str>,
        now_ms: i64,
    ) {
        let limits = &self.issuing().limits;
        let count = u64::try_from(places.len()).unwrap_or(u64::MAX);
        if limits.exceeds(submitter.id(), count, now_ms) {
            alarm(submitter.id(), "many_events");
            warn!(
                operator = submitter.id(),
                "{} has handed in more events today than is usual",
                submitter.id()
            );
        }
        // Whoever works everywhere is at new places every day.
        if submitter.operator().works_anywhere() {
            return;
        }
        places.sort_unstable();
        places.dedup();
        for facility in places {
            if limits.is_first_at(submitter.id(), facility, now_ms)
                && self.never_worked_at(submitter, facility, now_ms).await
            {
                alarm(submitter.id(), "new_facility");
                warn!(
                    operator = submitter.id(),
                    facility,
                    "{} hands in events of {facility} for the first time",
                    submitter.id()
                );
            }
        }
    }

    async fn never_worked_at(&self, submitter: &Submitter, facility: &str, now_ms: i64) -> bool {
        let selector = Selector {
            submitted_by: Some(submitter.id().to_owned()),
            facility: Some(facility.to_owned()),
            // What was just handed in may be certified by now.
            to: UnixTime::from_seconds(now_ms.div_euclid(1000)),
            ..Selector::default()
        };
        let Ok(records) = self.records() else {
            return false;
        };
        let before = records.store().select(&selector, 0, 1).await;
        before.is_ok_and(|rows| rows.is_empty())
    }
}

fn alarm(operator: &str, kind: &'static str) {
    metrics::counter!("lintas_operator_alarms_total", "operator" => operator.to_owned(), "kind" => kind)
        .increment(1);
}
