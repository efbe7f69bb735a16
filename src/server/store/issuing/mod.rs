//! What issuing keeps: events that wait, the register of what was issued, and what holders can fetch.
//!
//! Refuses to keep a name or a birth date that can be read without a key from elsewhere.

mod contract;

pub use contract::{
    Held, IssuedRow, IssuingStore, MAX_BATCH, NewEvent, Registered, Sealed, Selector, Standing,
    Taken, Tally, Waiting, Which,
};
