//! From an event that waited to its certificates: products, profile, signer, signature, and the last look.
//!
//! Refuses to let a certificate out that does not read back, or that this gateway itself would not accept. What fails for
//! want of the world around it, a signer or the trust list, waits on; what fails by what the event says, fails for good.

use super::Issuing;
use super::claim::Claim;
use super::vault::Vault;
use crate::failure::{Class, Code, Failure};
use crate::issue;
use crate::issue::event::{Action, Event, Profile};
use crate::model::{Purpose, UnixTime, Uvci};
use crate::revocation::{RegisterMark, RevocationHash};
use crate::server::gateway::Gateway;
use crate::server::gateway::keyring::ReadySigner;
use crate::server::store::issuing::{Held, IssuedRow, NewEvent, Sealed};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What became of one event at the worker's hands.
pub(super) enum Made {
    /// It is done: certificates, or the word that there can be none.
    Done(Box<Sealed>, Option<Code>),
    /// It waits on.
    Waits(Failure),
}

impl Made {
    /// That there is nothing to be made of the event `id`.
    pub(super) fn nothing(id: [u8; 16]) -> Self {
        let sealed = Sealed {
            event: id,
            issued: Vec::new(),
            held: None,
        };
        Self::Done(Box::new(sealed), None)
    }
}

/// What lies, encrypted, under a claim.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) made_at: i64,
    pub(super) certificates: Vec<KeptCertificate>,
    pub(super) warnings: Vec<String>,
    /// Why there is no certificate, where there is none.
    pub(super) refused: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct KeptCertificate {
    pub(super) profile: String,
    pub(super) text: String,
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
    /// The product's name for people.
    pub(super) product: Option<String>,
}

/// One certificate, and its row of the register.
struct Certificate {
    kept: KeptCertificate,
    row: IssuedRow,
}

impl Gateway {
    /// Makes the certificates of `event` at `at`. Works for milliseconds and blocks.
    pub(super) fn make_certificates(&self, vault: &Vault, event: &NewEvent, at: UnixTime) -> Made {
        let (claim, said) = match vault.open_body(&event.id, &event.body) {
            Ok(opened) => opened,
            // Another node's data key: it is for the operator to mend, and for the event to wait.
            Err(failure) => return Made::Waits(failure),
        };
        match self.certificates(event, &said, at) {
            Ok((certificates, warnings)) => {
                self.done(event, &claim, certificates, &warnings, None, at)
            }
            Err(Unmade::Later(failure)) => Made::Waits(failure),
            Err(Unmade::Never(failure)) => {
                self.done(event, &claim, Vec::new(), &[], Some(failure.code()), at)
            }
        }
    }

    fn certificates(
        &self,
        event: &NewEvent,
        said: &[u8],
        at: UnixTime,
    ) -> Result<(Vec<Certificate>, Vec<Code>), Unmade> {
        let products = &self.issuing().products;
        let read = serde_json::from_slice(said)
            .map_err(|_| Code::EventInvalid.because("what was kept is no event"))
            .and_then(|value| Event::from_json(value, products))?;
        let (profiles, warnings) = self.issuing().profiles.chosen(&read, products)?;
        let signer = self
            .ready_signer(event.purpose, &event.facility, at)
            .map_err(Unmade::Later)?;
        let made = profiles
            .into_iter()
            .map(|profile| self.certificate(event, &read, profile, &signer, at));
        Ok((made.collect::<Result<_, _>>()?, warnings))
    }

    fn certificate(
        &self,
        event: &NewEvent,
        said: &Event,
        profile: Profile,
        signer: &ReadySigner,
        at: UnixTime,
    ) -> Result<Certificate, Unmade> {
        let (issuing, issuer) = (self.issuing(), self.issuer());
        let (products, country) = (&issuing.products, issuer.country);
        let uvci = self.draw_uvci()?;
        let profiles = &issuing.profiles;
        let certificate = profiles.certificate(said, products, profile, issuer, uvci)?;
        let expires_at = profiles.valid_until(&certificate, at, &signer.dsc);
        let prepared = issue::prepare(certificate, country, at, expires_at, &signer.dsc)?;
        let to_sign = prepared.signed_bytes();
        let signed = signer.signer.sign(&to_sign);
        let signature = signed.map_err(Unmade::Later)?;
        let key = signer.dsc.key.as_ref();
        let algorithm = key.map(crate::crypto::VerifyingKey::algorithm);
        let algorithm = algorithm.map_err(|code| Unmade::Later(code.because("of our own key")))?;
        let signature_hash = RevocationHash::of_signature(&signature, algorithm);
        let credential = prepared.complete_checked(signature, products)?;
        self.accepted(&credential).map_err(Unmade::Later)?;
        let uvci = credential.certificate.entry.uvci();
        let row = IssuedRow {
            number: 0,
            event: event.id,
            profile,
            purpose: event.purpose,
            kid: signer.dsc.kid.clone(),
            signature: signature_hash,
            mark: RegisterMark::of(signature_hash, &to_sign),
            uvci: RevocationHash::of_uci(uvci),
            country_uvci: RevocationHash::of_country_and_uci(country.as_str(), uvci),
            issued_at: credential.issued_at,
            expires_at: credential.expires_at,
            facility: event.facility.clone(),
            operator: event.operator.clone(),
            submitted_by: event.submitted_by.clone(),
            lot: event.lot.clone(),
            batch: event.batch.clone(),
        };
        Ok(Certificate {
            kept: KeptCertificate {
                profile: profile.name().to_owned(),
                text: credential.text,
                issued_at: credential.issued_at.seconds(),
                expires_at: credential.expires_at.seconds(),
                product: self.product_name(said),
            },
            row,
        })
    }

