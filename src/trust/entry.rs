//! What a source says about a signer, before anybody believes it.
//!
//! Refuses nothing: admission does, in `list`.

use super::{Assurance, Purposes};
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment, Kid, UnixTime};
use std::fmt;

/// Where trust entries come from, and what that source may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The feed's id, as in `feeds.toml`.
    pub id: String,
    /// The environment its keys belong to.
    pub environment: Environment,
    /// The countries whose signers it may name; `None` for all.
    pub countries: Option<Vec<Country>>,
    /// When the source was last known to say what it says now.
    pub as_of: UnixTime,
    /// The same of what it says about withdrawn certificates, where it says anything about them.
    pub revocation_as_of: Option<UnixTime>,
    /// The countries whose withdrawn certificates it names, as far as that is known; `None` for all.
    pub revocation_countries: Option<Vec<Country>>,
    /// Whether participants that exist for tests only may be named.
    pub test_participants: bool,
}

impl Source {
    /// A source that may name the signers of every country, and says nothing of withdrawn certificates.
    pub fn new(id: impl Into<String>, environment: Environment, as_of: UnixTime) -> Self {
        Self {
            id: id.into(),
            environment,
            countries: None,
            as_of,
            revocation_as_of: None,
            revocation_countries: Some(Vec::new()),
            test_participants: false,
        }
    }
}

impl Source {
    /// Whether it speaks of withdrawn certificates of any of these countries.
    pub fn revokes_for(&self, countries: &[Country]) -> bool {
        let spoken_for = self.revocation_countries.as_ref();
        let any = |own: &Vec<Country>| countries.iter().any(|country| own.contains(country));
        self.revocation_as_of.is_some() && spoken_for.is_none_or(any)
    }
}

/// Everything that a source says.
#[derive(Clone, Debug)]
pub struct SourceList {
    /// The source.
    pub source: Source,
    /// How whoever it names comes to be trusted.
    pub assurance: Assurance,
    /// Its entries.
    pub entries: Vec<TrustEntry>,
}

impl SourceList {
    /// Signers that an operator pinned by hand.
    pub fn pinned(source: Source, entries: Vec<TrustEntry>) -> Self {
        Self {
            source,
            assurance: Assurance::PinnedSigner,
            entries,
        }
    }
}

/// Where in its source an entry stands: a file and a position in it, for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to its folder.
    pub document: String,
    /// The entry's position in the document, from 1.
    pub position: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.document, self.position)
    }
}

/// A signer as a source names it.
#[derive(Clone, Debug)]
pub struct TrustEntry {
    /// Where it stands.
    pub place: Place,
    /// The key.
    pub key: KeyMaterial,
    /// The key identifier, where the source states one.
    pub kid: Option<Kid>,
    /// The country as the source states it, where it does.
    pub country: Option<String>,
    /// What the key may sign, where the source restricts it.
    pub purposes: Purposes,
}

/// A key with or without a certificate around it.
#[derive(Clone, Debug)]
pub enum KeyMaterial {
    /// An X.509 certificate, DER.
    Certificate(Vec<u8>),
    /// A SubjectPublicKeyInfo, DER.
    PublicKey(Vec<u8>),
}

/// An entry that was not admitted, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The source's id.
    pub source: String,
    /// Where it stands.
    pub place: Place,
    /// The key identifier, where one is known.
    pub kid: Option<Kid>,
    /// The machine code.
    pub code: Code,
    /// The reason, for operators.
    pub detail: String,
}

impl Refusal {
    /// The refusal of what stands at `place` of `source`, for the reason in `failure`.
    pub fn new(source: &Source, place: Place, kid: Option<Kid>, failure: &Failure) -> Self {
        let detail = failure.detail().to_owned();
        Self {
            source: source.id.clone(),
            place,
            kid,
            code: failure.code(),
            detail,
        }
    }
}
