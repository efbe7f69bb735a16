//! The way out: who is asked, whose certificates count, and what may come back.

use crate::foreign::{Foreign, Pki, Reply, config, open};
use crate::support::issued_at;
use crate::trust_list::item;
use lintas::failure::{Code, Failure};
use lintas::server::federation::{
    Connection, FeedKind, Host, Mark, Outbound, ServerTrust, open_feed,
};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

fn signers() -> Reply {
    Reply::json(json!([item(1, "DSC")]))
}

async fn fetch(row: &str, data: &Path) -> Result<usize, Failure> {
    let fetched = open(row, data).fetch(&Mark::default(), issued_at()).await;
    fetched.map(|it| it.documents.len())
}

fn refused(asked: Result<usize, Failure>, code: Code, detail: &str) {
    let failure = asked.unwrap_err();
    assert_eq!(failure.code(), code, "{failure:?}");
    assert!(failure.detail().contains(detail), "{failure:?}");
}

#[actix_web::test]
async fn a_server_has_the_certificate_that_the_feed_names_or_one_of_its_ca() {
    let foreign = Foreign::start(|_| signers()).await;
    let other = Pki::new();
    fs::copy(
        other.path().join("ca.pem"),
        foreign.pki.path().join("other-ca.pem"),
    )
    .unwrap();
    fs::copy(
        other.path().join("leaf.pem"),
        foreign.pki.path().join("other-leaf.pem"),
    )
    .unwrap();
    let with = |trust: &str| {
        foreign
            .row("")
            .replace("server_certificate = \"ca.pem\"", trust)
    };
    let (ours, theirs) = (foreign.pki.server_sha256(), other.server_sha256());
    for good in [
        "server_certificate = \"ca.pem\"".to_owned(),
        "server_certificate = \"leaf.pem\"".to_owned(),
        format!("server_sha256 = [\"{ours}\"]"),
        format!(
            "server_sha256 = [\"{theirs}\", \"{}\"]",
            ours.to_uppercase()
        ),
    ] {
        assert_eq!(
            fetch(&with(&good), foreign.pki.path()).await.unwrap(),
            1,
            "{good}"
        );
    }
    foreign.paths();
    for bad in [
        "server_certificate = \"other-ca.pem\"".to_owned(),
        "server_certificate = \"other-leaf.pem\"".to_owned(),
        format!("server_sha256 = [\"{theirs}\"]"),
        "server = \"web\"".to_owned(),
    ] {
        let asked = fetch(&with(&bad), foreign.pki.path()).await;
        refused(asked, Code::UpstreamInvalid, "its certificate");
    }
    assert!(foreign.paths().is_empty());
}

#[actix_web::test]
async fn a_pinned_certificate_without_its_key_is_refused() {
    let shown = Pki::new();
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let impostor = Foreign::impostor(&shown, version, |_| signers()).await;
        let trust = format!("server_sha256 = [\"{}\"]", shown.server_sha256());
        let row = impostor
            .row("")
            .replace("server_certificate = \"ca.pem\"", &trust);
        let asked = fetch(&row, impostor.pki.path()).await;
        refused(asked, Code::UpstreamInvalid, "of its handshake is wrong");
        assert!(impostor.paths().is_empty());
    }
}

#[actix_web::test]
async fn both_versions_of_tls_are_spoken() {
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let foreign = Foreign::speaking(version, |_| signers()).await;
        assert_eq!(
            fetch(&foreign.row(""), foreign.pki.path()).await.unwrap(),
            1
        );
    }
}

#[actix_web::test]
async fn a_gateway_lets_in_only_the_client_it_knows() {
    let foreign = Foreign::start(|_| signers()).await;
    let stranger = Pki::new();
    for file in ["client.pem", "client.key"] {
        let to = foreign.pki.path().join(format!("stranger-{file}"));
        fs::copy(stranger.path().join(file), to).unwrap();
    }
    let row = foreign.row("").replace("\"client.", "\"stranger-client.");
    let asked = fetch(&row, foreign.pki.path()).await;
    refused(
        asked,
        Code::UpstreamUnavailable,
        "is our client certificate registered there?",
    );
    // And whoever has none at all.
    let nobody = format!(
        "[[feed]]\nid = \"a\"\nkind = \"did_web\"\nenvironment = \"test\"\ndid = \"did:web:localhost%3A{}:x\"\n\
         proof = \"tls_only\"\nserver_certificate = \"ca.pem\"\nallow_private = true\n",
        foreign.port
    );
    let asked = fetch(&nobody, foreign.pki.path()).await;
    refused(
        asked,
        Code::UpstreamUnavailable,
        "is our client certificate registered there?",
    );
    assert!(foreign.paths().is_empty());
}

#[actix_web::test]
async fn a_feed_whose_files_are_wrong_does_not_open() {
    let foreign = Foreign::start(|_| signers()).await;
    let (row, data) = (foreign.row(""), foreign.pki.path());
    let code = |row: &str| open_feed(&config(row), data).err().map(|it| it.code());
    assert_eq!(code(&row), None);
    fs::write(data.join("empty.pem"), "").unwrap();
    let invalid = Some(Code::ConfigurationInvalid);
    assert_eq!(code(&row.replace("ca.pem", "empty.pem")), invalid);
    assert_eq!(code(&row.replace("client.pem", "ca.pem")), invalid);
    assert_eq!(code(&row.replace("client.key", "client.pem")), invalid);
    assert_eq!(
        code(&row.replace("ca.pem", "absent.pem")),
        Some(Code::InputOutput)
    );
    let open_to_others = fs::Permissions::from_mode(0o640);
    fs::set_permissions(data.join("client.key"), open_to_others).unwrap();
    assert_eq!(code(&row), invalid);
    let off = format!("{row}enabled = false\n");
    assert!(open_feed(&config(&off), data).unwrap().is_none());
}

