//! The proof in a DID document: who says so, when, and the signature over both the document and the proof itself.
//!
//! Refuses other types and purposes, texts that a line of N-Quads could not hold as they are, and other algorithms than
//! ES256. The signature is taken in DER, which the WHO writes, and in the fixed form, which the standard demands.
//!
//! Source: `JsonWebSignature2020`; RFC 7797; the WHO's key distribution service, observed.

use super::address::is_did;
use super::quads;
use crate::codec::jws::Detached;
use crate::crypto::{self, Algorithm, ChainAlgorithm, Hash, VerifyingKey};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use serde_json::Value;

/// A proof as it stands in a document; nothing is proven before a key has done so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// When it was made, by its maker's word.
    pub created: UnixTime,
    /// What makes it unlike any other.
    pub nonce: String,
    /// The DID of the key that made it.
    pub signer: String,
    created_text: String,
    jws: Detached,
}

impl Proof {
    /// The proof in `value`.
    ///
    /// # Errors
    /// `list_invalid`, `jws_invalid`, `algorithm_unsupported`.
    pub(super) fn read(value: &Value) -> Result<Self, Failure> {
        let text = |name: &str| {
            let text = value.get(name).and_then(Value::as_str);
            text.ok_or_else(|| Code::ListInvalid.because(format!("a proof without {name}")))
        };
        if (text("type")?, text("proofPurpose")?) != ("JsonWebSignature2020", "assertionMethod") {
            return Err(Code::ListInvalid.because("a proof of another kind"));
        }
        let (created, nonce, signer) = (
            text("created")?,
            text("nonce")?,
            text("verificationMethod")?,
        );
        let plain = |it: u8| it.is_ascii_digit() || b"TZ:.+-".contains(&it);
        let time = UnixTime::parse(created).filter(|_| created.bytes().all(plain));
        let time = time.ok_or_else(|| Code::ListInvalid.because("a proof without a time"))?;
        let letters = nonce.bytes().all(|it| it.is_ascii_alphanumeric());
        if !letters || nonce.len() > MAX_NONCE || !is_did(signer) {
            return Err(Code::ListInvalid.because("a proof in another alphabet"));
        }
        let jws = Detached::read(text("jws")?)?;
        if jws.header.algorithm != "ES256" || !jws.header.unencoded {
            return Err(Code::AlgorithmUnsupported.because("a proof that is not unencoded ES256"));
        }
        Ok(Self {
            created: time,
            nonce: nonce.to_owned(),
            signer: signer.to_owned(),
            created_text: created.to_owned(),
            jws,
        })
    }

    /// The lines that stand for this proof under its signature.
    pub(super) fn quads(&self) -> String {
        quads::of_proof(&self.created_text, &self.nonce, &self.signer)
    }

    /// That `key` signed this proof over the document whose lines are `document`.
    pub(super) fn holds(&self, document: &str, key: &VerifyingKey) -> Result<(), Failure> {
        if key.algorithm() != Algorithm::Es256 {
            return Err(Code::ProofInvalid.because("the key is for another algorithm"));
        }
        let message = self.jws.signed_bytes(&hashes(&self.quads(), document));
        let signature = &self.jws.signature;
        if crypto::verify(key, &message, signature).is_ok() {
            return Ok(());
        }
        let in_der = ChainAlgorithm::Ecdsa(Hash::Sha256);
        crypto::verify_chain(key, in_der, &message, signature)
            .map_err(|failure| Code::ProofInvalid.caused_by("the proof does not hold", failure))
    }
}

/// What is signed: the digest of the proof's lines, then that of the document's.
pub(super) fn hashes(proof: &str, document: &str) -> Vec<u8> {
    [proof, document]
        .map(|it| crypto::sha256(it.as_bytes()))
        .concat()
}

const MAX_NONCE: usize = 128;
