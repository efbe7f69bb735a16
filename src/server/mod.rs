//! Everything that touches the world, behind one door.

pub mod client;
pub mod config;
mod demo;
pub mod document;
pub mod federation;
pub(crate) mod files;
pub mod gateway;
pub mod http;
pub mod keys;
mod listener;
mod log;
mod log_line;
pub mod picture;
mod run;
pub mod scanner;
mod socket;
pub mod store;
mod tasks;
pub mod telemetry;

pub use demo::{DemoClient, demo_client};
pub use log::Written;
pub use run::{Listening, Running, Server};
