//! What a verifier tolerates, as data.
//!
//! Refuses to be implicit: a verdict names the policy it was reached under. One that was written reads back the same, or is
//! refused.

use crate::codec::cbor::{self, Limits, Value};
use crate::failure::{Code, Failure};
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

    /// All of it in CBOR, deterministic: `[1, id, version, skew, age of trust, age of revocations, [quirk, ...]]`.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn write(&self) -> Result<Vec<u8>, Failure> {
        let quirks = self.refused_quirks.iter().map(|it| it.name().into());
        cbor::write(&Value::Array(vec![
            FORM.into(),
            Value::Text(self.id.to_string()),
            self.version.into(),
            self.skew_s.into(),
            self.max_trust_age_s.into(),
            self.max_revocation_age_s.into(),
            Value::Array(quirks.collect()),
        ]))
    }

    /// The policy that was written as `bytes`.
    ///
    /// # Errors
    /// `archive_invalid`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let invalid = || Code::ArchiveInvalid.because("no policy that this program knows");
        if bytes.len() > MAX_WRITTEN {
            return Err(invalid());
        }
        let document = cbor::read(bytes, WRITTEN).map_err(|_| invalid())?;
        let read = || {
            let row: Vec<_> = document.root().as_array()?.take(8).collect();
            let row: [_; 7] = row.try_into().ok()?;
            let [form, id, version, skew, trust, revocations, quirks] = row;
            let quirks = quirks.as_array()?.map(|it| Quirk::named(it.as_text()?));
            (form.as_i64()? == FORM).then_some(())?;
            Some(Self {
                id: id.as_text()?.into(),
                version: version.as_i64().and_then(|it| u32::try_from(it).ok())?,
                skew_s: skew.as_i64()?,
                max_trust_age_s: trust.as_i64()?,
                max_revocation_age_s: revocations.as_i64()?,
                refused_quirks: quirks.collect::<Option<_>>()?,
            })
        };
        read().ok_or_else(invalid)
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

const FORM: i64 = 1;
const MAX_WRITTEN: usize = 16 * 1024;
const WRITTEN: Limits = Limits {
    depth: 3,
    items: 256,
};
