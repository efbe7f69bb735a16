//! What this gateway says of its own certificates: which are withdrawn, which of its keys are compromised.
//!
//! Refuses to touch a foreign certificate: a hash is one of a signature that is in our register, and it counts only where
//! our own key made the signature, or where the signer belongs to our own country. Refuses to say that nothing is withdrawn
//! while records are missing.
//!
//! It is a part of a snapshot that changes alone, within a second of an operator's word, while the rest stays as it is. Its
//! content hash depends on what it says and not on the way there. It is cheap to bring forward: a change costs a part of the set
//! of hashes, and the rest is shared with the world before.
//!
//! Source: docs/decisions, on the parts of a snapshot; the EU gateway's hash of a signature.

use crate::crypto::sha256;
use crate::model::Country;
use crate::revocation::{ExactSet, Leading, RevocationHash};
use crate::trust::Dsc;
use std::collections::{BTreeMap, BTreeSet};

/// What this gateway says of its own certificates.
#[derive(Clone, Debug, Default)]
pub struct Own {
    country: Option<Country>,
    incomplete: bool,
    keys: BTreeMap<[u8; 32], OwnKey>,
    withdrawn: ExactSet,
    /// How many more withdrawals in force than one name a hash, for those that several do.
    repeated: BTreeMap<Leading, u32>,
}

/// How a key of our own stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnKey {
    /// Whatever it signed is ours, and in the register.
    Healthy,
    /// Somebody else may have it: what it signed counts only where the register knows it.
    Compromised,
}

impl OwnKey {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::Healthy, Self::Compromised];

    /// The name that is hashed and kept.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Compromised => "compromised",
        }
    }
}

impl Own {
    /// What a gateway of `country` says before it withdrew anything.
    pub fn of(country: Country) -> Self {
        Self {
            country: Some(country),
            ..Self::default()
        }
    }

    /// Withdraws the certificates whose signatures have these hashes, once more where they are withdrawn already.
    pub fn withdraw(&mut self, signatures: impl IntoIterator<Item = impl Into<Leading>>) {
        let mut new = BTreeSet::new();
        for hash in signatures.into_iter().map(Into::into) {
            if self.withdrawn.contains(hash) || !new.insert(hash) {
                let times = self.repeated.entry(hash).or_default();
                *times = times.saturating_add(1);
            }
        }
        self.withdrawn.extend(new);
    }

    /// Takes back one withdrawal of each of these; those that another withdrawal names stay withdrawn.
    pub fn reinstate(&mut self, signatures: impl IntoIterator<Item = RevocationHash>) {
        let mut gone = BTreeSet::new();
        for hash in signatures.into_iter().map(Leading::from) {
            match self.repeated.get(&hash).copied() {
                Some(times) if times > 1 => drop(self.repeated.insert(hash, times - 1)),
                Some(_) => drop(self.repeated.remove(&hash)),
                None => drop(gone.insert(hash)),
            }
        }
        self.withdrawn.remove(gone);
    }

    /// Takes these out, whoever withdrew them: they are told elsewhere.
    pub fn forget(&mut self, signatures: impl IntoIterator<Item = Leading>) {
        self.withdrawn.remove(signatures);
    }

    /// How the key with this SHA-256 over its public key stands. A key that is compromised stays so.
    pub fn stands(&mut self, spki_digest: [u8; 32], standing: OwnKey) {
        let known = self.keys.entry(spki_digest).or_insert(standing);
        *known = standing.max(*known);
    }

    /// Whether records are missing, so that withdrawals may be.
    pub fn set_incomplete(&mut self, incomplete: bool) {
        self.incomplete = incomplete;
    }

    /// Whether records are missing that could withdraw what `dsc` signed.
    pub fn may_lack(&self, dsc: &Dsc) -> bool {
        self.incomplete && self.is_of_our_country(dsc)
    }

    /// Whether the certificate whose signature has this hash is withdrawn; `spki_digest` is that of the key that made it.
    pub fn withdraws(&self, signature: RevocationHash, spki_digest: &[u8; 32], dsc: &Dsc) -> bool {
        self.names(signature) && self.is_ours(spki_digest, dsc)
    }

    /// Whether what the key with this digest signs is ours to withdraw.
    pub fn is_ours(&self, spki_digest: &[u8; 32], dsc: &Dsc) -> bool {
        self.keys.contains_key(spki_digest) || self.is_of_our_country(dsc)
    }

