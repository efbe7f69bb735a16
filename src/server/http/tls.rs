//! TLS for the public listener: one certificate, exchanged without a restart.
//!
//! Refuses TLS below 1.2, early data, and a key that does not belong to its certificate. Where no certificate is
//! configured, a throw-away CA in the data folder makes one for loopback names and the listening address.
//!
//! Source: RFC 8446; the key exchange prefers X25519MLKEM768.

use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::config::TlsFiles;
use crate::server::files::{self, PRIVATE, PUBLIC};
use arc_swap::ArcSwap;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The certificate in force, and where the next one will lie.
pub struct Identity {
    files: TlsFiles,
    key: ArcSwap<CertifiedKey>,
}

impl Identity {
    /// The certificate and key in `files`.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`.
    pub fn open(files: TlsFiles) -> Result<Arc<Self>, Failure> {
        let key = ArcSwap::from_pointee(load(&files)?);
        Ok(Arc::new(Self { files, key }))
    }

    /// Puts what now lies in the files into force, for new connections; on failure the old stays.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`.
    pub fn reload(&self) -> Result<bool, Failure> {
        let key = load(&self.files)?;
        let changed = key.cert != self.key.load().cert;
        if changed {
            self.key.store(Arc::new(key));
        }
        Ok(changed)
    }

    /// The server configuration that asks for this certificate at every handshake.
    ///
    /// # Errors
    /// `internal` where the TLS library refuses its own defaults.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, Failure> {
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| Code::Internal.caused_by("TLS cannot be set up", error))?;
        Ok(config
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Self>::clone(self)))
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.load_full())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

fn load(files: &TlsFiles) -> Result<CertifiedKey, Failure> {
    let unusable = |path: &Path, what: &str| {
        Code::ConfigurationInvalid.because(format!("{} {what}", path.display()))
    };
    let pem = files::read(&files.certificate)?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| unusable(&files.certificate, "holds no certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(&files::read_private(&files.key)?)
        .map_err(|_| unusable(&files.key, "holds no private key"))?;
    CertifiedKey::from_der(chain, key, &default_provider())
        .map_err(|_| unusable(&files.key, "does not belong to the certificate"))
}

/// A certificate for `localhost` and `address` from a throw-away CA below `data`, made at `at` where there is none or
/// it ends within a week. The CA's certificate is `tls/ca.pem`; its private key is not kept.
///
/// # Errors
/// `input_output`, `internal`.
pub fn throw_away(data: &Path, address: IpAddr, at: UnixTime) -> Result<TlsFiles, Failure> {
    let dir = data.join("tls");
    let files = TlsFiles {
        certificate: dir.join("server.pem"),
        key: dir.join("server.key"),
    };
    let _making = files::lock(data)?;
    files::create_private_dir(&dir)?;
    if is_current(&files, at) {
        return Ok(files);
    }
    let (ca, certificate, key) = make(address, at)
        .map_err(|error| Code::Internal.caused_by("the TLS certificate was not made", error))?;
    files::write(&dir.join("ca.pem"), ca.as_bytes(), PUBLIC)?;
    files::write(&files.key, key.as_bytes(), PRIVATE)?;
    files::write(&files.certificate, certificate.as_bytes(), PUBLIC)?;
    Ok(files)
}

fn is_current(files: &TlsFiles, at: UnixTime) -> bool {
    let Ok(key) = load(files) else { return false };
    let certificate = key
        .cert
        .first()
        .and_then(|der| crate::codec::x509::Certificate::read(der).ok());
    certificate.is_some_and(|it| at.plus(WEEK_S).seconds() < it.not_after)
}

fn make(
    address: IpAddr,
    at: UnixTime,
) -> Result<(String, String, Zeroizing<String>), rcgen::Error> {
    let mut ca = parameters(Vec::new(), "Lintas throw-away CA", at)?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    if !address.is_unspecified() && !names.contains(&address.to_string()) {
        names.push(address.to_string());
    }
    let mut server = parameters(names, "localhost", at)?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &ca)?;
    Ok((
        ca.as_ref().pem(),
        certificate.pem(),
        Zeroizing::new(key.serialize_pem()),
    ))
}

fn parameters(
    names: Vec<String>,
    name: &str,
    at: UnixTime,
) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    let day = |at: UnixTime| {
        let date = at.date();
        rcgen::date_time_ymd(i32::from(date.year()), date.month(), date.day())
    };
    parameters.not_before = day(at.plus(-DAY_S));
    parameters.not_after = day(at.plus(YEAR_S));
    Ok(parameters)
}

const DAY_S: i64 = 86_400;
const WEEK_S: i64 = 7 * DAY_S;
const YEAR_S: i64 = 365 * DAY_S;
