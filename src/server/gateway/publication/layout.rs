//! The trust list as DID documents, one a place: for each domain, participant and usage, and for all of any of them.
//!
//! Refuses documents without keys: a place where nothing stands is not there. A key that has no form in JSON, and a document
//! past the ceilings of its readers, are left out and told.
//!
//! Source: WHO smart-trust, trust list v2 (`/v2/trustlist`, `/v2/trustlist-ref`).

use super::edition::{Artefact, name};
use super::set::{Key, Set};
use crate::crypto::sha256;
use crate::exchange::did::{Heading, Network, Published, Unsigned, Usage, participant_of};
use crate::failure::Failure;
use crate::model::{Environment, UnixTime};
use crate::server::keys::{PublicationKey, Signer};
use crate::trust::Role;
use std::collections::{BTreeMap, BTreeSet};
use tracing::warn;

/// Whose documents they are, and when they are signed.
pub(super) struct Site<'s> {
    /// The host as did:web writes it.
    pub(super) host: &'s str,
    /// The number of the publication.
    pub(super) sequence: u64,
    /// When it is made.
    pub(super) created: UnixTime,
    /// The world it belongs to.
    pub(super) environment: Environment,
    /// Who signs.
    pub(super) key: &'s PublicationKey,
}

/// A place in the trust list: domain, participant, usage, as many as are named.
type Place = Vec<String>;

impl Site<'_> {
    /// The DID of whoever signs.
    pub(super) fn signer(&self) -> String {
        format!("did:web:{}:published:signer", self.host)
    }

    /// Every document of `set`, by its name.
    ///
    /// # Errors
    /// `signer_unavailable`.
    pub(super) fn documents(&self, set: &Set) -> Result<BTreeMap<String, Artefact>, Failure> {
        let mut places: BTreeMap<Place, Vec<Published>> = BTreeMap::new();
        for key in &set.keys {
            let Some(published) = published(key) else {
                continue;
            };
            for place in places_of(&published) {
                places.entry(place).or_default().push(published.clone());
            }
        }
        let mut documents = BTreeMap::new();
        for (place, keys) in &places {
            self.put(&mut documents, EMBEDDED, place, keys, &[])?;
            let next: BTreeSet<_> = match place.len() {
                FULL => BTreeSet::from([self.did(EMBEDDED, place)]),
                _ => next(places.keys(), place)
                    .map(|it| self.did(REFERRING, it))
                    .collect(),
            };
            let references: Vec<_> = next.iter().map(String::as_str).collect();
            self.put(&mut documents, REFERRING, place, &[], &references)?;
        }
        Ok(documents)
    }

    fn put(
        &self,
        documents: &mut BTreeMap<String, Artefact>,
        list: &str,
        place: &[String],
        keys: &[Published],
        references: &[&str],
    ) -> Result<(), Failure> {
        let did = self.did(list, place);
        // At the first level and above it the whole list is in control.
        let above = place.len().saturating_sub(1);
        let controller = self.did(list, place.get(..above).unwrap_or_default());
        let signer = self.signer();
        let nonce = sha256(format!("{}/{did}", self.sequence).as_bytes());
        let nonce = base16ct::lower::encode_string(nonce.get(..NONCE).unwrap_or_default());
        let heading = Heading {
            did: &did,
            controller: &controller,
            network: match self.environment {
                Environment::Demo => Network::Development,
                Environment::Test => Network::Acceptance,
                Environment::Production => Network::Production,
            },
            signer: &signer,
            created: self.created,
            nonce: &nonce,
        };
        match Unsigned::new(&heading, keys, references) {
            Ok(document) => {
                let signature = self.key.sign(&document.signed_bytes())?;
                let document = document.complete(&signature)?;
                let steps = ["v2", list].into_iter();
                let steps: Vec<_> = steps.chain(place.iter().map(String::as_str)).collect();
                documents.insert(name::of_did(&steps), Artefact::new(document));
            }
            Err(failure) => {
                let code = failure.code().name();
                warn!(code, "a document is not published: {did}: {failure}");
            }
        }
        Ok(())
    }

    fn did(&self, list: &str, place: &[String]) -> String {
        let steps = place.iter().map(|step| format!(":{step}"));
        let steps: String = steps.collect();
        format!("did:web:{}:v2:{list}{steps}", self.host)
    }
}

/// `key` as the layout has it, if it has a form there.
fn published(key: &Key) -> Option<Published> {
    let usage = match key.role {
        Role::Signer => Usage::Dsc,
        Role::Csca => Usage::Csca,
        Role::Deca => Usage::Deca,
        Role::Desc => Usage::Desc,
        Role::Upload | Role::Authentication | Role::TrustAnchor => return None,
    };
    let leaf = std::iter::once(&key.certificate);
    let chain: Vec<_> = leaf.chain(&key.issuers).take(MAX_CHAIN).cloned().collect();
    let published = Published {
        domain: key.domain.clone(),
        participant: key.country,
        usage,
        chain,
    };
    match published.check() {
        Ok(()) => Some(published),
        Err(failure) => {
            let (code, thumbprint) = (failure.code().name(), key.thumbprint);
            warn!(code, %thumbprint, "in no DID document: {thumbprint}: {failure}");
            None
        }
    }
}

/// Where `key` stands: the whole list, and each narrowing of it, with `-` for any domain or participant.
fn places_of(key: &Published) -> Vec<Place> {
    let participant = participant_of(key.participant);
    let usage = key.usage.name();
    let mut places = vec![Vec::new()];
    for domain in [key.domain.as_str(), ANY] {
        places.push(vec![domain.to_owned()]);
        for participant in [participant.as_str(), ANY] {
            let place = vec![domain.to_owned(), participant.to_owned()];
            places.push([&place[..], &[usage.to_owned()]].concat());
            places.push(place);
        }
    }
    places
}

/// The places right below `place`; that for any domain or participant repeats the others, so it is not among them.
fn next<'p>(
    places: impl Iterator<Item = &'p Place>,
    place: &Place,
) -> impl Iterator<Item = &'p Place> {
    places.filter(move |other| {
        let below = other.len() == place.len() + 1 && other.starts_with(place);
        below && other.last().is_some_and(|step| step != ANY)
    })
}

const EMBEDDED: &str = "trustlist";
const REFERRING: &str = "trustlist-ref";
const ANY: &str = "-";
/// How many steps a place has at most.
const FULL: usize = 3;
const MAX_CHAIN: usize = 8;
/// Bytes of a nonce; 32 characters.
const NONCE: usize = 16;
