//! The foreign gateway: it says what its script says, and remembers what it was asked.

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::stream;
use lintas::crypto::sha256;
use lintas::model::Thumbprint;
use lintas::server::federation::{Feed, FeedConfig, Fetched, Mark, open_feed, parse_feeds};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme, SupportedProtocolVersion,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Path and query.
    pub(crate) path: String,
    pub(crate) since: Option<String>,
    pub(crate) etag: Option<String>,
}

/// What is answered.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

enum Body {
    Whole(Vec<u8>),
    /// That many bytes, their number untold.
    Untold(usize),
    /// A byte now and then, for ever.
    Drip,
    Silence,
}

impl Reply {
    pub(crate) fn json(body: impl ToString) -> Self {
        Self::status(200, body).header("content-type", "application/json")
    }

    pub(crate) fn status(status: u16, body: impl ToString) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Whole(body.to_string().into_bytes()),
        }
    }

    pub(crate) fn untold(bytes: usize) -> Self {
        let body = Body::Untold(bytes);
        Self {
            body,
            ..Self::json("")
        }
    }

    pub(crate) fn drip() -> Self {
        let body = Body::Drip;
        Self {
            body,
            ..Self::json("")
        }
    }

    pub(crate) fn silence() -> Self {
        let body = Body::Silence;
        Self {
            body,
            ..Self::json("")
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// Files of a throw-away PKI, and what of it a gateway shows.
pub(crate) struct Pki {
    pub(crate) data: tempfile::TempDir,
    server: (CertificateDer<'static>, Vec<u8>),
    client: [u8; 32],
}

impl Pki {
    /// A CA, a certificate of it for `localhost`, and a client that signed itself.
    pub(crate) fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(names).unwrap();
        let server = server.signed_by(&key, &ca).unwrap();
        let client = rcgen::generate_simple_self_signed(vec!["client".to_owned()]).unwrap();
        let write = |name: &str, text: &str| {
            let path = data.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        };
        write("ca.pem", &ca.as_ref().pem());
        write("leaf.pem", &server.pem());
        write("client.pem", &client.cert.pem());
        write("client.key", &client.signing_key.serialize_pem());
        Self {
            data,
            server: (server.der().clone(), key.serialize_der()),
            client: sha256(client.cert.der()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.data.path()
    }

    pub(crate) fn server_sha256(&self) -> String {
        Thumbprint(sha256(&self.server.0)).to_string()
    }

    /// A server that shows the certificate of `shown` and signs with the key of `self`.
    fn identity(&self, shown: &Self) -> CertifiedKey {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.server.1.clone()));
        CertifiedKey::new(
            vec![shown.server.0.clone()],
            any_supported_type(&key).unwrap(),
        )
    }
}

/// A running foreign gateway.
pub(crate) struct Foreign {
    pub(crate) pki: Pki,
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    server: ServerHandle,
}

impl Foreign {
    pub(crate) async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let pki = Pki::new();
        let identity = pki.identity(&pki);
        Self::with(pki, identity, rustls::ALL_VERSIONS, true, script)
    }

    /// One that speaks one version of TLS.
    pub(crate) async fn speaking(
        version: &'static SupportedProtocolVersion,
        script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let pki = Pki::new();
        let identity = pki.identity(&pki);
        Self::with(pki, identity, &[version], true, script)
    }

    /// One that asks nobody for a certificate.
    pub(crate) async fn open_to_all(
        script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let pki = Pki::new();
        let identity = pki.identity(&pki);
        Self::with(pki, identity, rustls::ALL_VERSIONS, false, script)
    }

    /// One that shows the certificate of `shown`, whose key it does not have.
    pub(crate) async fn impostor(
        shown: &Pki,
        version: &'static SupportedProtocolVersion,
        script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let pki = Pki::new();
        let identity = pki.identity(shown);
        Self::with(pki, identity, &[version], false, script)
    }

    fn with(
        pki: Pki,
        identity: CertifiedKey,
        versions: &[&'static SupportedProtocolVersion],
        mutual: bool,
        script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .unwrap();
        let builder = match mutual {
            true => builder.with_client_cert_verifier(Arc::new(OnlyThis {
                fingerprint: pki.client,
                provider,
            })),
            false => builder.with_no_client_auth(),
        };
        let tls = builder.with_cert_resolver(Arc::new(Shown(Arc::new(identity))));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, log): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&asked));
        let server = HttpServer::new(move || {
            let (script, log) = (Arc::clone(&script), Arc::clone(&log));
            App::new().default_service(web::to(move |request: HttpRequest| {
                let (script, log) = (Arc::clone(&script), Arc::clone(&log));
                async move { answer(&request, &*script, &log).await }
            }))
        })
        .workers(1)
        .disable_signals()
        .listen_rustls_0_23(listener, tls)
        .unwrap()
        .run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self {
            pki,
            port,
            asked,
            server: handle,
        }
    }

    /// Everything that was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The paths of everything that was asked since the last call.
    pub(crate) fn paths(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.into_iter().map(|it| it.path).collect()
    }

    /// The row of this gateway in `feeds.toml`, with `more`.
    pub(crate) fn row(&self, more: &str) -> String {
        let (port, anchor) = (self.port, "aa".repeat(32));
        format!(
            "[[feed]]\nid = \"foreign\"\nkind = \"dgcg\"\nenvironment = \"test\"\nurl = \"https://localhost:{port}\"\n\
             dialect = \"eu\"\nclient_certificate = \"client.pem\"\nclient_key = \"client.key\"\n\
             server_certificate = \"ca.pem\"\nanchors = [\"{anchor}\"]\nallow_private = true\n{more}\n"
        )
    }

    pub(crate) fn feed(&self, more: &str) -> Box<dyn Feed> {
        open(&self.row(more), self.pki.path())
    }

    /// What a feed with `more` fetches for the first time.
    pub(crate) async fn fetch(&self, more: &str) -> Result<Fetched, lintas::failure::Failure> {
        let at = crate::support::issued_at();
        self.feed(more).fetch(&Mark::default(), at).await
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

pub(crate) fn config(row: &str) -> FeedConfig {
    parse_feeds(row).unwrap().remove(0)
}

pub(crate) fn open(row: &str, data: &Path) -> Box<dyn Feed> {
    open_feed(&config(row), data).unwrap().unwrap()
}

async fn answer(request: &HttpRequest, script: &Script, log: &Mutex<Vec<Asked>>) -> HttpResponse {
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("accept-encoding").as_deref(), Some("identity"));
    assert!(header("user-agent").unwrap().starts_with("lintas/"));
    assert_eq!((header("cookie"), header("referer")), (None, None));
    let asked = Asked {
        path: request.uri().path_and_query().unwrap().to_string(),
        since: header("if-modified-since"),
        etag: header("if-none-match"),
    };
    let reply = script(&asked);
    log.lock().unwrap().push(asked);
    let mut response = HttpResponse::build(StatusCode::from_u16(reply.status).unwrap());
    for (name, value) in reply.headers {
        response.append_header((name, value));
    }
    match reply.body {
        Body::Whole(body) => response.body(body),
        Body::Untold(bytes) => {
            const CHUNK: usize = 64 << 10;
            let chunks = (0..bytes.div_ceil(CHUNK)).map(|_| Ok(Bytes::from_static(&[b' '; CHUNK])));
            response.streaming(stream::iter(
                chunks.collect::<Vec<Result<_, actix_web::Error>>>(),
            ))
        }
        Body::Drip => response.streaming(stream::unfold((), async |()| {
            actix_web::rt::time::sleep(Duration::from_millis(10)).await;
            Some((Ok::<_, actix_web::Error>(Bytes::from_static(b" ")), ()))
        })),
        Body::Silence => std::future::pending().await,
    }
}

#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Lets one client in, by its fingerprint.
#[derive(Debug)]
struct OnlyThis {
    fingerprint: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for OnlyThis {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match sha256(certificate) == self.fingerprint {
            true => Ok(ClientCertVerified::assertion()),
            false => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
