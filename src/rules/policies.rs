//! The policy sets that were activated, and which of them is in force when.
//!
//! Refuses a version that is not above the last, another identifier than the one before, and an activation outside the
//! set's own period. It is a pure function of the activations in their order.

use super::policy_set::PolicySet;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use std::sync::Arc;

/// Policy sets that were activated and are not over.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// In the order of their versions, as they came.
    sets: Vec<Activated>,
}

/// A policy set, and from when on it may be in force.
#[derive(Clone, Debug)]
pub struct Activated {
    /// What it says.
    pub set: Arc<PolicySet>,
    /// From when on it is in force, unless a higher version is.
    pub from: UnixTime,
}

impl Policies {
    /// Takes in that `set` is in force from `from` on, which was decided at `decided_at`. What was over a day before that is
    /// left out from then on: what has ended, and what a higher version that has begun covers to its end.
    ///
    /// # Errors
    /// `policy_invalid`.
    pub fn activate(
        &mut self,
        set: Arc<PolicySet>,
        from: UnixTime,
        decided_at: UnixTime,
    ) -> Result<(), Failure> {
        self.may_follow(&set, from)?;
        self.sets.push(Activated { set, from });
        let mut later: Vec<Activated> = Vec::new();
        while let Some(it) = self.sets.pop() {
            let ended = it.set.valid_to.plus(KEPT_S) < decided_at;
            let is_covered = later.iter().any(|next| {
                next.from.plus(KEPT_S) <= decided_at && next.set.valid_to >= it.set.valid_to
            });
            // The last one stays whatever it is: the next has to be above it.
            if later.is_empty() || !(ended || is_covered) {
                later.push(it);
            }
        }
        later.reverse();
        self.sets = later;
        Ok(())
    }

    /// That `set` may be activated from `from` on.
    ///
    /// # Errors
    /// `policy_invalid`.
    pub fn may_follow(&self, set: &PolicySet, from: UnixTime) -> Result<(), Failure> {
        let refused = |reason: String| Err(Code::PolicyInvalid.because(reason));
        if let Some(last) = self.sets.last().map(|it| &it.set) {
            if last.identifier != set.identifier {
                return refused(format!("another identifier than {}", last.identifier));
            }
            if last.version >= set.version {
                return refused(format!("its version is not above {}", last.version));
            }
        }
        if from < set.valid_from || set.valid_to < from {
            return refused("it would be in force outside its own period".to_owned());
        }
        if self.sets.len() >= MAX_SETS {
            return refused(format!("{MAX_SETS} policy sets are not over yet"));
        }
        Ok(())
    }

    /// The policy set in force at `at`: of those that have begun and are not over, the one with the highest version.
    pub fn in_force(&self, at: UnixTime) -> Option<&Arc<PolicySet>> {
        let begun = |it: &&Activated| it.from <= at && at <= it.set.valid_to;
        self.sets.iter().rev().find(begun).map(|it| &it.set)
    }

    /// All of them, the lowest version first.
    pub fn all(&self) -> &[Activated] {
        &self.sets
    }

    /// SHA-256 over what they say and when.
    pub fn content_hash(&self) -> [u8; 32] {
        let rows = self.sets.iter().map(|it| {
            let from = it.from.seconds().to_be_bytes();
            sha256(&[it.set.digest().as_slice(), &from].concat())
        });
        sha256(rows.collect::<Vec<_>>().as_flattened())
    }
}

/// How long a set that is over is kept, so that no clock that lags misses it.
const KEPT_S: i64 = 86_400;
const MAX_SETS: usize = 200;
