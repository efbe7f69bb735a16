//! The core elsewhere: every door of it gives the same answers, byte for byte, as the library here.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may panic, tells what it counted, and reads what it asks for"
)]

#[path = "../bundle/ground.rs"]
#[allow(dead_code, reason = "the other test uses more of it")]
mod ground;
#[path = "../support/mod.rs"]
mod support;

mod doors;
mod payloads;
mod pictures;
mod scanner;
