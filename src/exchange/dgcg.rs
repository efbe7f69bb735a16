//! The EU gateway's trust list: a JSON array of `{kid, country, certificateType, rawData, ..}`.
//!
//! Refuses entries of other types than DSC. Source: EU DGCG, `GET /trustList`.

use super::read::{Found, Unread, base64_of, kid_of_base64};
use serde_json::Value;

/// The entries of `items`, if their first has the members of this form.
pub(super) fn read(items: &[Value]) -> Option<Vec<Result<Found, Unread>>> {
    items.first()?.get("rawData")?;
    Some(items.iter().map(entry).collect())
}

/// One entry.
pub(super) fn entry(item: &Value) -> Result<Found, Unread> {
    let kid = item
        .get("kid")
        .and_then(Value::as_str)
        .and_then(kid_of_base64);
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
