//! Who gets through the handshake: whoever holds the key of a current certificate.

use crate::client::{
    Ended, FAR_AWAY, LONG_AGO, VERSIONS, apart, ask, backend, between, connect, federation,
    gateway, gateway_at, holding, once, presenting, stateless, tls,
};
use crate::support::openssl::OpenSsl;
use lintas::server::gateway::Clock;
use rustls::HandshakeKind;
use rustls::NamedGroup;
use rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[actix_web::test]
async fn a_certificate_that_is_current_gets_through_whoever_signed_it() {
    let gateway = gateway("").await;
    let data = gateway.data.path();
    let backend = backend("XB");
    for at in [0, 1].map(|index| federation(&gateway, index)) {
        for version in VERSIONS {
            let key = presenting(&backend, &backend);
            let ended = once(at, tls(data, &[version], Some(key)), &[]).await;
            assert_eq!(ended.report(), (401, "0x402".to_owned()));
        }
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn expired_early_and_missing_certificates_are_refused_in_the_handshake() {
    let gateway = gateway("").await;
    let data = gateway.data.path();
    let expired = between("XB", LONG_AGO, (2026, 5, 1));
    let early = between("XB", (2026, 7, 1), FAR_AWAY);
    let admin = gateway.running().admin.unwrap();
    for at in [federation(&gateway, 0), federation(&gateway, 1), admin] {
        for version in VERSIONS {
            for identity in [&expired, &early] {
                let key = presenting(identity, identity);
                let ended = once(at, tls(data, &[version], Some(key)), &[]).await;
                assert_eq!(ended, Ended::Refused);
            }
            let ended = once(at, tls(data, &[version], None), &[]).await;
            assert_eq!(ended, Ended::Refused);
        }
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn a_certificate_without_its_key_is_refused_in_the_handshake() {
    let gateway = gateway("").await;
    let data = gateway.data.path();
    let (pinned, thief) = (backend("XB"), backend("XB"));
    let admin = gateway.running().admin.unwrap();
    for at in [federation(&gateway, 0), admin] {
        for version in VERSIONS {
            let stolen = tls(data, &[version], Some(presenting(&pinned, &thief)));
            assert_eq!(once(at, stolen, &[]).await, Ended::Refused);
        }
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn keys_of_every_usual_kind_prove_themselves() {
    let gateway = gateway("").await;
    let data = gateway.data.path();
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
        &rcgen::PKCS_RSA_SHA256,
    ] {
        let mut subject = rcgen::DistinguishedName::new();
        subject.push(rcgen::DnType::CountryName, "XB");
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let identity = crate::support::country::Identity::client(subject, key, LONG_AGO, FAR_AWAY);
        for version in VERSIONS {
            let key = presenting(&identity, &identity);
            let ended = once(
                federation(&gateway, 0),
                tls(data, &[version], Some(key)),
                &[],
            )
            .await;
            assert_eq!(ended.report().0, 401);
        }
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn a_certificate_of_the_first_version_proves_itself() {
    let Some(openssl) = OpenSsl::start() else {
        return;
    };
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let asked = [
        "-new",
        "-nodes",
        "-subj",
        "/C=XB/CN=backend",
        "-keyout",
        "key",
        "-out",
        "request",
    ];
    openssl.run("req", &[&asked[..], &curve].concat());
    let signed = [
        "-req",
        "-in",
        "request",
        "-signkey",
        "key",
        "-days",
        "9",
        "-out",
        "certificate",
    ];
    openssl.run("x509", &signed);
    let der = CertificateDer::from_pem_slice(&openssl.file("certificate")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(&openssl.file("key")).unwrap();
    let key = Arc::new(CertifiedKey::new(
        vec![der],
        any_supported_type(&key).unwrap(),
    ));
    let gateway = gateway_at("", Clock::System).await;
    for version in VERSIONS {
        let tls = tls(gateway.data.path(), &[version], Some(Arc::clone(&key)));
        let ended = once(federation(&gateway, 0), tls, &[]).await;
        assert_eq!(ended.report(), (401, "0x402".to_owned()));
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn no_session_is_given_and_none_is_resumed() {
    let gateway = gateway("").await;
    let admin = gateway.running().admin.unwrap();
    for at in [federation(&gateway, 0), admin] {
        for version in VERSIONS {
            let backend = backend("XB");
            let key = presenting(&backend, &backend);
            let mut tls = tls(gateway.data.path(), &[version], Some(key));
            let given = Arc::new(Given::default());
            let store: Arc<dyn ClientSessionStore> = Arc::<Given>::clone(&given);
            tls.resumption = Resumption::store(store);
            let kinds = apart(move || {
                [(); 2].map(|()| {
                    let mut stream = connect(at, &tls);
                    assert_ne!(ask(&mut stream, "/trustList", &[]), Ended::Refused);
                    assert_eq!(stream.conn.tls13_tickets_received(), 0);
                    stream.conn.handshake_kind()
                })
            });
            assert_eq!(kinds.await, [Some(HandshakeKind::Full); 2]);
            assert_eq!(given.0.load(Ordering::SeqCst), 0);
        }
    }
    gateway.stop().await;
}

/// Counts the sessions that a server gives.
#[derive(Debug, Default)]
struct Given(AtomicUsize);

impl ClientSessionStore for Given {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        None
    }
}

#[actix_web::test]
async fn a_certificate_without_a_country_is_told_so() {
    let gateway = gateway("").await;
    let tls = holding(gateway.data.path(), &stateless());
    let ended = once(federation(&gateway, 0), tls, &[]).await;
    assert_eq!(ended.report(), (400, "0x401".to_owned()));
    let Ended::Answered(_, body) = ended else {
        panic!("no answer")
    };
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["sendValue"], "CN=backend,O=Nowhere");
    gateway.stop().await;
}
