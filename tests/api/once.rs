//! Keys of callers at the one door that clients change something by; operators are in `tests/issuing`.

use crate::support::VACCINATION;
use crate::support::gateway::{Answer, TestGateway, read};
use lintas::server::http::{DOORS, ROUTES};
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

async fn issue(gateway: &TestGateway, key: &str, claims: &Value) -> Answer {
    let request = gateway.request("/v1/issue", claims.to_string());
    let request = request.header("Idempotency-Key", key);
    read(request.header(AUTHORIZATION, format!("Bearer {}", gateway.token))).await
}

#[actix_web::test]
async fn a_credential_is_issued_once_under_a_key() {
    let gateway = TestGateway::start().await;
    let claims: Value = serde_json::from_str(VACCINATION).unwrap();
    let first = issue(&gateway, "\"k 1\"", &claims).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let again = issue(&gateway, "\"k 1\"", &claims).await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    assert_eq!(again.headers["content-type"], "application/json");
    assert_ne!(again.headers["lintas-trace"], first.headers["lintas-trace"]);
    assert_ne!(issue(&gateway, "k2", &claims).await.text, first.text);
    let mut other = claims.clone();
    other["qr"] = json!(true);
    let conflict = issue(&gateway, "\"k 1\"", &other).await;
    assert_eq!(
        (conflict.status, conflict.problem().as_str()),
        (422, "idempotency_conflict")
    );
    // What was refused did nothing, and its key is free.
    let refused = issue(&gateway, "k3", &json!({ "person": {} })).await;
    assert!(refused.status == 400, "{}", refused.text);
    assert_eq!(issue(&gateway, "k3", &claims).await.status, 200);
    // A key gives nobody a scope.
    let nobody = gateway.request("/v1/issue", claims.to_string());
    let nobody = read(nobody.header("Idempotency-Key", "\"k 1\"")).await;
    assert_eq!(nobody.problem(), "unauthenticated");
    gateway.stop().await;
}

/// What is posted and changes nothing: questions whose body is too long or too secret for an address; and tokens, which are
/// kept nowhere, so that none could be shown again.
const QUESTIONS: [&str; 7] = [
    "/v1/verify",
    "/v1/verify/batch",
    "/v1/claims",
    "/signercertificateUpdate",
    "/lists/{kid}/partitions/{id}/slices",
    "/lists/{kid}/partitions/{id}/chunks/{cid}/slices",
    "/admin/v1/tokens",
];

#[test]
fn whatever_is_posted_heeds_keys_or_changes_nothing() {
    let routes = ROUTES.iter().map(|it| (it.method, it.path, it.changing));
    let doors = DOORS.iter().map(|it| (it.method, it.path, it.changing));
    for (method, path, changing) in routes.chain(doors) {
        let changes = method == "POST" && !QUESTIONS.contains(&path);
        assert_eq!(changing, changes, "{method} {path}");
    }
}
