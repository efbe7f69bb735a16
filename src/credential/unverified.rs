//! The typed gate: `Unverified` -> `Authentic` -> `HealthCertificate`.
//!
//! Refuses to show a payload before its signature is good: only [`Authentic`] has `claims()` and `open()`, and only
//! [`Unverified::authenticate`] makes one.
//!
//! ```compile_fail
//! fn peek(unverified: lintas::credential::Unverified) {
//!     let _ = unverified.open();
//! }
//! ```
//!
//! Source: hcert-spec 6.3 (the signature is verified before any processing of the contents).

use super::format::Format;
use super::{eu_dcc, hcert};
use crate::codec::cose::Sign1;
use crate::codec::cwt;
use crate::crypto::{self, Algorithm, VerifyingKey};
use crate::failure::{Code, Failure};
use crate::model::{HealthCertificate, Kid, Purpose, UnixTime};
use crate::quirk::{Quirk, Quirks};

/// What a credential claims about its signer: a hint, not proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The key identifier.
    pub kid: Option<Kid>,
    /// The algorithm's number in the COSE registry.
    pub algorithm: Option<i64>,
}

/// How much was done for one credential; all of it is bounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Bytes after inflation.
    pub inflated_bytes: usize,
    /// CBOR items of envelope, header and claims.
    pub cbor_items: usize,
    /// Signatures judged.
    pub signatures: usize,
}

/// A credential that was read and not yet believed; its payload is closed.
#[derive(Clone, Debug)]
pub struct Unverified {
    format: Format,
    message: Sign1,
    hint: Hint,
    quirks: Quirks,
    work: Work,
}

impl Unverified {
    pub(super) fn new(format: Format, message: Sign1, inflated_bytes: usize) -> Self {
        let kid = message.kid.as_deref().and_then(Kid::from_bytes);
        let hint = Hint {
            kid,
            algorithm: message.algorithm,
        };
        let quirks = message.quirks.clone();
        let work = Work {
            inflated_bytes,
            cbor_items: message.items,
            signatures: 0,
        };
        Self {
            format,
            message,
            hint,
            quirks,
            work,
        }
    }

    pub(super) fn note(&mut self, quirk: Quirk) {
        self.quirks.note(quirk);
    }

    /// The format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What it claims about its signer.
    pub fn hint(&self) -> &Hint {
        &self.hint
    }

    /// What was odd so far.
    pub fn quirks(&self) -> &Quirks {
        &self.quirks
    }

    /// How much was done so far.
    pub fn work(&self) -> Work {
        self.work
    }

    /// The protected header and the payload as signed, to compare bytes with; nothing in them is opened or believed.
    pub fn signed_parts(&self) -> (&[u8], &[u8]) {
        (&self.message.protected, &self.message.payload)
    }

    /// Tries the `candidates` in turn; the second value is the position of the one that signed.
    ///
    /// A candidate whose algorithm is not the header's is passed over: the algorithm is the key's, the header must
    /// agree. The work is one signature a candidate, so the caller bounds them.
    ///
    /// # Errors
    /// The credential as it was, for whoever wants to look into it, with `algorithm_unsupported` (the header names
    /// none that is known), `unknown_signer` (there is no candidate), `algorithm_mismatch` (it suits none) or
    /// `signature_invalid`.
    pub fn authenticate<'k>(
        mut self,
        candidates: impl IntoIterator<Item = &'k VerifyingKey>,
    ) -> Result<(Authentic, usize), (Box<Self>, Failure)> {
        let stated = match self.hint.algorithm {
            None => return Err(self.refused(Code::AlgorithmUnsupported.because("no algorithm"))),
            Some(number) => match Algorithm::from_cose(number) {
                Some(algorithm) => algorithm,
                None => {
                    let failure = Code::AlgorithmUnsupported.because(format!("algorithm {number}"));
                    return Err(self.refused(failure));
                }
            },
        };
        let signed_bytes = self.message.signed_bytes();
        let mut failure = None;
        for (position, key) in candidates.into_iter().enumerate() {
            if key.algorithm() != stated {
                let reason = format!(
                    "{} stated, the key is for {}",
                    stated.name(),
                    key.algorithm().name()
                );
                failure = failure.or_else(|| Some(Code::AlgorithmMismatch.because(reason)));
                continue;
            }
            self.work.signatures += 1;
            match crypto::verify(key, &signed_bytes, &self.message.signature) {
                Ok(()) => return Ok((Authentic { unverified: self }, position)),
                Err(invalid) => failure = Some(invalid),
            }
        }
        let failure = failure.unwrap_or_else(|| Code::UnknownSigner.because("no candidate"));
        Err(self.refused(failure))
    }

    /// Reads the payload of a credential that nobody vouches for, to look into it; a verdict never does.
    pub fn inspect_without_authentication(&self) -> Inspection {
        let quirks = self.quirks.clone();
        let (claims, content) = match read_claims(&self.message.payload) {
            Err(failure) => (Err(failure), None),
            Ok((claims, content)) => (Ok(claims), Some(content)),
        };
        let mut inspection = Inspection {
            claims,
            certificate: None,
            quirks,
        };
        if let Ok(claims) = &inspection.claims {
            inspection.quirks.extend(&claims.quirks);
        }
        if let Some(content) = content {
            let opened = open(self.format, &content, &mut inspection.quirks);
            inspection.certificate = Some(opened);
        }
        inspection
    }

    fn refused(self, failure: Failure) -> (Box<Self>, Failure) {
        (Box::new(self), failure)
    }
}

