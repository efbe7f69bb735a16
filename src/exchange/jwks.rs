//! Sets of JSON Web Keys, both ways, and what SMART Health Cards demand of one.
//!
//! Refuses sets past 4 MiB or 20,000 keys. One bad key never drops a set: it is a row with its reason.
//!
//! Source: RFC 7517, section 5; SMART Health Cards 1.4, "Determining keys associated with an issuer".

use super::jwk::Jwk;
use super::read::{MAX_ENTRIES, RowFailure};
use crate::codec::json;
use crate::crypto::{Algorithm, VerifyingKey};
use crate::failure::{Code, Failure};
use crate::model::Kid;
use crate::trust::Place;
use serde_json::{Value, json};

/// A key of a set, or why it is none.
pub type KeyRow = Result<Jwk, Box<RowFailure>>;

/// The keys of the set in `bytes`; `document` is its name, for operators.
///
/// # Errors
/// `list_invalid`, `input_too_large`.
pub fn read(document: &str, bytes: &[u8]) -> Result<Vec<KeyRow>, Failure> {
    if bytes.len() > MAX_BYTES {
        return Err(Code::InputTooLarge.because(format!("a set of keys over {MAX_BYTES} bytes")));
    }
    let set = json::read(bytes, MAX_VALUES)
        .map_err(|failure| Code::ListInvalid.caused_by("a set of keys that is no JSON", failure))?;
    let keys = set.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or_else(|| Code::ListInvalid.because("a set without keys"))?;
    rows(document, keys)
}

/// The keys in `values`, one a row.
pub(super) fn rows(document: &str, values: &[Value]) -> Result<Vec<KeyRow>, Failure> {
    if values.len() > MAX_ENTRIES {
        return Err(Code::InputTooLarge.because(format!("a set over {MAX_ENTRIES} keys")));
    }
    let rows = values.iter().enumerate().map(|(index, value)| {
        Jwk::read(value).map_err(|failure| {
            let kid = value.get("kid").and_then(Value::as_str);
            Box::new(RowFailure {
                place: Place {
                    document: document.to_owned(),
                    position: index + 1,
                },
                kid: kid.and_then(|kid| Kid::from_bytes(kid.as_bytes())),
                failure,
            })
        })
    });
    Ok(rows.collect())
}

/// `keys` as a set.
///
/// # Errors
/// `algorithm_unsupported` for kinds of key that have no form in JSON.
pub fn write(keys: &[Jwk]) -> Result<Vec<u8>, Failure> {
    let keys = keys.iter().map(Jwk::write).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "keys": keys }).to_string().into_bytes())
}

/// That SMART Health Cards may be signed by `key`: ES256, for signatures, and named by its own thumbprint.
///
/// # Errors
/// `algorithm_unsupported`, `out_of_scope`, `kid_mismatch`, `entry_invalid` where the point is not on the curve.
pub fn serves_health_cards(key: &Jwk) -> Result<(), Failure> {
    let algorithm = VerifyingKey::from_spki(&key.public_key)?.algorithm();
    if algorithm != Algorithm::Es256 || key.algorithm.as_deref() != Some("ES256") {
        return Err(Code::AlgorithmUnsupported.because("health cards are signed by ES256 alone"));
    }
    if key.purpose.as_deref() != Some("sig") {
        return Err(Code::OutOfScope.because("the key is not for signatures"));
    }
    let own = key.thumbprint()?;
    let named = [Some(&own), key.written_thumbprint.as_ref()];
    if key.kid.is_none() || !named.contains(&key.kid.as_ref()) {
        return Err(Code::KidMismatch.because("the kid is not the key's thumbprint"));
    }
    Ok(())
}

/// The key `public_key` (SubjectPublicKeyInfo, DER) as SMART Health Cards want it published.
///
/// # Errors
/// `algorithm_unsupported` where it is not on P-256, `entry_invalid`.
pub fn health_card_key(public_key: Vec<u8>) -> Result<Jwk, Failure> {
    let mut key = Jwk {
        kid: None,
        purpose: Some("sig".to_owned()),
        algorithm: Some(Algorithm::Es256.name().to_owned()),
        public_key,
        certificates: Vec::new(),
        written_thumbprint: None,
    };
    key.kid = Some(key.thumbprint()?);
    serves_health_cards(&key)?;
    Ok(key)
}

/// The ceiling of a set, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_VALUES: usize = 400_000;

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::SigningKey;
    use p256::pkcs8::EncodePublicKey;

    fn key() -> Jwk {
        let secret = SigningKey::from_slice(&[7; 32]).unwrap();
        let spki = secret.verifying_key().to_public_key_der().unwrap();
        health_card_key(spki.into_vec()).unwrap()
    }

    #[test]
    fn a_set_of_ours_reads_back_and_serves() {
        let set = write(&[key(), key()]).unwrap();
        let rows = read("jwks.json", &set).unwrap();
        for row in &rows {
            assert_eq!(row.as_ref().unwrap(), &key());
            assert!(serves_health_cards(row.as_ref().unwrap()).is_ok());
        }
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn what_health_cards_demand_is_demanded() {
        type Change = fn(&mut Jwk);
        let changes: [(Code, Change); 4] = [
            (Code::KidMismatch, |key| key.kid = Some("1".into())),
            (Code::OutOfScope, |key| key.purpose = None),
            (Code::AlgorithmUnsupported, |key| {
                key.algorithm = Some("ES384".into())
            }),
            (Code::AlgorithmUnsupported, |key| key.algorithm = None),
        ];
        for (code, change) in changes {
            let mut key = key();
            change(&mut key);
            assert_eq!(serves_health_cards(&key).unwrap_err().code(), code);
        }
    }

    #[test]
    fn a_bad_key_is_a_row_and_what_is_no_set_is_refused() {
        let rows = read("jwks.json", br#"{"keys":[{"kid":"a","kty":"oct"},7]}"#).unwrap();
        let first = rows[0].as_ref().unwrap_err();
        assert_eq!(first.kid.as_ref().unwrap().as_bytes(), b"a");
        assert!(rows[1].is_err());
        for bytes in [
            &b"[]"[..],
            b"{}",
            b"{\"keys\":{}}",
            b"{\"keys\":[],\"keys\":[]}",
        ] {
            assert_eq!(read("x", bytes).unwrap_err().code(), Code::ListInvalid);
        }
    }
}
