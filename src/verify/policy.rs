//! What a verifier tolerates, as data.
//!
//! Refuses to be implicit: a verdict names the policy it was reached under.

use crate::model::UnixTime;
use crate::quirk::Quirk;
use crate::trust::Source;
use smol_str::SmolStr;

/// What is tolerated, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name, shown in every verdict.
    pub id: SmolStr,
    /// Its version, shown in every verdict.
    pub version: u32,
    /// How many seconds an issuer's clock may be ahead of ours. Forgives a start that is not yet reached, never an end
    /// that has passed. Default 300.
    pub skew_s: i64,
    /// How many seconds old a trust source may be. Default 259,200 (72 hours).
    pub max_trust_age_s: i64,
    /// How many seconds old a source of withdrawn certificates may be. Default 259,200 (72 hours).
    pub max_revocation_age_s: i64,
    /// Quirks that are not tolerated. Default none.
    pub refused_quirks: Vec<Quirk>,
}

impl Policy {
    /// The last second at which `source` is fresh.
    pub fn fresh_until(&self, source: &Source) -> UnixTime {
        source.as_of.plus(self.max_trust_age_s)
    }

    /// Whether `source` is older than this allows at the instant `at`.
    pub fn is_stale(&self, source: &Source, at: UnixTime) -> bool {
        self.fresh_until(source) < at
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            id: SmolStr::new_static("default"),
            version: 1,
            skew_s: 300,
            max_trust_age_s: 72 * 60 * 60,
            max_revocation_age_s: 72 * 60 * 60,
            refused_quirks: Vec::new(),
        }
    }
}
