//! The trust list: the admitted signers, found by key identifier and by key.
//!
//! Refuses entries out of their source's scope or environment, unreadable keys, contradictions between a source and a
//! certificate, and more candidates for one key identifier than a verification may cost. One bad entry never drops the
//! list, and the list does not depend on the order in which entries came.

use super::dsc::Dsc;
use super::entry::{Refusal, Source, SourceList, TrustEntry};
use super::test_keys;
use crate::crypto;
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment, Kid};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

/// The admitted signers.
#[derive(Clone, Debug, Default)]
pub struct TrustList {
    signers: Vec<Arc<Dsc>>,
    by_kid: HashMap<Kid, Vec<usize>>,
    by_key: HashMap<[u8; 32], Vec<usize>>,
}

/// What admission did with the entries of all sources.
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
    /// Admits the entries of `lists`, as far as their sources may name them in `environment`.
    ///
    /// Whether a list holds and whether somebody vouches for an entry was judged before; here it is asked what an entry
    /// says, and whether this source may say it.
    pub fn admit(lists: &[&SourceList], environment: Environment) -> (Self, AdmissionReport) {
        let mut report = AdmissionReport::default();
        let mut readable = Vec::new();
        for list in lists {
            for entry in &list.entries {
                match judge(list, environment, entry) {
                    Ok(dsc) => readable.push((dsc, &list.source, entry)),
                    Err((kid, failure)) => {
                        report.refused.push(Refusal::new(
                            &list.source,
                            entry.place.clone(),
                            kid,
                            &failure,
                        ));
                    }
                }
            }
        }
        // Certificates prove their key identifier, bare keys only claim one: certificates come first, so that no
        // number of bare keys keeps one out. Beyond that the order is that of the content.
        readable.sort_by(|(left, left_source, _), (right, right_source, _)| {
            let order = |dsc: &Dsc, source: &Source| {
                let (assurance, id) = (Reverse(dsc.assurance), source.id.clone());
                (!dsc.has_certificate, dsc.thumbprint, assurance, id)
            };
            order(left, left_source).cmp(&order(right, right_source))
        });
        let mut trust = Self::default();
        for (dsc, source, entry) in readable {
            let kid = dsc.kid.clone();
            match trust.add(dsc) {
                Ok(Admission::New) => report.admitted += 1,
                Ok(Admission::Repeated) => report.repeated += 1,
                Err(failure) => {
                    report.refused.push(Refusal::new(
                        source,
                        entry.place.clone(),
                        Some(kid),
                        &failure,
                    ));
                }
            }
        }
        (trust, report)
    }

    fn add(&mut self, dsc: Dsc) -> Result<Admission, Failure> {
        let positions = self.by_kid.entry(dsc.kid.clone()).or_default();
        let mut near = 0;
        for position in positions.iter() {
            let Some(other) = self.signers.get_mut(*position) else {
                continue;
            };
            if other.thumbprint == dsc.thumbprint {
                return Arc::make_mut(other)
                    .also(&dsc)
                    .map(|()| Admission::Repeated);
            }
            near += usize::from(other.shares_country(&dsc));
        }
        let same_key = dsc.key.as_ref().ok().map(|key| *key.spki_digest());
        let holders = same_key.and_then(|digest| self.by_key.get(&digest));
        // Whoever certifies a foreign key must not be able to keep its owner out.
        let held = holders.map_or(0, |holders| {
            let others = holders.iter().filter_map(|it| self.signers.get(*it));
            others.filter(|other| other.shares_country(&dsc)).count()
        });
        let full = [
            (positions.len(), MAX_PER_KID, "have this key identifier"),
            (
                near,
                MAX_PER_KID_AND_COUNTRY,
                "of its country have this key identifier",
            ),
            (
                held,
                MAX_PER_KEY_AND_COUNTRY,
                "of its country hold this key",
            ),
        ];
        if let Some((count, _, what)) = full.iter().find(|(count, limit, _)| count >= limit) {
            return Err(Code::CandidateLimit.because(format!("{count} signers {what} already")));
        }
        self.append(dsc);
        Ok(Admission::New)
    }

    /// Puts `dsc` at the end.
    pub(super) fn append(&mut self, dsc: Dsc) {
        let position = self.signers.len();
        self.by_kid
            .entry(dsc.kid.clone())
            .or_default()
            .push(position);
        if let Ok(key) = &dsc.key {
            let holders = self.by_key.entry(*key.spki_digest()).or_default();
            holders.push(position);
        }
        self.signers.push(Arc::new(dsc));
    }

    /// Every signer with this key identifier, at most 16, in the order of the list.
    pub fn candidates(&self, kid: &Kid) -> impl Iterator<Item = &Arc<Dsc>> + Clone {
        self.at(self.by_kid.get(kid))
    }

    /// Every signer that holds this key, whatever its key identifier, at most 16 of a country.
    ///
    /// Where a certificate of its country holds it, what bare keys say of it does not count: a bare key knows no period and
    /// no purpose, and would lift those of the certificate. A certificate of another country, which anybody with a CA can
    /// make of a public key, displaces nothing.
    pub fn holders(&self, spki_digest: &[u8; 32]) -> impl Iterator<Item = &Arc<Dsc>> + Clone {
        let all = self.at(self.by_key.get(spki_digest));
        let certified = all.clone().filter(|dsc| dsc.has_certificate);
        all.filter(move |dsc| {
            let mut certified = certified.clone();
            let displaced = certified.any(|other| {
                dsc.countries.is_empty() || other.countries.is_empty() || other.shares_country(dsc)
            });
            dsc.has_certificate || !displaced
        })
    }

    /// All signers, certificates before bare keys, in the order of their thumbprints.
    pub fn signers(&self) -> &[Arc<Dsc>] {
        &self.signers
    }

    /// SHA-256 over what the list says.
    pub fn content_hash(&self) -> [u8; 32] {
        let rows: Vec<[u8; 32]> = self.signers.iter().map(|dsc| row_hash(dsc)).collect();
        crypto::sha256(&rows.concat())
    }

    fn at<'l>(
        &'l self,
        positions: Option<&'l Vec<usize>>,
    ) -> impl Iterator<Item = &'l Arc<Dsc>> + Clone {
        let positions = positions.map(Vec::as_slice).unwrap_or_default();
        positions
            .iter()
            .filter_map(|position| self.signers.get(*position))
    }
}

