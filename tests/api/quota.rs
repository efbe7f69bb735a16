//! What callers may have done in a time, and how they are told.

use crate::support::gateway::{Answer, TestGateway, read};
use crate::support::issued_at;
use futures_util::future::join_all;
use lintas::crypto;
use lintas::server::gateway::Clock;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};

const TOKEN: &str = "secret-token-airline";

/// A gateway with the client `airline`, whose row has `quota`, and with the client `other`, whose row has none.
async fn gateway(toml: &str, quota: &str, clock: Clock) -> TestGateway {
    let row = |id: &str, more: &str| {
        let hash = base16ct::lower::encode_string(&crypto::sha256(
            format!("secret-token-{id}").as_bytes(),
        ));
        format!("[[client]]\nid = \"{id}\"\ntoken_sha256 = \"{hash}\"\nscopes = []\n{more}\n")
    };
    let clients = row("airline", quota) + &row("other", "");
    let put = |data: &std::path::Path| std::fs::write(data.join("clients.toml"), clients).unwrap();
    TestGateway::configured(toml, put, clock).await
}

async fn ask(gateway: &TestGateway, token: &str, path: &str, body: &Value) -> Answer {
    let request = gateway.request(path, body.to_string());
    read(request.header(AUTHORIZATION, format!("Bearer {token}"))).await
}

fn limit(answer: &Answer) -> &str {
    answer.headers["ratelimit"].to_str().unwrap()
}

/// Whether units of `caller` were ever refused in this process.
async fn refused(gateway: &TestGateway, caller: &str) -> bool {
    let metrics = read(gateway.client.get(&gateway.metrics)).await.text;
    let name = format!("lintas_quota_refused_units_total{{caller=\"{caller}\"}}");
    metrics.lines().any(|line| line.starts_with(&name))
}

#[actix_web::test]
async fn a_client_that_floods_gets_exactly_what_it_may_and_hurts_nobody() {
    let quota = "units_per_minute = 60\nburst = 100";
    let gateway = gateway("", quota, Clock::Fixed(issued_at())).await;
    let body = json!({ "credential": "x" });
    let flood = [(); 8].map(|()| async {
        let mut got = 0;
        for _ in 0..50 {
            let answer = ask(&gateway, TOKEN, "/v1/verify", &body).await;
            if answer.status == 200 {
                got += 1;
            } else {
                assert_eq!(answer.problem(), "rate_limited");
                assert_eq!(
                    (answer.status, &answer.headers["retry-after"]),
                    (429, &"1".parse().unwrap())
                );
                assert_eq!(answer.json()["retry_after"], 1);
                assert_eq!(limit(&answer), "\"client\";r=0;t=100");
            }
        }
        got
    });
    assert_eq!(join_all(flood).await.into_iter().sum::<u32>(), 100);
    for _ in 0..3 {
        let other = ask(&gateway, "secret-token-other", "/v1/verify", &body).await;
        assert_eq!(other.status, 200);
        assert!(!other.headers.contains_key("ratelimit"));
        assert_eq!(gateway.post("/v1/verify", &body).await.status, 200);
    }
    assert!(refused(&gateway, "client").await);
    gateway.stop().await;
}

