//! The one HTTP client of our own gateways: of its public listener, and of the one for operators.
//!
//! Refuses redirects, proxies from the environment, and certificate authorities that were not named.

use crate::failure::{Code, Failure};
use crate::server::files;
use crate::server::keys::OperatorKey;
use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A client that trusts the CA certificates in the PEM file at `ca`, and no others.
///
/// # Errors
/// `input_output`, `configuration_invalid`, `internal`.
pub fn trusting(ca: &Path) -> Result<reqwest::Client, Failure> {
    build(tls(ca)?.with_no_client_auth(), TIMEOUT)
}

/// The same, which presents the operator's certificate, and waits while a foreign feed is asked.
///
/// # Errors
/// `input_output`, `configuration_invalid`, `internal`.
pub fn operating(ca: &Path, key: &OperatorKey) -> Result<reqwest::Client, Failure> {
    let resolver = Arc::new(key.presented());
    build(tls(ca)?.with_client_cert_resolver(resolver), PATIENCE)
}

fn tls(ca: &Path) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Failure> {
    let pem = files::read(ca)?;
    let unusable = || Code::ConfigurationInvalid.because(format!("{} holds no CA", ca.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots
            .add(certificate.map_err(|_| unusable())?)
            .map_err(|_| unusable())?;
    }
    if roots.is_empty() {
        return Err(unusable());
    }
    let failed = |error| Code::Internal.caused_by("TLS cannot be set up", error);
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    Ok(builder.with_root_certificates(roots))
}

fn build(mut tls: ClientConfig, timeout: Duration) -> Result<reqwest::Client, Failure> {
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(TIMEOUT)
        .timeout(timeout)
        .build()
        .map_err(|error| Code::Internal.caused_by("no HTTP client", error))
}

const TIMEOUT: Duration = Duration::from_secs(10);
/// A feed of many pages takes its time.
const PATIENCE: Duration = Duration::from_secs(600);
