//! The one HTTP client of our own gateways: of its public listener, and of the one for operators. What scanners fetch proves
//! itself, and is not believed here.
//!
//! Refuses redirects, proxies from the environment, and certificate authorities that were not named.

use crate::failure::{Code, Failure};
use crate::model::Thumbprint;
use crate::server::files;
use crate::server::keys::OperatorKey;
use crate::snapshot::bundle::MAX_BUNDLE;
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

/// A client that trusts the CAs that browsers know.
///
/// # Errors
/// `internal`.
pub fn public() -> Result<reqwest::Client, Failure> {
    let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    build(rooted(roots)?.with_no_client_auth(), TIMEOUT)
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

/// A gateway that has bundles.
pub struct BundleSource {
    client: reqwest::Client,
    base: String,
}

impl BundleSource {
    /// The gateway at `base`, `https://HOST:PORT`, whose certificate the CA in the PEM file at `ca` vouches for, or one that
    /// browsers know.
    ///
    /// # Errors
    /// `request_invalid`, `input_output`, `configuration_invalid`, `internal`.
    pub fn new(base: &str, ca: Option<&Path>) -> Result<Self, Failure> {
        if !base.starts_with("https://") {
            return Err(Code::RequestInvalid.because("the gateway's address is no https://"));
        }
        Ok(Self {
            client: match ca {
                Some(ca) => trusting(ca)?,
                None => public()?,
            },
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    /// The newest bundle, or what of it follows the one that is there, unless that is the newest.
    ///
    /// # Errors
    /// `input_output`, `input_too_large`, `upstream_invalid`.
    pub async fn newer_than(&self, has: Option<Thumbprint>) -> Result<Option<Vec<u8>>, Failure> {
        let odd = || Code::UpstreamInvalid.because("the gateway does not say which bundle is new");
        let newest = self.get("/v1/bundle", MAX_DESCRIBED).await?;
        let newest: Value = serde_json::from_slice(&newest).map_err(|_| odd())?;
        let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
        let name = text(&newest, "name").and_then(|it| Thumbprint::parse(&it));
        if has.is_some() && name == has {
            return Ok(None);
        }
        let rows = newest.get("following").and_then(Value::as_array);
        let mut rows = rows.into_iter().flatten();
        let follows = |row: &&Value| {
            let before = text(row, "name").and_then(|it| Thumbprint::parse(&it));
            has.is_some() && before == has
        };
        let url = rows.find(follows).and_then(|row| text(row, "url"));
        let url = url.or_else(|| text(&newest, "url")).ok_or_else(odd)?;
        // Only ever at the gateway itself.
        if !url.starts_with("/v1/bundle/") {
            return Err(odd());
        }
        self.get(&url, MAX_BUNDLE).await.map(Some)
    }

    async fn get(&self, path: &str, ceiling: usize) -> Result<Vec<u8>, Failure> {
        let failed = |error: reqwest::Error| {
            Code::InputOutput.caused_by("the gateway did not answer", error.without_url())
        };
        let request = self.client.get(format!("{}{path}", self.base));
        let mut response = request.send().await.map_err(failed)?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            return Err(Code::UpstreamInvalid.because(format!("the gateway answers {status}")));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > ceiling {
                return Err(Code::InputTooLarge.because(format!("an answer over {ceiling} bytes")));
            }
        }
        Ok(body)
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
    rooted(roots)
}

fn rooted(roots: RootCertStore) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Failure> {
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
/// Bytes of what a gateway says of its newest bundle.
const MAX_DESCRIBED: usize = 64 * 1024;
/// A feed of many pages takes its time.
const PATIENCE: Duration = Duration::from_secs(600);
/// Bytes of one answer.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
