//! Certificates in PEM, one or many, with anything between them.
//!
//! Refuses nothing but unreadable blocks. Source: RFC 7468.

use super::read::{Found, Unread};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The certificates in `text`, if it holds any PEM block of one.
pub(super) fn read(text: &str) -> Option<Vec<Result<Found, Unread>>> {
    let blocks = text.split(BEGIN).skip(1);
    let found: Vec<_> = blocks
        .map(|block| {
            let (body, _) = block
                .split_once(END)
                .ok_or_else(|| Unread::new(None, "a PEM block without an end"))?;
            let body: String = body.split_whitespace().collect();
            let der = BASE64_STANDARD.decode(body);
            der.map(Found::certificate)
                .map_err(|_| Unread::new(None, "a PEM block that is not Base64"))
        })
        .collect();
    (!found.is_empty()).then_some(found)
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
