//! Acts on our own signers: one more, one that signs no more, one whose key somebody else may have.
//!
//! Refuses certificates that the national CA did not sign, a key under two certificates, more signers than neighbours would
//! want to list, and to take a compromise back.

use super::{OwnSigner, SignerState};
use crate::exchange::Record;
use crate::failure::{Code, Failure};
use crate::model::{Environment, Thumbprint, UnixTime};
use crate::server::gateway::Gateway;
use crate::server::gateway::registry::{Act, Answerable};
use crate::server::keys::Cohort;
use crate::server::store::Event;
use crate::trust::chain::issued_by;
use serde_json::{Value, json};
use std::sync::Arc;

impl Gateway {
    /// What `act` on a signer would change at `at`.
    ///
    /// # Errors
    /// `request_invalid`, `not_found`; those of the certificate that the act holds.
    pub(in crate::server::gateway) fn preview_key(
        &self,
        act: &Act,
        at: UnixTime,
    ) -> Result<Value, Failure> {
        let next = self.next_signer(act, at)?;
        let keyring = self.keyring();
        let live = keyring.live(at);
        let others = keyring.signers().filter(|it| {
            it.is_live(at)
                && it.thumbprint != next.thumbprint
                && it.cohort.region == next.cohort.region
                && it.cohort.purposes == next.cohort.purposes
        });
        let others = others.map(|it| format!("{} {}", it.kid, it.cohort.quarter));
        let change = match next.state {
            SignerState::Active => "a new signer: it signs once it has waited",
            SignerState::Retired => "the signer signs no more; what it signed holds",
            SignerState::Compromised => {
                "the signer signs no more; online, what it signed counts only where the register knows it"
            }
        };
        Ok(json!({
            "change": change,
            "kid": next.kid.to_string(),
            "thumbprint": next.thumbprint.to_string(),
            "cohort": next.cohort.to_string(),
            "country": next.country,
            "valid": [next.validity.not_before.to_string(), next.validity.not_after.to_string()],
            "waits_s": (next.state == SignerState::Active).then_some(self.keys.waiting_s),
            "others_live_in_its_cohort": others.collect::<Vec<_>>(),
            "live": live,
            "live_afterwards": match next.state {
                SignerState::Active => live + 1,
                SignerState::Retired | SignerState::Compromised => {
                    let was_live = keyring.signer(&next.thumbprint).is_some_and(|it| it.is_live(at));
                    live - usize::from(was_live)
                }
            },
            "live_at_most": self.keys.max_live,
        }))
    }

    /// The records and events by which it is done.
    ///
    /// # Errors
    /// As [`Self::preview_key`].
    pub(in crate::server::gateway) fn carry_out_key(
        &self,
        act: &Act,
        by: &Answerable<'_>,
    ) -> Result<(Vec<Record>, Vec<Event>), Failure> {
        let next = self.next_signer(act, by.at)?;
        let event = match next.state {
            SignerState::Active => "key.added",
            SignerState::Retired => "key.retired",
            SignerState::Compromised => "key.compromised",
        };
        let detail = format!("{} {}", next.kid, next.cohort);
        let event = by.event(event, &next.thumbprint.to_string(), &detail);
        Ok((vec![next.record()], vec![event]))
    }

    /// The signer as `act` leaves it where it is done at `at`.
    fn next_signer(&self, act: &Act, at: UnixTime) -> Result<OwnSigner, Failure> {
        match act {
            Act::KeyAdd {
                certificate,
                purposes,
                region,
                quarter,
            } => {
                let cohort = Cohort::parse(purposes, region, quarter)?;
                self.new_signer(certificate, cohort, at)
            }
            Act::KeyRetire { thumbprint } => {
                let signer = self.known_signer(thumbprint)?;
                match signer.state {
                    SignerState::Active => Ok(signer.standing(SignerState::Retired, at)),
                    SignerState::Retired | SignerState::Compromised => {
                        let reason = format!("the signer is {} already", signer.state.name());
                        Err(Code::RequestInvalid.because(reason))
                    }
                }
            }
            Act::KeyCompromised { thumbprint } => {
                let signer = self.known_signer(thumbprint)?;
                match signer.state {
                    SignerState::Active | SignerState::Retired => {
                        Ok(signer.standing(SignerState::Compromised, at))
                    }
                    SignerState::Compromised => {
                        Err(Code::RequestInvalid.because("the signer is compromised already"))
                    }
                }
            }
            Act::OperatorAdd { .. }
            | Act::OperatorDisable { .. }
            | Act::ClientAdd { .. }
            | Act::ClientDisable { .. }
            | Act::SignerReadmit { .. }
            | Act::FeedAcceptLess { .. }
            | Act::PartyAdd { .. }
            | Act::PartyRemove { .. }
            | Act::IssuerAdd { .. }
            | Act::IssuerRemove { .. }
            | Act::CertificatesWithdraw { .. }
            | Act::CertificatesReinstate { .. }
            | Act::PolicyActivate { .. } => {
                let reason = format!("{} is no act on signers", act.name());
                Err(Code::Internal.because(reason))
            }
        }
    }

    fn known_signer(&self, thumbprint: &Thumbprint) -> Result<Arc<OwnSigner>, Failure> {
        let keyring = self.keyring();
        let unknown = || Code::NotFound.because("there is no such signer");
        keyring.signer(thumbprint).cloned().ok_or_else(unknown)
    }

    fn new_signer(
        &self,
        certificate: &[u8],
        cohort: Cohort,
        at: UnixTime,
    ) -> Result<OwnSigner, Failure> {
        let refused = |reason: &str, member: &str| {
            let failure = Code::RequestInvalid.because(reason);
            Err(failure.about(member))
        };
        let signer = OwnSigner::new(certificate, cohort, at.plus(self.keys.waiting_s), at)?;
        if signer.country != self.issuer.country.as_str() {
            return refused("the certificate is not of our country", "certificate");
        }
        if at > signer.validity.not_after {
            return refused("the certificate has ended", "certificate");
        }
        if !self.keys.has_region(&signer.cohort.region) {
            return refused("keys.regions names no such group", "region");
        }
        let keyring = self.keyring();
        let mut others = keyring.signers();
        if others.any(|it| it.public_key == signer.public_key || it.kid == signer.kid) {
            return refused("a signer has this certificate, key or kid", "certificate");
        }
        let live = keyring.live(at);
        if live >= self.keys.max_live {
            let reason = format!("{live} signers are active already; retire some first");
            return Err(Code::RequestInvalid.because(reason));
        }
        let authorities = self.own_authorities()?;
        if authorities.is_empty() && self.environment != Environment::Demo {
            let reason = "keys/csca.pem, the national CA's certificate, is not there";
            return Err(Code::RequestInvalid.because(reason));
        }
        let mut by = authorities.iter();
        if !authorities.is_empty() && !by.any(|csca| issued_by(certificate, csca).is_ok()) {
            let reason = "the certificate is by no CA in keys/csca.pem";
            return Err(Code::ChainInvalid.because(reason));
        }
        Ok(signer)
    }
}
