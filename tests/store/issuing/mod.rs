//! What issuing keeps: events, the queue, the register, what holders can fetch.

mod desk;
mod events;
mod queue;