    /// Whether a withdrawal in force names the signature with this hash.
    pub fn names(&self, signature: RevocationHash) -> bool {
        self.withdrawn.contains(signature.into())
    }

    fn is_of_our_country(&self, dsc: &Dsc) -> bool {
        let ours = |country: &Country| dsc.country_stated && dsc.countries.contains(country);
        self.country.as_ref().is_some_and(ours)
    }

    /// How our own key with this digest stands; `None` where it is none of ours.
    pub fn key(&self, spki_digest: &[u8; 32]) -> Option<OwnKey> {
        self.keys.get(spki_digest).copied()
    }

    /// Whether any key of our own is compromised.
    pub fn has_compromised(&self) -> bool {
        self.keys.values().any(|it| *it == OwnKey::Compromised)
    }

    /// Whether any key of our own is known.
    pub fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// How many certificates are withdrawn.
    pub fn len(&self) -> usize {
        self.withdrawn.len()
    }

    /// The country whose own it is.
    pub(super) fn country(&self) -> Option<Country> {
        self.country
    }

    /// Whether records are missing.
    pub(super) fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// Every key of our own, by the SHA-256 over its public key, and how it stands.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&[u8; 32], OwnKey)> {
        self.keys.iter().map(|(key, standing)| (key, *standing))
    }

    /// The hashes of withdrawn certificates.
    pub fn withdrawn(&self) -> &ExactSet {
        &self.withdrawn
    }

    /// The hashes of withdrawn certificates in order, those with one first byte together.
    pub fn hashes(&self) -> impl Iterator<Item = Vec<Leading>> {
        self.withdrawn.by_first_byte()
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.withdrawn.is_empty() && self.keys.is_empty() && !self.incomplete
    }

    /// SHA-256 over what it says.
    pub fn content_hash(&self) -> [u8; 32] {
        let country = self.country.as_ref().map_or("", Country::as_str);
        let keys = self
            .keys
            .iter()
            .map(|(key, standing)| sha256(&[key.as_slice(), standing.name().as_bytes()].concat()));
        let keys: Vec<[u8; 32]> = keys.collect();
        let parts = [
            sha256(country.as_bytes()),
            sha256(&[u8::from(self.incomplete)]),
            sha256(keys.as_flattened()),
            self.withdrawn.content_hash(),
        ];
        sha256(parts.as_flattened())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(byte: u8) -> RevocationHash {
        RevocationHash([byte; 16])
    }

    fn own(hashes: &[u8]) -> Own {
        let mut own = Own::of(Country::DEMO);
        own.withdraw(hashes.iter().map(|byte| hash(*byte)));
        own
    }

    #[test]
    fn the_hash_is_that_of_what_is_said_and_not_of_the_way_there() {
        let mut other = own(&[3, 1]);
        assert_ne!(other.content_hash(), own(&[1, 2]).content_hash());
        other.withdraw([hash(2)]);
        other.reinstate([hash(3)]);
        assert_eq!(other.content_hash(), own(&[1, 2]).content_hash());
        assert_eq!((other.len(), other.names(hash(3))), (2, false));
        other.reinstate([hash(3), hash(9)]);
        assert_eq!(other.len(), 2);
        let mut marked = own(&[1, 2]);
        marked.stands([7; 32], OwnKey::Healthy);
        let healthy = marked.content_hash();
        marked.stands([7; 32], OwnKey::Compromised);
        assert_ne!(marked.content_hash(), healthy);
        let compromised = marked.content_hash();
        marked.stands([7; 32], OwnKey::Healthy);
        assert_eq!(
            marked.content_hash(),
            compromised,
            "a stolen key stays stolen"
        );
        let mut emptied = own(&[1]);
        emptied.reinstate([hash(1)]);
        assert_eq!(emptied.content_hash(), own(&[]).content_hash());
        let mut cut = own(&[1, 2]);
        cut.set_incomplete(true);
        assert_ne!(cut.content_hash(), own(&[1, 2]).content_hash());
    }

    #[test]
    fn what_two_withdrawals_name_stays_withdrawn_when_one_is_undone() {
        let mut own = own(&[1]);
        own.withdraw([hash(1), hash(2)]);
        own.reinstate([hash(1), hash(2)]);
        assert!(own.names(hash(1)) && !own.names(hash(2)));
        own.reinstate([hash(1)]);
        assert!(!own.names(hash(1)) && own.is_empty());
    }
}
