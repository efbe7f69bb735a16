//! What issuing keeps: events that wait, the register of what was issued, and what holders can fetch.
//!
//! Refuses to keep a name or a birth date that can be read without a key from elsewhere.

mod answers;
mod contract;
mod copy;
mod erase;
mod queue;
mod register;
mod rows;
mod seals;
mod sql;
mod survey;
mod table;
mod take_in;
mod together;

pub use contract::{
    ANSWER_S, Attempt, Begun, CLAIM_AGAIN_S, Held, IssuedRow, IssuingStore, MAX_ANSWER, MAX_BATCH,
    MAX_CLAIM_AGAIN, MAX_HELD, MAX_SELECTED, MAX_WAITING, NewEvent, RUNNING_S, Registered, Sealed,
    Selector, Standing, Survey, Taken, Tally, Waiting, Which,
};
pub(super) use copy::{copy, counts};
pub(super) use seals::Issuing;
pub(super) use sql::holds_events;
