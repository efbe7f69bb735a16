//! CertLogic: the logic of rules, read once into a tree of our own and evaluated over borrowed data.
//!
//! Refuses a third way to end: logic gives a value, or it faults, and which fault it was is told. Nothing in it can run for
//! long, grow, panic, or reach anything but the data that it is given.
//!
//! Source: eHealth Network, CertLogic specification 1.3.3 and its test suite.

mod budget;
mod data;
mod evaluate;
mod expression;
mod time;

pub use budget::{Budget, Fault};
pub use data::{Data, List, Value};
pub use expression::Logic;
pub use time::Time;