#[actix_web::test]
async fn redirects_are_not_followed() {
    let elsewhere = Foreign::start(|_| signers()).await;
    let target = format!("https://localhost:{}/trustList", elsewhere.port);
    for status in [301, 302, 303, 307, 308] {
        let target = target.clone();
        let foreign =
            Foreign::start(move |_| Reply::status(status, "").header("location", &target)).await;
        let asked = fetch(&foreign.row(""), foreign.pki.path()).await;
        refused(asked, Code::UpstreamInvalid, "redirects are not followed");
        assert_eq!(foreign.paths().len(), 1);
    }
    assert!(elsewhere.paths().is_empty());
}

#[actix_web::test]
async fn a_name_that_leads_into_our_own_network_is_not_asked() {
    let foreign = Foreign::start(|_| signers()).await;
    let row = foreign.row("").replace("allow_private = true", "");
    let asked = fetch(&row, foreign.pki.path()).await;
    refused(asked, Code::UpstreamInvalid, "no public address");
    let by_address = row.replace("localhost", "127.0.0.1");
    let asked = fetch(&by_address, foreign.pki.path()).await;
    refused(asked, Code::ConfigurationInvalid, "not in public");
    assert!(foreign.paths().is_empty());
    let allowed = foreign.row("").replace("localhost", "127.0.0.1");
    assert_eq!(fetch(&allowed, foreign.pki.path()).await.unwrap(), 1);
}

#[actix_web::test]
async fn only_hosts_that_were_named_are_asked() {
    let foreign = Foreign::open_to_all(|_| signers()).await;
    let connection = Connection {
        server: ServerTrust::Certificate("ca.pem".into()),
        client: None,
        allow_private: true,
        timeout: Duration::from_secs(20),
        connect_timeout: Duration::from_secs(20),
    };
    let port = foreign.port.to_string();
    let host = Host::parse("localhost", Some(&port)).unwrap();
    let outbound = Outbound::new(vec![host], &connection, foreign.pki.path()).unwrap();
    let there = format!("https://localhost:{port}/x");
    let answer = outbound.get(&there, &[], 1000).await.unwrap();
    assert_eq!(answer.status, 200);
    foreign.paths();
    for elsewhere in [
        format!("https://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("https://localhost.:{port}/"),
        format!("https://localhost:{port}@127.0.0.1/"),
        format!("https://user@localhost:{port}/"),
        "https://localhost/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "x".to_owned(),
    ] {
        let failure = outbound.get(&elsewhere, &[], 1000).await.unwrap_err();
        assert_eq!(failure.code(), Code::ConfigurationInvalid, "{elsewhere}");
    }
    assert!(foreign.paths().is_empty());
}

#[actix_web::test]
async fn an_encoded_answer_is_refused() {
    for encoding in ["gzip", "br", "deflate", "x", "identity, gzip"] {
        let foreign = Foreign::start(move |_| signers().header("content-encoding", encoding)).await;
        let asked = fetch(&foreign.row(""), foreign.pki.path()).await;
        refused(asked, Code::UpstreamInvalid, "encoded");
    }
    let foreign = Foreign::start(|_| signers().header("content-encoding", "identity")).await;
    assert_eq!(
        fetch(&foreign.row(""), foreign.pki.path()).await.unwrap(),
        1
    );
}

#[actix_web::test]
async fn a_huge_answer_is_not_read_to_its_end() {
    const CEILING: usize = 16 << 20;
    let told = Foreign::start(|_| Reply::json(" ".repeat(CEILING + 1))).await;
    let asked = fetch(&told.row(""), told.pki.path()).await;
    refused(asked, Code::InputTooLarge, "16777216");
    let untold = Foreign::start(|_| Reply::untold(CEILING + (1 << 20))).await;
    let asked = fetch(&untold.row(""), untold.pki.path()).await;
    refused(asked, Code::InputTooLarge, "16777216");
}

#[actix_web::test]
async fn headers_have_a_ceiling() {
    let many =
        Foreign::start(|_| (0..200).fold(signers(), |reply, it| reply.header("x-a", it))).await;
    assert!(fetch(&many.row(""), many.pki.path()).await.is_err());
    let long = Foreign::start(|_| signers().header("x-a", "a".repeat(40 << 10))).await;
    assert!(fetch(&long.row(""), long.pki.path()).await.is_err());
}

#[actix_web::test]
async fn a_gateway_that_is_silent_or_drips_is_given_up() {
    for reply in [Reply::silence, Reply::drip] {
        let foreign = Foreign::start(move |_| reply()).await;
        let asked = fetch(&foreign.row("timeout_ms = 300"), foreign.pki.path()).await;
        refused(asked, Code::UpstreamUnavailable, "no answer in time");
    }
}

#[actix_web::test]
async fn nobody_there_is_unavailable() {
    let foreign = Foreign::start(|_| signers()).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = listener.local_addr().unwrap().port().to_string();
    drop(listener);
    let row = foreign.row("").replace(&foreign.port.to_string(), &free);
    let asked = fetch(&row, foreign.pki.path()).await;
    refused(asked, Code::UpstreamUnavailable, "no connection");
    let FeedKind::Dgcg(dgcg) = config(&row).kind else {
        panic!("another kind")
    };
    assert_eq!(dgcg.host.to_string(), format!("localhost:{free}"));
}
