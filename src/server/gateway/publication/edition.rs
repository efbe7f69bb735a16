//! One publication as it is served: every artefact with its hash, and the signers in the order of their numbers.
//!
//! Refuses to change: a newer one takes its place as a whole, so that whoever asks sees one of them at a time.

use super::ledger::Checkpoint;
use crate::model::{Country, Thumbprint, UnixTime};
use actix_web::web::Bytes;
use std::collections::BTreeMap;

/// One publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Its number.
    pub sequence: u64,
    /// When it was made.
    pub created: UnixTime,
    /// The hash of the manifest before, where there was one.
    pub previous: Option<Thumbprint>,
    /// The hash of its manifest.
    pub manifest: Thumbprint,
    /// Its artefacts by name.
    pub artefacts: BTreeMap<String, Artefact>,
    /// Its signers in the order of their numbers.
    pub signers: Vec<Listed>,
    /// The key identifiers of signers that went, each with the time.
    pub gone: Vec<(String, UnixTime)>,
    /// The largest number that was given to a signer so far.
    pub highest: u64,
}

/// An artefact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// What it is, byte for byte.
    pub body: Bytes,
    /// SHA-256 over it.
    pub digest: Thumbprint,
}

/// A signer of a publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub id: u64,
    /// Since when it is published.
    pub since: UnixTime,
    /// SHA-256 over its certificate.
    pub thumbprint: Thumbprint,
    /// Its key identifier in Base64.
    pub kid: String,
    /// Its country.
    pub country: Country,
    /// Its certificate, DER in Base64.
    pub certificate: String,
}

impl Artefact {
    /// The artefact that is these bytes.
    pub fn new(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let digest = Thumbprint(crate::crypto::sha256(&body));
        Self { body, digest }
    }
}

impl Edition {
    /// What a publication after it goes on from.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            sequence: self.sequence,
            manifest: self.manifest,
            highest: self.highest,
        }
    }
}

/// The names of artefacts; those of DID documents follow from what is in them.
pub mod name {
    /// The trust list in the EU gateway's form, JSON.
    pub const LIST_JSON: &str = "trustlist.json";
    /// The trust list in our own form, COSE.
    pub const LIST_CBOR: &str = "trustlist.cbor";
    /// The signers' keys, a set of JSON Web Keys.
    pub const KEYS: &str = "jwks.json";
    /// The certificates as files, ZIP.
    pub const ARCHIVE: &str = "dcc_trustlist.zip";
    /// The message that signs the archive, CMS in Base64.
    pub const ARCHIVE_SIGNATURE: &str = "dcc_trustlist.zip.sig.txt";
    /// The certificates of the keys that sign all this, PEM.
    pub const CERTIFICATES: &str = "certificates.pem";
    /// The DID document of the key that signs DID documents.
    pub const SIGNER: &str = "signer.did.json";
    /// The hashes of all others.
    pub const MANIFEST: &str = "manifest.json";
    /// Those that stand at an address of their own under `/published/`.
    pub const PLAIN: [&str; 7] = [
        LIST_JSON,
        LIST_CBOR,
        KEYS,
        ARCHIVE,
        ARCHIVE_SIGNATURE,
        CERTIFICATES,
        MANIFEST,
    ];

    /// That of the DID document at these steps of a DID: `v2`, `trustlist`, and whatever follows.
    pub fn of_did(steps: &[&str]) -> String {
        steps.join(":")
    }
}
