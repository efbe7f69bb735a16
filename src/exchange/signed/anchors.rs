//! The keys that a gateway has pinned, and whether a chain ends in one.
//!
//! Refuses chains in which somebody signs who may not, or whose certificates are not in force; one that is pinned itself is
//! taken as it is. Names of certificates are not compared, but where a form demands one.
//!
//! Source: RFC 5280, section 6.1, as far as lists need it: no policies, no path lengths, no revocation.

use crate::codec::x509::Certificate;
use crate::crypto::{VerifyingKey, sha256};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::trust::chain::issued_by;

/// What a gateway has pinned for a list.
#[derive(Clone, Copy, Debug)]
pub struct Anchors<'a> {
    /// SHA-256 fingerprints of certificates, or of SubjectPublicKeyInfo where there is no certificate.
    pub pinned: &'a [[u8; 32]],
    /// Certificates and public keys, DER, that lists do not carry; only what is pinned is used.
    pub material: &'a [&'a [u8]],
}

/// Whoever signed a list.
pub(super) struct ListSigner {
    pub(super) key: VerifyingKey,
    pub(super) fingerprint: [u8; 32],
}

impl<'a> Anchors<'a> {
    /// The material that is pinned.
    pub(super) fn at_hand(&self) -> impl Iterator<Item = &'a [u8]> {
        let pinned = self.pinned;
        let material = self.material.iter().copied();
        material.filter(move |der| pinned.contains(&sha256(der)))
    }

    /// The owner of `certificate`, if it is pinned itself.
    pub(super) fn pinned(&self, certificate: Option<&Vec<u8>>) -> Result<ListSigner, Failure> {
        let certificate = certificate.filter(|der| self.pinned.contains(&sha256(der)));
        let certificate = certificate.ok_or_else(unknown)?;
        Ok(ListSigner {
            key: VerifyingKey::from_spki(&Certificate::read(certificate)?.public_key)?,
            fingerprint: sha256(certificate),
        })
    }

    /// The owner of the first certificate of `chain`, named `name`, if the chain ends in what is pinned.
    pub(super) fn chained(
        &self,
        chain: &[Vec<u8>],
        name: &str,
        at: UnixTime,
    ) -> Result<ListSigner, Failure> {
        if let Ok(signer) = self.pinned(chain.first()) {
            return Ok(signer);
        }
        let (leaf, issuers) = chain.split_first().ok_or_else(unknown)?;
        let view = Certificate::read(leaf)?;
        if view.common_name.as_deref() != Some(name) {
            return Err(Code::AnchorUnknown.because("signed by a certificate of another name"));
        }
        let signer = ListSigner {
            key: VerifyingKey::from_spki(&view.public_key)?,
            fingerprint: sha256(leaf),
        };
        let mut last = leaf;
        in_force(&view, at)?;
        for issuer in issuers {
            let view = Certificate::read(issuer)?;
            issued_by(last, issuer)?;
            if self.pinned.contains(&sha256(issuer)) {
                return Ok(signer);
            }
            if view.authority != Some(true) {
                return Err(Code::ChainInvalid.because("an issuer that may sign no certificates"));
            }
            in_force(&view, at)?;
            last = issuer;
        }
        match self
            .at_hand()
            .find(|anchor| issued_by(last, anchor).is_ok())
        {
            Some(_) => Ok(signer),
            None => Err(unknown()),
        }
    }
}

fn in_force(certificate: &Certificate, at: UnixTime) -> Result<(), Failure> {
    if at.seconds() < certificate.not_before {
        return Err(Code::SignerNotYetValid.because("a certificate of the list's signer"));
    }
    if at.seconds() > certificate.not_after {
        return Err(Code::SignerExpired.because("a certificate of the list's signer"));
    }
    Ok(())
}

/// That nobody signed whom the gateway knows.
pub(super) fn unknown() -> Failure {
    Code::AnchorUnknown.because("signed by nobody who is pinned")
}

/// That a signature does not hold.
pub(super) fn unproven(failure: Failure) -> Failure {
    let reason = format!("{}: {}", failure.code().name(), failure.detail());
    Code::ProofInvalid.caused_by(reason, failure)
}

/// That a list is used outside the times it states, `from` to `to`.
pub(super) fn within(
    from: Option<UnixTime>,
    to: Option<UnixTime>,
    at: UnixTime,
) -> Result<(), Failure> {
    if from.is_some_and(|from| at < from) || to.is_some_and(|to| at > to) {
        return Err(Code::ListExpired.because("the list is for another time"));
    }
    Ok(())
}
