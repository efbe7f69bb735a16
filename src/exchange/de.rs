//! Germany's trust list: a line with a signature, then JSON `{"certificates": [..]}` of the EU gateway's entries.
//!
//! Refuses nothing of its own; the signature line is only set aside. Source: de.dscg.ubirch.com/trustList/DSC/.

use super::dgcg;
use super::read::{Found, Unread};
use serde_json::{Map, Value};

/// The JSON in `text`, without the line that carries the signature over it, if there is one.
pub(super) fn without_signature(text: &str) -> &str {
    match text.split_once('\n') {
        Some((line, rest))
            if !line.trim_start().starts_with(['{', '[']) && !line.trim().is_empty() =>
        {
            rest
        }
        _ => text,
    }
}

/// The entries, if `members` is of this form.
pub(super) fn read(members: &Map<String, Value>) -> Option<Vec<Result<Found, Unread>>> {
    Some(
        members
            .get("certificates")?
            .as_array()?
            .iter()
            .map(dgcg::entry)
            .collect(),
    )
}
