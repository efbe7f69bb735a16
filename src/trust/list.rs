//! The trust list: the admitted signers, found by key identifier.
//!
//! Refuses entries out of their source's scope or environment, unreadable keys, and more candidates for one key
//! identifier than a verification may cost. One bad entry never drops the list.

use super::dsc::{Assurance, Dsc};
use super::entry::{Refusal, Source, SourceList, TrustEntry};
use crate::crypto;
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment, Kid};
use std::collections::HashMap;
use std::sync::Arc;

/// The admitted signers.
#[derive(Clone, Debug, Default)]
pub struct TrustList {
    signers: Vec<Arc<Dsc>>,
    by_kid: HashMap<Kid, Vec<usize>>,
}

/// What admission did with a source's entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdmissionReport {
    /// How many signers are in the list.
    pub admitted: usize,
    /// How many entries named a signer that was already there.
    pub repeated: usize,
    /// The entries that were not admitted.
    pub refused: Vec<Refusal>,
}

impl TrustList {
    /// Admits the entries of a source of directly trusted signers; refusals are told in `report`.
    pub fn admit_pinned(
        &mut self,
        list: &SourceList,
        environment: Environment,
        report: &mut AdmissionReport,
    ) {
        let source = &list.source;
        for entry in &list.entries {
            match self.admit(source, environment, entry) {
                Ok(Admission::New) => report.admitted += 1,
                Ok(Admission::Repeated) => report.repeated += 1,
                Err((kid, failure)) => {
                    report
                        .refused
                        .push(Refusal::new(source, entry.place.clone(), kid, &failure));
                }
            }
        }
    }

    fn admit(
        &mut self,
        source: &Source,
        environment: Environment,
        entry: &TrustEntry,
    ) -> Result<Admission, (Option<Kid>, Failure)> {
        let refused = |failure| (entry.kid.clone(), failure);
        if source.environment != environment {
            let reason = format!("a {} source in a {environment} gateway", source.environment);
            return Err(refused(Code::EnvironmentMismatch.because(reason)));
        }
        let dsc = Dsc::from_entry(entry, Assurance::PinnedSigner, &source.id).map_err(refused)?;
        let refused = |failure| (Some(dsc.kid.clone()), failure);
        if let Some(scope) = &source.countries {
            let outside = dsc
                .countries
                .iter()
                .find(|country| !scope.contains(country));
            if let Some(country) = outside {
                return Err(refused(
                    Code::OutOfScope.because(format!("a signer of {country}")),
                ));
            }
            if dsc.countries.is_empty() {
                return Err(refused(
                    Code::OutOfScope.because("a signer of no known country"),
                ));
            }
        }
        let positions = self
            .by_kid
            .get(&dsc.kid)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let sharing: Vec<_> = positions
            .iter()
            .filter_map(|position| self.signers.get(*position))
            .collect();
        if sharing
            .iter()
            .any(|other| other.thumbprint == dsc.thumbprint)
        {
            return Ok(Admission::Repeated);
        }
        let same_country = sharing
            .iter()
            .filter(|other| other.countries == dsc.countries)
            .count();
        if sharing.len() >= MAX_PER_KID || same_country >= MAX_PER_KID_AND_COUNTRY {
            let reason = format!("{} signers have this key identifier already", sharing.len());
            return Err(refused(Code::CandidateLimit.because(reason)));
        }
        self.by_kid
            .entry(dsc.kid.clone())
            .or_default()
            .push(self.signers.len());
        self.signers.push(Arc::new(dsc));
        Ok(Admission::New)
    }

    /// Every signer with this key identifier, at most 16; those of `country` first.
    pub fn candidates(&self, kid: &Kid, country: Option<Country>) -> Vec<&Arc<Dsc>> {
        let positions = self.by_kid.get(kid).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<_> = positions
            .iter()
            .filter_map(|position| self.signers.get(*position))
            .collect();
        if let Some(country) = country {
            found.sort_by_key(|dsc| !dsc.countries.contains(&country));
        }
        found
    }

    /// All signers, in the order they were admitted.
    pub fn signers(&self) -> &[Arc<Dsc>] {
        &self.signers
    }

    /// SHA-256 over what the list says, whatever the order its entries came in.
    pub fn content_hash(&self) -> [u8; 32] {
        let mut rows: Vec<[u8; 32]> = self.signers.iter().map(|dsc| row_hash(dsc)).collect();
        rows.sort_unstable();
        crypto::sha256(&rows.concat())
    }
}

enum Admission {
    New,
    Repeated,
}

/// SHA-256 over one signer's meaning; lengths are written, so that no two signers read alike.
fn row_hash(dsc: &Dsc) -> [u8; 32] {
    let mut row = Vec::new();
    let mut part = |bytes: &[u8]| {
        row.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        row.extend_from_slice(bytes);
    };
    part(&dsc.thumbprint.0);
    part(dsc.kid.as_bytes());
    part(dsc.assurance.name().as_bytes());
    part(dsc.source.as_bytes());
    dsc.countries
        .iter()
        .for_each(|country| part(country.as_str().as_bytes()));
    part(b"purposes");
    match dsc.purposes.restriction() {
        None => part(b"all"),
        Some(purposes) => purposes
            .iter()
            .for_each(|purpose| part(purpose.name().as_bytes())),
    }
    crypto::sha256(&row)
}

/// How many signers may share a key identifier, which bounds the work of one verification.
const MAX_PER_KID: usize = 16;
/// How many of them may belong to the same country.
const MAX_PER_KID_AND_COUNTRY: usize = 8;
