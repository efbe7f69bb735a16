//! Switzerland's keys, decoded to JSON: `{kid: [{use, alg, crv, x, y, n, e}]}`, numbers in standard Base64.
//!
//! Refuses curves other than P-256 and numbers that are not Base64. `RS256` here names the kind of key; the signatures
//! are PS256 all the same. Source: www.cc.bit.admin.ch/trust/v1/keys/updates.

use super::jwk;
use super::nl::purpose;
use super::read::{Found, Unread, base64_of, by_kid};
use crate::model::Kid;
use crate::trust::Purposes;
use serde_json::{Map, Value};

/// The entries, if `members` is of this form.
pub(super) fn read(members: &Map<String, Value>) -> Option<Vec<Result<Found, Unread>>> {
    let rows = members.values().filter_map(Value::as_array).flatten();
    let known = rows.into_iter().any(|row| row.get("alg").is_some());
    known.then(|| by_kid(members, entry))
}

/// One key under `kid`.
pub(super) fn entry(kid: Kid, row: &Value) -> Result<Found, Unread> {
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
    jwk::ec_spki(&jwk::P_256, &x, &y)
}

fn rsa_spki(row: &Value) -> Option<Vec<u8>> {
    jwk::rsa_spki(&base64_of(row.get("n"))?, &base64_of(row.get("e"))?)
}

const P256_COORDINATE: usize = 32;
