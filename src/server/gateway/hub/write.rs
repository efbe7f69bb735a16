//! From a decision to records: what a party hands in is decided by everything known, and kept only if that is still all.
//!
//! Refuses to keep what was decided by less than what is there: where another node wrote meanwhile, it is decided again.

use super::refused::Refused;
use super::{Hub, Party};
use crate::exchange::Record;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::gateway::Gateway;
use crate::server::store::Event;
use std::sync::Arc;

/// What a decision comes to.
#[derive(Clone, Debug)]
pub struct Change<T> {
    /// The records to keep, in order.
    pub records: Vec<Record>,
    /// What the audit is told.
    pub events: Vec<Event>,
    /// What the party is answered.
    pub answer: T,
}

impl Change<()> {
    /// One by `party`, of which the audit is told this.
    pub(super) fn new(party: &Party, event: &str, subject: impl Into<String>) -> Self {
        Self::of(party, event, subject, ())
    }

    /// Nothing at all.
    pub(super) fn nothing() -> Self {
        Self {
            records: Vec::new(),
            events: Vec::new(),
            answer: (),
        }
    }
}

impl<T> Change<T> {
    /// One by `party`, of which the audit is told this, and the party `answer`.
    pub(super) fn of(party: &Party, event: &str, subject: impl Into<String>, answer: T) -> Self {
        Self {
            records: Vec::new(),
            events: vec![Event {
                at: UnixTime::EPOCH,
                actor: format!("party:{}", party.country),
                event: event.to_owned(),
                subject: subject.into(),
                detail: String::new(),
            }],
            answer,
        }
    }
}

/// What deciding came to: a change, or why there is none.
pub type Decided<T> = Result<Change<T>, Refused>;

impl Gateway {
    /// The parties and what they handed in, as last read from the store.
    pub fn hub(&self) -> Arc<Hub> {
        self.hub.load_full()
    }

    /// Reads what is new in the store, decides by all of it, and keeps the change.
    ///
    /// `decide` is asked again where somebody else wrote meanwhile. Its instant is the clock's.
    ///
    /// # Errors
    /// Whatever `decide` refuses; `Unavailable` where the store does not answer or is not whole.
    pub async fn hand_in<T>(
        self: &Arc<Self>,
        decide: impl Fn(&Hub, UnixTime) -> Decided<T>,
    ) -> Result<T, Refused> {
        let records = self.records()?;
        let _one = self.handing_in.lock().await;
        for _ in 0..ATTEMPTS {
            // The head first: whatever comes after it is either read below or keeps the change from being kept.
            let head = records.store().head().await?;
            self.read_store().await?;
            let hub = self.hub();
            let at = self.clock.now();
            let mut change = decide(&hub, at)?;
            change.events.iter_mut().for_each(|event| event.at = at);
            if change.records.is_empty() {
                return Ok(change.answer);
            }
            let kept = records
                .store()
                .append_after(head, &change.records, &change.events)
                .await;
            match kept {
                Ok(_) => {
                    self.read_store().await?;
                    return Ok(change.answer);
                }
                Err(failure) if failure.code() == Code::StoreMoved => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        let failure: Failure = Code::StoreMoved.because("others kept writing meanwhile");
        Err(failure.into())
    }
}

/// How often it is tried where others write, too.
const ATTEMPTS: usize = 20;
