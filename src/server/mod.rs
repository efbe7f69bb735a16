//! Everything that touches the world.

pub mod federation;
pub mod gateway;
