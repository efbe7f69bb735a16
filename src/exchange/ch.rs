//! Switzerland's keys, decoded to JSON: `{kid: [{use, alg, crv, x, y, n, e}]}`, numbers in standard Base64.
//!
//! Refuses curves other than P-256 and numbers that are not Base64. `RS256` here names the kind of key; the signatures
//! are PS256 all the same. Source: www.cc.bit.admin.ch/trust/v1/keys/updates.

use super::nl::purpose;
use super::read::{Found, Unread, base64_of, by_kid};
use crate::model::Kid;
use crate::trust::Purposes;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Encode, Sequence};
use serde_json::{Map, Value};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

/// The entries, if `members` is of this form.
pub(super) fn read(members: &Map<String, Value>) -> Option<Vec<Result<Found, Unread>>> {
    let rows = members.values().filter_map(Value::as_array).flatten();
    let known = rows.into_iter().any(|row| row.get("alg").is_some());
    known.then(|| by_kid(members, entry))
}

fn entry(kid: Kid, row: &Value) -> Result<Found, Unread> {
    let spki = match row.get("alg").and_then(Value::as_str) {
        Some("ES256") if row.get("crv").and_then(Value::as_str) == Some("P-256") => ec_spki(row),
        Some("RS256") => rsa_spki(row),
        _ => return Err(Unread::new(Some(kid), "a key of no known kind")),
    };
    let Some(spki) = spki else {
        return Err(Unread::new(Some(kid), "the numbers make no key"));
    };
    let purposes = match row.get("use") {
        None | Some(Value::Null) => Purposes::ALL,
        Some(Value::String(all)) if all == "sig" => Purposes::ALL,
        Some(Value::String(letters)) => Purposes::only(letters.split("").filter_map(purpose)),
        Some(_) => return Err(Unread::new(Some(kid), "use is no text")),
    };
    Ok(Found {
        purposes,
        ..Found::public_key(spki, kid)
    })
}

fn ec_spki(row: &Value) -> Option<Vec<u8>> {
    let (x, y) = (base64_of(row.get("x"))?, base64_of(row.get("y"))?);
    if x.len() != P256_COORDINATE || y.len() != P256_COORDINATE {
        return None;
    }
    let point = [&[UNCOMPRESSED][..], &x, &y].concat();
    spki(EC_PUBLIC_KEY, AnyRef::from(&SECP256R1), &point)
}

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

fn rsa_spki(row: &Value) -> Option<Vec<u8>> {
    let (n, e) = (base64_of(row.get("n"))?, base64_of(row.get("e"))?);
    let key = RsaPublicKey {
        modulus: UintRef::new(&n).ok()?,
        public_exponent: UintRef::new(&e).ok()?,
    };
    spki(RSA_ENCRYPTION, AnyRef::NULL, &key.to_der().ok()?)
}

fn spki(kind: ObjectIdentifier, parameters: AnyRef<'_>, key: &[u8]) -> Option<Vec<u8>> {
    let algorithm = AlgorithmIdentifierRef {
        oid: kind,
        parameters: Some(parameters),
    };
    let subject_public_key = BitStringRef::from_bytes(key).ok()?;
    SubjectPublicKeyInfoRef {
        algorithm,
        subject_public_key,
    }
    .to_der()
    .ok()
}

const P256_COORDINATE: usize = 32;
const UNCOMPRESSED: u8 = 0x04;
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
