//! Who is at the other end of a TLS connection: a client that holds the key of the certificate it presents.
//!
//! Refuses a client without a certificate, one outside its certificate's period, and one whose handshake another key has
//! signed. Sessions are never resumed, so that every connection is proven anew. Who issued a certificate is not asked:
//! whom its fingerprint stands for is found out at every request.
//!
//! Source: RFC 8446, sections 4.4.2 and 4.4.3; RFC 5246, section 7.4.8; eu-dgcg, section 1.2.

use super::connections::Connections;
use super::tls::Identity;
use crate::codec::x509::Certificate;
use crate::crypto;
use crate::failure::{Code, Failure};
use crate::model::Thumbprint;
use crate::server::gateway::Clock;
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use std::any::Any;
use std::fmt;
use std::os::fd::AsFd;
use std::sync::Arc;
use webpki::RawPublicKeyEntity;

/// A client that proved a certificate in its handshake.
#[derive(Clone, PartialEq, Eq)]
pub struct Peer {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// SHA-256 over it.
    pub fingerprint: Thumbprint,
}

impl Peer {
    /// The holder of the certificate `der`.
    pub fn holding(der: &[u8]) -> Self {
        Self {
            certificate: der.to_vec(),
            fingerprint: Thumbprint(crypto::sha256(der)),
        }
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({})", self.fingerprint)
    }
}

/// The peer of the connection that `request` came over; `None` at a listener that asks for no certificate.
pub fn peer_of(request: &HttpRequest) -> Option<Arc<Peer>> {
    request.conn_data::<Arc<Peer>>().cloned()
}

/// The configuration of a listener that shows `identity` and demands a client certificate, current by `clock`.
///
/// # Errors
/// `internal` where the TLS library refuses its own defaults.
pub(in crate::server) fn server_config(
    identity: &Arc<Identity>,
    clock: Clock,
) -> Result<ServerConfig, Failure> {
    let provider = Arc::new(default_provider());
    let verifier = ProofOfKey {
        clock,
        algorithms: provider.signature_verification_algorithms,
    };
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| Code::Internal.caused_by("TLS cannot be set up", error))?;
    let mut config = builder
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::<Identity>::clone(identity));
    // No ticketer is set, so TLS 1.2 gives no tickets either.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// Notes who is at the other end of `io` in the connection's `data`, and the connection in `connections`.
pub(in crate::server) fn greet(
    io: &dyn Any,
    data: &mut Extensions,
    connections: &Arc<Connections>,
) {
    let Some(stream) = io.downcast_ref::<TlsStream<TcpStream>>() else {
        return;
    };
    let (socket, session) = stream.get_ref();
    let certificate = session.peer_certificates().and_then(<[_]>::first);
    // A connection that could not be closed later has no peer, so that nothing is granted to it.
    let duplicate = socket.as_fd().try_clone_to_owned();
    if let (Some(certificate), Ok(duplicate)) = (certificate, duplicate) {
        let peer = Arc::new(Peer::holding(certificate));
        data.insert(connections.register(&peer, duplicate.into()));
        data.insert(peer);
    }
}

/// Takes any certificate that is current, and demands its key.
struct ProofOfKey {
    clock: Clock,
    algorithms: WebPkiSupportedAlgorithms,
}

impl fmt::Debug for ProofOfKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofOfKey")
    }
}

impl ClientCertVerifier for ProofOfKey {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let certificate = read(certificate)?;
        let now = self.clock.now().seconds();
        if now < certificate.not_before {
            return Err(CertificateError::NotValidYet.into());
        }
        if certificate.not_after < now {
            return Err(CertificateError::Expired.into());
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let certificate = read(certificate)?;
        let key = SubjectPublicKeyInfoDer::from(certificate.public_key.as_slice());
        let key = RawPublicKeyEntity::try_from(&key).map_err(|_| CertificateError::BadEncoding)?;
        let rows = self.algorithms.mapping.iter();
        let mut algorithms = rows
            .filter(|(scheme, _)| *scheme == signed.scheme)
            .flat_map(|(_, algorithms)| algorithms.iter());
        let valid = algorithms.any(|algorithm| {
            let verified = key.verify_signature(*algorithm, message, signed.signature());
            verified.is_ok()
        });
        if !valid {
            return Err(CertificateError::BadSignature.into());
        }
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let certificate = read(certificate)?;
        let key = SubjectPublicKeyInfoDer::from(certificate.public_key.as_slice());
        verify_tls13_signature_with_raw_key(message, &key, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The certificate as the rest of the house reads it: old and odd ones authenticate, too.
fn read(certificate: &CertificateDer<'_>) -> Result<Certificate, Error> {
    Certificate::read(certificate).map_err(|_| CertificateError::BadEncoding.into())
}
