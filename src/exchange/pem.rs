//! Certificates in PEM, one or many, with anything between them; and written.
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

/// `der` in PEM under `label`, in lines of 64.
pub fn write_pem(label: &str, der: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (position, letter) in base64.chars().enumerate() {
        if position > 0 && position % COLUMNS == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    pem
}

const COLUMNS: usize = 64;
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
