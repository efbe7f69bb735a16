//! The EU gateway's trust list: a JSON array of `{kid, country, certificateType, rawData, ..}`.
//!
//! Refuses entries of other types than DSC. Source: EU DGCG, `GET /trustList`.

use crate::exchange::read::{Found, Unread, base64_of, kid_of_base64};
use serde_json::Value;

/// The entries of `items`, if any has the members of this form.
pub(in crate::exchange) fn read(items: &[Value]) -> Option<Vec<Result<Found, Unread>>> {
    let known = items.iter().any(|item| item.get("rawData").is_some());
    known.then(|| items.iter().map(entry).collect())
}

/// One entry.
pub(in crate::exchange) fn entry(item: &Value) -> Result<Found, Unread> {
    let kid = match item.get("kid") {
        None | Some(Value::Null) => None,
        Some(stated) => match stated.as_str().and_then(kid_of_base64) {
            None => return Err(Unread::new(None, "kid is not Base64")),
            kid => kid,
        },
    };
    if item.get("certificateType").and_then(Value::as_str) != Some("DSC") {
        return Err(Unread::new(kid, "certificateType is not DSC"));
    }
    let Some(der) = base64_of(item.get("rawData")) else {
        return Err(Unread::new(kid, "rawData is not Base64"));
    };
    let country = item
        .get("country")
        .and_then(Value::as_str)
        .map(str::to_owned);
    Ok(Found {
        kid,
        country,
        ..Found::certificate(der)
    })
}
