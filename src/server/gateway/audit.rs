//! What the audit is told: what changed, and what was left out for the first time.
//!
//! Refuses to tell the same twice, and names of people: a row names documents, codes and counts.

use super::Gateway;
use super::intake::{MAX_LEFT_OUT, Taken};
use crate::failure::Failure;
use crate::server::store::Event;
use std::collections::BTreeMap;

impl Gateway {
    /// What the audit is told of an answer: nothing where nothing changed.
    pub(super) fn told(&self, id: &str, taken: &Taken, accepts_less: bool) -> Vec<Event> {
        let mut events = Vec::new();
        if taken.added + taken.withdrawn > 0 {
            let (added, withdrawn) = (taken.added, taken.withdrawn);
            let how = if accepts_less {
                ", an operator having looked"
            } else {
                ""
            };
            let detail = format!("{added} added, {withdrawn} withdrawn{how}");
            events.push(self.event("feed_synchronised", id, detail));
        }
        let before = {
            let foreign = self.foreign();
            let standing = foreign.standing(id);
            standing
                .map(|it| it.confirmation().left_out.clone())
                .unwrap_or_default()
        };
        let mut news: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (place, failure) in taken.left_out.iter().take(MAX_LEFT_OUT) {
            let known = before
                .iter()
                .any(|(old, code, _)| old == place && code == failure.code().name());
            if !known {
                news.entry(failure.code().name()).or_default().push(place);
            }
        }
        events.extend(news.into_iter().map(|(code, places)| {
            let shown: Vec<_> = places.iter().take(MAX_TOLD).copied().collect();
            let more = places.len() - shown.len();
            let detail = format!("{code}: {} and {more} more", shown.join(", "));
            self.event("feed_left_out", id, detail)
        }));
        events
    }

    /// Writes into the audit that `actor` did something.
    ///
    /// # Errors
    /// `store_unavailable`, `store_incomplete`.
    pub async fn tell(&self, actor: &str, event: &str, subject: &str) -> Result<(), Failure> {
        let event = Event {
            actor: actor.to_owned(),
            ..self.event(event, subject, String::new())
        };
        let store = self.records()?.store();
        store.append(&[], &[event], None).await.map(|_| ())
    }

    /// Something that the gateway itself did.
    pub(super) fn event(&self, event: &str, subject: &str, detail: String) -> Event {
        Event {
            at: self.clock.now(),
            actor: "gateway".to_owned(),
            event: event.to_owned(),
            subject: subject.to_owned(),
            detail: detail.chars().take(MAX_TOLD_CHARACTERS).collect(),
        }
    }
}

/// How many places one audit row names.
const MAX_TOLD: usize = 20;
const MAX_TOLD_CHARACTERS: usize = 2000;
