//! Issuers, references, value sets and rules of a gateway; and that what fails for one kind leaves the others.

use crate::foreign::{Foreign, Reply, open};
use crate::support::issued_at;
use crate::trust_list::item;
use lintas::exchange::RecordKind;
use lintas::failure::Code;
use lintas::server::federation::{Fetched, Mark};
use serde_json::json;

const ALL: &str = "take = [\"signers\", \"rules\", \"value_sets\", \"issuers\"]";

fn names(fetched: &Fetched, kind: RecordKind) -> Vec<&str> {
    let documents = fetched.documents.iter().filter(|it| it.kind == kind);
    documents.map(|it| it.name.as_str()).collect()
}

fn everything(path: &str) -> Reply {
    let rule = |version: &str| json!({"version": version, "validFrom": "2026-01-01T00:00:00Z", "cms": "AAAA"});
    match path {
        "/trustList/issuers" => Reply::json(
            r#"[{"url":"https://a.example/x", "country":"DE"},{"url":""},{"url":"https://a.example/x"},7]"#,
        ),
        "/trustList/references" => {
            Reply::json(r#"[{"uuid":"0FD0C11D-0000-4000-8000-000000000001"},{"uuid":"../x"}]"#)
        }
        "/valuesets" => Reply::json(r#"["vaccines-covid-19-names","../../etc","disease"]"#),
        "/valuesets/disease" => Reply::status(404, r#"{"code":"0x100","problem":"x"}"#),
        "/valuesets/vaccines-covid-19-names" => Reply::json("{ \"valueSetId\": \"x\" }\n"),
        "/countrylist" => Reply::json(r#"["DE","EU","de","X/","DE"]"#),
        "/rules/DE" => Reply::json(
            json!({"GR-DE-0001": [rule("1.0.0"), rule("a/b"), rule("1.0.1"), rule("1.0.0")], "gr": [], "VR-DE-0001": [{}]}),
        ),
        "/rules/EU" => Reply::json("{}"),
        path if path.starts_with("/trustList?") => Reply::json(json!([item(1, "DSC")])),
        _ => Reply::status(500, ""),
    }
}

#[actix_web::test]
async fn every_kind_is_taken_and_named() {
    let foreign = Foreign::start(|asked| everything(&asked.path)).await;
    let row = foreign.row(ALL).replace("\"eu\"", "\"tng\"");
    let row = row.replace(
        "dialect = \"tng\"",
        "dialect = \"tng\"\ncountries = [\"DE\"]",
    );
    let fetched = foreign.fetch(ALL).await.unwrap();
    assert_eq!(
        names(&fetched, RecordKind::TrustedIssuer),
        ["https://a.example/x"]
    );
    assert_eq!(
        names(&fetched, RecordKind::ValueSet),
        ["vaccines-covid-19-names"]
    );
    assert_eq!(
        names(&fetched, RecordKind::Rule),
        ["GR-DE-0001@1.0.0", "GR-DE-0001@1.0.1"]
    );
    let set = fetched
        .documents
        .iter()
        .find(|it| it.kind == RecordKind::ValueSet);
    assert_eq!(set.unwrap().body, b"{ \"valueSetId\": \"x\" }\n");
    assert_eq!(
        fetched.standing,
        [(RecordKind::ValueSet, "disease".to_owned())]
    );
    let places: Vec<_> = fetched
        .troubles
        .iter()
        .map(|(place, _)| place.as_str())
        .collect();
    assert_eq!(
        places,
        [
            "rules/DE GR-DE-0001",
            "rules/DE GR-DE-0001",
            "rules/DE gr",
            "rules/DE VR-DE-0001",
            "rules/de",
            "rules/X/",
            "rules/DE",
            "valuesets/../../etc",
            "valuesets/disease",
            "trustList/issuers item 2",
            "trustList/issuers item 3",
            "trustList/issuers item 4",
        ]
    );
    assert!(
        fetched
            .troubles
            .iter()
            .all(|(_, it)| it.code() == Code::UpstreamInvalid)
    );
    assert_eq!(fetched.answered.len(), 4);
    assert!(!foreign.paths().iter().any(|path| path.contains("etc")));

    let tng = open(&row, foreign.pki.path());
    let _ = tng.fetch(&Mark::default(), issued_at()).await;
    let paths = foreign.paths();
    assert!(paths.contains(&"/trustList".to_owned()));
    assert!(paths.contains(&"/trustList/references".to_owned()));
    assert!(
        !paths.contains(&"/rules/EU".to_owned()),
        "only the countries of the feed"
    );
}

#[actix_web::test]
async fn references_are_named_by_their_uuid() {
    let foreign = Foreign::start(|asked| everything(&asked.path)).await;
    let row = foreign
        .row("take = [\"issuers\"]")
        .replace("\"eu\"", "\"tng\"");
    let feed = open(&row, foreign.pki.path());
    let fetched = feed.fetch(&Mark::default(), issued_at()).await.unwrap();
    assert_eq!(
        names(&fetched, RecordKind::TrustedReference),
        ["0fd0c11d-0000-4000-8000-000000000001"]
    );
    assert_eq!(
        fetched.complete,
        [RecordKind::TrustedIssuer, RecordKind::TrustedReference]
    );
}

#[actix_web::test]
async fn a_kind_that_fails_leaves_the_others() {
    let foreign = Foreign::start(|asked| match asked.path.as_str() {
        "/countrylist" => Reply::json("<html>"),
        "/valuesets" => Reply::status(503, ""),
        path => everything(path),
    })
    .await;
    let fetched = foreign.fetch(ALL).await.unwrap();
    assert_eq!(
        fetched.answered,
        [RecordKind::TrustListEntry, RecordKind::TrustedIssuer]
    );
    let failed = fetched.troubles.iter().rev().take(2);
    let failed: Vec<_> = failed
        .map(|(place, it)| (place.as_str(), it.code()))
        .collect();
    assert_eq!(
        failed,
        [
            ("value_sets", Code::UpstreamUnavailable),
            ("rules", Code::UpstreamInvalid)
        ]
    );
}

#[actix_web::test]
async fn however_a_kind_fails_the_others_are_kept() {
    type Failing = fn() -> Reply;
    let failing: [(Failing, Code); 10] = [
        (Reply::silence, Code::UpstreamUnavailable),
        (Reply::drip, Code::UpstreamUnavailable),
        (|| Reply::untold(17 << 20), Code::InputTooLarge),
        (
            || Reply::json("[").header("content-encoding", "gzip"),
            Code::UpstreamInvalid,
        ),
        (
            || Reply::status(302, "").header("location", "https://a.example/"),
            Code::UpstreamInvalid,
        ),
        (|| Reply::json("[\"DE\""), Code::UpstreamInvalid),
        (|| Reply::json("<!DOCTYPE html>"), Code::UpstreamInvalid),
        (|| Reply::status(401, ""), Code::UpstreamUnavailable),
        (|| Reply::status(403, ""), Code::UpstreamUnavailable),
        (|| Reply::status(500, ""), Code::UpstreamUnavailable),
    ];
    for (index, (reply, code)) in failing.into_iter().enumerate() {
        let foreign = Foreign::start(move |asked| match asked.path.as_str() {
            "/countrylist" => reply(),
            path => everything(path),
        })
        .await;
        // Only those that never end need their time to be short.
        let timeout = if index < 2 { "timeout_ms = 3000" } else { "" };
        let more = format!("take = [\"signers\", \"rules\", \"issuers\"]\n{timeout}");
        let fetched = foreign.fetch(&more).await.unwrap();
        let answered = [RecordKind::TrustListEntry, RecordKind::TrustedIssuer];
        assert_eq!(fetched.answered, answered, "{index}");
        assert_eq!(fetched.documents.len(), 2);
        let (place, failure) = fetched.troubles.last().unwrap();
        assert_eq!((place.as_str(), failure.code()), ("rules", code), "{index}");
    }
}

#[actix_web::test]
async fn a_country_whose_rules_fail_leaves_the_others_and_proves_no_absence() {
    let foreign = Foreign::start(|asked| match asked.path.as_str() {
        "/rules/EU" => Reply::status(500, ""),
        path => everything(path),
    })
    .await;
    let fetched = foreign
        .fetch("take = [\"rules\", \"issuers\"]")
        .await
        .unwrap();
    assert_eq!(names(&fetched, RecordKind::Rule).len(), 2);
    assert_eq!(fetched.complete, [RecordKind::TrustedIssuer]);
    let (place, failure) = fetched
        .troubles
        .iter()
        .find(|(place, _)| place == "rules/EU")
        .unwrap();
    assert_eq!(
        (place.as_str(), failure.code()),
        ("rules/EU", Code::UpstreamUnavailable)
    );
}

#[actix_web::test]
async fn a_gateway_that_is_silent_is_not_asked_for_every_single_document() {
    let foreign = Foreign::start(|asked| match asked.path.as_str() {
        "/countrylist" => Reply::json(r#"["AT","BE","CZ","DE","ES","FR","IT"]"#),
        "/valuesets" => Reply::json(r#"["a","b","c","d","e","f","g"]"#),
        "/trustList/issuers" => Reply::json("[]"),
        _ => Reply::status(503, ""),
    })
    .await;
    let fetched = foreign
        .fetch("take = [\"rules\", \"value_sets\", \"issuers\"]")
        .await
        .unwrap();
    assert_eq!(fetched.answered, [RecordKind::TrustedIssuer]);
    assert_eq!(foreign.paths().len(), 3 + 1 + 3 + 1 + 1);
}

#[actix_web::test]
async fn a_status_is_told_with_a_code_that_looks_like_one_and_nothing_else() {
    let report = |code: &str| json!({"code": code, "problem": "secret-token", "sendValue": "", "details": ""});
    for (status, code, told) in [
        (
            401,
            Code::UpstreamUnavailable,
            "does not know our client certificate (status 401, code 0x402)",
        ),
        (
            403,
            Code::UpstreamUnavailable,
            "may not ask for this (status 403, code 0x402)",
        ),
        (404, Code::UpstreamInvalid, "status 404, code 0x402"),
        (429, Code::UpstreamUnavailable, "status 429, code 0x402"),
        (500, Code::UpstreamUnavailable, "status 500, code 0x402"),
        (503, Code::UpstreamUnavailable, "status 503, code 0x402"),
        (418, Code::UpstreamInvalid, "status 418, code 0x402"),
    ] {
        let body = report("0x402");
        let foreign = Foreign::start(move |_| Reply::status(status, &body)).await;
        let failure = foreign.fetch("").await.unwrap_err();
        assert_eq!(failure.code(), code, "{status}");
        assert!(failure.detail().contains(told), "{}", failure.detail());
        assert!(!format!("{failure:?}").contains("secret"));
    }
    let body = report("<b>secret</b>");
    let foreign = Foreign::start(move |_| Reply::status(400, &body)).await;
    let failure = foreign.fetch("").await.unwrap_err();
    assert!(!format!("{failure:?}").contains("secret"));
}
