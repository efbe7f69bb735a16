//! What a scanner remembers of bundles and of time, so that nobody can take it back to an earlier day.
//!
//! Refuses bundles of another environment, older ones than were seen, and two of one number; and a clock that shows a time before
//! one that has passed.

use super::file::Proven;
use super::manifest::Manifest;
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, UnixTime};

/// What was seen so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The fingerprint of the root that is pinned.
    pub root: Thumbprint,
    /// The world that it speaks for; nothing before the first bundle.
    pub environment: Option<Environment>,
    /// Epoch and number of the newest bundle.
    pub newest: (u64, u64),
    /// The name of the newest bundle; nothing before the first.
    pub name: Option<Thumbprint>,
    /// The latest instant that has passed for sure.
    pub latest: UnixTime,
}

/// How old a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// As it should be.
    Fresh,
    /// Old enough to say so, with its seconds.
    Old(i64),
    /// Too old to say anything.
    TooOld(i64),
}

impl Seen {
    /// Nothing, by whoever pins the root with this fingerprint.
    pub fn nothing(root: Thumbprint) -> Self {
        Self {
            root,
            environment: None,
            newest: (0, 0),
            name: None,
            latest: UnixTime::EPOCH,
        }
    }

    /// What is seen once the bundle in `proven` is in use.
    ///
    /// # Errors
    /// `environment_mismatch`; `bundle_rolled_back` for an older one, or another with the number of the newest.
    pub fn with(&self, proven: &Proven) -> Result<Self, Failure> {
        let manifest = &proven.manifest;
        if self
            .environment
            .is_some_and(|it| it != manifest.environment)
        {
            return Err(Code::EnvironmentMismatch.because("a bundle of another environment"));
        }
        let number = (manifest.epoch, manifest.sequence);
        if number < self.newest {
            let reason = format!("{number:?} after {:?}", self.newest);
            return Err(Code::BundleRolledBack.because(reason));
        }
        if number == self.newest && self.name.is_some_and(|it| it != proven.name) {
            return Err(Code::BundleRolledBack.because("another bundle with the same number"));
        }
        Ok(Self {
            root: proven.root.fingerprint(),
            environment: Some(manifest.environment),
            newest: number,
            name: Some(proven.name),
            // Never taken back, not even by a newer bundle: one that was held back would bring its own day back.
            latest: self.latest.max(manifest.issued_at),
        })
    }

    /// What is seen once the clock has shown `now`.
    ///
    /// # Errors
    /// `clock_suspect` over five minutes before the latest instant that has passed.
    pub fn at(&self, now: UnixTime) -> Result<Self, Failure> {
        if now.plus(TOLERANCE_S) < self.latest {
            let reason = format!("{now} after {}", self.latest);
            return Err(Code::ClockSuspect.because(reason));
        }
        Ok(Self {
            latest: self.latest.max(now),
            ..self.clone()
        })
    }
}

impl Manifest {
    /// How old it is at `now`.
    pub fn age(&self, now: UnixTime) -> Age {
        let age = now.seconds().saturating_sub(self.issued_at.seconds());
        if age > self.stop_after_s {
            Age::TooOld(age)
        } else if age > self.warn_after_s {
            Age::Old(age)
        } else {
            Age::Fresh
        }
    }
}

/// How far clocks are apart that nobody has set: five minutes.
const TOLERANCE_S: i64 = 5 * 60;
