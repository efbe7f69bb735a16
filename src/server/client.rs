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
use serde_json::Value;
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

/// A gateway's listener for operators, and who asks there.
#[derive(Debug)]
pub struct OperatorClient {
    client: reqwest::Client,
    base: String,
}

impl OperatorClient {
    /// Of the gateway at `base`, `https://HOST:PORT`, whose certificate the CA in the PEM file at `ca` vouches for; it
    /// presents the certificate of `key`.
    ///
    /// # Errors
    /// `input_output`, `configuration_invalid`, `internal`.
    pub fn new(base: &str, ca: &Path, key: &OperatorKey) -> Result<Self, Failure> {
        Ok(Self {
            client: operating(ca, key)?,
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    /// What is at `path`.
    ///
    /// # Errors
    /// The gateway's own; `input_output`, `input_too_large`, `upstream_invalid`.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        answer(self.client.get(format!("{}{path}", self.base))).await
    }

    /// What `body` comes to at `path`.
    ///
    /// # Errors
    /// The gateway's own; `input_output`, `input_too_large`, `upstream_invalid`.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let body = body.to_string().into_bytes();
        self.send(path, "application/json", body).await
    }

    /// What `body` of the type `media_type` comes to at `path`.
    ///
    /// # Errors
    /// The gateway's own; `input_output`, `input_too_large`, `upstream_invalid`.
    pub async fn send(
        &self,
        path: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<Value, Failure> {
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.header("content-type", media_type);
        answer(request.body(body)).await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Value, Failure> {
    let failed = |error: reqwest::Error| {
        Code::InputOutput.caused_by("the gateway did not answer", error.without_url())
    };
    let mut response = request.send().await.map_err(failed)?;
    let good = response.status().is_success();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err(Code::InputTooLarge.because("the gateway's answer has no end"));
        }
    }
    let body: Value = serde_json::from_slice(&body)
        .map_err(|error| Code::InputOutput.caused_by("the gateway's answer is not JSON", error))?;
    if good {
        return Ok(body);
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let code = Code::named(text("code")).unwrap_or(Code::UpstreamInvalid);
    Err(code.because(text("detail")))
}

/// A client that trusts the CA certificates in the PEM file at `ca`, presents the operator's certificate, and waits while a foreign feed is asked.
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
/// Bytes of one answer.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
