//! The directory of SMART Health Card issuers, and its signed snapshot with everybody's keys.
//!
//! Refuses documents past 16 MiB or 20,000 issuers, and an issuer that stands twice. A kid belongs to its issuer: one and
//! the same stands under many. What an issuer calls itself is nobody's proof but the directory's.
//!
//! Source: VCI directory (`vci-issuers.json`, `logs/vci_snapshot.json` with `.sig` and `.crt`).

use super::jwks::{self, KeyRow};
use super::read::{MAX_BYTES, MAX_ENTRIES};
use crate::codec::json;
use crate::codec::x509::Certificate;
use crate::crypto::{self, ChainAlgorithm, Hash, VerifyingKey, sha256};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use serde_json::Value;
use std::collections::HashSet;

/// Somebody who issues SMART Health Cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardIssuer {
    /// The URL that its cards state.
    pub iss: String,
    /// What it is called.
    pub name: String,
    /// Its website.
    pub website: Option<String>,
    /// The URL under which the same issuer is better known.
    pub canonical_iss: Option<String>,
}

/// An issuer with the keys that it published.
#[derive(Debug)]
pub struct IssuerKeys {
    /// The issuer.
    pub issuer: CardIssuer,
    /// Its keys, in order.
    pub keys: Vec<KeyRow>,
    /// When they were last fetched from it.
    pub retrieved_at: Option<UnixTime>,
}

/// All issuers and their keys on one day.
#[derive(Debug)]
pub struct DirectorySnapshot {
    /// When it was made.
    pub time: UnixTime,
    /// The issuers, in order.
    pub issuers: Vec<IssuerKeys>,
}

/// The issuers in `vci-issuers.json`, which nobody signed.
///
/// # Errors
/// `list_invalid`, `input_too_large`.
pub fn read_directory(bytes: &[u8]) -> Result<Vec<CardIssuer>, Failure> {
    let directory = document(bytes)?;
    let issuers = list(&directory, "participating_issuers")?;
    let issuers = issuers.iter().map(issuer).collect::<Result<Vec<_>, _>>()?;
    once(issuers.iter())?;
    Ok(issuers)
}

/// The snapshot in `bytes`, proven by its detached `signature` (ECDSA with SHA-512, DER) under the key of `certificate`
/// (X.509, DER), whose SHA-256 fingerprint is `pinned`. `name` is the document's, for operators.
///
/// # Errors
/// `anchor_unknown`, `proof_invalid`, `list_invalid`, `input_too_large`.
pub fn read_snapshot(
    name: &str,
    bytes: &[u8],
    signature: &[u8],
    certificate: &[u8],
    pinned: &[[u8; 32]],
) -> Result<DirectorySnapshot, Failure> {
    if !pinned.contains(&sha256(certificate)) {
        return Err(Code::AnchorUnknown.because("signed by a certificate that nobody pinned"));
    }
    let proven = || {
        let key = VerifyingKey::from_spki(&Certificate::read(certificate)?.public_key)?;
        crypto::verify_chain(&key, ChainAlgorithm::Ecdsa(Hash::Sha512), bytes, signature)
    };
    proven()
        .map_err(|failure| Code::ProofInvalid.caused_by("the signature does not hold", failure))?;
    let snapshot = document(bytes)?;
    let time = snapshot
        .get("time")
        .and_then(Value::as_str)
        .and_then(UnixTime::parse);
    let time = time.ok_or_else(|| invalid("a snapshot without a time"))?;
    let issuers = list(&snapshot, "issuerInfo")?.iter().map(|row| {
        let keys = row.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or_else(|| invalid("an issuer without a list of keys"))?;
        let retrieved = row.get("lastRetrieved").and_then(Value::as_str);
        Ok(IssuerKeys {
            issuer: issuer(row.get("issuer").unwrap_or(&Value::Null))?,
            keys: jwks::rows(name, keys)?,
            retrieved_at: retrieved.and_then(UnixTime::parse),
        })
    });
    let issuers = issuers.collect::<Result<Vec<_>, Failure>>()?;
    once(issuers.iter().map(|it| &it.issuer))?;
    Ok(DirectorySnapshot { time, issuers })
}

fn issuer(value: &Value) -> Result<CardIssuer, Failure> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(CardIssuer {
        iss: text("iss").ok_or_else(|| invalid("an issuer without iss"))?,
        name: text("name").ok_or_else(|| invalid("an issuer without a name"))?,
        website: text("website"),
        canonical_iss: text("canonical_iss"),
    })
}

/// That no issuer stands twice.
fn once<'i>(mut issuers: impl Iterator<Item = &'i CardIssuer>) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    match issuers.find(|issuer| !seen.insert(issuer.iss.as_str())) {
        None => Ok(()),
        Some(_) => Err(invalid("an issuer stands twice")),
    }
}

fn document(bytes: &[u8]) -> Result<Value, Failure> {
    if bytes.len() > MAX_BYTES {
        return Err(Code::InputTooLarge.because(format!("a directory over {MAX_BYTES} bytes")));
    }
    json::read(bytes, MAX_VALUES)
        .map_err(|failure| Code::ListInvalid.caused_by("a directory that is no JSON", failure))
}

fn list<'v>(value: &'v Value, name: &str) -> Result<&'v [Value], Failure> {
    let items = value.get(name).and_then(Value::as_array);
    let items = items.ok_or_else(|| invalid("a directory without issuers"))?;
    if items.len() > MAX_ENTRIES {
        return Err(Code::InputTooLarge.because(format!("over {MAX_ENTRIES} issuers")));
    }
    Ok(items)
}

fn invalid(reason: &str) -> Failure {
    Code::ListInvalid.because(reason)
}

/// The ceiling of JSON values; the snapshot of 2026 has twelve thousand.
const MAX_VALUES: usize = 400_000;
