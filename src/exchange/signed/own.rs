//! Our own trust list: COSE_Sign1 with ES256 over `{1: version, 2: environment, 3: sequence, 4: created, 5: previous,
//! 6: [{1: kid, 2: country, 3: certificate, 4: usage, 5: domain}]}`.
//!
//! Refuses another version, a signer that is not pinned itself, lists past the ceilings of all lists, and members that stand
//! twice. One bad entry never drops a list. Members that are not known are read over.
//!
//! Source: docs/decisions/0014-publication.md; RFC 9052, RFC 9596.

use super::anchors::{Anchors, unproven};
use super::list::SignedList;
use crate::codec::cbor::{self, Limits, Value};
use crate::codec::item::{Entries, Item};
use crate::codec::typed::{self, Kind, Typed};
use crate::crypto;
use crate::exchange::dgcg::HEALTH_DOMAINS;
use crate::exchange::read::{Found, MAX_ENTRIES, Unread, rows};
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment, Kid, UnixTime};
use crate::trust::{Role, kid_of};

/// What the COSE message of such a list is.
pub const KIND: Kind = Kind::named("trust-list");

/// What stands over a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The world that its keys belong to.
    pub environment: Environment,
    /// Its number; a later list has a larger one.
    pub sequence: u64,
    /// When it was made.
    pub created: UnixTime,
    /// SHA-256 over the manifest of the list before, where there was one.
    pub previous: Option<[u8; 32]>,
}

/// A key in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The key identifier: the first 8 bytes of SHA-256 over the certificate.
    pub kid: Kid,
    /// The country it belongs to.
    pub country: Country,
    /// The certificate, X.509, DER.
    pub certificate: Vec<u8>,
    /// The part it plays.
    pub role: Role,
    /// What it is trusted for, where that is stated.
    pub domain: Option<String>,
}

/// A list as it was written.
#[derive(Debug)]
pub struct List {
    /// What stands over it.
    pub heading: Heading,
    /// Its keys, or what is wrong with them.
    pub keys: Vec<Result<ListedKey, Failure>>,
    /// SHA-256 over the certificate that it states for its signer.
    pub signer: [u8; 32],
}

/// The list in `bytes`, signed by whoever is pinned in `anchors`.
///
/// # Errors
/// `anchor_unknown`, `proof_invalid`, `cose_invalid`, `cbor_invalid`, `algorithm_unsupported`, `list_invalid`,
/// `input_too_large`.
pub fn open(bytes: &[u8], anchors: &Anchors<'_>) -> Result<List, Failure> {
    let message = Typed::read(bytes, KIND)?;
    let signer = anchors.pinned(Some(certificate(&message)?))?;
    crypto::verify(&signer.key, message.signed_bytes(), &message.signature).map_err(unproven)?;
    list(&message)
}

pub(super) fn read(
    document: &str,
    bytes: &[u8],
    anchors: &Anchors<'_>,
) -> Result<SignedList, Failure> {
    let list = open(bytes, anchors)?;
    let (signer, created) = (list.signer, list.heading.created);
    Ok(SignedList {
        entries: rows(document, signers(list))?,
        signer,
        issued_at: Some(created),
        expires_at: None,
    })
}

/// The signers of the list in `bytes`, whoever signed it.
pub(in crate::exchange) fn read_unproven(
    bytes: &[u8],
) -> Result<Vec<Result<Found, Unread>>, Failure> {
    let none = |failure| Code::ListInvalid.caused_by("CBOR of no known list form", failure);
    let message = Typed::read(bytes, KIND).map_err(none)?;
    Ok(signers(list(&message)?))
}

impl ListedKey {
    /// Whether it is about health certificates: it names no domain, or theirs.
    fn is_of_certificates(&self) -> bool {
        let domain = self.domain.as_deref();
        domain.is_none_or(|domain| HEALTH_DOMAINS.contains(&domain))
    }
}

fn signers(list: List) -> Vec<Result<Found, Unread>> {
    let found = |row: Result<ListedKey, Failure>| match row {
        Ok(key) if key.role == Role::Signer && key.is_of_certificates() => Some(Ok(Found {
            kid: Some(key.kid),
            country: Some(key.country.to_string()),
            ..Found::certificate(key.certificate)
        })),
        Ok(_) => None,
        Err(failure) => Some(Err(Unread { kid: None, failure })),
    };
    list.keys.into_iter().filter_map(found).collect()
}

