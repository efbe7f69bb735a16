//! From what is to be published to every artefact of it, the same bytes on every node that has the same keys.
//!
//! Refuses randomness and clocks: signatures are deterministic, and the only time is that of the publication.
//!
//! Source: docs/decisions/0014-publication.md.

use super::archive;
use super::edition::{Artefact, Edition, Listed, name};
use super::layout::Site;
use super::ledger::Ledger;
use super::note::Note;
use super::set::{Key, Set};
use crate::codec::x509::Certificate;
use crate::crypto::VerifyingKey;
use crate::exchange::dgcg::write_message;
use crate::exchange::did::write_signer;
use crate::exchange::signed::own::{Heading, ListedKey, Unsigned};
use crate::exchange::{Jwk, jwks, write_pem};
use crate::failure::Failure;
use crate::model::{Environment, Kid, Thumbprint, UnixTime};
use crate::server::keys::{PublicationKeys, Signer};

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tracing::warn;

/// Everything that artefacts depend on beside what is published.
#[derive(Clone, Copy, Debug)]
pub(super) struct Press<'p> {
    /// The world they belong to.
    pub(super) environment: Environment,
    /// The host as did:web writes it.
    pub(super) host: &'p str,
    /// Who signs.
    pub(super) keys: &'p PublicationKeys,
}

impl Press<'_> {
    /// The publication `note` of `set`, whose signers stand in `ledger`.
    ///
    /// # Errors
    /// `signer_unavailable`, `internal`.
    pub(super) fn edition(
        &self,
        note: &Note,
        set: &Set,
        ledger: &Ledger,
    ) -> Result<Edition, Failure> {
        let site = Site {
            host: self.host,
            sequence: note.sequence,
            created: note.created,
            environment: self.environment,
            key: &self.keys.did,
        };
        let mut artefacts = site.documents(set)?;
        let mut put = |name: &str, body: Vec<u8>| {
            artefacts.insert(name.to_owned(), Artefact::new(body));
        };
        put(name::LIST_JSON, list_json(set, ledger));
        put(name::LIST_CBOR, self.list_cbor(note, set)?);
        put(name::KEYS, keys(set)?);
        let zip = archive::write(&set.keys, self.environment, note.sequence, note.created)?;
        let signature = archive::sign(&zip, &self.keys.archive, note.created)?;
        put(name::ARCHIVE, zip);
        put(name::ARCHIVE_SIGNATURE, signature.into_bytes());
        let certificates = self.keys.all();
        let certificates = certificates.map(|(_, key)| write_pem("CERTIFICATE", key.certificate()));
        put(name::CERTIFICATES, certificates.concat().into_bytes());
        let signer = write_signer(&site.signer(), self.keys.did.certificate())?;
        put(name::SIGNER, signer);
        let manifest = Artefact::new(self.manifest(note, &artefacts));
        let digest = manifest.digest;
        artefacts.insert(name::MANIFEST.to_owned(), manifest);
        Ok(Edition {
            sequence: note.sequence,
            created: note.created,
            previous: note.previous,
            manifest: digest,
            artefacts,
            signers: signers(set, ledger),
            gone: gone(ledger),
            highest: ledger.highest(),
        })
    }

    fn list_cbor(&self, note: &Note, set: &Set) -> Result<Vec<u8>, Failure> {
        let heading = Heading {
            environment: self.environment,
            sequence: note.sequence,
            created: note.created,
            previous: note.previous.map(|it| it.0),
        };
        let listed = set.keys.iter().map(|key| ListedKey {
            kid: key.kid.clone(),
            country: key.country,
            certificate: key.certificate.clone(),
            role: key.role,
            domain: Some(key.domain.clone()),
        });
        let listed: Vec<_> = listed.collect();
        let key = &self.keys.list;
        let list = Unsigned::new(&heading, &listed, key.certificate().to_vec())?;
        let signature = key.sign(list.signed_bytes())?;
        list.complete(signature)
    }

    fn manifest(&self, note: &Note, artefacts: &BTreeMap<String, Artefact>) -> Vec<u8> {
        let hashes = artefacts.iter();
        let hashes = hashes.map(|(name, it)| (name.clone(), it.digest.to_string().into()));
        json!({
            "environment": self.environment.name(),
            "sequence": note.sequence,
            "created": note.created.to_string(),
            "previous": note.previous.map(|it| it.to_string()),
            "artefacts": hashes.collect::<Map<String, Value>>(),
        })
        .to_string()
        .into_bytes()
    }
}

