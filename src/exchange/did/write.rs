//! A trust list of ours as a DID document, in two halves around the signing key.
//!
//! Refuses what its own reader would not read back, and signatures that are no signatures.
//!
//! Source: WHO smart-trust, trust list v2, its layout and its proof.

use super::address::{Address, is_did};
use super::document::DidDocument;
use super::method::{Usage, participant_of};
use super::proof::hashes;
use super::quads::{self, Network};
use crate::codec::jws;
use crate::codec::x509::Certificate;
use crate::crypto::{self, Algorithm};
use crate::exchange::jwk::Jwk;
use crate::failure::{Code, Failure};
use crate::model::{Country, UnixTime};
use crate::trust::kid_of;
use serde_json::{Value, json};

/// What stands over a document: its name, its network and its signer.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    /// The DID of the document, a place in a trust list.
    pub did: &'a str,
    /// The DID of whoever may change it.
    pub controller: &'a str,
    /// The network whose context it uses.
    pub network: Network,
    /// The DID of the signing key.
    pub signer: &'a str,
    /// When it is signed.
    pub created: UnixTime,
    /// What makes it unlike any other: letters and digits, from a source of randomness.
    pub nonce: &'a str,
}

/// A key to publish.
#[derive(Clone, Debug)]
pub struct Published {
    /// The domain of trust, `DCC` for example.
    pub domain: String,
    /// Whose key it is.
    pub participant: Country,
    /// What it is for.
    pub usage: Usage,
    /// Its certificate, X.509 in DER, and after it its issuer.
    pub chain: Vec<Vec<u8>>,
}

impl Published {
    /// That it has a form in a document.
    ///
    /// # Errors
    /// `entry_invalid`, `algorithm_unsupported`.
    pub fn check(&self) -> Result<(), Failure> {
        jwk_of(&self.chain)?.write().map(|_| ())
    }
}

/// A document that awaits its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    document: Value,
    proof: Value,
    message: jws::Unsigned,
}

impl Unsigned {
    /// The document of `keys` and of `references` to other documents.
    ///
    /// # Errors
    /// `list_invalid` where the heading is not in the layout; `entry_invalid` and others for a key.
    pub fn new(
        heading: &Heading<'_>,
        keys: &[Published],
        references: &[&str],
    ) -> Result<Self, Failure> {
        let address = Address::of(heading.did).filter(|address| !address.first_version);
        let address = address
            .ok_or_else(|| Code::ListInvalid.because("a DID that is no place in a trust list"))?;
        let methods = keys.iter().map(|key| method(address.host, heading, key));
        let mut methods = methods.collect::<Result<Vec<_>, _>>()?;
        methods.extend(references.iter().map(|it| json!(it)));
        let document = json!({
            "@context": heading.network.contexts(),
            "id": heading.did,
            "controller": heading.controller,
            "verificationMethod": methods,
        });
        let read = DidDocument::read(document.to_string().as_bytes(), heading.did)?;
        if let Some(Err(row)) = read.methods.into_iter().find(Result::is_err) {
            return Err(row.failure);
        }
        let letters = heading.nonce.bytes().all(|it| it.is_ascii_alphanumeric());
        if !letters || heading.nonce.is_empty() || !is_did(heading.signer) {
            return Err(Code::ListInvalid.because("a nonce or a signer in another alphabet"));
        }
        let lines = read.quads.map_err(|why| Code::ListInvalid.because(why))?;
        let created = heading.created.to_string();
        let proof = quads::of_proof(&created, heading.nonce, heading.signer);
        let header = jws::Header {
            algorithm: Algorithm::Es256.name().to_owned(),
            unencoded: true,
            ..jws::Header::default()
        };
        Ok(Self {
            document,
            proof: json!({
                "type": "JsonWebSignature2020",
                "created": created,
                "nonce": heading.nonce,
                "proofPurpose": "assertionMethod",
                "verificationMethod": heading.signer,
            }),
            message: jws::Unsigned::new(&header, hashes(&proof, &lines)),
        })
    }

    /// The bytes to sign.
    pub fn signed_bytes(&self) -> Vec<u8> {
        self.message.signed_bytes()
    }

    /// The document with its proof; `signature` is `r ‖ s` of ES256, and is written in DER, as readers expect.
    ///
    /// # Errors
    /// `signature_invalid` where it is none.
    pub fn complete(mut self, signature: &[u8]) -> Result<Vec<u8>, Failure> {
        let der = crypto::ecdsa_der(Algorithm::Es256, signature)
            .ok_or_else(|| Code::SignatureInvalid.because("not a signature of ES256"))?;
        if let (Value::Object(document), Value::Object(proof)) =
            (&mut self.document, &mut self.proof)
        {
            proof.insert(
                "jws".to_owned(),
                self.message.complete_detached(&der).into(),
            );
            document.insert("proof".to_owned(), self.proof);
        }
        Ok(self.document.to_string().into_bytes())
    }
}

/// The document of the key that signs, whose DID is `did`: one verification method, of `certificate` (X.509, DER).
///
/// # Errors
/// `list_invalid` where `did` is in another alphabet; `entry_invalid`, `algorithm_unsupported` for the certificate.
pub fn write_signer(did: &str, certificate: &[u8]) -> Result<Vec<u8>, Failure> {
    if !is_did(did) {
        return Err(Code::ListInvalid.because("a signer in another alphabet"));
    }
    let jwk = jwk_of(std::slice::from_ref(&certificate.to_vec()))?;
    let document = json!({
        "@context": quads::BASE_CONTEXTS,
        "id": did,
        "controller": did,
        "verificationMethod": [{
            "id": did, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": jwk.write()?,
        }],
        "assertionMethod": [did],
    });
    Ok(document.to_string().into_bytes())
}

/// The key of the first certificate of `chain`, with all of them, named as the network names keys.
///
/// # Errors
/// `entry_invalid`.
fn jwk_of(chain: &[Vec<u8>]) -> Result<Jwk, Failure> {
    let empty = || Code::EntryInvalid.because("a key without a certificate");
    let leaf = chain.first().ok_or_else(empty)?;
    Ok(Jwk {
        kid: Some(kid_of(leaf).ok_or_else(empty)?.to_string()),
        purpose: None,
        algorithm: None,
        public_key: Certificate::read(leaf)?.public_key,
        certificates: chain.to_vec(),
        written_thumbprint: None,
    })
}

fn method(host: &str, heading: &Heading<'_>, key: &Published) -> Result<Value, Failure> {
    let participant = participant_of(key.participant);
    let jwk = jwk_of(&key.chain)?;
    let kid = jwk.kid.clone().unwrap_or_default();
    let (domain, usage) = (&key.domain, &key.usage);
    Ok(json!({
        "id": format!("did:web:{host}:v2:trustlist:{domain}:{participant}:{}#{kid}", usage.name()),
        "type": "JsonWebKey2020",
        "controller": heading.controller,
        "publicKeyJwk": jwk.write()?,
        "domain": { "code": format!("#{domain}") },
        "participant": { "code": format!("#{participant}") },
        "keyusage": { "code": format!("#{}", usage.code()) },
    }))
}