fn certificate(message: &Typed) -> Result<&Vec<u8>, Failure> {
    let none = || Code::CoseInvalid.because("no certificate");
    message.certificate.as_ref().ok_or_else(none)
}

fn list(message: &Typed) -> Result<List, Failure> {
    let document = cbor::read(&message.payload, LIMITS)
        .map_err(|failure| invalid(&format!("signed, and not CBOR: {}", failure.detail())))?;
    let members = document.root().as_map();
    let members = members.ok_or_else(|| invalid("not a map"))?;
    if members.get(1).and_then(Item::as_i64) != Some(VERSION) {
        return Err(invalid("another version"));
    }
    let environment = members.get(2).and_then(Item::as_text);
    let environment = environment.and_then(Environment::parse);
    let sequence = members.get(3).and_then(Item::as_i64);
    let sequence = sequence.and_then(|it| u64::try_from(it).ok());
    let created = members.get(4).and_then(Item::as_i64);
    let (Some(environment), Some(sequence), Some(created)) = (
        environment,
        sequence,
        created.and_then(UnixTime::from_seconds),
    ) else {
        return Err(invalid("environment, number or time is missing"));
    };
    let previous = match members.get(5) {
        None => None,
        Some(hash) => {
            let hash = hash.as_bytes().and_then(|it| it.try_into().ok());
            Some(hash.ok_or_else(|| invalid("previous is no SHA-256"))?)
        }
    };
    let keys = members.get(6).and_then(Item::as_array);
    let keys: Vec<_> = keys.ok_or_else(|| invalid("no list of keys"))?.collect();
    if keys.len() > MAX_ENTRIES {
        return Err(Code::InputTooLarge.because(format!("a list over {MAX_ENTRIES} entries")));
    }
    Ok(List {
        heading: Heading {
            environment,
            sequence,
            created,
            previous,
        },
        keys: keys.into_iter().map(key).collect(),
        signer: crypto::sha256(certificate(message)?),
    })
}

fn key(item: Item<'_>) -> Result<ListedKey, Failure> {
    let members: Entries<'_> = item.as_map().ok_or_else(|| bad("not a map"))?;
    let certificate = members.get(3).and_then(Item::as_bytes);
    let certificate = certificate.ok_or_else(|| bad("no certificate"))?;
    let stated = members.get(1).and_then(Item::as_bytes);
    let kid = kid_of(certificate).filter(|kid| Some(kid.as_bytes()) == stated);
    let country = members.get(2).and_then(Item::as_text);
    let role = members.get(4).and_then(Item::as_text);
    let domain = members.get(5).and_then(Item::as_text);
    Ok(ListedKey {
        kid: kid.ok_or_else(|| Code::KidMismatch.because("not that of the certificate"))?,
        country: country
            .and_then(Country::parse)
            .ok_or_else(|| bad("no country"))?,
        role: role.and_then(Role::parse).ok_or_else(|| bad("no usage"))?,
        domain: domain.map(str::to_owned),
        certificate: certificate.to_vec(),
    })
}

/// A list that awaits its signature.
#[derive(Clone, Debug)]
pub struct Unsigned(typed::Unsigned);

