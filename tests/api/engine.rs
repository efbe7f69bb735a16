use crate::support::gateway::{TestGateway, read};
use crate::support::issued_at;
use lintas::server::gateway::Clock;
use serde_json::Value;

/// A gateway with `judge` and no cache, so that every signature is judged.
async fn gateway(judge: &str) -> TestGateway {
    let toml = format!("engine = \"{judge}\"\n[cache]\nmemory_mib = 0");
    TestGateway::configured(&toml, |_| {}, Clock::Fixed(issued_at())).await
}

async fn verdict(gateway: &TestGateway, text: &str) -> Value {
    let mut verdict = gateway.verify(text).await;
    let members = verdict.as_object_mut().unwrap();
    // The snapshots of two gateways are of two throw-away signers.
    for member in ["trace", "snapshot"] {
        members.shift_remove(member);
    }
    members["credentials"][0]
        .as_object_mut()
        .unwrap()
        .shift_remove("signer");
    verdict
}

#[actix_web::test]
async fn whoever_judges_the_verdicts_are_the_same_and_health_says_who() {
    let mut all = Vec::new();
    for judge in ["known_signer", "library", "both"] {
        let gateway = gateway(judge).await;
        gateway.gateway().warm();
        let text = gateway.issue().await;
        let mut spoilt = text.clone();
        let last = if spoilt.pop() == Some('0') { '1' } else { '0' };
        spoilt.push(last);
        let verdicts = [
            verdict(&gateway, &text).await,
            verdict(&gateway, &spoilt).await,
        ];
        assert_eq!(verdicts[0]["outcome"], "accept");
        assert_eq!(verdicts[1]["outcome"], "reject");
        all.push(verdicts);
        assert_eq!(gateway.get("/health/ready").await.json()["engine"], judge);
        gateway.stop().await;
    }
    assert!(all.iter().all(|verdicts| *verdicts == all[0]));
}

#[actix_web::test]
async fn the_engine_judges_under_a_warm_signer_and_is_counted() {
    let gateway = gateway("known_signer").await;
    gateway.gateway().warm();
    let text = gateway.issue().await;
    for _ in 0..3 {
        assert_eq!(verdict(&gateway, &text).await["outcome"], "accept");
    }
    gateway.gateway().watch_engine();
    let metrics = read(gateway.client.get(&gateway.metrics)).await.text;
    let count = |row: &str| -> f64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(row));
        line.unwrap_or_else(|| panic!("{row}"))
            .trim()
            .parse()
            .unwrap()
    };
    assert!(count("lintas_engine_signatures_total{answer=\"good\"}") >= 3.0);
    assert_eq!(
        count("lintas_engine_signatures_total{answer=\"none\"}"),
        0.0
    );
    assert_eq!(count("lintas_engine_alarm"), 0.0);
    gateway.stop().await;
}
