//! A backend's client, down to its handshake, and the gateway that it connects to.

use crate::support::country::{Day, Identity};
use crate::support::gateway::TestGateway;
use crate::support::issued_at;
use lintas::server::gateway::Clock;
use rcgen::{DistinguishedName, DnType, KeyPair};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

/// Both versions of TLS that there are.
pub(crate) const VERSIONS: [&SupportedProtocolVersion; 2] =
    [&rustls::version::TLS13, &rustls::version::TLS12];

pub(crate) const LONG_AGO: Day = (2026, 1, 1);
pub(crate) const FAR_AWAY: Day = (2028, 1, 1);

/// What one exchange ended with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The handshake failed, or the connection ended before an answer.
    Refused,
    /// An answer.
    Answered(u16, String),
}

impl Ended {
    /// The status and machine code of a problem report.
    pub(crate) fn report(&self) -> (u16, String) {
        let Self::Answered(status, body) = self else {
            panic!("no answer")
        };
        let body: Value = serde_json::from_str(body).unwrap();
        for member in ["code", "problem", "sendValue", "details"] {
            assert!(body[member].is_string(), "{member}");
        }
        assert_eq!(body.as_object().unwrap().len(), 4);
        (*status, body["code"].as_str().unwrap().to_owned())
    }
}

/// A client certificate that is current, with a country in its subject.
pub(crate) fn backend(country: &str) -> Identity {
    between(country, LONG_AGO, FAR_AWAY)
}

pub(crate) fn between(country: &str, from: Day, until: Day) -> Identity {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, country);
    subject.push(DnType::CommonName, "backend");
    Identity::client(subject, KeyPair::generate().unwrap(), from, until)
}

/// A client certificate without a country.
pub(crate) fn stateless() -> Identity {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "Nowhere");
    subject.push(DnType::CommonName, "backend");
    Identity::client(subject, KeyPair::generate().unwrap(), LONG_AGO, FAR_AWAY)
}

/// A gateway with a listener of the EU's dialect, one of the WHO's, and one for operators, and with `more` after them. Its
/// clock stands still.
pub(crate) async fn gateway(more: &str) -> TestGateway {
    gateway_at(more, Clock::Fixed(issued_at())).await
}

/// The same by `clock`.
pub(crate) async fn gateway_at(more: &str, clock: Clock) -> TestGateway {
    let toml = format!(
        "[listen]\nadmin = \"127.0.0.1:0\"\n\
         [[federation.listen]]\ndialect = \"eu\"\naddress = \"127.0.0.1:0\"\n\
         [[federation.listen]]\ndialect = \"tng\"\naddress = \"127.0.0.1:0\"\n{more}"
    );
    TestGateway::configured(&toml, |_| {}, clock).await
}

/// Where the listener of backends in place `index` is.
pub(crate) fn federation(gateway: &TestGateway, index: usize) -> SocketAddr {
    gateway.running().federation[index].address.unwrap()
}

/// TLS that trusts the gateway whose data is at `data` and presents what `presented` says.
pub(crate) fn tls(
    data: &Path,
    versions: &[&'static SupportedProtocolVersion],
    presented: Option<Arc<CertifiedKey>>,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(data.join("tls/ca.pem")).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(default_provider());
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_webpki_verifier(verifier.build().unwrap());
    match presented {
        Some(key) => builder.with_client_cert_resolver(Arc::new(Presented(key))),
        None => builder.with_no_client_auth(),
    }
}

/// `certificate`, signed for with `key`, whether or not they belong together.
pub(crate) fn presenting(certificate: &Identity, key: &Identity) -> Arc<CertifiedKey> {
    let pkcs8 = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.key.serialize_der()));
    let chain = vec![CertificateDer::from(certificate.der.clone())];
    Arc::new(CertifiedKey::new(
        chain,
        any_supported_type(&pkcs8).unwrap(),
    ))
}

/// TLS of a client that holds `identity`.
pub(crate) fn holding(data: &Path, identity: &Identity) -> ClientConfig {
    tls(data, &VERSIONS, Some(presenting(identity, identity)))
}

#[derive(Debug)]
struct Presented(Arc<CertifiedKey>);

impl ResolvesClientCert for Presented {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A TLS connection to `at`, its handshake not yet begun.
pub(crate) fn connect(
    at: SocketAddr,
    tls: &ClientConfig,
) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    let name = "localhost".try_into().unwrap();
    let session = rustls::ClientConnection::new(Arc::new(tls.clone()), name).unwrap();
    rustls::StreamOwned::new(session, TcpStream::connect(at).unwrap())
}

/// Asks for `path` over `stream` with these header lines.
pub(crate) fn ask(stream: &mut (impl Read + Write), path: &str, headers: &[(&str, &str)]) -> Ended {
    let lines = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    let lines: String = lines.collect();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
    if stream.write_all(request.as_bytes()).is_err() {
        return Ended::Refused;
    }
    answer(stream).unwrap_or(Ended::Refused)
}

/// One answer with a length.
fn answer(stream: &mut impl Read) -> Option<Ended> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).ok()?;
    Some(Ended::Answered(status, String::from_utf8(body).unwrap()))
}

/// Connects once, asks once.
pub(crate) async fn once(at: SocketAddr, tls: ClientConfig, headers: &[(&str, &str)]) -> Ended {
    let headers: Vec<_> = headers
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect();
    apart(move || {
        let headers: Vec<_> = headers
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        ask(&mut connect(at, &tls), "/trustList", &headers)
    })
    .await
}

/// Blocking work, so that the gateway's tasks go on.
pub(crate) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    actix_web::rt::task::spawn_blocking(work).await.unwrap()
}
