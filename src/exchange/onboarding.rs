//! What a trust anchor says of a country's certificate when the country joins: `TNG_TA.signed.<kind>.json`.
//!
//! Refuses thumbprints and contents that are not those of the certificate beside them, and statements over 256 KiB. Whose
//! word it is, is for the pins: the certificate in the message is its maker's choice.
//!
//! Source: WHO smart-trust, onboarding of participants; the EU gateway's trust anchor does the same in its database.

use crate::codec::cms;
use crate::codec::json;
use crate::codec::x509::Certificate;
use crate::crypto::{self, Algorithm, ECDSA_SHA_256, VerifyingKey, sha256};
use crate::failure::{Code, Failure};
use crate::model::{Country, UnixTime};
use crate::trust::proof::proves;
use crate::trust::{self, Place, Role};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// A statement as received. Unproven until [`Statement::proven_by`] says otherwise.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The certificate that it is about, X.509 in DER.
    pub certificate: Vec<u8>,
    /// The country as written, usually an alpha-2 code. It is not under the signature, and neither is what the certificate
    /// is for: both are for the certificate itself to say.
    pub country: String,
    message: cms::Signed,
    signature: Vec<u8>,
}

impl Statement {
    /// The statement in `bytes`.
    ///
    /// # Errors
    /// `entry_invalid`, `cms_invalid`, `input_too_large`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.len() > MAX_BYTES {
            return Err(Code::InputTooLarge.because(format!("a statement over {MAX_BYTES} bytes")));
        }
        let document = json::read(bytes, MAX_VALUES).map_err(|failure| {
            Code::EntryInvalid.caused_by("a statement that is no JSON", failure)
        })?;
        let text = |name: &str| {
            let text = document.get(name).and_then(Value::as_str);
            text.ok_or_else(|| Code::EntryInvalid.because(format!("a statement without {name}")))
        };
        let binary = |name: &str| {
            let binary = BASE64_STANDARD.decode(text(name)?);
            binary.map_err(|_| Code::EntryInvalid.because(format!("{name} is not Base64")))
        };
        let certificate = binary("certificateRawData")?;
        let signature = binary("trustAnchorSignature")?;
        let message = cms::Signed::read(&signature)?;
        if !text("certificateThumbprint")?.eq_ignore_ascii_case(&hex(&certificate)) {
            return Err(Code::EntryInvalid.because("the thumbprint is of another certificate"));
        }
        if message
            .content
            .as_ref()
            .is_some_and(|content| *content != certificate)
        {
            return Err(Code::EntryInvalid.because("what is signed is another certificate"));
        }
        Ok(Self {
            country: text("country")?.to_owned(),
            certificate,
            message,
            signature,
        })
    }

    /// The statement as a gateway's list would make it of a country's CA, if its certificate says that it is one.
    ///
    /// The role is in no signed part of the document, so the certificate's own word decides.
    pub fn of_csca(&self, place: Place) -> Option<trust::Statement> {
        let certificate = Certificate::read(&self.certificate).ok()?;
        (certificate.authority == Some(true)).then(|| trust::Statement {
            place,
            role: Role::Csca,
            country: self.country.clone(),
            kid: None,
            thumbprint: None,
            certificate: self.certificate.clone(),
            signature: self.signature.clone(),
            taken_in_at: None,
        })
    }

    /// The certificate of whoever signed it, X.509 in DER, by the message's own word.
    pub fn signer(&self) -> &[u8] {
        &self.message.certificate
    }

    /// That one of the trust anchors signed it whose certificates have the SHA-256 fingerprints `pinned`.
    ///
    /// # Errors
    /// `anchor_unknown`, `proof_invalid`.
    pub fn proven_by(&self, pinned: &[[u8; 32]]) -> Result<(), Failure> {
        if !pinned.contains(&sha256(self.signer())) {
            return Err(Code::AnchorUnknown.because("signed by a certificate that nobody pinned"));
        }
        proves(&self.message, &self.certificate)
    }
}

/// A statement that awaits its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    certificate: Vec<u8>,
    country: Country,
    algorithm: Algorithm,
    message: cms::Unsigned,
}

impl Unsigned {
    /// That `certificate` (X.509, DER) is of `country`, said at the instant `at` by the owner of the certificate `anchor`.
    ///
    /// # Errors
    /// `entry_invalid` where a certificate cannot be read; `algorithm_unsupported` where the anchor's key is not on P-256.
    pub fn new(
        certificate: Vec<u8>,
        country: Country,
        anchor: Vec<u8>,
        at: UnixTime,
    ) -> Result<Self, Failure> {
        let key = VerifyingKey::from_spki(&Certificate::read(&anchor)?.public_key)?;
        if key.algorithm() != Algorithm::Es256 {
            return Err(Code::AlgorithmUnsupported.because("an anchor whose key is not on P-256"));
        }
        let time = u64::try_from(at.seconds()).unwrap_or_default();
        let (content, digest) = (Some(certificate.clone()), sha256(&certificate));
        Ok(Self {
            message: cms::Unsigned::new(content, digest, anchor, ECDSA_SHA_256, time)?,
            algorithm: key.algorithm(),
            certificate,
            country,
        })
    }

    /// The bytes to sign.
    pub fn signed_bytes(&self) -> Vec<u8> {
        self.message.signed_bytes()
    }

    /// The statement with `signature` in it, which is `r ‖ s`.
    ///
    /// # Errors
    /// `signature_invalid` where it is none.
    pub fn complete(&self, signature: &[u8]) -> Result<Vec<u8>, Failure> {
        let signature = crypto::ecdsa_der(self.algorithm, signature)
            .ok_or_else(|| Code::SignatureInvalid.because("not a signature of ES256"))?;
        let statement = json!({
            "trustAnchorSignature": BASE64_STANDARD.encode(self.message.complete(&signature)),
            "certificateRawData": BASE64_STANDARD.encode(&self.certificate),
            "certificateThumbprint": hex(&self.certificate),
            "country": self.country.as_str(),
        });
        Ok(statement.to_string().into_bytes())
    }
}

fn hex(certificate: &[u8]) -> String {
    base16ct::lower::encode_string(&sha256(certificate))
}

/// The ceiling of a statement, in bytes; the WHO's are under 8 KiB.
const MAX_BYTES: usize = 256 * 1024;
const MAX_VALUES: usize = 64;
