//! `bundle`: the root of bundles and the key that it names.
//!
//! Refuses nothing itself.
//!
//! Source: docs/SCANNER.md.

use super::Exit;
use super::bundle_key::Key;
use super::bundle_root::Root;
use crate::failure::Failure;
use clap::Subcommand;

/// What `bundle` can do.
#[derive(Subcommand)]
pub(super) enum Bundle {
    /// The root of bundles: keys that lie offline, of which some sign together.
    #[command(subcommand)]
    Root(Root),
    /// The gateway's key of bundles, which the root names for 30 days at most.
    #[command(subcommand)]
    Key(Key),
}

impl Bundle {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Root(command) => command.run(),
            Self::Key(command) => command.run(),
        }
    }
}
