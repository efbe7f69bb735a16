//! Keys of callers: what is sent again under one is answered again, at every door that changes something.

use crate::ground::{Ground, KEY, beside, clock, database, dose, now};
use crate::support::gateway::{Answer, TestGateway, read};
use futures_util::future::join_all;
use lintas::server::gateway::Clock;
use lintas::server::http::{DOORS, ROUTES};
use lintas::server::store::issuing::MAX_ANSWER;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

/// An act that would be asked for twice if it were done twice.
fn act(name: &str) -> Value {
    json!({ "act": "client.add", "id": name, "token_sha256": "00".repeat(32), "scopes": [] })
}

async fn post(gateway: &TestGateway, token: &str, path: &str, key: &str, body: &Value) -> Answer {
    let request = gateway.request(path, body.to_string()).header(KEY, key);
    read(request.header(AUTHORIZATION, format!("Bearer {token}"))).await
}

async fn token(ground: &Ground, roles: &[&str]) -> String {
    let made = ground.ana.token(roles).await.json();
    made["token"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn every_door_that_changes_something_reads_the_key() {
    let ground = Ground::open().await;
    let operator = token(&ground, &["issue", "revoke"]).await;
    let long = "k".repeat(129);
    let says = |answer: Answer, path: &str| {
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, "request_invalid"),
            "{path}"
        );
        assert_eq!(answer.json()["member"], "Idempotency-Key", "{path}");
    };
    for route in ROUTES.iter().filter(|it| it.changing) {
        let demo = route.path == "/v1/issue";
        let token = if demo {
            &ground.gateway.token
        } else {
            &operator
        };
        let answer = post(&ground.gateway, token, route.path, &long, &json!({})).await;
        says(answer, route.path);
    }
    for door in DOORS.iter().filter(|it| it.changing) {
        let path = door.path.replace("{id}", "0a");
        says(ground.ana.post_once(&path, &long, &json!({})).await, &path);
    }
    ground.ends().await;
}

#[actix_web::test]
async fn an_event_is_answered_as_before_for_whoever_handed_it_in_and_for_nobody_else() {
    let clock = clock();
    let ground = Ground::configured("", Clock::Moved(clock)).await;
    let first = ground.ana.post_once("/v1/events", "k1", &dose("V-1")).await;
    assert_eq!(first.json()["rows"][0]["status"], "taken", "{}", first.text);
    let again = ground
        .ana
        .post_once("/v1/events", "\"k1\"", &dose("V-1"))
        .await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    let other = ground.ana.post_once("/v1/events", "k1", &dose("V-2")).await;
    assert_eq!(
        (other.status, other.problem().as_str()),
        (422, "idempotency_conflict")
    );
    let elsewhere = ground
        .ana
        .post_once("/v1/events?import=a", "k1", &dose("V-1"))
        .await;
    assert_eq!(elsewhere.problem(), "idempotency_conflict");
    // Somebody else under the same key asks for themselves, and so does a program in fewer roles.
    let budi = ground
        .budi
        .post_once("/v1/events", "k1", &dose("V-1"))
        .await
        .json();
    assert_eq!(
        (&budi["rows"][0]["status"], &budi["rows"][0]["claim"]),
        (&json!("known"), &json!(null))
    );
    let revoking = token(&ground, &["revoke"]).await;
    let refused = post(&ground.gateway, &revoking, "/v1/events", "k1", &dose("V-1")).await;
    assert_eq!(refused.problem(), "forbidden");
    // Two tokens for the same are one caller.
    let (one, two) = (
        token(&ground, &["issue"]).await,
        token(&ground, &["issue"]).await,
    );
    let taken = post(&ground.gateway, &one, "/v1/events", "k2", &dose("V-3")).await;
    let again = post(&ground.gateway, &two, "/v1/events", "k2", &dose("V-3")).await;
    assert_eq!((taken.status, &taken.text), (200, &again.text));
    // Nothing of the answer can be read where it lies.
    let claim = first.json()["rows"][0]["claim"]
        .as_str()
        .unwrap()
        .to_owned();
    let bytes = database(ground.gateway.data.path());
    assert!(!bytes.windows(claim.len()).any(|it| it == claim.as_bytes()));
    // A day later the key is free, and the event says so itself.
    clock.fetch_add(86_401, Ordering::SeqCst);
    let later = ground
        .ana
        .post_once("/v1/events", "k1", &dose("V-1"))
        .await
        .json();
    assert_eq!(later["rows"][0]["status"], "known");
    ground.ends().await;
}

