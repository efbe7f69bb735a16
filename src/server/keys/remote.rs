//! A signing key of ours as the maker of certificates wants it.
//!
//! Refuses keys that are not on P-256. Source: RFC 5480.

use super::signer::Signer;
use crate::crypto::{self, Algorithm};
use crate::failure::{Code, Failure};
use p256::PublicKey;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::DecodePublicKey;
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm, SigningKey};

/// A key that signs certificates and requests, wherever it lies.
pub(super) struct Remote<'s> {
    signer: &'s dyn Signer,
    point: Vec<u8>,
}

impl<'s> Remote<'s> {
    /// The key `signer` with this public key, SubjectPublicKeyInfo in DER.
    pub(super) fn new(signer: &'s dyn Signer, public_key: &[u8]) -> Result<Self, Failure> {
        let point = Point::read(public_key)?.0;
        Ok(Self { signer, point })
    }
}

impl PublicKeyData for Remote<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.point
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Remote<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.signer.sign(message).ok();
        let der = signature.and_then(|it| crypto::ecdsa_der(Algorithm::Es256, &it));
        der.ok_or(rcgen::Error::RemoteKeyError)
    }
}

/// A public key over which a certificate is made.
pub(super) struct Point(Vec<u8>);

impl Point {
    /// The key in `public_key`, SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// `algorithm_unsupported`.
    pub(super) fn read(public_key: &[u8]) -> Result<Self, Failure> {
        let key = PublicKey::from_public_key_der(public_key)
            .map_err(|_| Code::AlgorithmUnsupported.because("signing keys are on P-256"))?;
        Ok(Self(key.to_sec1_point(false).as_bytes().to_vec()))
    }
}

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}
