//! The checks on a credential with a good signature, one function each.
//!
//! Refuses to compare the country of the entry or the prefix of the UVCI with anything: they name where something
//! happened, not who vouches for it.
//!
//! Source: hcert-spec 3.3.4 to 3.3.6 and 6.3; EU verifier behaviour for key usages.

use super::open::Signed;
use super::policy::Policy;
use super::register::Registered;
use super::verdict::Finding;
use crate::credential::Claims;
use crate::failure::{Code, Failure};
use crate::model::{Country, Kid, UnixTime};
use crate::quirk::{Quirk, Quirks};
use crate::revocation::{HashKind, RevocationHash, SignedBy};
use crate::snapshot::{OwnKey, Snapshot};
use crate::trust::{Assurance, Dsc, Source};
use smallvec::SmallVec;
use smol_str::SmolStr;

/// The instants at which time alone changes a verdict.
#[derive(Debug)]
pub(super) struct Boundaries {
    at: UnixTime,
    next: Option<UnixTime>,
}

impl Boundaries {
    pub(super) fn new(at: UnixTime) -> Self {
        Self { at, next: None }
    }

    /// The first boundary after now, if there is one.
    pub(super) fn next(&self) -> Option<UnixTime> {
        self.next
    }

    /// Whether `start` is reached, and that it is a boundary.
    fn started(&mut self, start: UnixTime) -> bool {
        self.note(start);
        start <= self.at
    }

    /// Whether the second `last` has passed, and that the second after it is a boundary.
    fn passed(&mut self, last: UnixTime) -> bool {
        if last == UnixTime::END {
            return false;
        }
        self.note(last.plus(1));
        last < self.at
    }

    /// Whether `source` is older than `policy` allows.
    pub(super) fn stale(&mut self, source: &Source, policy: &Policy) -> bool {
        self.passed(policy.fresh_until(source))
    }

    fn note(&mut self, boundary: UnixTime) {
        if boundary > self.at && self.next.is_none_or(|next| boundary < next) {
            self.next = Some(boundary);
        }
    }
}

/// That `source` is too old to rely on.
pub(super) fn stale(source: &Source) -> Failure {
    let reason = match source.as_of {
        UnixTime::EPOCH => format!("source {} was never read", source.id),
        as_of => format!("source {} is from {as_of}", source.id),
    };
    Code::TrustListStale.because(reason)
}

/// What the checks need besides the credential.
pub(super) struct Checks<'c> {
    pub(super) policy: &'c Policy,
    pub(super) registered: Registered,
    pub(super) boundaries: &'c mut Boundaries,
    pub(super) quirks: &'c mut Quirks,
}

