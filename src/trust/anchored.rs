//! Trust that starts from a pinned anchor: the anchor vouches for a country's CA and upload certificates, and these two
//! for the country's signers.
//!
//! Refuses a signer that either of them does not vouch for, another country's CA or upload certificate, a CA that says it
//! is none, and more than one hop. Compares names nowhere: signatures decide.
//!
//! Source: EU DGCG, trust-anchor check and the client's algorithm for DSCs; certificate governance, sections on the CSCA.

use super::Purposes;
use super::chain::issued_by;
use super::entry::{KeyMaterial, TrustEntry};
use super::proof::proves;
use super::statement::{Role, Statement};
use crate::codec::cms::Signed;
use crate::codec::x509::Certificate;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint};

/// The certificates that may vouch for others, each with its country.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    cscas: Vec<Authority>,
    uploads: Vec<Authority>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The country it speaks for.
    pub country: Country,
    /// The certificate, X.509, DER.
    pub certificate: Vec<u8>,
}

impl Authorities {
    /// Takes in what `statement` says of a CSCA or an upload certificate, if an anchor vouches for it.
    ///
    /// `anchors` are the SHA-256 fingerprints of the pinned trust anchors' certificates.
    ///
    /// # Errors
    /// `anchor_unknown`, `cms_invalid`, `proof_invalid`, `entry_invalid` (also where it plays another part), `country_mismatch`, `chain_invalid`
    /// (a CSCA whose certificate says that it is no CA).
    pub fn add(&mut self, statement: &Statement, anchors: &[Thumbprint]) -> Result<(), Failure> {
        let (country, certificate) = vouched_by(statement, anchors)?;
        let list = match statement.role {
            Role::Csca => {
                let no_ca = certificate.authority == Some(false);
                if no_ca || certificate.signs_certificates == Some(false) {
                    let reason = "a CSCA whose certificate says that it signs no certificates";
                    return Err(Code::ChainInvalid.because(reason));
                }
                &mut self.cscas
            }
            Role::Upload => &mut self.uploads,
            Role::Signer | Role::Authentication | Role::Deca | Role::Desc | Role::TrustAnchor => {
                return Err(Code::EntryInvalid.because("a part that vouches for nobody"));
            }
        };
        let authority = Authority {
            country,
            certificate: statement.certificate.clone(),
        };
        if !list.contains(&authority) {
            list.push(authority);
        }
        Ok(())
    }

    /// The CSCAs, in the order in which they were taken in.
    pub fn cscas(&self) -> &[Authority] {
        &self.cscas
    }

    /// The signer that `statement` names, if its country handed it in and its country's CA signed it.
    ///
    /// # Errors
    /// `anchor_unknown` where the message is of no upload certificate of that country, or there is no CSCA of it;
    /// `proof_invalid`, `chain_invalid`, `entry_invalid`.
    pub fn signer(&self, statement: &Statement) -> Result<TrustEntry, Failure> {
        let country = country(statement)?;
        let message = vouched(statement)?;
        let mut uploads = self.uploads.iter().filter(|it| it.country == country);
        if !uploads.any(|upload| upload.certificate == message.certificate) {
            let reason = format!("vouched for by no admitted upload certificate of {country}");
            return Err(Code::AnchorUnknown.because(reason));
        }
        proves(&message, &statement.certificate)?;
        self.issued(&statement.certificate, country)?;
        Ok(TrustEntry {
            place: statement.place.clone(),
            key: KeyMaterial::Certificate(statement.certificate.clone()),
            kid: statement.kid.clone(),
            country: Some(country.to_string()),
            purposes: Purposes::ALL,
        })
    }

    /// That a CSCA of `country` signed `certificate`.
    ///
    /// # Errors
    /// `anchor_unknown` where there is no CSCA of that country, `chain_invalid` where there are, and none signed it.
    pub fn issued(&self, certificate: &[u8], country: Country) -> Result<(), Failure> {
        let cscas = self.cscas.iter().filter(|csca| csca.country == country);
        let mut last = Code::AnchorUnknown.because(format!("no CSCA of {country} was admitted"));
        for csca in cscas {
            match issued_by(certificate, &csca.certificate) {
                Ok(()) => return Ok(()),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    /// The country whose upload certificate signed `message`; whether the signature holds is for [`proves`].
    ///
    /// # Errors
    /// `anchor_unknown`.
    pub fn uploader(&self, message: &Signed) -> Result<Country, Failure> {
        let mut uploads = self.uploads.iter();
        let found = uploads.find(|upload| upload.certificate == message.certificate);
        let unknown = || Code::AnchorUnknown.because("signed by no admitted upload certificate");
        found.map(|upload| upload.country).ok_or_else(unknown)
    }

    /// The content of `message`, if an upload certificate of a country signed it, and which country's.
    ///
    /// # Errors
    /// `cms_invalid` where it has no content, `anchor_unknown`, `proof_invalid`.
    pub fn handed_in<'m>(&self, message: &'m Signed) -> Result<(Country, &'m [u8]), Failure> {
        let missing = || Code::CmsInvalid.because("a message without its content");
        let content = message.content.as_deref().ok_or_else(missing)?;
        let country = self.uploader(message)?;
        proves(message, content)?;
        Ok((country, content))
    }
}

/// The country of `statement` and its certificate, read, if one of the pinned `anchors` (SHA-256 fingerprints of their
/// certificates) vouches for it.
///
/// # Errors
/// `anchor_unknown`, `cms_invalid`, `proof_invalid`, `entry_invalid`; `country_mismatch` where the certificate names others.
pub fn vouched_by(
    statement: &Statement,
    anchors: &[Thumbprint],
) -> Result<(Country, Certificate), Failure> {
    let country = country(statement)?;
    let message = vouched(statement)?;
    if !anchors.contains(&Thumbprint(sha256(&message.certificate))) {
        return Err(Code::AnchorUnknown.because("vouched for by no pinned trust anchor"));
    }
    proves(&message, &statement.certificate)?;
    let certificate = Certificate::read(&statement.certificate)?;
    // The anchor signs the certificate alone, so that its own word on its country is the only signed one.
    let mut own = certificate.countries.iter();
    let own_country = |text: &String| Country::parse(&text.to_ascii_uppercase()) == Some(country);
    if !certificate.countries.is_empty() && !own.any(own_country) {
        let reason = format!("stated for {country}, its certificate names another country");
        return Err(Code::CountryMismatch.because(reason));
    }
    Ok((country, certificate))
}

/// The country of `statement`; a thumbprint that is not the certificate's refuses it.
fn country(statement: &Statement) -> Result<Country, Failure> {
    let stated = statement.thumbprint;
    if stated.is_some_and(|stated| stated.0 != sha256(&statement.certificate)) {
        return Err(Code::EntryInvalid.because("its thumbprint is another certificate's"));
    }
    Country::parse(&statement.country.to_ascii_uppercase())
        .ok_or_else(|| Code::EntryInvalid.because("its country is none"))
}

/// The message that vouches for `statement`; where the content stands in it, it is the certificate.
fn vouched(statement: &Statement) -> Result<Signed, Failure> {
    let message = Signed::read(&statement.signature)?;
    let content = message.content.as_ref();
    if content.is_some_and(|content| *content != statement.certificate) {
        return Err(Code::ProofInvalid.because("it vouches for another certificate"));
    }
    Ok(message)
}