/// What is inside a credential, authentic or not.
#[derive(Debug)]
pub struct Inspection {
    /// Its claims.
    pub claims: Result<Claims, Failure>,
    /// Its health certificate, where the claims could be read.
    pub certificate: Option<Result<HealthCertificate, Failure>>,
    /// Everything that was odd.
    pub quirks: Quirks,
}

/// A credential whose signature is good.
#[derive(Clone, Debug)]
pub struct Authentic {
    unverified: Unverified,
}

impl Authentic {
    /// The format.
    pub fn format(&self) -> Format {
        self.unverified.format
    }

    /// What was odd about the envelope.
    pub fn quirks(&self) -> &Quirks {
        &self.unverified.quirks
    }

    /// How much was done.
    pub fn work(&self) -> Work {
        self.unverified.work
    }

    /// When it was issued, until when, and by whom.
    ///
    /// # Errors
    /// `cwt_invalid`.
    pub fn claims(&self) -> Result<Claims, Failure> {
        read_claims(&self.unverified.message.payload).map(|(claims, _)| claims)
    }

    /// Which kinds of entry it holds, also where they break the rules of the format.
    pub fn purposes(&self) -> Vec<Purpose> {
        let content = read_claims(&self.unverified.message.payload).map(|(_, content)| content);
        let certificate = content
            .as_ref()
            .ok()
            .and_then(|content| hcert::certificate(content).ok());
        match self.unverified.format {
            Format::EuDcc => certificate.map(eu_dcc::purposes).unwrap_or_default(),
        }
    }

    /// The health certificate it holds; `quirks` learns what was odd about it.
    ///
    /// # Errors
    /// `cwt_invalid`, `hcert_missing`, `payload_invalid`, `entries_not_one`.
    pub fn open(&self, quirks: &mut Quirks) -> Result<HealthCertificate, Failure> {
        let (_, content) = read_claims(&self.unverified.message.payload)?;
        open(self.unverified.format, &content, quirks)
    }
}

/// The issuer and the period of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The issuer as written, a country code as a rule.
    pub issuer: Option<String>,
    /// The first second, where one is stated.
    pub not_before: Option<UnixTime>,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// The last second.
    pub expires_at: UnixTime,
    /// What was odd about the claims.
    pub quirks: Quirks,
    /// CBOR items of the claims.
    pub items: usize,
}

fn read_claims(payload: &[u8]) -> Result<(Claims, cwt::Claims), Failure> {
    let content = cwt::Claims::read(payload, hcert::LIMITS.cbor)?;
    let instant = |seconds| {
        UnixTime::from_seconds(seconds)
            .ok_or_else(|| Code::CwtInvalid.because("a time out of range"))
    };
    let claims = Claims {
        issuer: content.issuer.clone(),
        not_before: content.not_before.map(instant).transpose()?,
        issued_at: instant(content.issued_at)?,
        expires_at: instant(content.expires_at)?,
        quirks: content.quirks.clone(),
        items: content.items,
    };
    Ok((claims, content))
}

fn open(
    format: Format,
    content: &cwt::Claims,
    quirks: &mut Quirks,
) -> Result<HealthCertificate, Failure> {
    match format {
        Format::EuDcc => eu_dcc::read(hcert::certificate(content)?, None, quirks),
    }
}