    /// Everything that is done of an event before anybody signs, so that whoever hands it in hears what is wrong with it.
    ///
    /// # Errors
    /// Those of the profile; `claim_invalid` where the certificate's period would be over.
    pub(super) fn rehearse(&self, said: &Event, at: UnixTime) -> Result<Vec<Code>, Failure> {
        let Issuing {
            products, profiles, ..
        } = self.issuing();
        said.check(products, at)?;
        let (chosen, warnings) = profiles.chosen(said, products)?;
        for profile in chosen {
            let uvci = self.draw_uvci()?;
            let certificate = profiles.certificate(said, products, profile, self.issuer(), uvci)?;
            let purpose = said.happening.purpose();
            // Without a signer the event waits for one, and its period is judged then.
            if let Ok(signer) = self.ready_signer(purpose, &said.facility, at)
                && profiles.valid_until(&certificate, at, &signer.dsc) <= at
            {
                let reason = "it happened so long ago that its certificate would have expired";
                return Err(Code::ClaimInvalid.because(reason).about(period_of(purpose)));
            }
        }
        Ok(warnings)
    }

    fn done(
        &self,
        event: &NewEvent,
        claim: &Claim,
        certificates: Vec<Certificate>,
        warnings: &[Code],
        refused: Option<Code>,
        at: UnixTime,
    ) -> Made {
        let (kept, issued) = certificates.into_iter().map(|it| (it.kept, it.row)).unzip();
        let kept = Kept {
            made_at: at.seconds(),
            certificates: kept,
            warnings: warnings.iter().map(|code| code.name().to_owned()).collect(),
            refused: refused.map(|code| code.name().to_owned()),
        };
        // Plain fields always become JSON.
        let kept = Zeroizing::new(serde_json::to_vec(&kept).unwrap_or_default());
        match claim.seal(&kept) {
            Err(failure) => Made::Waits(failure),
            Ok(body) => {
                let held = Held {
                    claim_key: claim.lookup_key(),
                    body,
                    until: at.plus(i64::from(self.issuing().config.claim_days) * DAY_S),
                };
                let sealed = Sealed {
                    event: event.id,
                    issued,
                    held: Some(held),
                };
                Made::Done(Box::new(sealed), refused)
            }
        }
    }

    fn product_name(&self, said: &Event) -> Option<String> {
        use crate::issue::event::Happening;
        let products = &self.issuing().products;
        match &said.happening {
            Happening::Vaccination { product, .. } => {
                products.vaccines.get(product).map(|it| it.name.clone())
            }
            Happening::Test { test, .. } => products.tests.get(test).map(|it| it.name.clone()),
            Happening::Recovery { .. } => None,
        }
    }

    fn draw_uvci(&self) -> Result<Uvci, Failure> {
        let mut random = [0; 16];
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
        issue::uvci_from_random(self.issuer().country, random)
            .ok_or_else(|| Code::Internal.because("no identifier"))
    }
}

/// Why there is no certificate.
enum Unmade {
    /// Not now.
    Later(Failure),
    /// Not ever.
    Never(Failure),
}

impl From<Failure> for Unmade {
    /// What our own fault or a missing part is may be mended; what an event says stays as it is.
    fn from(failure: Failure) -> Self {
        let code = failure.code();
        let may_be_mended = match code.class() {
            Class::Internal | Class::Unavailable | Class::Indeterminate => {
                code != Code::ReadBackFailed
            }
            Class::Malformed
            | Class::TooLarge
            | Class::Rejected
            | Class::Unauthenticated
            | Class::Forbidden
            | Class::NotFound
            | Class::MethodNotAllowed
            | Class::UnsupportedMedia
            | Class::Timeout => code == Code::ConfigurationInvalid,
        };
        if may_be_mended {
            Self::Later(failure)
        } else {
            Self::Never(failure)
        }
    }
}

/// Whether an action makes certificates at all.
pub(super) fn certifies(action: Action) -> bool {
    match action {
        Action::New | Action::Correct | Action::Renew => true,
        Action::Cancel => false,
    }
}

/// The member of an event that says when it happened.
fn period_of(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Vaccination => "date",
        Purpose::Test => "sampled_at",
        Purpose::Recovery => "first_positive",
    }
}

const DAY_S: i64 = 86_400;
