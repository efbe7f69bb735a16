//! Calls that hand events in at the same moment, as one transaction: at a counter each call brings one event, and a disk that
//! has to be waited for bears a few hundred transactions a second at best.
//!
//! Refuses to let a caller who has gone away take the others' answers with him: they hand in once more, and what was there
//! by then is known.

use super::contract::{MAX_BATCH, NewEvent, Taken};
use super::take_in;
use crate::failure::{Code, Failure};
use crate::server::store::contract::Event;
use crate::server::store::sql::Sql;
use crate::server::store::write::{attempts, check_event};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::oneshot::{Sender, channel};

/// A call that waits for its turn.
struct Call {
    events: Vec<NewEvent>,
    told: Vec<Event>,
    answer: Sender<Result<Vec<Taken>, Failure>>,
}

impl Call {
    /// Whoever does not listen any more has gone away.
    fn hear(self, taken: Result<Vec<Taken>, Failure>) {
        let _ = self.answer.send(taken);
    }
}

/// Calls that wait for their turn.
#[derive(Default)]
pub(super) struct Calls(Mutex<VecDeque<Call>>);

impl Calls {
    fn push(&self, call: Call) {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push_back(call);
    }

    /// The first ones, as many as one transaction may take; without those whose callers have gone away.
    fn first(&self) -> Vec<Call> {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut first, mut events) = (Vec::new(), 0);
        while let Some(call) = calls.pop_front() {
            if call.answer.is_closed() {
                continue;
            }
            events += call.events.len();
            if events > MAX_BATCH && !first.is_empty() {
                calls.push_front(call);
                break;
            }
            first.push(call);
        }
        first
    }
}

impl Sql {
    /// See `IssuingStore::take_in`.
    pub(super) async fn take_events_in(
        &self,
        events: &[NewEvent],
        told: &[Event],
    ) -> Result<Vec<Taken>, Failure> {
        if events.len() > MAX_BATCH {
            let reason = format!("over {MAX_BATCH} events at once");
            return Err(Code::InputTooLarge.because(reason));
        }
        events.iter().try_for_each(take_in::check)?;
        told.iter().try_for_each(check_event)?;
        loop {
            let (answer, mut heard) = channel();
            self.issuing.calls.push(Call {
                events: events.to_vec(),
                told: told.to_vec(),
                answer,
            });
            // Whoever comes first does the work of all that came meanwhile.
            let _one = self.writing.lock().await;
            loop {
                match heard.try_recv() {
                    Ok(taken) => return taken,
                    Err(TryRecvError::Empty) => self.take_first_calls().await,
                    Err(TryRecvError::Closed) => break,
                }
            }
        }
    }

    async fn take_first_calls(&self) {
        let calls = self.issuing.calls.first();
        if calls.len() < 2 {
            return self.take_one_by_one(calls).await;
        }
        let events = calls.iter().flat_map(|it| &it.events).cloned();
        let events: Vec<NewEvent> = events.collect();
        let told = calls.iter().flat_map(|it| &it.told).cloned();
        let told: Vec<Event> = told.collect();
        match attempts(|| self.try_take_in(&events, &told)).await {
            Ok(taken) => {
                let mut taken = taken.into_iter();
                for call in calls {
                    let own = taken.by_ref().take(call.events.len()).collect();
                    call.hear(Ok(own));
                }
            }
            // What stands in the way of one is not to stand in the way of the others.
            Err(_) => self.take_one_by_one(calls).await,
        }
    }

    async fn take_one_by_one(&self, calls: Vec<Call>) {
        for call in calls {
            let taken = attempts(|| self.try_take_in(&call.events, &call.told)).await;
            call.hear(taken);
        }
    }
}
