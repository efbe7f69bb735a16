//! What a party sent, read in the order in which the reference gateways complain.
//!
//! Refuses nothing twice: whether the signature holds is told beside the content, because what follows from it differs
//! from address to address.
//!
//! Source: EU DGCG, rules for CMS messages.

use super::refused::{Reason, Refused};
use crate::codec::cms::{Signed, SignedData};
use crate::codec::x509::Certificate;
use crate::exchange::dgcg::message_bytes;
use crate::model::Thumbprint;
use crate::trust::proof::proves;

/// A message from a party.
#[derive(Clone, Debug)]
pub struct Handed {
    /// The message.
    pub message: Signed,
    /// What it holds.
    pub content: Vec<u8>,
    /// Whether the key of the certificate in it signed it.
    pub verified: bool,
    /// The text it came as, without any white space: the reference's own reader refuses line breaks, so nobody is served any.
    pub text: String,
}

impl Handed {
    /// The message in the body of a request, that holds a certificate.
    ///
    /// # Errors
    /// The reasons that begin with `Message`.
    pub fn certificate(body: &[u8]) -> Result<Self, Refused> {
        Self::read(body, true)
    }

    /// The message in the body of a request, that holds any text.
    ///
    /// # Errors
    /// The reasons that begin with `Message`.
    pub fn text(body: &[u8]) -> Result<Self, Refused> {
        Self::read(body, false)
    }

    fn read(body: &[u8], is_certificate: bool) -> Result<Self, Refused> {
        let bytes = message_bytes(body).map_err(|_| Reason::MessageNotBase64)?;
        let data = SignedData::read(&bytes).map_err(|_| Reason::MessageUnreadable)?;
        if !data.is_of_data() {
            return Err(Reason::MessageNotData.into());
        }
        let content = data.content.clone().ok_or(Reason::MessageNotData)?;
        if is_certificate && Certificate::read(&content).is_err() {
            return Err(Reason::MessageNoCertificate.into());
        }
        if data.certificates.len() != 1 {
            return Err(Reason::MessageCertificates.into());
        }
        if data.signers.len() != 1 {
            return Err(Reason::MessageSigners.into());
        }
        let message = data.single().map_err(|_| Reason::MessageUnreadable)?;
        let verified = proves(&message, &content).is_ok();
        let mut text = String::from_utf8_lossy(body).into_owned();
        text.retain(|it| !it.is_ascii_whitespace());
        Ok(Self {
            message,
            content,
            verified,
            text,
        })
    }

    /// SHA-256 over the certificate that signed it.
    pub fn signer(&self) -> Thumbprint {
        Thumbprint(crate::crypto::sha256(&self.message.certificate))
    }
}
