//! The one way out: requests to foreign systems.
//!
//! Refuses every host but those that `feeds.toml` names, redirects, addresses inside our own networks, answers over their
//! ceilings, and servers and clients without the certificates they should have.

mod address;
mod client;
mod host;
mod tls;

pub use client::{Answer, Outbound};
pub use host::Host;
