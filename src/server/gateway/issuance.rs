//! Issuing: claims to a credential that verifies here before anyone else sees it.
//!
//! Refuses to exist outside the demo environment: only there is a signing key opened at all.

use super::keyring::ReadySigner;
use super::pinned;
use super::{Gateway, Question, VerifyRequest};
use crate::crypto::Engine;
use crate::failure::{Code, Failure};
use crate::issue::{self, Claims, Credential};
use crate::model::{Environment, UnixTime};
use crate::server::federation::Directory;
use crate::server::keys::{FileSigner, Signer, demo_pki};
use crate::trust::{Dsc, Source};
use crate::verify::Outcome;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use std::path::Path;
use std::sync::Arc;

/// What is to be stated.
pub struct IssueRequest {
    /// The claims.
    pub claims: Claims,
}

/// A signing key and the DSC it belongs to.
pub(super) struct Issuance {
    signer: Arc<dyn Signer>,
    dsc: Arc<Dsc>,
    random: SystemRandom,
}

impl Issuance {
    /// The throw-away PKI below `data`, made if it is not there yet.
    pub(super) fn demo(data: &Path, at: UnixTime) -> Result<Self, Failure> {
        let pki = demo_pki(data, at)?;
        let signer = Arc::new(FileSigner::open(&pki.key)?);
        Ok(Self {
            signer,
            dsc: admitted(&pki.dsc, at)?,
            random: SystemRandom::new(),
        })
    }
}

impl Issuance {
    /// Its key, which is always ready.
    pub(super) fn ready(&self) -> ReadySigner {
        ReadySigner {
            dsc: Arc::clone(&self.dsc),
            signer: Arc::clone(&self.signer),
        }
    }

    /// Lets its own key share the table that `engine` has of it.
    pub(super) fn know(&self, engine: &Arc<Engine>) {
        if let Ok(key) = &self.dsc.key {
            engine.know(key);
        }
    }
}

/// The DSC in the file at `path`, admitted as any other would be.
fn admitted(path: &Path, as_of: UnixTime) -> Result<Arc<Dsc>, Failure> {
    let environment = Environment::Demo;
    let source = Source::new("own", environment, as_of);
    let reading = pinned::read_directory(source, &Directory::new(path))?;
    let (snapshot, _) = pinned::assemble(environment, 0, &[reading]);
    let own = snapshot.trust().signers().first().cloned();
    own.ok_or_else(|| {
        Code::ConfigurationInvalid.because(format!("{} is no signer", path.display()))
    })
}

impl Gateway {
    /// Whether this gateway can issue.
    pub fn issues(&self) -> bool {
        self.issuance.is_some()
    }

    /// Issues what `request` claims.
    ///
    /// # Errors
    /// `not_found` where this gateway does not issue; `claim_invalid`, `signer_unavailable`, `read_back_failed`;
    /// `store_incomplete` where records are missing, or were restored and the feeds have not been asked since.
    pub fn issue(&self, request: &IssueRequest) -> Result<Credential, Failure> {
        let issuance = self.issuance.as_ref();
        let issuance =
            issuance.ok_or_else(|| Code::NotFound.because("this gateway does not issue"))?;
        self.caught_up()?;
        let mut random = [0; 16];
        issuance
            .random
            .fill(&mut random)
            .map_err(|_| Code::Internal.because("no random numbers"))?;
        let country = self.issuer.country;
        let uvci = issue::uvci_from_random(country, random)
            .ok_or_else(|| Code::Internal.because("no identifier"))?;
        let now = self.clock.now();
        let certificate = issue::check(&request.claims, &self.issuer, uvci, now)?;
        let expires_at = now.plus(VALID_FOR_S).min(issuance.dsc.validity.not_after);
        let prepared = issue::prepare(certificate, country, now, expires_at, &issuance.dsc)?;
        let signature = issuance.signer.sign(&prepared.signed_bytes())?;
        let credential = prepared.complete(signature)?;
        self.accepted(&credential)?;
        metrics::counter!("lintas_issued_total", "kind" => credential.certificate.entry.purpose().name())
            .increment(1);
        Ok(credential)
    }

    /// The last step: what leaves here must be accepted here.
    pub(super) fn accepted(&self, credential: &Credential) -> Result<(), Failure> {
        let question = Question {
            reference: None,
            text: credential.text.clone(),
        };
        let request = VerifyRequest::of(vec![question]);
        let verdict = self.judge(&request, &self.moment());
        if verdict.outcome() == Outcome::Accept {
            return Ok(());
        }
        let codes: Vec<_> = verdict
            .findings()
            .map(|(_, finding)| finding.code.name())
            .collect();
        Err(Code::ReadBackFailed.because(format!("our own verdict is {}", codes.join(", "))))
    }
}

/// How long a demo certificate is valid: 180 days.
const VALID_FOR_S: i64 = 180 * 24 * 60 * 60;
