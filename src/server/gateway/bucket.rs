//! A bucket of units that fills by itself: how much somebody may still have done now.
//!
//! Refuses more than is in it. It takes no lock, and of two who want the last unit one gets it.
//!
//! Source: ITU-T I.371, annex A (the generic cell rate algorithm, as virtual scheduling).

use crate::server::config::Rate;
use std::sync::atomic::{AtomicU64, Ordering};

/// What one caller has, or several together.
#[derive(Debug)]
pub struct Bucket {
    rate: Rate,
    since_ms: i64,
    /// When it will be full again, in parts since `since_ms`: [`PARTS`] are a unit, and each millisecond brings as many as
    /// there are units in a minute.
    full_at: AtomicU64,
}

/// Why a bucket gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There will be enough in so many milliseconds, if nobody else takes it.
    For(u64),
    /// It never holds that much.
    Always,
}

/// How a bucket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Whole units that are in it.
    pub left: u64,
    /// Seconds until it is full, rounded up.
    pub full_in_s: u64,
}

impl Bucket {
    /// A full one, at `now_ms`, milliseconds since 1970-01-01T00:00:00Z.
    pub fn new(rate: Rate, now_ms: i64) -> Self {
        Self {
            rate,
            since_ms: now_ms.saturating_sub(DAY_MS),
            full_at: AtomicU64::new(0),
        }
    }

    /// How fast it fills, and how much it holds.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes `units` at `now_ms`, all or none of them.
    ///
    /// # Errors
    /// Where there are not so many, which takes nothing.
    pub fn spend(&self, units: u64, now_ms: i64) -> Result<(), Refused> {
        let (now, most) = (self.parts(now_ms), self.most());
        let cost = units.saturating_mul(PARTS);
        if cost > most {
            return Err(Refused::Always);
        }
        let latest = now.saturating_add(most);
        let mut found = self.full_at.load(Ordering::Relaxed);
        loop {
            // A clock that was set back leaves it empty, and no emptier.
            let full_at = found.clamp(now, latest);
            let after = full_at.saturating_add(cost);
            let missing = after.saturating_sub(latest);
            let next = if missing == 0 { after } else { full_at };
            let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
            match self.full_at.compare_exchange_weak(found, next, set, get) {
                Ok(_) if missing == 0 => return Ok(()),
                Ok(_) => return Err(Refused::For(missing.div_ceil(self.per_minute()))),
                Err(other) => found = other,
            }
        }
    }

    /// How it stands at `now_ms`.
    pub fn level(&self, now_ms: i64) -> Level {
        let (now, most) = (self.parts(now_ms), self.most());
        let full_at = self.full_at.load(Ordering::Relaxed);
        let used = full_at.clamp(now, now.saturating_add(most)) - now;
        Level {
            left: (most - used) / PARTS,
            full_in_s: used.div_ceil(self.per_minute().saturating_mul(1000)),
        }
    }

    fn parts(&self, now_ms: i64) -> u64 {
        let elapsed = u64::try_from(now_ms.saturating_sub(self.since_ms)).unwrap_or_default();
        elapsed.saturating_mul(self.per_minute())
    }

    fn per_minute(&self) -> u64 {
        u64::from(self.rate.per_minute).max(1)
    }

    fn most(&self) -> u64 {
        u64::from(self.rate.burst).saturating_mul(PARTS)
    }
}

/// A unit a minute is one part a millisecond.
const PARTS: u64 = 60_000;
/// So far back a clock may be set and the bucket still fills.
const DAY_MS: i64 = 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(per_minute: u32, burst: u32) -> Bucket {
        let rate = Rate::of(Some(per_minute), Some(burst)).unwrap().unwrap();
        Bucket::new(rate, 0)
    }

    #[test]
    fn what_was_not_used_is_there_up_to_the_burst() {
        let bucket = bucket(60, 10);
        let level = |at| {
            let Level { left, full_in_s } = bucket.level(at);
            (left, full_in_s)
        };
        assert_eq!(level(0), (10, 0));
        assert_eq!(bucket.spend(10, 0), Ok(()));
        assert_eq!(level(0), (0, 10));
        assert_eq!(bucket.spend(1, 999), Err(Refused::For(1)));
        assert_eq!(bucket.spend(2, 0), Err(Refused::For(2000)));
        assert_eq!(bucket.spend(1, 1000), Ok(()));
        assert_eq!(level(5500), (4, 6));
        assert_eq!(bucket.spend(10, 1_000_000), Ok(()));
        assert_eq!(bucket.spend(1, 1_000_000), Err(Refused::For(1000)));
        assert_eq!(bucket.spend(11, 9_000_000), Err(Refused::Always));
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_it_empty_and_it_fills_from_there() {
        let bucket = bucket(60, 10);
        assert_eq!(bucket.spend(10, 3_600_000), Ok(()));
        assert_eq!(bucket.spend(1, 0), Err(Refused::For(1000)));
        assert_eq!(
            bucket.level(0),
            Level {
                left: 0,
                full_in_s: 10
            }
        );
        assert_eq!(bucket.spend(1, 1000), Ok(()));
        assert_eq!(bucket.spend(1, 1000), Err(Refused::For(1000)));
    }

    #[test]
    fn of_many_who_want_more_than_there_is_as_many_get_it_as_there_is() {
        let bucket = bucket(60, 1000);
        let got = std::thread::scope(|threads| {
            let many = [(); 8].map(|()| {
                threads.spawn(|| (0..500).filter(|_| bucket.spend(1, 0).is_ok()).count())
            });
            many.into_iter().map(|it| it.join().unwrap()).sum::<usize>()
        });
        assert_eq!((got, bucket.level(0).left), (1000, 0));
    }
}