impl Unsigned {
    /// The list of `keys` under `heading`, to be signed with ES256 by the key of `certificate` (X.509, DER).
    ///
    /// # Errors
    /// `internal` if the writer fails, or for a number beyond those of CBOR readers.
    pub fn new<'k>(
        heading: &Heading,
        keys: impl IntoIterator<Item = &'k ListedKey>,
        certificate: Vec<u8>,
    ) -> Result<Self, Failure> {
        let keys = keys.into_iter().map(|key| {
            let mut members = vec![
                (1.into(), Value::Bytes(key.kid.as_bytes().to_vec())),
                (2.into(), Value::Text(key.country.to_string())),
                (3.into(), Value::Bytes(key.certificate.clone())),
                (4.into(), Value::Text(key.role.name().to_owned())),
            ];
            if let Some(domain) = &key.domain {
                members.push((5.into(), Value::Text(domain.clone())));
            }
            Value::Map(members)
        });
        let mut members = vec![
            (1.into(), VERSION.into()),
            (2.into(), Value::Text(heading.environment.name().to_owned())),
            (3.into(), heading.sequence.into()),
            (4.into(), heading.created.seconds().into()),
        ];
        if let Some(previous) = heading.previous {
            members.push((5.into(), Value::Bytes(previous.to_vec())));
        }
        members.push((6.into(), Value::Array(keys.collect())));
        let payload = cbor::write(&Value::Map(members))?;
        let kid = kid_of(&certificate);
        let kid = kid.ok_or_else(|| Code::Internal.because("no kid"))?;
        typed::Unsigned::new(KIND, kid.as_bytes(), Some(certificate), payload).map(Self)
    }

    /// The bytes to sign.
    pub fn signed_bytes(&self) -> &[u8] {
        self.0.signed_bytes()
    }

    /// The list with `signature` over it, `r ‖ s`.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn complete(self, signature: Vec<u8>) -> Result<Vec<u8>, Failure> {
        self.0.complete(signature)
    }
}

fn invalid(reason: &str) -> Failure {
    Code::ListInvalid.because(reason)
}

fn bad(reason: &str) -> Failure {
    Code::EntryInvalid.because(reason)
}

const VERSION: i64 = 1;
/// The tag of COSE_Sign1, with which every such list begins.
pub(in crate::exchange) const FIRST: u8 = 0xd2;
const LIMITS: Limits = Limits {
    depth: 4,
    items: 64 + 12 * MAX_ENTRIES,
};

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer;

    fn listed(certificate: &[u8], role: Role) -> ListedKey {
        ListedKey {
            kid: kid_of(certificate).unwrap(),
            country: Country::DEMO,
            certificate: certificate.to_vec(),
            role,
            domain: (role == Role::Signer).then(|| "DCC".to_owned()),
        }
    }

    fn heading() -> Heading {
        Heading {
            environment: Environment::Demo,
            sequence: 1_781_481_600,
            created: UnixTime::from_seconds(1_781_481_600).unwrap(),
            previous: Some([7; 32]),
        }
    }

    fn signed(certificate: &[u8]) -> Vec<u8> {
        let keys = [
            listed(b"signer", Role::Signer),
            listed(b"authority", Role::Csca),
        ];
        let unsigned = Unsigned::new(&heading(), &keys, certificate.to_vec()).unwrap();
        let key = SigningKey::from_slice(&[9; 32]).unwrap();
        let signature: p256::ecdsa::Signature = key.sign(unsigned.signed_bytes());
        unsigned.complete(signature.to_bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_list_is_told_whole_and_its_authorities_are_no_signers() {
        let bytes = signed(b"certificate");
        let message = Typed::read(&bytes, KIND).unwrap();
        let list = list(&message).unwrap();
        assert_eq!(list.heading, heading());
        let keys: Vec<_> = list.keys.iter().map(|it| it.as_ref().unwrap()).collect();
        assert_eq!(keys[0], &listed(b"signer", Role::Signer));
        assert_eq!(keys[1], &listed(b"authority", Role::Csca));
        assert_eq!(signers(list).len(), 1);
        assert_eq!(read_unproven(&bytes).unwrap().len(), 1);
    }

    #[test]
    fn nobody_but_the_pinned_is_believed() {
        let bytes = signed(b"certificate");
        let pinned = [[1; 32]];
        let anchors = Anchors {
            pinned: &pinned,
            material: &[],
        };
        let failure = open(&bytes, &anchors).unwrap_err();
        assert_eq!(failure.code(), Code::AnchorUnknown);
    }

    #[test]
    fn every_cut_and_every_other_first_letter_is_refused() {
        let bytes = signed(b"certificate");
        for length in 0..bytes.len() {
            assert!(Typed::read(&bytes[..length], KIND).is_err(), "{length}");
        }
        assert_eq!(bytes[0], FIRST);
        assert!(read_unproven(&[FIRST, 0xff]).is_err());
    }
}
