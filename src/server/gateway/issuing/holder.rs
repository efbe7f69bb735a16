//! What a holder gets for a claim.
//!
//! Refuses every claim under which nothing lies alike, whatever it is: unknown, spent, of a lost slip, or no claim at all.
//! The same is asked of the store, and the same is decrypted, for each.

use super::claim::Claim;
use super::make::{Kept, KeptCertificate};
use crate::failure::{Code, Failure};
use crate::issue::event::Profile;
use crate::model::{HealthCertificate, UnixTime};
use crate::server::gateway::{Gateway, Question, VerifyRequest};
use crate::verify::{Outcome, Verdict};
use std::sync::Arc;

/// What lies under a claim.
pub enum Fetched {
    /// The event waits for its certificates.
    Waits,
    /// Here they are.
    Held(Holding),
}

/// Certificates that a holder can fetch.
pub struct Holding {
    /// The certificates; none where none could be made.
    pub certificates: Vec<HeldCertificate>,
    /// What the holder should know before they travel.
    pub warnings: Vec<Code>,
    /// Why there is no certificate, where there is none.
    pub refused: Option<Code>,
    /// Until when they can be fetched.
    pub until: UnixTime,
}

/// A certificate that a holder can fetch, and what is to be said of it now.
pub struct HeldCertificate {
    /// Its form.
    pub profile: Profile,
    /// The QR text.
    pub text: String,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// The last second of its period.
    pub expires_at: UnixTime,
    /// The product's name for people.
    pub product: Option<String>,
    /// This gateway's verdict on it now.
    pub outcome: Outcome,
    /// What speaks against it.
    pub findings: Vec<Code>,
    /// What it says, as read again just now.
    pub certificate: Option<Arc<HealthCertificate>>,
}

impl Gateway {
    /// What lies under the claim that `text` spells.
    ///
    /// # Errors
    /// `claim_unknown` where nothing does; `store_unavailable`, `store_incomplete`.
    pub async fn under_claim(&self, text: &str) -> Result<Fetched, Failure> {
        let spelt = Claim::parse(text);
        let is_claim = spelt.is_some();
        // What is no claim is asked for like one: nobody ever drew this one.
        let claim = match spelt {
            Some(claim) => claim,
            None => Claim::draw()?,
        };
        let store = self.records()?.store();
        let key = claim.lookup_key();
        // In this order: what waits no more lies there by then.
        let waits = store.waits(&key).await?;
        let found = store.held(&key).await?;
        let unknown = || Code::ClaimUnknown.because("unknown, spent, or mistyped");
        let now = self.clock().now();
        let (body, until) = match found {
            Some(held) => (held.body, held.until),
            None => (vec![0; USUAL], UnixTime::END),
        };
        let opened = claim.open(&body).filter(|_| is_claim && now <= until);
        if opened.is_none() && waits && is_claim {
            return Ok(Fetched::Waits);
        }
        let opened = opened.ok_or_else(unknown)?;
        let kept: Kept = serde_json::from_slice(&opened)
            .map_err(|_| Code::Internal.because("what lies under a claim cannot be read"))?;
        Ok(Fetched::Held(self.looked_at(kept, until).await))
    }

    /// The same with a fresh look at each certificate.
    async fn looked_at(&self, kept: Kept, until: UnixTime) -> Holding {
        let moment = self.moment();
        let mut certificates = Vec::new();
        for kept in kept.certificates {
            let question = Question {
                reference: None,
                text: kept.text.clone(),
            };
            let request = VerifyRequest::of(vec![question]);
            let opened = self.open_credentials(&request, &moment);
            let answers = self.ask_register(&opened, &moment).await;
            let verdict = self.judge_opened(&request, &opened, &answers, &moment);
            certificates.extend(Self::held_certificate(kept, verdict));
        }
        Holding {
            certificates,
            warnings: kept
                .warnings
                .iter()
                .filter_map(|it| Code::named(it))
                .collect(),
            refused: kept.refused.as_deref().and_then(Code::named),
            until,
        }
    }

    /// What is told of one certificate; nothing where it is of a later version.
    fn held_certificate(kept: KeptCertificate, verdict: Verdict) -> Option<HeldCertificate> {
        let one = verdict.credentials.into_iter().next()?;
        Some(HeldCertificate {
            profile: Profile::parse(&kept.profile)?,
            text: kept.text,
            issued_at: UnixTime::from_seconds(kept.issued_at)?,
            expires_at: UnixTime::from_seconds(kept.expires_at)?,
            product: kept.product,
            outcome: one.outcome(),
            findings: one.findings.iter().map(|finding| finding.code).collect(),
            certificate: one.certificate,
        })
    }
}

/// Bytes of what usually lies under a claim.
const USUAL: usize = 900;
