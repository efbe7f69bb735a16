//! Trust lists as DID documents on the web.

use crate::foreign::{Foreign, Reply, open};
use crate::support::issued_at;
use lintas::exchange::RecordKind;
use lintas::failure::Code;
use lintas::server::federation::{Feed, Fetched, Mark};
use std::fs;

const KIND: RecordKind = RecordKind::DidDocument;

fn did(foreign: u16, path: &str) -> String {
    format!("did:web:localhost%3A{foreign}:{path}")
}

fn feed(foreign: &Foreign, proof: &str) -> Box<dyn Feed> {
    let row = format!(
        "[[feed]]\nid = \"who\"\nkind = \"did_web\"\nenvironment = \"test\"\ndid = \"{}\"\n{proof}\n\
         anchors = [\"{}\"]\nserver_certificate = \"ca.pem\"\nallow_private = true\n",
        did(foreign.port, "list"),
        "aa".repeat(32)
    );
    open(&row, foreign.pki.path())
}

fn published(foreign: &Foreign) -> String {
    let signer = did(foreign.port, "signer");
    format!("proof = \"when_published\"\nsigner = \"{signer}\"")
}

/// A document of whatever is asked for, with a reference to somewhere else.
fn document(host: &str, path: &str) -> String {
    let path = path.trim_matches('/').trim_end_matches("/did.json");
    let id = format!("did:web:{}:{}", host.replace(':', "%3A"), path);
    format!("{{\"id\" :\"{id}\",\"verificationMethod\":[\"did:web:localhost%3A1:elsewhere\"]}}\n")
}

async fn serving() -> Foreign {
    let port = std::sync::Arc::new(std::sync::OnceLock::new());
    let known = std::sync::Arc::clone(&port);
    let foreign = Foreign::open_to_all(move |asked| {
        let host = format!("localhost:{}", known.get().unwrap());
        match asked.etag.as_deref() {
            Some("\"v1\"") => Reply::status(304, ""),
            _ => Reply::json(document(&host, &asked.path)).header("etag", "\"v1\""),
        }
    })
    .await;
    port.set(foreign.port).unwrap();
    foreign
}

fn names(fetched: &Fetched) -> Vec<&str> {
    fetched
        .documents
        .iter()
        .map(|it| it.name.as_str())
        .collect()
}

#[actix_web::test]
async fn a_list_and_its_signer_are_fetched_once_and_nothing_they_refer_to() {
    let foreign = serving().await;
    let feed = feed(&foreign, &published(&foreign));
    let fetched = feed.fetch(&Mark::default(), issued_at()).await.unwrap();
    let (list, signer) = (did(foreign.port, "list"), did(foreign.port, "signer"));
    assert_eq!(names(&fetched), [&list, &signer]);
    let host = format!("localhost:{}", foreign.port);
    assert_eq!(
        fetched.documents[0].body,
        document(&host, "/list").into_bytes()
    );
    assert_eq!(foreign.paths(), ["/list/did.json", "/signer/did.json"]);
    let again = feed
        .fetch(&fetched.mark, issued_at().plus(3600))
        .await
        .unwrap();
    assert!(again.documents.is_empty() && again.troubles.is_empty());
    assert_eq!(again.standing, [(KIND, list), (KIND, signer)]);
    assert_eq!(again.answered, [KIND]);
    assert_eq!(again.mark.etags, fetched.mark.etags);
    let asked = foreign.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|it| it.etag.as_deref() == Some("\"v1\"")));
}

#[actix_web::test]
async fn a_list_without_a_proof_asks_for_no_signer() {
    let foreign = serving().await;
    let feed = feed(&foreign, "proof = \"tls_only\"");
    let fetched = feed.fetch(&Mark::default(), issued_at()).await.unwrap();
    assert_eq!(names(&fetched), [did(foreign.port, "list")]);
    assert_eq!(foreign.paths(), ["/list/did.json"]);
}

#[actix_web::test]
async fn a_signer_who_has_not_published_is_told_and_the_list_is_kept() {
    let port = std::sync::Arc::new(std::sync::OnceLock::new());
    let known = std::sync::Arc::clone(&port);
    let foreign = Foreign::open_to_all(move |asked| match asked.path.as_str() {
        "/list/did.json" => Reply::json(document(
            &format!("localhost:{}", known.get().unwrap()),
            "/list",
        )),
        _ => Reply::status(404, ""),
    })
    .await;
    port.set(foreign.port).unwrap();
    let fetched = feed(&foreign, &published(&foreign))
        .fetch(&Mark::default(), issued_at())
        .await
        .unwrap();
    assert_eq!(names(&fetched), [did(foreign.port, "list")]);
    let (place, failure) = &fetched.troubles[0];
    assert_eq!(*place, did(foreign.port, "signer"));
    assert_eq!(failure.code(), Code::UnverifiedProof);
    assert!(fetched.mark.etags.is_empty());
}

#[actix_web::test]
async fn a_signer_may_be_at_hand() {
    let foreign = serving().await;
    let host = format!("localhost:{}", foreign.port);
    let body = document(&host, "/signer");
    fs::write(foreign.pki.path().join("signer.json"), &body).unwrap();
    let proof = format!("{}\nsigner_document = \"signer.json\"", published(&foreign));
    let pinned = proof.replace("when_published", &format!("pinned:{}", "bb".repeat(32)));
    for proof in [&proof, &pinned] {
        let fetched = feed(&foreign, proof)
            .fetch(&Mark::default(), issued_at())
            .await
            .unwrap();
        assert_eq!(names(&fetched)[1], did(foreign.port, "signer"));
        assert_eq!(fetched.documents[1].body, body.clone().into_bytes());
        assert_eq!(foreign.paths(), ["/list/did.json"]);
    }
    fs::write(
        foreign.pki.path().join("signer.json"),
        document(&host, "/other"),
    )
    .unwrap();
    let fetched = feed(&foreign, &proof)
        .fetch(&Mark::default(), issued_at())
        .await
        .unwrap();
    assert_eq!(fetched.troubles[0].1.code(), Code::UpstreamInvalid);
    assert_eq!(fetched.documents.len(), 1);
}

#[actix_web::test]
async fn what_is_not_the_document_that_was_asked_for_is_refused() {
    for (reply, code) in [
        ((404, ""), Code::UpstreamInvalid),
        ((410, ""), Code::UpstreamInvalid),
        ((304, ""), Code::UpstreamInvalid),
        ((204, ""), Code::UpstreamInvalid),
        ((403, ""), Code::UpstreamUnavailable),
        ((500, ""), Code::UpstreamUnavailable),
        ((200, "<html>"), Code::UpstreamInvalid),
        ((200, "{}"), Code::UpstreamInvalid),
        ((200, "[]"), Code::UpstreamInvalid),
        (
            (200, r#"{"id":"did:web:localhost%3A1:list"}"#),
            Code::UpstreamInvalid,
        ),
    ] {
        let foreign = Foreign::open_to_all(move |_| Reply::status(reply.0, reply.1)).await;
        let asked = feed(&foreign, "proof = \"tls_only\"")
            .fetch(&Mark::default(), issued_at())
            .await;
        assert_eq!(asked.unwrap_err().code(), code, "{reply:?}");
    }
}