enum Admission {
    New,
    Repeated,
}

/// The signer that `entry` names, if its source may name it here.
fn judge(
    list: &SourceList,
    environment: Environment,
    entry: &TrustEntry,
) -> Result<Dsc, (Option<Kid>, Failure)> {
    let source = &list.source;
    let refused = |failure| (entry.kid.clone(), failure);
    if source.environment != environment {
        let reason = format!("a {} source in a {environment} gateway", source.environment);
        return Err(refused(Code::EnvironmentMismatch.because(reason)));
    }
    let dsc = Dsc::from_entry(entry, list.assurance, &source.id).map_err(refused)?;
    let refused = |failure| Err((Some(dsc.kid.clone()), failure));
    if environment != Environment::Demo && dsc.countries.contains(&Country::DEMO) {
        return refused(
            Code::EnvironmentMismatch.because("a demo signer outside the demo environment"),
        );
    }
    if environment == Environment::Production && !source.test_participants {
        if let Some(country) = dsc.countries.iter().find(|it| it.is_for_tests()) {
            let reason = format!("a signer of test participant {country}");
            return refused(Code::TestSigner.because(reason));
        }
        if dsc.key.as_ref().is_ok_and(test_keys::is_public) {
            return refused(Code::TestSigner.because("the private half of its key is public"));
        }
    }
    if let Some(scope) = &source.countries {
        if let Some(country) = dsc
            .countries
            .iter()
            .find(|country| !scope.contains(country))
        {
            let scope: Vec<_> = scope.iter().map(ToString::to_string).collect();
            let reason = format!(
                "a signer of {country}; this source may name {}",
                scope.join(", ")
            );
            return refused(Code::OutOfScope.because(reason));
        }
        if dsc.countries.is_empty() {
            return refused(Code::OutOfScope.because("a signer of no known country"));
        }
    }
    Ok(dsc)
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
    dsc.sources
        .iter()
        .for_each(|source| part(source.as_bytes()));
    part(if dsc.country_stated {
        b"countries"
    } else {
        b"anywhere"
    });
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
/// How many of them may belong to one country, or to none that is known.
const MAX_PER_KID_AND_COUNTRY: usize = 8;
/// How many signers of one country, or of none that is known, may hold one key.
const MAX_PER_KEY_AND_COUNTRY: usize = 16;
