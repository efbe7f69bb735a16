//! What verification tolerates, and who may sign policy sets.
//!
//! Refuses quirks that there are not, and skews, ages and numbers of signers out of bounds.
//!
//! Source: docs/OPERATING.md; docs/POLICY.md.

use crate::failure::{Code, Failure};
use crate::model::Thumbprint;
use crate::quirk::Quirk;
use crate::verify::Policy;
use serde::Deserialize;
use smol_str::SmolStr;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PolicyTable {
    id: Option<String>,
    version: Option<u32>,
    skew_s: Option<i64>,
    max_trust_age_s: Option<i64>,
    max_revocation_age_s: Option<i64>,
    refused_quirks: Vec<String>,
    signers: Vec<String>,
}

impl PolicyTable {
    /// What is tolerated, and the certificates whose keys sign policy sets.
    ///
    /// # Errors
    /// `configuration_invalid`.
    pub(super) fn checked(self) -> Result<(Policy, Vec<Thumbprint>), Failure> {
        let signers = super::federation::thumbprints("policy.signers", &self.signers)?;
        let defaults = Policy::default();
        let quirk = |name: &String| {
            Quirk::named(name)
                .ok_or_else(|| invalid(&format!("policy.refused_quirks: {name} is no quirk")))
        };
        let policy = Policy {
            id: self.id.map_or(defaults.id, SmolStr::from),
            version: self.version.unwrap_or(defaults.version),
            skew_s: self.skew_s.unwrap_or(defaults.skew_s),
            max_trust_age_s: self.max_trust_age_s.unwrap_or(defaults.max_trust_age_s),
            max_revocation_age_s: self
                .max_revocation_age_s
                .unwrap_or(defaults.max_revocation_age_s),
            refused_quirks: self
                .refused_quirks
                .iter()
                .map(quirk)
                .collect::<Result<_, _>>()?,
        };
        if !(0..=MAX_SKEW_S).contains(&policy.skew_s) {
            return Err(invalid("policy.skew_s is 0 to 3600"));
        }
        if policy.max_trust_age_s < 0 || policy.max_revocation_age_s < 0 {
            return Err(invalid("an age of the policy is negative"));
        }
        Ok((policy, signers))
    }
}

fn invalid(what: &str) -> Failure {
    Code::ConfigurationInvalid.because(what)
}

const MAX_SKEW_S: i64 = 3600;
