//! The typed gate: `Unverified` -> `Authentic` -> `HealthCertificate`.
//!
//! Refuses to show a payload before its signature is good: only [`Authentic`] has `open()`, and only
//! [`Unverified::authenticate`] and [`authenticate_all`] make one.
//!
//! ```compile_fail
//! fn peek(unverified: lintas::credential::Unverified) {
//!     let _ = unverified.open();
//! }
//! ```
//!
//! Source: hcert-spec 6.3 (the signature is verified before any processing of the contents).

use super::content::Content;
use super::format::Format;
use crate::codec::cose::Sign1;
use crate::crypto::{self, Algorithm, Check, VerifyingKey};
use crate::failure::{Code, Failure};
use crate::model::Kid;
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
        let kid = message.kid().and_then(Kid::from_bytes);
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
        (self.message.protected(), self.message.payload())
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
        self,
        candidates: impl IntoIterator<Item = &'k VerifyingKey>,
    ) -> Result<(Authentic, usize), Refused> {
        let mut attempt = Attempt::new(self, candidates.into_iter());
        while attempt.advance() {
            if let Some(Check {
                key,
                message,
                signature,
            }) = attempt.check()
            {
                let answer = crypto::verify(key, message, signature);
                attempt.answer(answer);
            }
        }
        attempt.end()
    }

    /// Reads the payload of a credential that nobody vouches for, to look into it; a verdict never does.
    pub fn inspect_without_authentication(&self) -> Content {
        Content::read(self.format, self.message.payload(), self.quirks.clone())
    }
}

/// A credential that is not believed, as it was, and why not.
pub type Refused = (Box<Unverified>, Failure);

/// A credential and the keys that may have signed it.
pub type Asked<'k> = (Unverified, Vec<&'k VerifyingKey>);

/// What [`Unverified::authenticate`] answers to each of the `asked`, in their order.
///
/// The first candidates of all are judged at once, then the second ones of those that are left, and so on.
pub fn authenticate_all(asked: Vec<Asked<'_>>) -> Vec<Result<(Authentic, usize), Refused>> {
    let mut attempts: Vec<_> = asked
        .into_iter()
        .map(|(unverified, keys)| Attempt::new(unverified, keys.into_iter()))
        .collect();
    loop {
        let mut pending: Vec<_> = attempts.iter_mut().filter_map(Attempt::advanced).collect();
        if pending.is_empty() {
            break;
        }
        let checks: Vec<_> = pending.iter().filter_map(|it| it.check()).collect();
        let answers = crypto::verify_batch(&checks);
        for (attempt, answer) in pending.iter_mut().zip(answers) {
            attempt.answer(answer);
        }
    }
    attempts.into_iter().map(Attempt::end).collect()
}

/// A credential on its way through its candidates.
struct Attempt<'k, K: Iterator<Item = &'k VerifyingKey>> {
    unverified: Unverified,
    stated: Option<Algorithm>,
    keys: std::iter::Enumerate<K>,
    /// The candidate whose turn it is.
    current: Option<(usize, &'k VerifyingKey)>,
    signed: bool,
    failure: Option<Failure>,
}

impl<'k, K: Iterator<Item = &'k VerifyingKey>> Attempt<'k, K> {
    fn new(unverified: Unverified, keys: K) -> Self {
        let number = unverified.hint.algorithm;
        let stated = number.and_then(Algorithm::from_cose);
        let failure = match (number, stated) {
            (None, _) => Some(Code::AlgorithmUnsupported.because("no algorithm")),
            (Some(number), None) => {
                Some(Code::AlgorithmUnsupported.because(format!("algorithm {number}")))
            }
            (Some(_), Some(_)) => None,
        };
        Self {
            unverified,
            stated,
            keys: keys.enumerate(),
            current: None,
            signed: false,
            failure,
        }
    }

    /// Goes on to the next candidate that suits; `false` where there is none or none is needed.
    fn advance(&mut self) -> bool {
        let Some(stated) = self.stated.filter(|_| !self.signed) else {
            return false;
        };
        for (position, key) in self.keys.by_ref() {
            if key.algorithm() == stated {
                self.current = Some((position, key));
                self.unverified.work.signatures += 1;
                return true;
            }
            let mismatch = || {
                let (stated, other) = (stated.name(), key.algorithm().name());
                Code::AlgorithmMismatch.because(format!("{stated} stated, the key is for {other}"))
            };
            self.failure.get_or_insert_with(mismatch);
        }
        false
    }

    fn advanced(&mut self) -> Option<&mut Self> {
        self.advance().then_some(self)
    }

    /// The question to ask of the current candidate.
    fn check(&self) -> Option<Check<'_>> {
        let message = &self.unverified.message;
        self.current.map(|(_, key)| Check {
            key,
            message: message.signed_bytes(),
            signature: message.signature(),
        })
    }

    fn answer(&mut self, answer: Result<(), Failure>) {
        match answer {
            Ok(()) => self.signed = true,
            Err(invalid) => self.failure = Some(invalid),
        }
    }

    fn end(self) -> Result<(Authentic, usize), Refused> {
        let unverified = self.unverified;
        match (self.signed, self.current) {
            (true, Some((position, _))) => Ok((Authentic { unverified }, position)),
            _ => {
                let unknown = || Code::UnknownSigner.because("no candidate");
                let failure = self.failure.unwrap_or_else(unknown);
                Err((Box::new(unverified), failure))
            }
        }
    }
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

    /// Its signature, which other gateways may know it by, and how it was made.
    pub fn signature(&self) -> (&[u8], Option<Algorithm>) {
        let unverified = &self.unverified;
        let algorithm = unverified.hint.algorithm.and_then(Algorithm::from_cose);
        (unverified.message.signature(), algorithm)
    }

    /// Everything that was signed.
    pub fn signed_bytes(&self) -> &[u8] {
        self.unverified.message.signed_bytes()
    }

    /// Reads what it holds.
    pub fn open(&self) -> Content {
        self.unverified.inspect_without_authentication()
    }
}
