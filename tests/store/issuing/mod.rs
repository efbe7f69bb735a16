//! What issuing keeps: events, the queue, the register, what holders can fetch.

mod answers;
mod columns;
mod crash;
mod crowd;
mod desk;
mod events;
mod moving;
mod queue;
mod speed;
mod tamper;
