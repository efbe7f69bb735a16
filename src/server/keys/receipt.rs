//! The keys of receipts, below `keys/receipt`: each with a certificate that names its purpose and environment, and signed by
//! itself. The private key lies beside it, sealed, or in the token; in demo it is thrown away with the folder and lies open.
//!
//! Refuses a key whose certificate is of another one, and to start with a key that cannot be opened. Of several the newest
//! signs that is here; the certificates of older ones stay, for whoever has receipts of theirs.

use super::passphrase::Passphrase;
use super::place::{self, KeyPlace, file_of, in_token};
use super::remote::Remote;
use super::request::subject;
use super::signer::Signer;
use super::token::Token;
use crate::codec::x509::Certificate;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment, Thumbprint, UnixTime};
use crate::server::files::{self, PUBLIC};
use crate::verify::ReceiptKey;
use rcgen::{CertificateParams, IsCa, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The keys of receipts that a node knows.
#[derive(Default)]
pub struct ReceiptKeys {
    /// Every certificate, DER, the newest first, with the key in it.
    pub known: Vec<(Vec<u8>, ReceiptKey)>,
    /// The one that signs here.
    pub signer: Option<ReceiptSigner>,
}

/// A key that signs receipts.
#[derive(Clone)]
pub struct ReceiptSigner {
    /// Its public half.
    pub key: ReceiptKey,
    /// Its private half.
    pub signer: Arc<dyn Signer>,
}

/// Whether there is any key of receipts below the folder `data`.
pub fn has_receipt_keys(data: &Path) -> bool {
    folder(data).is_dir()
}

impl ReceiptKeys {
    /// Those below the folder `data`, of `environment`; sealed ones are opened with `passphrase`, those without a file are
    /// looked for in `token`.
    ///
    /// # Errors
    /// `configuration_invalid` for a certificate that is none of receipts of `environment`, or of another key than lies beside
    /// it; `key_sealed`, `signer_unavailable`, `input_output`.
    pub fn open(
        data: &Path,
        environment: Environment,
        passphrase: Option<&Passphrase>,
        token: Option<&Token>,
    ) -> Result<Self, Failure> {
        let found = found(data, environment)?;
        let mut signer = None;
        for (path, der, key) in &found {
            let private = path.with_extension("key");
            let opened = if private.exists() {
                Some(place::open(&private, environment, passphrase)?)
            } else {
                in_token(token, Certificate::read(der)?.public_key)?
            };
            if let Some((public_key, opened)) = opened {
                if sha256(&public_key) != key.kid.0 {
                    let reason = format!("{} is not the key beside it", path.display());
                    return Err(Code::ConfigurationInvalid.because(reason));
                }
                signer = Some(ReceiptSigner {
                    key: key.clone(),
                    signer: opened,
                });
                break;
            }
        }
        let known = found.into_iter().map(|(_, der, key)| (der, key));
        Ok(Self {
            known: known.collect(),
            signer,
        })
    }

    /// The certificates below the folder `data`, of `environment`, on a node that signs none.
    ///
    /// # Errors
    /// `configuration_invalid`, `input_output`.
    pub fn known(data: &Path, environment: Environment) -> Result<Self, Failure> {
        let found = found(data, environment)?.into_iter();
        Ok(Self {
            known: found.map(|(_, der, key)| (der, key)).collect(),
            signer: None,
        })
    }

    /// The throw-away key of a demonstration below the folder `data`, made at the instant `at` where there is none that may
    /// sign then.
    ///
    /// # Errors
    /// Those of [`Self::open`]; `internal`.
    pub fn demo(data: &Path, at: UnixTime) -> Result<Self, Failure> {
        let environment = Environment::Demo;
        let _making = files::lock(data)?;
        let keys = Self::open(data, environment, None, None)?;
        let may = |signer: &ReceiptSigner| {
            let validity = &signer.key.validity;
            validity.not_before <= at && at < validity.not_after
        };
        if keys.signer.as_ref().is_some_and(may) {
            return Ok(keys);
        }
        let place = KeyPlace::Open;
        make_receipt_key(data, environment, Country::DEMO, at, &place)?;
        Self::open(data, environment, None, None)
    }
}

/// The certificates below the folder `data`, the newest first: file, DER, and the key in it.
fn found(
    data: &Path,
    environment: Environment,
) -> Result<Vec<(PathBuf, Vec<u8>, ReceiptKey)>, Failure> {
    let folder = folder(data);
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for path in certificates(&folder)? {
        let (der, key) = certificate(&path)?;
        if key.environment != environment {
            let reason = format!("{} is of another environment", path.display());
            return Err(Code::ConfigurationInvalid.because(reason));
        }
        found.push((path, der, key));
    }
    found.sort_by_key(|(_, _, key)| (Reverse(key.validity.not_before), key.kid));
    Ok(found)
}

/// The certificate of a key of receipts in the file at `path`, PEM, with the key in it.
///
/// # Errors
/// `input_output`, `configuration_invalid`.
fn certificate(path: &Path) -> Result<(Vec<u8>, ReceiptKey), Failure> {
    let unusable = |what: &str| {
        let reason = format!("{}: {what}", path.display());
        Code::ConfigurationInvalid.because(reason)
    };
    let der = CertificateDer::from_pem_slice(&files::read(path)?);
    let der = der.map_err(|_| unusable("no certificate in PEM"))?.to_vec();
    let key = ReceiptKey::read(&der).map_err(|failure| unusable(failure.detail()))?;
    if path.file_name() != file_of(Path::new(""), key.kid, "pem").file_name() {
        return Err(unusable(
            "its name is not the beginning of its key's SHA-256",
        ));
    }
    Ok((der, key))
}

fn certificates(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unread = |error| {
        let reason = format!("{} cannot be read", folder.display());
        Code::InputOutput.caused_by(reason, error)
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        // What is half written is hidden and ends otherwise.
        if path.extension().is_some_and(|ending| ending == "pem") {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// Makes a key of receipts of `environment` below the folder `data`, at the instant `at`, for a gateway of `country`; the
/// place of its certificate, and SHA-256 over its public key.
///
/// # Errors
/// `request_invalid` for a passphrase that is too short; `signer_unavailable`, `key_sealed`, `input_output`, `internal`.
pub fn make_receipt_key(
    data: &Path,
    environment: Environment,
    country: Country,
    at: UnixTime,
    place: &KeyPlace<'_>,
) -> Result<(PathBuf, Thumbprint), Failure> {
    let folder = folder(data);
    let (public_key, signer) = place::make(&folder, &ReceiptKey::name(environment), place)?;
    let kid = Thumbprint(sha256(&public_key));
    let path = file_of(&folder, kid, "pem");
    let pem = certify(&*signer, &public_key, environment, country, at)?;
    // The certificate comes last: where it lies, its key does, too.
    files::write(&path, pem.as_bytes(), PUBLIC)?;
    Ok((path, kid))
}

/// The certificate of the key, signed by itself, PEM.
fn certify(
    signer: &dyn Signer,
    public_key: &[u8],
    environment: Environment,
    country: Country,
    at: UnixTime,
) -> Result<String, Failure> {
    let mut parameters = CertificateParams::default();
    let name = ReceiptKey::name(environment);
    parameters.distinguished_name = subject(country.as_str(), "Lintas", &name);
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let from = at.date();
    let year = i32::from(from.year());
    let day = from.day().min(LAST_SAFE_DAY);
    // To the second, so that of two keys of one day the later one is the newer.
    let of_day = u64::try_from(at.seconds() % DAY_S).unwrap_or_default();
    let midnight = rcgen::date_time_ymd(year, from.month(), from.day());
    parameters.not_before = midnight + Duration::from_secs(of_day);
    parameters.not_after = rcgen::date_time_ymd(year + YEARS, from.month(), day);
    let made = parameters.self_signed(&Remote::new(signer, public_key)?);
    let made = made.map_err(|error| Code::Internal.caused_by("no certificate was made", error))?;
    Ok(made.pem())
}

fn folder(data: &Path) -> PathBuf {
    data.join("keys").join("receipt")
}

const YEARS: i32 = 2;
const DAY_S: i64 = 86_400;
/// A day that every month of every year has.
const LAST_SAFE_DAY: u8 = 28;
