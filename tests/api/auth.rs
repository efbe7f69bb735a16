use crate::support::gateway::{TestGateway, read};
use crate::support::issued_at;
use lintas::crypto;
use lintas::server::gateway::Clock;
use reqwest::header::AUTHORIZATION;
use serde_json::json;

fn client(id: &str, token: &str, scopes: &str) -> String {
    let hash = base16ct::lower::encode_string(&crypto::sha256(token.as_bytes()));
    format!("[[client]]\nid = \"{id}\"\ntoken_sha256 = \"{hash}\"\nscopes = [{scopes}]\n")
}

#[actix_web::test]
async fn a_client_may_what_its_scopes_say() {
    let clients = client("gate", "secret-token-gate", "\"verify:gate\"")
        + &client("result", "secret-token-result", "");
    let gateway = TestGateway::configured(
        "",
        |data| std::fs::write(data.join("clients.toml"), clients).unwrap(),
        Clock::Fixed(issued_at()),
    )
    .await;
    let ask = async |token: &str, view: &str| {
        let request = gateway.request(
            "/v1/verify",
            json!({ "credential": "x", "view": view }).to_string(),
        );
        read(request.header(AUTHORIZATION, format!("Bearer {token}"))).await
    };
    assert_eq!(ask("secret-token-gate", "gate").await.status, 200);
    assert_eq!(ask("secret-token-result", "result").await.status, 200);
    for (token, view) in [
        ("secret-token-gate", "officer"),
        ("secret-token-gate", "holder"),
        ("secret-token-result", "gate"),
    ] {
        let answer = ask(token, view).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (403, "forbidden"),
            "{token} {view}"
        );
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn a_token_that_is_given_and_not_known_is_refused_never_ignored() {
    let gateway = TestGateway::start().await;
    for value in [
        "Bearer secret-token",
        "Bearer ",
        "Basic c2VjcmV0LXRva2Vu",
        "secret-token",
    ] {
        let request = gateway.request("/v1/verify", json!({ "credential": "x" }).to_string());
        let answer = read(request.header(AUTHORIZATION, value)).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (401, "unauthenticated"),
            "{value}"
        );
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn nobody_in_particular_gets_a_result_and_nothing_else() {
    let gateway = TestGateway::start().await;
    for body in [
        json!({ "credential": "x", "view": "gate" }),
        json!({ "credential": "x", "view": "officer" }),
        json!({ "credential": "x", "view": "holder" }),
        json!({ "credential": "x", "at": "2026-06-01T00:00:00Z" }),
    ] {
        let answer = gateway.post("/v1/verify", &body).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (401, "unauthenticated"),
            "{body}"
        );
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn a_token_is_looked_at_on_every_route_and_its_scheme_is_of_any_case() {
    let gateway = TestGateway::start().await;
    let get = async |value: String| {
        read(
            gateway
                .client
                .get(format!("{}/v1/trust", gateway.base))
                .header(AUTHORIZATION, value),
        )
        .await
        .status
    };
    assert_eq!(get("Bearer secret-token".to_owned()).await, 401);
    assert_eq!(get(format!("bearer {}", gateway.token)).await, 200);
    gateway.stop().await;
}
