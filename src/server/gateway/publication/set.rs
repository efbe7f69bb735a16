//! Which certificates this gateway answers for: signers of its own sources that are in force, and the CAs that signed them.
//!
//! Refuses what only foreign gateways vouch for, bare keys, signers of no country, and in production participants that exist
//! for tests. A pinned folder that was never read leaves nothing to publish: what it holds is not known to be gone.

use crate::exchange::dgcg::{DEFAULT_DOMAIN, HEALTH_DOMAINS};
use crate::exchange::did::participant_of;
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment, Kid, Thumbprint, UnixTime};
use crate::server::gateway::World;
use crate::server::gateway::hub::{Entry, HUB, Hub};
use crate::trust::chain::issued_by;
use crate::trust::{Assurance, Dsc, KeyMaterial, Role, kid_of};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A certificate to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// SHA-256 over it.
    pub thumbprint: Thumbprint,
    /// The first 8 bytes of that.
    pub kid: Kid,
    /// The part it plays.
    pub role: Role,
    /// The country it belongs to.
    pub country: Country,
    /// What it is trusted for.
    pub domain: String,
    /// X.509, DER.
    pub certificate: Vec<u8>,
    /// The message that vouches for it, CMS without its content, where there is one.
    pub signature: Option<Vec<u8>>,
    /// When it was taken in, where that is known.
    pub taken_in_at: Option<UnixTime>,
    /// The certificates of the CAs that signed it, X.509, DER.
    pub issuers: Vec<Vec<u8>>,
}

impl Key {
    /// Whether it is about health certificates, which is all that forms without a domain can say.
    pub(super) fn is_of_certificates(&self) -> bool {
        HEALTH_DOMAINS.contains(&self.domain.as_str())
    }
}

/// Everything to publish.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// In the order of their key identifiers as text.
    pub keys: Vec<Key>,
    /// SHA-256 over all of it.
    pub digest: [u8; 32],
}

impl Set {
    /// What `world` and `hub` come to in `environment`.
    ///
    /// # Errors
    /// `input_output` where a pinned folder was never read; `store_incomplete`.
    pub fn of(world: &World, hub: &Hub, environment: Environment) -> Result<Self, Failure> {
        if world.incomplete {
            return Err(Code::StoreIncomplete.because("records are missing"));
        }
        let readings = || world.readings.iter();
        let unread = readings().find(|it| it.list.source.as_of == UnixTime::EPOCH);
        if let Some(reading) = unread {
            let reason = format!("source {} was never read", reading.list.source.id);
            return Err(Code::InputOutput.because(reason));
        }
        let mut pinned = BTreeMap::new();
        for reading in readings().filter(|it| it.list.assurance == Assurance::PinnedSigner) {
            for entry in &reading.list.entries {
                if let KeyMaterial::Certificate(der) = &entry.key {
                    let thumbprint = Thumbprint(crate::crypto::sha256(der));
                    pinned.insert((thumbprint, reading.list.source.id.as_str()), der);
                }
            }
        }
        let signers = world.snapshot.trust().signers().iter();
        let own = signers.filter_map(|dsc| {
            let mut sources = dsc.sources.iter();
            if dsc.sources.iter().any(|source| source == HUB)
                && let Some(entry) = hub.entry(dsc.thumbprint, Role::Signer)
                && entry.stands()
                && hub.party(entry.country).is_some()
            {
                return handed_in(entry);
            }
            let der = sources.find_map(|source| pinned.get(&(dsc.thumbprint, source.as_str())))?;
            by_hand(dsc, der)
        });
        let own = own.filter(|key| {
            environment != Environment::Production
                || !(key.country.is_for_tests() || key.country == Country::DEMO)
        });
        let mut keys: Vec<_> = own.collect();
        let countries: BTreeSet<_> = keys.iter().map(|key| key.country).collect();
        for country in countries {
            let mut cas: Vec<_> = hub.of(country, Role::Csca).collect();
            cas.sort_by_key(|entry| entry.thumbprint);
            for key in keys.iter_mut().filter(|it| it.country == country) {
                let issuers = cas.iter().map(|it| &it.certificate);
                let signed = issuers.filter(|ca| issued_by(&key.certificate, ca).is_ok());
                key.issuers = signed.cloned().collect();
            }
            keys.extend(cas.into_iter().filter_map(|entry| handed_in(entry)));
        }
        Ok(Self::new(keys))
    }

    /// The set of `keys`: of several with one name the first by thumbprint.
    pub fn new(mut keys: Vec<Key>) -> Self {
        keys.sort_by_cached_key(|key| (key.kid.to_string(), key.role, key.thumbprint));
        let mut names = BTreeSet::new();
        keys.retain(|key| {
            let place = (key.domain.clone(), participant_of(key.country));
            names.insert((key.kid.clone(), key.role, place))
        });
        let rows = keys.iter().map(|key| {
            let issuers = key.issuers.iter().map(|der| hex(der));
            json!([
                key.thumbprint.to_string(),
                key.role.name(),
                key.country.to_string(),
                key.domain,
                key.signature.as_deref().map(hex),
                key.taken_in_at.map(UnixTime::seconds),
                issuers.collect::<Vec<_>>(),
            ])
        });
        let rows: Vec<_> = rows.collect();
        let digest = crate::crypto::sha256(json!(rows).to_string().as_bytes());
        Self { keys, digest }
    }

