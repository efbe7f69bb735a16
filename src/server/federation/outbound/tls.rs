//! Whose certificates a foreign system may have, and ours.
//!
//! Refuses a private key that others can read, an empty file of certificates, and, unless the feed says so, the web's
//! certificate authorities. A pinned certificate does not excuse its server from proving that it has the key.
//!
//! Source: RFC 8446, sections 4.4.2 and 4.4.3.

use crate::codec::x509::Certificate;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::server::federation::feed_config::{ClientFiles, Connection, ServerTrust};
use crate::server::files;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use std::path::Path;
use std::sync::Arc;

/// TLS as `connection` wants it; its files are below `data`.
///
/// # Errors
/// `configuration_invalid`, `input_output`; `internal` where the TLS library refuses its own defaults.
pub(super) fn config(connection: &Connection, data: &Path) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match &connection.server {
        ServerTrust::Web => {
            let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
            by_authorities(roots, &provider)?
        }
        ServerTrust::Certificate(path) => {
            let path = data.join(path);
            let certificates = certificates(&path)?;
            let unusable = |error| {
                let what = format!("{} holds an unusable certificate", path.display());
                Code::ConfigurationInvalid.caused_by(what, error)
            };
            let mut roots = RootCertStore::empty();
            for certificate in &certificates {
                roots.add(certificate.clone()).map_err(unusable)?;
            }
            let fingerprints = certificates.iter().map(|it| sha256(it)).collect();
            Arc::new(Pinned {
                fingerprints,
                authorities: Some(by_authorities(roots, &provider)?),
                provider: Arc::clone(&provider),
            })
        }
        ServerTrust::Fingerprints(fingerprints) => Arc::new(Pinned {
            fingerprints: fingerprints.iter().map(|it| it.0).collect(),
            authorities: None,
            provider: Arc::clone(&provider),
        }),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(not_set_up)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &connection.client {
        None => builder.with_no_client_auth(),
        Some(files) => {
            let (chain, key) = identity(files, data)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| does_not_fit(&data.join(&files.key), error))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Handshakes are rare, and each is to prove the server's certificate anew.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn by_authorities(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Failure> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| Code::Internal.caused_by("TLS cannot be set up", error))
}

fn identity(
    files: &ClientFiles,
    data: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Failure> {
    let chain = certificates(&data.join(&files.certificate))?;
    let path = data.join(&files.key);
    let key = PrivateKeyDer::from_pem_slice(&files::read_private(&path)?);
    let key = key.map_err(|_| {
        Code::ConfigurationInvalid.because(format!("{} holds no private key", path.display()))
    })?;
    Ok((chain, key))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let pem = files::read(path)?;
    let found = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let found = found.ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| {
        Code::ConfigurationInvalid.because(format!("{} holds no certificate", path.display()))
    })
}

fn does_not_fit(key: &Path, error: Error) -> Failure {
    let what = format!("{} does not belong to the certificate", key.display());
    Code::ConfigurationInvalid.caused_by(what, error)
}

fn not_set_up(error: Error) -> Failure {
    Code::Internal.caused_by("TLS cannot be set up", error)
}

/// Knows servers by the fingerprints of their certificates, and perhaps by a CA of their own.
#[derive(Debug)]
struct Pinned {
    fingerprints: Vec<[u8; 32]>,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    /// A pinned certificate is its server's whatever name it holds, as long as it has not expired.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.fingerprints.contains(&sha256(end_entity)) {
            let certificate =
                Certificate::read(end_entity).map_err(|_| CertificateError::BadEncoding)?;
            let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
            return match (now < certificate.not_before, now > certificate.not_after) {
                (true, _) => Err(CertificateError::NotValidYet.into()),
                (_, true) => Err(CertificateError::Expired.into()),
                (false, false) => Ok(ServerCertVerified::assertion()),
            };
        }
        match &self.authorities {
            None => Err(CertificateError::UnknownIssuer.into()),
            Some(authorities) => authorities.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
