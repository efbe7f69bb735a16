//! A DID document as a trust list: keys, references, and a proof over both.
//!
//! Refuses documents past 16 MiB or 20,000 keys, members that stand twice, keys that stand twice, and a document under
//! another DID than the one that was asked for. One bad key never drops a document; one that makes no line of its own
//! leaves it without a proof.
//!
//! Source: WHO smart-trust, trust list v2 (`/v2/trustlist`, `/v2/trustlist-ref`) and v1; W3C DID Core 1.0.

use super::address::{self, Address, is_did};
use super::method::{Method, MethodRow};
use super::proof::Proof;
use super::quads::{Network, Quads};
use crate::codec::json;
use crate::crypto::VerifyingKey;
use crate::exchange::jwk::Jwk;
use crate::exchange::read::{MAX_BYTES, MAX_ENTRIES, RowFailure, kid_of_base64};
use crate::failure::{Code, Failure};
use crate::trust::Place;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// A document as received. Unproven until [`DidDocument::proven_by`] says otherwise.
#[derive(Debug)]
pub struct DidDocument {
    /// Its DID.
    pub id: String,
    /// The DID of whoever may change it.
    pub controller: String,
    /// The network whose context it states, if any.
    pub network: Option<Network>,
    /// Its keys, in order.
    pub methods: Vec<MethodRow>,
    /// The DIDs of other documents that it names in place of keys. Text, and never followed.
    pub references: Vec<String>,
    /// Its proof, where it has one.
    pub proof: Option<Proof>,
    /// The lines that the proof is over, or why there are none.
    pub(super) quads: Result<String, &'static str>,
}

impl DidDocument {
    /// The document in `bytes`, which was asked for as `did`.
    ///
    /// # Errors
    /// `list_invalid`, `input_too_large`; `jws_invalid` and `algorithm_unsupported` for its proof.
    pub fn read(bytes: &[u8], did: &str) -> Result<Self, Failure> {
        let members = members(bytes, did)?;
        let id = did.to_owned();
        let controller = text(&members, "controller").filter(|it| is_did(it));
        let controller = controller
            .ok_or_else(|| invalid("no controller"))?
            .to_owned();
        let mut quads = Quads::new(&id, &controller, members.get("@context"));
        let methods = members.get("verificationMethod").and_then(Value::as_array);
        let methods = methods.ok_or_else(|| invalid("no list of verification methods"))?;
        if methods.len() > MAX_ENTRIES {
            return Err(Code::InputTooLarge.because(format!("a list over {MAX_ENTRIES} keys")));
        }
        let network = quads.network();
        let mut document = Self {
            id,
            controller,
            network,
            methods: Vec::new(),
            references: Vec::new(),
            proof: members.get("proof").map(Proof::read).transpose()?,
            quads: Err(""),
        };
        let mut seen = HashSet::new();
        for (index, method) in methods.iter().enumerate() {
            let name = match method {
                Value::String(name) => Some(name.as_str()),
                Value::Object(members) => text(members, "id"),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
            };
            if name.is_some_and(|name| !seen.insert(name)) {
                return Err(invalid("a verification method stands twice"));
            }
            document.take(index, name, method, &mut quads);
        }
        document.quads = quads.text();
        Ok(document)
    }

    /// Takes in one verification method, whose id is `name`.
    fn take(&mut self, index: usize, name: Option<&str>, method: &Value, quads: &mut Quads) {
        let place = Place {
            document: self.id.clone(),
            position: index + 1,
        };
        let named = name.filter(|name| is_did(name) || address::split(name).is_some());
        match named {
            Some(name) => quads.names(&self.id, name),
            None => quads.spoil("a method without an id in the alphabet of DIDs"),
        }
        match (method, named) {
            (Value::String(_), Some(name)) => self.references.push(name.to_owned()),
            (Value::Object(members), _) => {
                if let Some(name) = named {
                    quads.describes(name, members);
                }
                let read = match Address::of(&self.id) {
                    Some(home) => Method::within(Some(&home), place.clone(), members),
                    None => Err(Code::OutOfScope.because("the document is no trust list")),
                };
                let kid = name.and_then(|name| name.split_once('#'));
                let kid = kid.and_then(|(_, kid)| kid_of_base64(kid));
                self.methods.push(read.map_err(|failure| {
                    Box::new(RowFailure {
                        place,
                        kid,
                        failure,
                    })
                }));
            }
            _ => {
                quads.spoil("a method of another form");
                let failure = Code::EntryInvalid.because("neither a key nor a reference");
                self.methods.push(Err(Box::new(RowFailure {
                    place,
                    kid: None,
                    failure,
                })));
            }
        }
    }

    /// That `key` made the proof, over exactly what was read from this document.
    ///
    /// Whose key it is, is for the caller to know: [`Proof::signer`] is only a hint.
    ///
    /// # Errors
    /// `proof_invalid`; `unverified_proof` where there is none.
    pub fn proven_by(&self, key: &VerifyingKey) -> Result<(), Failure> {
        let Some(proof) = &self.proof else {
            return Err(Code::UnverifiedProof.because("the document has no proof"));
        };
        proof.holds(self.quads()?, key)
    }

    /// The lines that its proof is over.
    ///
    /// # Errors
    /// `proof_invalid` where something in the document makes none.
    pub fn quads(&self) -> Result<&str, Failure> {
        let lines = self.quads.as_deref();
        lines.map_err(|why| Code::ProofInvalid.because(*why))
    }

    /// The lines that stand for the proof itself under its signature.
    pub fn proof_quads(&self) -> Option<String> {
        self.proof.as_ref().map(Proof::quads)
    }
}

/// The one key of the document in `bytes`, which was asked for as `did`: that of somebody who signs trust lists.
///
/// Nothing proves the document; its key is pinned before it is used.
///
/// # Errors
/// `list_invalid`, `input_too_large`, and whatever is wrong with the key.
pub fn read_signer(bytes: &[u8], did: &str) -> Result<VerifyingKey, Failure> {
    let members = members(bytes, did)?;
    let methods = members.get("verificationMethod").and_then(Value::as_array);
    let Some([Value::Object(method)]) = methods.map(Vec::as_slice) else {
        return Err(invalid("not one verification method"));
    };
    let id = text(method, "id").unwrap_or_default();
    let own = id == did || address::split(id).is_some_and(|(before, _)| before == did);
    if !own || text(method, "controller") != Some(did) {
        return Err(invalid("a verification method of somebody else"));
    }
    let jwk = method.get("publicKeyJwk").unwrap_or(&Value::Null);
    VerifyingKey::from_spki(&Jwk::read(jwk)?.public_key)
}

/// The members of the document in `bytes`, if its id is `did`.
fn members(bytes: &[u8], did: &str) -> Result<Map<String, Value>, Failure> {
    if bytes.len() > MAX_BYTES {
        return Err(Code::InputTooLarge.because(format!("a document over {MAX_BYTES} bytes")));
    }
    let document = json::read(bytes, MAX_VALUES)
        .map_err(|failure| invalid(&format!("not JSON: {}", failure.detail())))?;
    let Value::Object(members) = document else {
        return Err(invalid("not a JSON object"));
    };
    if !is_did(did) || text(&members, "id") != Some(did) {
        return Err(invalid("the document is not that of the DID asked for"));
    }
    Ok(members)
}

fn text<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    members.get(name).and_then(Value::as_str)
}

fn invalid(reason: &str) -> Failure {
    Code::ListInvalid.because(reason)
}

/// The ceiling of JSON values in one document; a key takes about fifteen.
const MAX_VALUES: usize = 600_000;
