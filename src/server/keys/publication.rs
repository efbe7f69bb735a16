//! The keys under what this gateway publishes, one a purpose: P-256, PKCS#8 in PEM, each with a certificate of its own.
//!
//! Refuses a key whose certificate names another purpose or another key, keys of other kinds, and files that others may
//! open. Signatures are made without randomness, so that every node signs alike.
//!
//! Source: RFC 6979 (deterministic ECDSA); RFC 5958 (PKCS#8).

use super::signer::Signer;
use crate::codec::x509::Certificate;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::server::files::{self, PRIVATE, PUBLIC};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rcgen::{CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The keys of publication.
#[derive(Debug)]
pub struct PublicationKeys {
    /// Signs DID documents.
    pub did: PublicationKey,
    /// Signs the trust list, and the hashes of rules and value sets.
    pub list: PublicationKey,
    /// Signs the archive.
    pub archive: PublicationKey,
}

/// One of them.
#[derive(Debug)]
pub struct PublicationKey {
    key: SigningKey,
    certificate: Vec<u8>,
    public_key: Vec<u8>,
}

/// The keys below the folder `data`, those of `country` made at the instant `at` where none are there.
///
/// # Errors
/// `input_output`, `configuration_invalid`, `internal`.
pub fn publication_keys(
    data: &Path,
    country: Country,
    at: UnixTime,
) -> Result<PublicationKeys, Failure> {
    let folder = folder(data);
    let _making = files::lock(data)?;
    files::create_private_dir(&folder)?;
    for purpose in PURPOSES {
        if !folder.join(format!("{purpose}.key")).exists() {
            make(&folder, purpose, country, at)
                .map_err(|error| Code::Internal.caused_by("a key was not made", error))??;
        }
    }
    PublicationKeys::open(data)
}

impl PublicationKeys {
    /// The keys below the folder `data`.
    ///
    /// # Errors
    /// `input_output` where one is missing; `configuration_invalid`.
    pub fn open(data: &Path) -> Result<Self, Failure> {
        let folder = folder(data);
        let [did, list, archive] = PURPOSES.map(|purpose| PublicationKey::open(&folder, purpose));
        Ok(Self {
            did: did?,
            list: list?,
            archive: archive?,
        })
    }

    /// Each with the name of its purpose.
    pub fn all(&self) -> [(&'static str, &PublicationKey); 3] {
        let [did, list, archive] = PURPOSES;
        [
            (did, &self.did),
            (list, &self.list),
            (archive, &self.archive),
        ]
    }
}

impl PublicationKey {
    fn open(folder: &Path, purpose: &str) -> Result<Self, Failure> {
        let path = folder.join(format!("{purpose}.key"));
        let unusable = |what: &str| {
            let reason = format!("{} {what}", path.display());
            Code::ConfigurationInvalid.because(reason)
        };
        let pem = files::read_private(&path)?;
        let pem = std::str::from_utf8(&pem).map_err(|_| unusable("is no PEM"))?;
        let key = SigningKey::from_pkcs8_pem(pem)
            .map_err(|_| unusable("holds no PKCS#8 key for P-256"))?;
        let pem = files::read(&path.with_extension("pem"))?;
        let certificate = CertificateDer::from_pem_slice(&pem)
            .map_err(|_| unusable("has no certificate beside it"))?;
        let view = Certificate::read(&certificate)?;
        let public_key = key.verifying_key().to_public_key_der();
        let public_key = public_key.map_err(|_| unusable("has no public key"))?;
        if view.public_key != public_key.as_bytes() {
            return Err(unusable("has the certificate of another key"));
        }
        if view.common_name.as_deref() != Some(name(purpose).as_str()) {
            return Err(unusable("has a certificate for another purpose"));
        }
        Ok(Self {
            key,
            certificate: certificate.to_vec(),
            public_key: public_key.into_vec(),
        })
    }

    /// Its certificate, X.509, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Its public key: SubjectPublicKeyInfo, DER.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// SHA-256 over its certificate.
    pub fn fingerprint(&self) -> Thumbprint {
        Thumbprint(sha256(&self.certificate))
    }
}

impl Signer for PublicationKey {
    /// The same signature over the same message, always.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let signature: Result<Signature, _> = self.key.try_sign(message);
        let signature =
            signature.map_err(|_| Code::SignerUnavailable.because("the key did not sign"))?;
        Ok(signature.to_bytes().to_vec())
    }
}

fn folder(data: &Path) -> PathBuf {
    data.join("keys").join("publication")
}

/// What the certificate of a key for `purpose` is called.
fn name(purpose: &str) -> String {
    format!("Lintas publication: {purpose}")
}

fn make(
    folder: &Path,
    purpose: &str,
    country: Country,
    at: UnixTime,
) -> Result<Result<(), Failure>, rcgen::Error> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, country.as_str());
    subject.push(DnType::CommonName, name(purpose));
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let from = at.plus(-DAY_S).date();
    let year = i32::from(from.year());
    let day = from.day().min(LAST_SAFE_DAY);
    parameters.not_before = rcgen::date_time_ymd(year, from.month(), day);
    parameters.not_after = rcgen::date_time_ymd(year + YEARS, from.month(), day);
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?.pem();
    let private = Zeroizing::new(key.serialize_pem());
    let path = folder.join(format!("{purpose}.pem"));
    // The key comes last: where it lies, its certificate does, too.
    Ok(files::write(&path, certificate.as_bytes(), PUBLIC)
        .and_then(|()| files::write(&path.with_extension("key"), private.as_bytes(), PRIVATE)))
}

const PURPOSES: [&str; 3] = ["did", "list", "archive"];
const YEARS: i32 = 5;
const DAY_S: i64 = 86_400;
/// A day that every month of every year has.
const LAST_SAFE_DAY: u8 = 28;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn at() -> UnixTime {
        UnixTime::from_seconds(1_781_481_600).unwrap()
    }

    #[test]
    fn keys_are_made_once_and_sign_alike() {
        let data = tempfile::tempdir().unwrap();
        let keys = publication_keys(data.path(), Country::DEMO, at()).unwrap();
        let again = publication_keys(data.path(), Country::DEMO, at()).unwrap();
        for ((_, one), (_, other)) in keys.all().into_iter().zip(again.all()) {
            assert_eq!(one.fingerprint(), other.fingerprint());
            assert_eq!(one.sign(b"a").unwrap(), other.sign(b"a").unwrap());
        }
        let prints: Vec<_> = keys
            .all()
            .iter()
            .map(|(_, key)| key.fingerprint())
            .collect();
        assert!(prints[0] != prints[1] && prints[1] != prints[2]);
    }

    #[test]
    fn a_key_in_the_place_of_another_is_refused() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(
            PublicationKeys::open(data.path()).unwrap_err().code(),
            Code::InputOutput
        );
        publication_keys(data.path(), Country::DEMO, at()).unwrap();
        let folder = folder(data.path());
        for file in ["key", "pem"] {
            fs::copy(
                folder.join(format!("list.{file}")),
                folder.join(format!("did.{file}")),
            )
            .unwrap();
            assert_eq!(
                PublicationKeys::open(data.path()).unwrap_err().code(),
                Code::ConfigurationInvalid,
                "{file}"
            );
        }
    }
}