/// The list as `GET /trustList` of the EU gateway has it.
fn list_json(set: &Set, ledger: &Ledger) -> Vec<u8> {
    let keys = set.keys.iter().filter(|key| key.is_of_certificates());
    let items = keys.map(|key| {
        let since = ledger.signer(&key.thumbprint).map(|it| it.since);
        json!({
            "kid": key.kid.to_string(),
            "timestamp": key.taken_in_at.or(since).map(|at| at.to_string()),
            "country": key.country.to_string(),
            "certificateType": key.role.name(),
            "thumbprint": key.thumbprint.to_string(),
            "signature": key.signature.as_deref().map(write_message),
            "rawData": write_message(&key.certificate),
        })
    });
    let items: Vec<Value> = items.collect();
    Value::Array(items).to_string().into_bytes()
}

fn keys(set: &Set) -> Result<Vec<u8>, Failure> {
    let signers = set.signers().filter(|key| key.is_of_certificates());
    let written = signers.filter_map(|key| match jwk(key) {
        Ok(written) => Some(written),
        Err(failure) => {
            let (code, thumbprint) = (failure.code().name(), key.thumbprint);
            warn!(code, %thumbprint, "in no set of keys: {thumbprint}: {failure}");
            None
        }
    });
    jwks::write(&written.collect::<Vec<_>>())
}

fn jwk(key: &Key) -> Result<Jwk, Failure> {
    let public_key = Certificate::read(&key.certificate)?.public_key;
    let algorithm = VerifyingKey::from_spki(&public_key).ok();
    let leaf = std::iter::once(&key.certificate);
    let written = Jwk {
        kid: Some(key.kid.to_string()),
        purpose: Some("sig".to_owned()),
        algorithm: algorithm.map(|it| it.algorithm().name().to_owned()),
        public_key,
        certificates: leaf.chain(key.issuers.first()).cloned().collect(),
        written_thumbprint: None,
    };
    written.write()?;
    Ok(written)
}

fn signers(set: &Set, ledger: &Ledger) -> Vec<Listed> {
    let signers = set.signers().filter(|key| key.is_of_certificates());
    let listed = signers.filter_map(|key| {
        let standing = ledger.signer(&key.thumbprint)?;
        Some(Listed {
            id: standing.id,
            since: standing.since,
            thumbprint: key.thumbprint,
            kid: key.kid.to_string(),
            country: key.country,
            certificate: write_message(&key.certificate),
        })
    });
    let mut listed: Vec<_> = listed.collect();
    listed.sort_by_key(|it| it.id);
    listed
}

fn gone(ledger: &Ledger) -> Vec<(String, UnixTime)> {
    let gone = ledger.gone();
    let gone = gone.filter_map(|(thumbprint, at)| Some((kid(thumbprint)?.to_string(), at)));
    gone.collect()
}

/// The key identifier of the certificate with this thumbprint.
fn kid(thumbprint: &Thumbprint) -> Option<Kid> {
    Kid::from_bytes(thumbprint.0.first_chunk::<8>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::kid_of;

    #[test]
    fn the_kid_of_a_thumbprint_is_that_of_its_certificate() {
        let thumbprint = Thumbprint(crate::crypto::sha256(b"certificate"));
        assert_eq!(kid(&thumbprint), kid_of(b"certificate"));
    }
}
