//! Switzerland's keys: a JWS with the key identifiers in force, and one or more with the keys.
//!
//! Refuses signers other than the service's own certificate, whatever else its authority has signed. A key counts only where
//! its identifier is in force; the others, and identifiers without a key, are rows with their reason.
//!
//! Source: www.cc.bit.admin.ch/trust/v1/keys/list and /keys/updates. Neither states when it was made.

use super::anchors::{Anchors, unproven};
use super::list::SignedList;
use crate::codec::json;
use crate::codec::jws::Jws;
use crate::crypto;
use crate::exchange::ch;
use crate::exchange::read::{Found, MAX_ENTRIES, MAX_VALUES, Unread, kid_of_base64, rows};
use crate::failure::{Code, Failure};
use crate::model::{Kid, UnixTime};
use serde_json::Value;
use std::collections::BTreeSet;

pub(super) fn read(
    document: &str,
    active: &[u8],
    pages: &[&[u8]],
    anchors: &Anchors<'_>,
    at: UnixTime,
) -> Result<SignedList, Failure> {
    let (list, signer) = proven(active, anchors, at)?;
    let stated = array(&list, "activeKeyIds")?.iter();
    let active = stated.map(|kid| kid.as_str().and_then(kid_of_base64));
    let active: Option<BTreeSet<Kid>> = active.collect();
    let active =
        active.ok_or_else(|| Code::ListInvalid.because("an identifier that is no Base64"))?;
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for page in pages {
        for row in array(&proven(page, anchors, at)?.0, "certs")? {
            let kid = row
                .get("keyId")
                .and_then(Value::as_str)
                .and_then(kid_of_base64);
            found.push(match kid {
                None => Err(Unread::new(None, "a key identifier that is not Base64")),
                Some(kid) if !active.contains(&kid) => {
                    Err(Unread::new(Some(kid), "the key identifier is not in force"))
                }
                Some(kid) => {
                    seen.insert(kid.clone());
                    ch::entry(kid, row)
                }
            });
        }
        if found.len() > MAX_ENTRIES {
            return Err(Code::InputTooLarge.because(format!("a list over {MAX_ENTRIES} entries")));
        }
    }
    let missing = active.difference(&seen).cloned();
    found.extend(missing.map(|kid| {
        Err::<Found, _>(Unread::new(
            Some(kid),
            "a key identifier in force without its key",
        ))
    }));
    Ok(SignedList {
        entries: rows(document, found)?,
        signer,
        issued_at: None,
        expires_at: None,
    })
}

/// What a part says, and who signed it.
fn proven(bytes: &[u8], anchors: &Anchors<'_>, at: UnixTime) -> Result<(Value, [u8; 32]), Failure> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Code::JwsInvalid.caused_by("not text", error))?;
    let message = Jws::read(text.trim_ascii_end())?;
    let header = &message.header;
    let signer = anchors.chained(&header.certificates, SIGNER, at)?;
    let (signed, signature) = (message.signed_bytes(), &message.signature);
    crypto::verify_jose(&signer.key, &header.algorithm, signed, signature).map_err(unproven)?;
    let content = json::read(&message.payload, MAX_VALUES)
        .map_err(|failure| Code::ListInvalid.caused_by("signed, and not JSON", failure))?;
    Ok((content, signer.fingerprint))
}

fn array<'v>(value: &'v Value, name: &str) -> Result<&'v [Value], Failure> {
    let items = value.get(name).and_then(Value::as_array);
    let items = items.ok_or_else(|| Code::ListInvalid.because(format!("no list under {name}")))?;
    Ok(items)
}

/// The name of the certificate that signs lists; its authority signs for the whole administration.
const SIGNER: &str = "CH01-AppContentCertificate";
