//! Germany's trust list: a line with a signature in Base64, then JSON; the signature is over every byte after that line.
//!
//! Refuses a signature of another length than 64 bytes, and whatever was done to the JSON on its way, be it a line break.
//!
//! Source: de.dscg.ubirch.com/trustList/DSC/.

use super::anchors::{Anchors, unknown, unproven};
use super::list::{PublishedSigner, SignedList};
use crate::codec::json;
use crate::crypto::{self, VerifyingKey, sha256};
use crate::exchange::de;
use crate::exchange::read::{MAX_VALUES, rows};
use crate::failure::{Code, Failure};
use crate::trust::kid_of;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

pub(super) fn read(
    document: &str,
    bytes: &[u8],
    anchors: &Anchors<'_>,
) -> Result<SignedList, Failure> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (line, content) = end
        .and_then(|end| Some((bytes.get(..end)?, bytes.get(end + 1..)?)))
        .ok_or_else(|| Code::ListInvalid.because("no line with a signature"))?;
    let signature = BASE64_STANDARD.decode(line.trim_ascii_end());
    let signature = signature.ok().filter(|it| it.len() == SIGNATURE);
    let signature =
        signature.ok_or_else(|| Code::ListInvalid.because("no signature of 64 bytes"))?;
    let mut answer = Err(unknown());
    let mut signer = None;
    for spki in anchors.at_hand() {
        let proven =
            VerifyingKey::from_spki(spki).and_then(|key| crypto::verify(&key, content, &signature));
        answer = proven.map_err(unproven);
        if answer.is_ok() {
            signer = Some(sha256(spki));
            break;
        }
    }
    answer?;
    let list = json::read(content, MAX_VALUES)
        .map_err(|failure| Code::ListInvalid.caused_by("signed, and not JSON", failure))?;
    let found = list.as_object().and_then(de::read);
    Ok(SignedList {
        entries: rows(
            document,
            found.ok_or_else(|| Code::ListInvalid.because("no certificates"))?,
        )?,
        signer: signer.ok_or_else(unknown)?,
        issued_at: None,
        expires_at: None,
    })
}

/// A list that awaits its signature.
#[derive(Clone, Debug)]
pub struct Unsigned(Vec<u8>);

impl Unsigned {
    /// The list of `signers`.
    pub fn new(signers: &[PublishedSigner]) -> Self {
        let signers = signers.iter().map(|signer| {
            let der = &signer.certificate;
            json!({
                "certificateType": "DSC",
                "country": signer.country.as_str(),
                "kid": kid_of(der).map(|kid| kid.to_string()),
                "rawData": BASE64_STANDARD.encode(der),
                "signature": signer.upload.as_ref().map(|upload| BASE64_STANDARD.encode(upload)),
                "thumbprint": base16ct::lower::encode_string(&sha256(der)),
                "timestamp": signer.admitted_at.to_string(),
            })
        });
        let list = json!({ "certificates": signers.collect::<Vec<Value>>() });
        Self(list.to_string().into_bytes())
    }

    /// The bytes to sign.
    pub fn signed_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The list with `signature` over it, which is `r ‖ s`.
    pub fn complete(&self, signature: &[u8]) -> Vec<u8> {
        let line = BASE64_STANDARD.encode(signature);
        [line.as_bytes(), b"\n", &self.0].concat()
    }
}

const SIGNATURE: usize = 64;
