//! The one clock of the program.
//!
//! Refuses to be read anywhere else: everything below takes the instant as an argument.

use crate::model::UnixTime;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where a gateway takes the time from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A fixed instant, for tests and rehearsals.
    Fixed(UnixTime),
    /// An instant that whoever holds the number moves, in seconds since 1970-01-01T00:00:00Z; for tests and rehearsals. What
    /// is out of range is the last second of time.
    Moved(&'static AtomicI64),
}

impl Clock {
    /// The present instant in milliseconds since 1970-01-01T00:00:00Z, for what is measured and not judged.
    pub fn now_ms(self) -> i64 {
        match self {
            Self::Fixed(_) | Self::Moved(_) => self.now().seconds().saturating_mul(1000),
            Self::System => i64::try_from(elapsed().as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// The present instant.
    pub fn now(self) -> UnixTime {
        match self {
            Self::Fixed(at) => at,
            Self::Moved(seconds) => {
                let seconds = seconds.load(Ordering::SeqCst);
                UnixTime::from_seconds(seconds).unwrap_or(UnixTime::END)
            }
            Self::System => {
                let seconds = elapsed().as_secs();
                UnixTime::EPOCH.plus(i64::try_from(seconds).unwrap_or(i64::MAX))
            }
        }
    }
}

/// How long ago 1970 began.
fn elapsed() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}
