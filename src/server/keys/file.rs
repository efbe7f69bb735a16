//! A signing key in a file: PKCS#8 in PEM, P-256, readable by its owner alone.
//!
//! Refuses keys of other kinds and files that others may open. Source: RFC 5958.

use super::signer::Signer;
use crate::failure::{Code, Failure};
use crate::server::files;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use std::path::Path;

/// A signing key in a file.
#[derive(Debug)]
pub struct FileSigner {
    key: EcdsaKeyPair,
    random: SystemRandom,
}

impl FileSigner {
    /// The key in the file at `path`.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let pem = files::read_private(path)?;
        let unusable = || {
            let reason = format!("{} holds no PKCS#8 key for P-256", path.display());
            Code::ConfigurationInvalid.because(reason)
        };
        let der = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| unusable())?;
        Self::of(der.secret_pkcs8_der()).ok_or_else(unusable)
    }

    /// The key in `der`, PKCS#8, where it is one for P-256.
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok()?;
        Some(Self {
            key,
            random: SystemRandom::new(),
        })
    }

    /// The public key: SubjectPublicKeyInfo, DER.
    ///
    /// # Errors
    /// `internal`.
    pub fn spki(&self) -> Result<Vec<u8>, Failure> {
        let der = self.key.public_key().as_der();
        let der: PublicKeyX509Der<'_> =
            der.map_err(|_| Code::Internal.because("the public key cannot be written"))?;
        Ok(der.as_ref().to_vec())
    }
}

impl Signer for FileSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let signature = self.key.sign(&self.random, message);
        let signature =
            signature.map_err(|_| Code::SignerUnavailable.because("the key did not sign"))?;
        Ok(signature.as_ref().to_vec())
    }
}