impl Checks<'_> {
    /// Every finding on a credential signed by `dsc`.
    pub(super) fn signed(
        &mut self,
        signed: &Signed,
        dsc: &Dsc,
        kids: &[&Kid],
        snapshot: &Snapshot,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut found = |failure: Option<&Failure>| findings.extend(failure.map(Finding::from));
        found(self.signer_period(dsc).as_ref());
        match &signed.claims {
            Err(failure) => found(Some(failure)),
            Ok(claims) => {
                found(self.issuer(claims, dsc).as_ref());
                found(self.period(claims).as_ref());
                self.relation(claims, dsc);
            }
        }
        if let Some(Err(failure)) = &signed.certificate {
            found(Some(failure));
        }
        for purpose in &signed.purposes {
            if !dsc.purposes.allow(*purpose) {
                let reason = format!("not for a {} certificate", purpose.name());
                found(Some(&Code::SignerNotAuthorised.because(reason)));
            }
        }
        found(self.withdrawn(signed, dsc, kids, snapshot).as_ref());
        found(self.registered(signed, snapshot).as_ref());
        // One fresh source that names the signer is enough; the boundaries of all are noted.
        let (mut old, mut fresh) = (None, false);
        for source in dsc.sources.iter().filter_map(|id| snapshot.source(id)) {
            if self.boundaries.stale(source, self.policy) {
                old = old.or(Some(source));
            } else {
                fresh = true;
            }
        }
        found(old.filter(|_| !fresh).map(stale).as_ref());
        found(self.revocation_stale(dsc, snapshot).as_ref());
        if dsc.assurance == Assurance::TlsOnly {
            let reason = format!("signer {} stands in a list without a proof", dsc.kid);
            found(Some(&Code::UnverifiedProof.because(reason)));
        }
        findings
    }

    /// Whether the register knows it, where its signer's key is one of our own that is compromised.
    ///
    /// It is the key that is compromised, whichever certificate or list names it.
    fn registered(&self, signed: &Signed, snapshot: &Snapshot) -> Option<Failure> {
        match snapshot.own().key(&signed.spki_digest) {
            None | Some(OwnKey::Healthy) => None,
            Some(OwnKey::Compromised) => self.registered.judged(&signed.kid),
        }
    }

    /// Whether this gateway, or a batch of the signer's own country, withdraws it, under any of its hashes.
    ///
    /// Lists in circulation compute the hash with the country from the issuer or from the entry, so both are asked for.
    fn withdrawn(
        &mut self,
        signed: &Signed,
        dsc: &Dsc,
        kids: &[&Kid],
        snapshot: &Snapshot,
    ) -> Option<Failure> {
        let (own, offline) = (snapshot.own(), snapshot.offline());
        let in_layer = || {
            let issued_at = signed.claims.as_ref().ok().map(|claims| claims.issued_at);
            issued_at.is_some_and(|at| offline.withdraws(signed.signature_hash, at))
                && own.is_ours(&signed.spki_digest, dsc)
        };
        if own.withdraws(signed.signature_hash, &signed.spki_digest, dsc) || in_layer() {
            return Some(Code::Revoked.because("withdrawn by this gateway"));
        }
        let (list, filter) = (snapshot.revocations(), offline.foreign());
        if list.is_empty() && filter.is_empty() {
            return None;
        }
        let mut hashes: SmallVec<[_; 4]> = SmallVec::new();
        hashes.push((HashKind::Signature, signed.signature_hash));
        if let Some(Ok(certificate)) = &signed.certificate {
            let (uvci, country) = (certificate.entry.uvci(), certificate.entry.country());
            if list.has(HashKind::Uci) || filter.has(HashKind::Uci) {
                hashes.push((HashKind::Uci, RevocationHash::of_uci(uvci)));
            }
            if list.has(HashKind::CountryCodeUci) || filter.has(HashKind::CountryCodeUci) {
                let issuer = signed.claims.as_ref().ok();
                let issuer = issuer.and_then(|claims| claims.issuer.as_deref());
                let countries = issuer.into_iter().chain(country);
                hashes.extend(countries.flat_map(spellings).map(|country| {
                    let hash = RevocationHash::of_country_and_uci(&country, uvci);
                    (HashKind::CountryCodeUci, hash)
                }));
            }
        }
        // A signer of no known country signs for whichever its credentials name.
        let stated = signed.claims.as_ref().ok();
        let stated = stated.and_then(|claims| Country::parse(claims.issuer.as_deref()?));
        let countries = if dsc.country_stated {
            &dsc.countries
        } else {
            stated.as_slice()
        };
        let signed_by = SignedBy { countries, kids };
        if hashes
            .iter()
            .any(|(kind, hash)| filter.may_withdraw(*kind, *hash, signed_by))
        {
            return Some(Code::RevocationUncertain.because("a filter of foreign lists holds it"));
        }
        let found = hashes.into_iter();
        let mut found = found.flat_map(|(kind, hash)| list.withdrawn(kind, hash, signed_by));
        let in_force = found.find(|(expires_at, _)| !self.boundaries.passed(*expires_at));
        in_force.map(|(_, batch)| Code::Revoked.because(format!("batch {batch}")))
    }

    /// Whether every source that speaks of withdrawn certificates of the signer's country is too old to be relied on.
    fn revocation_stale(&mut self, dsc: &Dsc, snapshot: &Snapshot) -> Option<Failure> {
        if snapshot.own().may_lack(dsc) {
            let reason = "records of this gateway's own withdrawals are missing";
            return Some(Code::RevocationStale.because(reason));
        }
        let (mut old, mut fresh) = (None, false);
        let speaking = snapshot.sources().iter();
        let speaking = speaking.filter(|source| {
            dsc.sources.contains(&source.id) || source.revokes_for(&dsc.countries)
        });
        for source in speaking {
            let Some(as_of) = source.revocation_as_of else {
                continue;
            };
            if self
                .boundaries
                .passed(as_of.plus(self.policy.max_revocation_age_s))
            {
                old = old.or(Some((source, as_of)));
            } else {
                fresh = true;
            }
        }
        let (source, as_of) = old.filter(|_| !fresh)?;
        Some(Code::RevocationStale.because(format!("source {} is from {as_of}", source.id)))
    }

    fn signer_period(&mut self, dsc: &Dsc) -> Option<Failure> {
        let started = self
            .boundaries
            .started(dsc.validity.not_before.plus(-self.policy.skew_s));
        let passed = self.boundaries.passed(dsc.validity.not_after);
        if !started {
            return Some(
                Code::SignerNotYetValid.because(format!("from {}", dsc.validity.not_before)),
            );
        }
        passed.then(|| Code::SignerExpired.because(format!("until {}", dsc.validity.not_after)))
    }

    /// `iss` binds only where it is a country, and only against the countries the signer was admitted for.
    fn issuer(&mut self, claims: &Claims, dsc: &Dsc) -> Option<Failure> {
        let issuer = claims.issuer.as_deref()?;
        let Some(country) = Country::parse(issuer) else {
            self.quirks.note(Quirk::IssuerNotACountry);
            return None;
        };
        if !dsc.country_stated {
            self.quirks.note(Quirk::SignerCountryUnknown);
        }
        let strange = dsc.country_stated && !dsc.countries.contains(&country);
        strange.then(|| {
            let admitted: Vec<_> = dsc.countries.iter().map(ToString::to_string).collect();
            Code::IssuerMismatch.because(format!("{country}, signed by [{}]", admitted.join(", ")))
        })
    }

    fn period(&mut self, claims: &Claims) -> Option<Failure> {
        let start = claims
            .not_before
            .map_or(claims.issued_at, |start| start.max(claims.issued_at));
        let started = self.boundaries.started(start.plus(-self.policy.skew_s));
        let passed = self.boundaries.passed(claims.expires_at);
        if passed {
            return Some(Code::Expired.because(format!("valid until {}", claims.expires_at)));
        }
        (!started).then(|| Code::NotYetValid.because(format!("valid from {start}")))
    }

    fn relation(&mut self, claims: &Claims, dsc: &Dsc) {
        if claims.expires_at > dsc.validity.not_after {
            self.quirks.note(Quirk::ExceedsSigner);
        }
        if claims.issued_at < dsc.validity.not_before {
            self.quirks.note(Quirk::IssuedBeforeSigner);
        }
    }
}

/// A country as lists in circulation write it: Greece and the United Kingdom have two names each, and what a certificate
/// writes in three letters has two in a list.
fn spellings(country: &str) -> impl Iterator<Item = SmolStr> {
    let other = match country {
        "EL" => Some("GR".into()),
        "GR" => Some("EL".into()),
        "UK" => Some("GB".into()),
        "GB" => Some("UK".into()),
        _ if country.len() == ALPHA3 => {
            Country::parse(country).map(|country| SmolStr::from(country.as_str()))
        }
        _ => None,
    };
    [SmolStr::from(country)].into_iter().chain(other)
}

const ALPHA3: usize = 3;
