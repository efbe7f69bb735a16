//! The Netherlands' public keys: `{"eu_keys": {kid: [{subjectPk, keyUsage, ian, ..}]}}`, several keys to a kid.
//!
//! Refuses keys that are not Base64. Source: verifier-api.coronacheck.nl/v4/verifier/public_keys, payload.

use super::read::{Found, Unread, base64_of, by_kid};
use crate::model::{Kid, Purpose};
use crate::trust::Purposes;
use serde_json::{Map, Value};

/// The entries, if `members` is of this form.
pub(super) fn read(members: &Map<String, Value>) -> Option<Vec<Result<Found, Unread>>> {
    let keys = members.get("eu_keys")?.as_object()?;
    Some(by_kid(keys, entry))
}

fn entry(kid: Kid, row: &Value) -> Result<Found, Unread> {
    let Some(spki) = base64_of(row.get("subjectPk")) else {
        return Err(Unread::new(Some(kid), "subjectPk is not Base64"));
    };
    let country = row.get("ian").and_then(Value::as_str).map(str::to_owned);
    let purposes = match row.get("keyUsage") {
        None | Some(Value::Null) => Purposes::ALL,
        Some(Value::Array(letters)) if letters.is_empty() => Purposes::ALL,
        Some(Value::Array(letters)) => {
            Purposes::only(letters.iter().filter_map(Value::as_str).filter_map(purpose))
        }
        Some(_) => return Err(Unread::new(Some(kid), "keyUsage is no array")),
    };
    Ok(Found {
        country,
        purposes,
        ..Found::public_key(spki, kid)
    })
}

/// The purpose that a letter of a key-usage member stands for.
pub(super) fn purpose(letter: &str) -> Option<Purpose> {
    match letter {
        "t" => Some(Purpose::Test),
        "v" => Some(Purpose::Vaccination),
        "r" => Some(Purpose::Recovery),
        _ => None,
    }
}
