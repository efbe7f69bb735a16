//! The one clock of the program.
//!
//! Refuses to be read anywhere else: everything below takes the instant as an argument.

use crate::model::UnixTime;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where a gateway takes the time from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A fixed instant, for tests and rehearsals.
    Fixed(UnixTime),
}

impl Clock {
    /// The present instant.
    pub fn now(self) -> UnixTime {
        match self {
            Self::Fixed(at) => at,
            Self::System => {
                #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
                let elapsed = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                UnixTime::EPOCH.plus(i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX))
            }
        }
    }
}
