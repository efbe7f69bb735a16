use crate::support::gateway::TestGateway;
use lintas::server::config::TlsFiles;
use lintas::server::http::tls::{Identity, throw_away};
use lintas::server::{client, gateway::Clock};

#[actix_web::test]
async fn a_stranger_to_the_ca_does_not_connect_and_http2_is_spoken() {
    let gateway = TestGateway::start().await;
    let url = format!("{}/health/live", gateway.base);
    let answer = gateway.client.get(&url).send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    let other = tempfile::tempdir().unwrap();
    throw_away(other.path(), [127, 0, 0, 1].into(), Clock::System.now()).unwrap();
    let stranger = client::trusting(&other.path().join("tls/ca.pem")).unwrap();
    assert!(stranger.get(&url).send().await.is_err());
    gateway.stop().await;
}

#[test]
fn a_new_certificate_is_taken_up_and_a_broken_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let files = throw_away(dir.path(), [127, 0, 0, 1].into(), Clock::System.now()).unwrap();
    let identity = Identity::open(files.clone()).unwrap();
    assert!(!identity.reload().unwrap());
    let other = tempfile::tempdir().unwrap();
    let next = throw_away(other.path(), [127, 0, 0, 1].into(), Clock::System.now()).unwrap();
    // Half of a new pair: the key does not belong to the certificate, so the old pair stays.
    std::fs::copy(&next.certificate, &files.certificate).unwrap();
    assert!(identity.reload().is_err());
    std::fs::copy(&next.key, &files.key).unwrap();
    assert!(identity.reload().unwrap());
    std::fs::write(&files.certificate, "nothing").unwrap();
    assert!(identity.reload().is_err());
    let absent = TlsFiles {
        certificate: dir.path().join("no.pem"),
        key: files.key,
    };
    assert!(Identity::open(absent).is_err());
}

#[test]
fn a_throw_away_certificate_is_kept_while_it_lasts() {
    let dir = tempfile::tempdir().unwrap();
    let now = Clock::System.now();
    let files = throw_away(dir.path(), [127, 0, 0, 1].into(), now).unwrap();
    let first = std::fs::read(&files.certificate).unwrap();
    throw_away(dir.path(), [127, 0, 0, 1].into(), now).unwrap();
    assert_eq!(std::fs::read(&files.certificate).unwrap(), first);
    throw_away(dir.path(), [127, 0, 0, 1].into(), now.plus(364 * 86_400)).unwrap();
    assert_ne!(std::fs::read(&files.certificate).unwrap(), first);
}
