//! The least snapshot that a caller demands.

use crate::support::gateway::{Answer, TestGateway};
use crate::support::issued_at;
use lintas::server::gateway::Clock;
use serde_json::json;
use std::sync::atomic::{AtomicI64, Ordering};

async fn ask(gateway: &TestGateway, least: u64) -> Answer {
    let body = json!({ "credential": "x", "minimum_sequence": least });
    gateway.post("/v1/verify", &body).await
}

#[actix_web::test]
async fn an_older_node_judges_nothing_and_says_when_to_ask_again() {
    let gateway = TestGateway::start().await;
    let own = gateway.gateway().world().snapshot.sequence();
    for (least, status) in [
        (0, 200),
        (own - 1, 200),
        (own, 200),
        (own + 1000, 503),
        (u64::MAX, 503),
    ] {
        let answer = ask(&gateway, least).await;
        assert_eq!(answer.status, status, "{least}");
        if status == 503 {
            assert_eq!(answer.problem(), "snapshot_older");
            assert_eq!(answer.headers["retry-after"], "1");
            assert_eq!(answer.json()["member"], "minimum_sequence");
        }
    }
    for odd in [json!("1"), json!(-1), json!(1.5)] {
        let body = json!({ "credential": "x", "minimum_sequence": odd });
        assert_eq!(
            gateway.post("/v1/verify", &body).await.problem(),
            "request_invalid"
        );
    }
    let rows = json!([
        { "ref": "a", "credential": "x", "minimum_sequence": own },
        { "ref": "b", "credential": "x", "minimum_sequence": own + 1000 },
    ]);
    let answers = gateway.post("/v1/verify/batch", &rows).await.json();
    assert_eq!(answers[0]["outcome"], "reject");
    assert_eq!(
        (&answers[1]["code"], &answers[1]["ref"]),
        (&json!("snapshot_older"), &json!("b"))
    );
    assert!(answers[1].get("outcome").is_none());
    gateway.stop().await;
}

#[actix_web::test]
async fn the_same_content_under_a_lower_number_is_enough_once_the_store_was_read() {
    static NOW: AtomicI64 = AtomicI64::new(0);
    NOW.store(issued_at().seconds(), Ordering::SeqCst);
    let gateway = TestGateway::configured("", |_| {}, Clock::Moved(&NOW)).await;
    let own = gateway.gateway().world().snapshot.sequence();
    // As another node would number it that started later.
    assert_eq!(ask(&gateway, own + 5).await.problem(), "snapshot_older");
    NOW.fetch_add(6, Ordering::SeqCst);
    gateway.gateway().follow().await.unwrap();
    assert_eq!(gateway.gateway().world().snapshot.sequence(), own);
    assert_eq!(ask(&gateway, own + 5).await.status, 200);
    assert_eq!(ask(&gateway, own + 50).await.problem(), "snapshot_older");
    gateway.stop().await;
}