#[actix_web::test]
async fn what_is_left_is_told_and_comes_back_with_time() {
    static NOW: AtomicI64 = AtomicI64::new(0);
    NOW.store(issued_at().seconds(), Ordering::SeqCst);
    let quota = "units_per_minute = 120\nburst = 10";
    let gateway = gateway("", quota, Clock::Moved(&NOW)).await;
    let one = json!({ "credential": "x" });
    let answer = ask(&gateway, TOKEN, "/v1/verify", &one).await;
    assert_eq!(
        answer.headers["ratelimit-policy"],
        "\"client\";q=10;w=5;qu=\"verify-units\""
    );
    assert_eq!((answer.status, limit(&answer)), (200, "\"client\";r=9;t=1"));
    let rows = |count: usize| json!({ "credentials": vec![json!({ "credential": "x" }); count] });
    let answer = ask(&gateway, TOKEN, "/v1/verify", &rows(8)).await;
    assert_eq!((answer.status, limit(&answer)), (200, "\"client\";r=1;t=5"));
    // One unit is paid at the door, whatever comes of it.
    let answer = ask(&gateway, TOKEN, "/v1/verify", &rows(2)).await;
    assert_eq!((answer.status, limit(&answer)), (429, "\"client\";r=0;t=5"));
    NOW.fetch_add(2, Ordering::SeqCst);
    let answer = ask(&gateway, TOKEN, "/v1/verify", &rows(4)).await;
    assert_eq!((answer.status, limit(&answer)), (200, "\"client\";r=0;t=5"));
    // A route that costs nothing tells nothing.
    let live = gateway.client.get(format!("{}/health/live", gateway.base));
    let live = read(live.header(AUTHORIZATION, format!("Bearer {TOKEN}"))).await;
    assert!(live.status == 200 && !live.headers.contains_key("ratelimit"));
    gateway.stop().await;
}

#[actix_web::test]
async fn a_batch_costs_its_credentials_and_is_refused_whole() {
    let quota = "units_per_minute = 60\nburst = 10";
    let gateway = gateway("", quota, Clock::Fixed(issued_at())).await;
    let several = json!({ "credentials": vec![json!({ "credential": "x" }); 4] });
    let rows = json!([{ "credential": "x" }, several, { "bad": 1 }]);
    let answer = ask(&gateway, TOKEN, "/v1/verify/batch", &rows).await;
    assert_eq!((answer.status, limit(&answer)), (200, "\"client\";r=4;t=6"));
    let answer = ask(&gateway, TOKEN, "/v1/verify/batch", &rows).await;
    assert_eq!((answer.status, limit(&answer)), (429, "\"client\";r=3;t=7"));
    let ten = json!(vec![json!({ "credential": "x" }); 12]);
    let answer = ask(&gateway, TOKEN, "/v1/verify/batch", &ten).await;
    assert_eq!(answer.problem(), "rate_limited");
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains("at most 10")
    );
    // An empty one costs what it is to read it.
    let answer = ask(&gateway, TOKEN, "/v1/verify/batch", &json!([])).await;
    assert_eq!((answer.status, limit(&answer)), (200, "\"client\";r=1;t=9"));
    gateway.stop().await;
}

#[actix_web::test]
async fn nobody_in_particular_shares_what_there_is_for_all() {
    let toml = "[quota]\nanonymous_units_per_minute = 60\nanonymous_burst = 50\n";
    let limited = gateway(toml, "", Clock::Fixed(issued_at())).await;
    let list = limited.get("/v1/trust").await;
    assert_eq!(
        (list.status, limit(&list)),
        (200, "\"anonymous\";r=30;t=20")
    );
    // A sheet is paid for before anybody looks for it.
    let sheet = json!({ "claim": "x", "format": "pdf" });
    let sheet = limited.post("/v1/claims", &sheet).await;
    assert_eq!(
        (sheet.status, limit(&sheet)),
        (429, "\"anonymous\";r=10;t=40")
    );
    let again = limited.get("/v1/trust").await;
    assert_eq!(
        (again.status, again.problem().as_str()),
        (429, "rate_limited")
    );
    assert_eq!(again.headers["retry-after"], "10");
    // Whoever is known pays nothing of it, and what is unknown is no caller.
    let known = ask(&limited, TOKEN, "/v1/verify", &json!({ "credential": "x" })).await;
    assert_eq!(known.status, 200);
    let unknown = ask(&limited, "secret-token", "/v1/verify", &json!({})).await;
    assert!(unknown.status == 401 && !unknown.headers.contains_key("ratelimit"));
    assert!(refused(&limited, "anonymous").await);
    limited.stop().await;
    let off = gateway(
        "[quota]\nanonymous_units_per_minute = 0\n",
        "",
        Clock::Fixed(issued_at()),
    )
    .await;
    let list = off.get("/v1/trust").await;
    assert!(list.status == 200 && !list.headers.contains_key("ratelimit"));
    off.stop().await;
}
