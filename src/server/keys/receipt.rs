//! The keys of receipts, below `keys/receipt`: each with a certificate that names its purpose and environment, and signed by
//! itself. The private key lies beside it, sealed, or in the token; in demo it is thrown away with the folder and lies open.
//!
//! Refuses a key whose certificate is of another one, and to start with a key that cannot be opened. Of several the newest
//! signs that is here; the certificates of older ones stay, for whoever has receipts of theirs.

use super::file::FileSigner;
use super::passphrase::Passphrase;
use super::remote::Remote;
use super::request::subject;
use super::sealed::{make_sealed, open_sealed};
use super::signer::Signer;
use super::token::Token;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment, Thumbprint, UnixTime};
use crate::server::files::{self, PRIVATE, PUBLIC};
use crate::verify::ReceiptKey;
use rcgen::{CertificateParams, IsCa, KeyPair, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

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

/// Where the private half of a new key comes to lie.
pub enum ReceiptPlace<'p> {
    /// In a file, open to whoever may read it: for demonstrations.
    Open,
    /// In a file, sealed.
    Sealed(&'p Passphrase),
    /// In a token.
    Token(&'p Token),
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
                Some(open(&private, environment, passphrase)?)
            } else {
                in_token(token, der)?
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
        let place = ReceiptPlace::Open;
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
    if path.file_stem().is_none_or(|stem| *stem != *name(key.kid)) {
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

/// A public key, and the private key that belongs to it.
type Opened = (Vec<u8>, Arc<dyn Signer>);

fn open(
    path: &Path,
    environment: Environment,
    passphrase: Option<&Passphrase>,
) -> Result<Opened, Failure> {
    let missing = || Code::KeySealed.because("keys.passphrase is not configured");
    let key = match environment {
        Environment::Demo => FileSigner::open(path)?,
        Environment::Test | Environment::Production => {
            open_sealed(path, passphrase.ok_or_else(missing)?)?
        }
    };
    Ok((key.spki()?, Arc::new(key)))
}

fn in_token(token: Option<&Token>, certificate: &[u8]) -> Result<Option<Opened>, Failure> {
    let Some(token) = token else { return Ok(None) };
    let public_key = crate::codec::x509::Certificate::read(certificate)?.public_key;
    let signer = token.signer(&public_key)?;
    Ok(signer.map(|signer| {
        let signer: Arc<dyn Signer> = Arc::new(signer);
        (public_key, signer)
    }))
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
    place: &ReceiptPlace<'_>,
) -> Result<(PathBuf, Thumbprint), Failure> {
    let folder = folder(data);
    files::create_private_dir(&folder)?;
    // The name says which key it is, and the key is not there yet.
    let draft = folder.join(format!(".{}.draft", std::process::id()));
    let made = make(&draft, environment, place).and_then(|(public_key, signer)| {
        let kid = Thumbprint(sha256(&public_key));
        let path = folder.join(format!("{}.pem", name(kid)));
        if draft.exists() {
            let moved = std::fs::rename(&draft, path.with_extension("key"));
            let failed = |error| Code::InputOutput.caused_by("a key was not put in place", error);
            moved.map_err(failed)?;
        }
        let pem = certify(&*signer, &public_key, environment, country, at)?;
        // The certificate comes last: where it lies, its key does, too.
        files::write(&path, pem.as_bytes(), PUBLIC)?;
        Ok((path, kid))
    });
    if made.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    made
}

/// A new key, in the file `draft` where `place` is a file.
fn make(
    draft: &Path,
    environment: Environment,
    place: &ReceiptPlace<'_>,
) -> Result<Opened, Failure> {
    let key = match place {
        ReceiptPlace::Open => {
            let failed = |error| Code::Internal.caused_by("a key was not made", error);
            let pem = Zeroizing::new(KeyPair::generate().map_err(failed)?.serialize_pem());
            files::write(draft, pem.as_bytes(), PRIVATE)?;
            FileSigner::open(draft)?
        }
        ReceiptPlace::Sealed(passphrase) => make_sealed(draft, passphrase)?,
        ReceiptPlace::Token(token) => {
            let public_key = token.make(&ReceiptKey::name(environment))?;
            let signer = token.signer(&public_key)?;
            let lost = || Code::SignerUnavailable.because("the token does not find its new key");
            return Ok((public_key, Arc::new(signer.ok_or_else(lost)?)));
        }
    };
    Ok((key.spki()?, Arc::new(key)))
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

/// What the files of a key are called.
fn name(kid: Thumbprint) -> String {
    kid.to_string().chars().take(NAME).collect()
}

fn folder(data: &Path) -> PathBuf {
    data.join("keys").join("receipt")
}

const NAME: usize = 16;
const YEARS: i32 = 2;
const DAY_S: i64 = 86_400;
/// A day that every month of every year has.
const LAST_SAFE_DAY: u8 = 28;