#[actix_web::test]
async fn an_answer_that_is_too_large_is_not_kept_and_the_events_say_so_themselves() {
    let ground = Ground::open().await;
    let token = token(&ground, &["issue"]).await;
    let lines = format!("{}\n{}", dose("V-1"), "{\"odd\":1}\n".repeat(4000));
    let hand_in = async || {
        let url = format!("{}/v1/events", ground.gateway.base);
        let request = ground.gateway.client.post(url).header(KEY, "k");
        let request = request.header(CONTENT_TYPE, "application/x-ndjson");
        let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        let answer = read(request.body(lines.clone())).await;
        assert!(answer.status == 200 && answer.text.len() > MAX_ANSWER);
        answer.json()["rows"][0].clone()
    };
    let (first, again) = (hand_in().await, hand_in().await);
    assert_eq!(
        (&first["status"], &again["status"]),
        (&json!("taken"), &json!("known"))
    );
    assert_eq!(first["claim"], again["claim"]);
    ground.ends().await;
}

#[actix_web::test]
async fn fifty_at_once_are_done_once() {
    let ground = Ground::open().await;
    let body = act("airline");
    let asked = (0..50).map(|_| ground.ana.post_once("/admin/v1/requests", "k", &body));
    let answers = join_all(asked).await;
    let (done, waits): (Vec<_>, Vec<_>) = answers.iter().partition(|it| it.status == 201);
    assert!(!done.is_empty());
    for answer in waits {
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (409, "idempotency_running")
        );
        assert_eq!(answer.headers["retry-after"], "1");
    }
    let again = ground.ana.post_once("/admin/v1/requests", "k", &body).await;
    assert!(done.iter().all(|it| it.text == again.text));
    let requests = ground.budi.get("/admin/v1/requests").await.json();
    assert_eq!(requests["requests"].as_array().unwrap().len(), 1);
    ground.ends().await;
}

/// The same through two nodes of one store, and through a third that starts after both.
async fn through_nodes(store: &str) {
    let ground = Ground::configured(store, Clock::Fixed(now())).await;
    let token = token(&ground, &["issue"]).await;
    let data = ground.gateway.data.path().to_owned();
    let node = async || {
        let (other, beside) = beside(&data);
        let toml = if store.is_empty() { &beside } else { store };
        let keys = |data: &std::path::Path| {
            crate::support::copy(&other.path().join("keys"), &data.join("keys"));
        };
        TestGateway::configured(toml, keys, Clock::Fixed(now())).await
    };
    let second = node().await;
    let event = dose("V-1");
    let both = (0..50).map(|it| {
        let at = if it % 2 == 0 {
            &ground.gateway
        } else {
            &second
        };
        post(at, &token, "/v1/events", "k", &event)
    });
    let answers = join_all(both).await;
    let done: Vec<_> = answers.iter().filter(|it| it.status == 200).collect();
    assert!(!done.is_empty() && done.iter().all(|it| it.text == done[0].text));
    assert_eq!(done[0].json()["rows"][0]["status"], "taken");
    let others = answers.iter().filter(|it| it.status != 200);
    others.for_each(|it| assert_eq!(it.problem(), "idempotency_running"));
    second.stop().await;
    let third = node().await;
    let again = post(&third, &token, "/v1/events", "k", &event).await;
    assert_eq!((again.status, &again.text), (200, &done[0].text));
    third.stop().await;
    ground.ends().await;
}

#[actix_web::test]
async fn a_key_counts_on_every_node_and_after_a_start_on_sqlite() {
    through_nodes("").await;
}

#[actix_web::test]
async fn a_key_counts_on_every_node_and_after_a_start_on_postgresql() {
    if let Some(store) = crate::ground::postgres().await {
        through_nodes(&store).await;
    }
}
