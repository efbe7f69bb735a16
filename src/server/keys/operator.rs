//! An operator's certificate and key, on the operator's machine: for TLS, and for approvals.
//!
//! Refuses keys that others can read, a key that does not belong to the certificate, and kinds of key by which approvals
//! are not signed.
//!
//! Source: RFC 5958, RFC 5915 and RFC 8017 A.1.2 (private keys), RFC 8446, section 4.2.3 (how each kind signs).

use crate::codec::x509::Certificate;
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::server::files::{self, PRIVATE, PUBLIC};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A certificate and the key over which it is.
#[derive(Debug)]
pub struct OperatorKey {
    certificate: Vec<u8>,
    key: CertifiedKey,
}

impl OperatorKey {
    /// The certificate in the file at `certificate` and the key in the one at `key`, PEM.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, Failure> {
        let unusable = |path: &Path, what: &str| {
            Code::ConfigurationInvalid.because(format!("{} {what}", path.display()))
        };
        let der = certificate_of(certificate)?;
        let private = PrivateKeyDer::from_pem_slice(&files::read_private(key)?)
            .map_err(|_| unusable(key, "holds no private key"))?;
        let provider = default_provider();
        let signing = provider.key_provider.load_private_key(private);
        let signing =
            signing.map_err(|_| unusable(key, "holds a key of a kind that is not known"))?;
        // Compared here, because the TLS library reads no certificate of version 1.
        let public = signing.public_key();
        if public.is_none_or(|public| {
            Certificate::read(&der)
                .map(|it| it.public_key)
                .ok()
                .as_deref()
                != Some(public.as_ref())
        }) {
            return Err(unusable(key, "does not belong to the certificate"));
        }
        let fitting = CertifiedKey::new(vec![CertificateDer::from(der.clone())], signing);
        if fitting.key.choose_scheme(&SCHEMES).is_none() {
            return Err(unusable(key, "is neither on P-256 or P-384 nor RSA"));
        }
        Ok(Self {
            certificate: der,
            key: fitting,
        })
    }

    /// The certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// SHA-256 over the certificate.
    pub fn fingerprint(&self) -> Thumbprint {
        Thumbprint(crate::crypto::sha256(&self.certificate))
    }

    /// What is presented in a handshake.
    pub(in crate::server) fn presented(&self) -> SingleCertAndKey {
        SingleCertAndKey::from(self.key.clone())
    }

    /// The signature over `message`, as approvals have it: ECDSA in DER with the curve's hash, or RSASSA-PKCS1-v1_5 with
    /// SHA-256.
    ///
    /// # Errors
    /// `signer_unavailable`.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let signer = self.key.key.choose_scheme(&SCHEMES);
        let signer = signer.ok_or_else(|| Code::SignerUnavailable.because("the key is no more"))?;
        let signed = signer.sign(message);
        signed.map_err(|error| Code::SignerUnavailable.caused_by("the key did not sign", error))
    }
}

/// The one certificate in the file at `path`, PEM, as DER.
///
/// # Errors
/// `input_output`, `configuration_invalid`.
pub fn certificate_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let pem = files::read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found.unwrap_or_default().as_slice() {
        [one] => Ok(one.to_vec()),
        _ => {
            let reason = format!("{} does not hold one certificate in PEM", path.display());
            Err(Code::ConfigurationInvalid.because(reason))
        }
    }
}

/// Two throw-away operators below the folder `data`, made at `at` where they are not there: `first` and `second`, each with
/// the file of its certificate.
///
/// # Errors
/// `input_output`, `internal`.
pub fn demo_operators(data: &Path, at: UnixTime) -> Result<[(&'static str, PathBuf); 2], Failure> {
    let dir = data.join("operators");
    let _making = files::lock(data)?;
    files::create_private_dir(&dir)?;
    let made = ["first", "second"].map(|id| {
        let (certificate, key) = (dir.join(format!("{id}.pem")), dir.join(format!("{id}.key")));
        if !certificate.exists() {
            let (pem, private) = throw_away(id, at).map_err(|error| {
                Code::Internal.caused_by("an operator's certificate was not made", error)
            })?;
            // The certificate comes last: where it lies, its key does, too.
            files::write(&key, private.as_bytes(), PRIVATE)?;
            files::write(&certificate, pem.as_bytes(), PUBLIC)?;
        }
        Ok((id, certificate))
    });
    let [first, second] = made;
    Ok([first?, second?])
}

fn throw_away(id: &str, at: UnixTime) -> Result<(String, Zeroizing<String>), rcgen::Error> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    let name = format!("DEMO operator {id}");
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let day = |at: UnixTime| {
        let date = at.date();
        rcgen::date_time_ymd(i32::from(date.year()), date.month(), date.day())
    };
    parameters.not_before = day(at.plus(-DAY_S));
    parameters.not_after = day(at.plus(YEAR_S));
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    Ok((certificate.pem(), Zeroizing::new(key.serialize_pem())))
}

/// How a key of each kind signs an approval.
const SCHEMES: [SignatureScheme; 3] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::RSA_PKCS1_SHA256,
];
const DAY_S: i64 = 86_400;
const YEAR_S: i64 = 365 * DAY_S;
