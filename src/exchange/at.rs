//! Austria's trust list, decoded to JSON: an array of `{kid, crt}`, each an array of byte numbers.
//!
//! Refuses entries without a certificate. Source: dgc-trust.qr.gv.at, in the decoded form that tools pass on.

use super::read::{Found, Unread};
use crate::model::Kid;
use serde_json::Value;

/// The entries of `items`, if any has the members of this form.
pub(super) fn read(items: &[Value]) -> Option<Vec<Result<Found, Unread>>> {
    let known = items.iter().any(|item| item.get("crt").is_some());
    known.then(|| items.iter().map(entry).collect())
}

fn entry(item: &Value) -> Result<Found, Unread> {
    let kid = bytes(item.get("kid")).and_then(|bytes| Kid::from_bytes(&bytes));
    match bytes(item.get("crt")) {
        Some(der) if !der.is_empty() => Ok(Found {
            kid,
            ..Found::certificate(der)
        }),
        Some(_) => Err(Unread::new(kid, "crt is empty")),
        None => Err(Unread::new(kid, "crt is no array of bytes")),
    }
}

fn bytes(value: Option<&Value>) -> Option<Vec<u8>> {
    let numbers = value?.as_array()?.iter();
    numbers
        .map(|number| number.as_u64().and_then(|number| u8::try_from(number).ok()))
        .collect()
}
