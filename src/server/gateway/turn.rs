//! Whose turn it is, within one process, to ask a feed: a lease keeps other processes out and not this one.
//!
//! Refuses a second turn until the first is over.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The feeds that are being asked.
#[derive(Default)]
pub(super) struct Turns(Mutex<BTreeSet<String>>);

/// A turn, until it is dropped.
pub(super) struct Turn<'t> {
    turns: &'t Turns,
    id: String,
}

impl Turns {
    /// The turn to ask the feed `id`, if nobody has it.
    pub(super) fn take(&self, id: &str) -> Option<Turn<'_>> {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(id.to_owned()).then(|| Turn {
            turns: self,
            id: id.to_owned(),
        })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut asked = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.remove(&self.id);
    }
}
