//! The two halves around the signing key.
//!
//! Refuses to state what the signer's certificate does not cover, and to release a credential that does not read back,
//! verify under that certificate's key, and say exactly what was prepared.
//!
//! Source: hcert-spec 3.3 and 4 (what must stand where, and periods within the signer's).

use super::checked::checked;
use super::products::Products;
use crate::codec::cose;
use crate::credential::{self, hcert};
use crate::crypto::VerifyingKey;
use crate::failure::{Code, Failure};
use crate::model::{Country, HealthCertificate, UnixTime};
use crate::trust::Dsc;

/// A credential that awaits its signature.
#[derive(Debug)]
pub struct ToBeSigned {
    certificate: HealthCertificate,
    country: Country,
    issued_at: UnixTime,
    expires_at: UnixTime,
    key: VerifyingKey,
    message: cose::Unsigned,
}

/// A finished credential.
pub struct Credential {
    /// The QR text.
    pub text: String,
    /// What it states.
    pub certificate: HealthCertificate,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// The last second of its period.
    pub expires_at: UnixTime,
}

/// Prepares `certificate` for the signature of `signer`, issued by `country`; the form is the certificate's own.
///
/// # Errors
/// `claim_invalid` where the signer's period or purposes do not cover it; `configuration_invalid` where `country` is not its
/// signer's; `signer_unavailable` where its key is unusable.
pub fn prepare(
    certificate: HealthCertificate,
    country: Country,
    issued_at: UnixTime,
    expires_at: UnixTime,
    signer: &Dsc,
) -> Result<ToBeSigned, Failure> {
    let covered =
        signer.validity.not_before <= issued_at && expires_at <= signer.validity.not_after;
    if issued_at >= expires_at || !covered {
        return Err(Code::ClaimInvalid.because("the period is not within the signer's"));
    }
    let purpose = certificate.entry.purpose();
    if !signer.purposes.allow(purpose) {
        let reason = format!("the signer is not for a {} certificate", purpose.name());
        return Err(Code::ClaimInvalid.because(reason));
    }
    if signer.country_stated && !signer.countries.contains(&country) {
        let reason = format!("{country} is not a country of its own signer");
        return Err(Code::ConfigurationInvalid.because(reason));
    }
    let key = signer
        .key
        .clone()
        .map_err(|code| Code::SignerUnavailable.because(format!("its own key is {code}")))?;
    let payload = hcert::write_certificate(
        country.as_str(),
        issued_at.seconds(),
        expires_at.seconds(),
        &certificate,
    )?;
    let message = cose::Unsigned::new(key.algorithm().cose(), signer.kid.as_bytes(), payload)?;
    Ok(ToBeSigned {
        certificate,
        country,
        issued_at,
        expires_at,
        key,
        message,
    })
}

impl ToBeSigned {
    /// The bytes to sign, whole, not hashed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        self.message.signed_bytes()
    }

    /// What [`ToBeSigned::complete`] gives, if every field of it is also as the form and the table `products` have it.
    ///
    /// # Errors
    /// `read_back_failed`, `input_too_large`.
    pub fn complete_checked(
        self,
        signature: Vec<u8>,
        products: &Products,
    ) -> Result<Credential, Failure> {
        let credential = self.complete(signature)?;
        checked(&credential.certificate, products)?;
        Ok(credential)
    }

    /// The credential with `signature` in it, after it was read back as a stranger would read it.
    ///
    /// `signature` is in the fixed form, `r ‖ s` for ECDSA. The text fits a QR code of level M at least.
    ///
    /// # Errors
    /// `read_back_failed`, `input_too_large`.
    pub fn complete(self, signature: Vec<u8>) -> Result<Credential, Failure> {
        let text = hcert::write(&self.message.complete(signature)?)?;
        if text.len() > LEVEL_M {
            return Err(Code::InputTooLarge.because("no QR code of level M holds the text"));
        }
        let failed = |what: &str| Code::ReadBackFailed.because(what);
        let unverified = credential::read(&text).map_err(|failure| failed(failure.detail()))?;
        let (authentic, _) = unverified
            .authenticate([&self.key])
            .map_err(|(_, failure)| failed(failure.detail()))?;
        let content = authentic.open();
        let claims = content.claims.map_err(|failure| failed(failure.detail()))?;
        if (claims.issued_at, claims.expires_at) != (self.issued_at, self.expires_at) {
            return Err(failed("the period changed"));
        }
        if claims.issuer.as_deref() != Some(self.country.as_str()) {
            return Err(failed("the issuer changed"));
        }
        let opened = content
            .certificate
            .unwrap_or_else(|| Err(failed("there is no content")))
            .map_err(|failure| failed(failure.detail()))?;
        if opened != self.certificate {
            return Err(failed("the content changed"));
        }
        if let Some(quirk) = content.quirks.iter().next() {
            return Err(failed(quirk.name()));
        }
        let Self {
            certificate,
            issued_at,
            expires_at,
            ..
        } = self;
        Ok(Credential {
            text,
            certificate,
            issued_at,
            expires_at,
        })
    }
}

/// How many characters the largest QR code of level M holds, of the 45 that a text in Base45 has. Source: ISO/IEC 18004.
const LEVEL_M: usize = 3391;
