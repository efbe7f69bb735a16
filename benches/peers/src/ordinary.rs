//! The verifier that anybody would compose of the usual crates: base45, flate2, coset, AWS-LC, ciborium, serde_json.
//!
//! Refuses what a careful author refuses: an unknown signer, a bad signature, a period that has passed. Keys are parsed
//! once and kept.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ParsedPublicKey};
use ciborium::Value as Cbor;
use coset::{CborSerializable, CoseSign1, TaggedCborSerializable};
use flate2::read::ZlibDecoder;
use serde_json::{Map, Value as Json};
use std::collections::HashMap;
use std::io::Read;

/// Signers by key identifier.
#[derive(Default)]
pub struct Verifier {
    keys: HashMap<Vec<u8>, ParsedPublicKey>,
}

/// What was signed with ES256, and by whom.
pub struct Envelope {
    /// The key identifier.
    pub kid: Vec<u8>,
    /// What is signed.
    pub signed_bytes: Vec<u8>,
    /// The signature, `r ‖ s`.
    pub signature: Vec<u8>,
    payload: Vec<u8>,
}

impl Verifier {
    /// Adds the signer `kid` with the point of its key.
    pub fn add(&mut self, kid: &[u8], point: &[u8]) {
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        self.keys
            .insert(kid.to_vec(), key.expect("a point on P-256"));
    }

    /// The key of the signer `kid`.
    pub fn key(&self, kid: &[u8]) -> Option<&ParsedPublicKey> {
        self.keys.get(kid)
    }

    /// The health certificate in `text` as JSON, if it is authentic and current at the instant `at`, in seconds.
    pub fn verify(&self, text: &str, at: i64) -> Option<Vec<u8>> {
        let envelope = Envelope::read(text)?;
        let key = self.keys.get(&envelope.kid)?;
        key.verify_sig(&envelope.signed_bytes, &envelope.signature)
            .ok()?;
        let claims: Cbor = ciborium::from_reader(envelope.payload.as_slice()).ok()?;
        let expires_at = seconds(claim(&claims, 4)?)?;
        let issued_at = seconds(claim(&claims, 6)?)?;
        if at > expires_at || at + SKEW_S < issued_at {
            return None;
        }
        let certificate = claim(claim(&claims, -260)?, 1)?;
        serde_json::to_vec(&json(certificate)?).ok()
    }
}

impl Envelope {
    /// The envelope in `text`.
    pub fn read(text: &str) -> Option<Self> {
        let compressed = base45::decode(text.strip_prefix("HC1:")?).ok()?;
        let mut inflated = Vec::new();
        ZlibDecoder::new(compressed.as_slice())
            .take(MAX_INFLATED)
            .read_to_end(&mut inflated)
            .ok()?;
        let message = CoseSign1::from_tagged_slice(&inflated)
            .or_else(|_| CoseSign1::from_slice(&inflated))
            .ok()?;
        let (protected, unprotected) = (&message.protected.header, &message.unprotected);
        let kid = if protected.key_id.is_empty() {
            unprotected.key_id.clone()
        } else {
            protected.key_id.clone()
        };
        let algorithm = protected.alg.as_ref().or(unprotected.alg.as_ref())?;
        let es256 = coset::Algorithm::Assigned(coset::iana::Algorithm::ES256);
        if *algorithm != es256 {
            return None;
        }
        let signed_bytes = message.tbs_data(b"");
        Some(Self {
            kid,
            signed_bytes,
            signature: message.signature,
            payload: message.payload?,
        })
    }
}

fn claim(map: &Cbor, name: i64) -> Option<&Cbor> {
    let name = Cbor::Integer(name.into());
    let found = map.as_map()?.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value)
}

fn seconds(value: &Cbor) -> Option<i64> {
    match value {
        Cbor::Integer(seconds) => i64::try_from(*seconds).ok(),
        Cbor::Float(seconds) => Some(*seconds as i64),
        Cbor::Tag(_, inner) => seconds(inner),
        _ => None,
    }
}

fn json(value: &Cbor) -> Option<Json> {
    Some(match value {
        Cbor::Integer(number) => i64::try_from(*number).ok()?.into(),
        Cbor::Float(number) => (*number).into(),
        Cbor::Text(text) => text.as_str().into(),
        Cbor::Bool(truth) => (*truth).into(),
        Cbor::Null => Json::Null,
        Cbor::Tag(_, inner) => json(inner)?,
        Cbor::Array(items) => items.iter().map(json).collect::<Option<Vec<_>>>()?.into(),
        Cbor::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| Some((key.as_text()?.to_owned(), json(value)?)));
            Json::Object(entries.collect::<Option<Map<_, _>>>()?)
        }
        _ => return None,
    })
}

const MAX_INFLATED: u64 = 64 * 1024;
const SKEW_S: i64 = 300;