    /// Those that sign credentials.
    pub fn signers(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(|key| key.role == Role::Signer)
    }
}

/// SHA-256 over what `hub` has of parties and of the certificates that may be published.
pub(super) fn entries_of(hub: &Hub) -> [u8; 32] {
    let parties = hub.parties().map(|party| party.country.to_string());
    let parts = |it: &&std::sync::Arc<Entry>| matches!(it.role, Role::Signer | Role::Csca);
    let entries = hub.all().filter(parts).filter(|it| it.stands());
    let entries = entries.map(|it| {
        let at = it.created_at.seconds();
        format!("{}/{at}/{}/{}", it.name(), it.country, it.domain)
    });
    let mut rows: Vec<_> = parties.chain(entries).collect();
    rows.sort_unstable();
    crate::crypto::sha256(rows.join("\n").as_bytes())
}

/// SHA-256 over `bytes`, in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    Thumbprint(crate::crypto::sha256(bytes)).to_string()
}

/// What a party handed in, or what its trust anchor said of it.
fn handed_in(entry: &Entry) -> Option<Key> {
    Some(Key {
        thumbprint: entry.thumbprint,
        kid: kid_of(&entry.certificate)?,
        role: entry.role,
        country: entry.country,
        domain: domain(&entry.domain),
        certificate: entry.certificate.clone(),
        signature: Some(entry.signature.clone()),
        taken_in_at: Some(entry.created_at),
        issuers: Vec::new(),
    })
}

/// What an operator put into a folder.
fn by_hand(dsc: &Dsc, der: &[u8]) -> Option<Key> {
    Some(Key {
        thumbprint: dsc.thumbprint,
        kid: kid_of(der)?,
        role: Role::Signer,
        country: *dsc.countries.first()?,
        domain: DEFAULT_DOMAIN.to_owned(),
        certificate: der.to_vec(),
        signature: None,
        taken_in_at: None,
        issuers: Vec::new(),
    })
}

/// `domain` where it may stand in a path, else the usual one.
fn domain(domain: &str) -> String {
    let letters = |it: u8| it.is_ascii_alphanumeric() || it == b'-';
    let fits = (2..=MAX_DOMAIN).contains(&domain.len()) && domain.bytes().all(letters);
    if fits { domain } else { DEFAULT_DOMAIN }.to_owned()
}

const MAX_DOMAIN: usize = 32;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A key whose certificate is these bytes, which nobody reads.
    pub(in crate::server::gateway::publication) fn key(certificate: &[u8]) -> Key {
        Key {
            thumbprint: Thumbprint(crate::crypto::sha256(certificate)),
            kid: kid_of(certificate).unwrap(),
            role: Role::Signer,
            country: Country::DEMO,
            domain: "DCC".to_owned(),
            certificate: certificate.to_vec(),
            signature: None,
            taken_in_at: None,
            issuers: Vec::new(),
        }
    }

    #[test]
    fn a_set_does_not_depend_on_the_order_of_its_keys() {
        let keys = [key(b"a"), key(b"b"), key(b"c")];
        let one = Set::new(keys.to_vec());
        let other = Set::new(keys.iter().rev().cloned().collect());
        assert_eq!(one, other);
        let less = Set::new(keys[..2].to_vec());
        assert_ne!(one.digest, less.digest);
        let twice = Set::new([&keys[..], &keys[..1]].concat());
        assert_eq!(one, twice);
    }

    #[test]
    fn whatever_is_told_of_a_key_moves_the_digest() {
        type Change = fn(&mut Key);
        let before = Set::new(vec![key(b"a")]);
        let changes: [Change; 5] = [
            |key| key.domain = "PH4H".to_owned(),
            |key| key.role = Role::Csca,
            |key| key.signature = Some(vec![1]),
            |key| key.taken_in_at = Some(UnixTime::EPOCH),
            |key| key.issuers = vec![vec![1]],
        ];
        for change in changes {
            let mut other = key(b"a");
            change(&mut other);
            assert_ne!(Set::new(vec![other]).digest, before.digest);
        }
    }

    #[test]
    fn a_domain_that_fits_no_path_is_the_usual_one() {
        for (written, used) in [
            ("PH4H", "PH4H"),
            ("IPS-PILGRIMAGE", "IPS-PILGRIMAGE"),
            ("-", "DCC"),
            ("../x", "DCC"),
            ("", "DCC"),
        ] {
            assert_eq!(domain(written), used);
        }
    }
}
