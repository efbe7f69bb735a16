//! The use cases: everything a door can ask for.

mod clock;
pub mod sync;

pub use clock::Clock;
