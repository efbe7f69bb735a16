//! What a scanner remembers of bundles and of time, so that nobody can take it back to an earlier day.
//!
//! Refuses bundles of another environment, older ones than were seen, and two of one number; and a clock that shows a time before
//! one that has passed.

use super::file::Proven;
use super::manifest::Manifest;
use crate::codec::json;
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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

/// How it is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    version: u32,
    root: String,
    environment: Option<String>,
    epoch: u64,
    sequence: u64,
    bundle: Option<String>,
    latest: i64,
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

    /// It as JSON, to be kept for the next start.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn write(&self) -> Result<Vec<u8>, Failure> {
        let (epoch, sequence) = self.newest;
        let memory = Memory {
            version: VERSION,
            root: self.root.to_string(),
            environment: self.environment.map(|it| it.name().to_owned()),
            epoch,
            sequence,
            bundle: self.name.map(|name| name.to_string()),
            latest: self.latest.seconds(),
        };
        let bytes = serde_json::to_vec_pretty(&memory);
        bytes.map_err(|error| Code::Internal.caused_by("nothing to remember", error))
    }

    /// What was kept in `bytes`.
    ///
    /// # Errors
    /// `not_enrolled`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let unread = || Code::NotEnrolled.because("what the scanner remembers cannot be read");
        let memory = json::read(bytes, MAX_VALUES).map_err(|_| unread())?;
        let memory: Memory = serde_json::from_value(memory).map_err(|_| unread())?;
        let name = |text: &String| Thumbprint::parse(text).ok_or_else(unread);
        let environment = |text: &String| Environment::parse(text).ok_or_else(unread);
        if memory.version != VERSION {
            return Err(unread());
        }
        Ok(Self {
            root: name(&memory.root)?,
            environment: memory.environment.as_ref().map(environment).transpose()?,
            newest: (memory.epoch, memory.sequence),
            name: memory.bundle.as_ref().map(name).transpose()?,
            latest: UnixTime::from_seconds(memory.latest).ok_or_else(unread)?,
        })
    }
}

impl Manifest {
    /// What it says of itself and how old that is at `now`, as JSON.
    pub fn described(&self, now: UnixTime) -> Value {
        json!({
            "environment": self.environment.name(),
            "epoch": self.epoch,
            "sequence": self.sequence,
            "issued_at": self.issued_at.to_string(),
            "age": match self.age(now) {
                Age::Fresh => "fresh",
                Age::Old(_) => "old",
                Age::TooOld(_) => "too_old",
            },
            "warns_after_hours": self.warn_after_s / HOUR_S,
            "stops_after_hours": self.stop_after_s / HOUR_S,
        })
    }

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
const HOUR_S: i64 = 60 * 60;
const VERSION: u32 = 1;
const MAX_VALUES: usize = 16;
