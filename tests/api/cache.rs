use crate::support::TestSigner;
use crate::support::VACCINATION;
use crate::support::gateway::{TestGateway, read};
use lintas::server::gateway::Clock;
use serde_json::{Value, json};

/// The verdict without what differs between two requests by nature.
async fn verdict(gateway: &TestGateway, text: &str) -> Value {
    let mut verdict = gateway.verify(text).await;
    verdict.as_object_mut().unwrap().shift_remove("trace");
    verdict
}

async fn counted(gateway: &TestGateway, row: &str) -> u64 {
    let metrics = read(gateway.client.get(&gateway.metrics)).await.text;
    let line = metrics.lines().find_map(|line| line.strip_prefix(row));
    line.unwrap_or_else(|| panic!("{row}"))
        .trim()
        .parse()
        .unwrap()
}

#[actix_web::test]
async fn a_text_seen_before_gets_the_same_verdict_and_is_counted_as_a_hit() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    let hits = "lintas_cache_total{cache=\"good\",answer=\"hit\"}";
    let first = verdict(&gateway, &text).await;
    let before = counted(&gateway, hits).await;
    assert_eq!(verdict(&gateway, &text).await, first);
    // Other tests in this process count, too.
    assert!(counted(&gateway, hits).await > before);
    gateway.stop().await;
}

#[actix_web::test]
async fn a_signer_that_is_gone_is_gone_for_texts_seen_before() {
    let gateway = TestGateway::start().await;
    let text = gateway.issue().await;
    assert_eq!(verdict(&gateway, &text).await["outcome"], "accept");
    let pinned = gateway.data.path().join("trust/demo/dsc.pem");
    let certificate = std::fs::read(&pinned).unwrap();
    std::fs::remove_file(&pinned).unwrap();
    gateway.gateway().refresh();
    let gone = verdict(&gateway, &text).await;
    assert_eq!(gone["findings"][0]["code"], "unknown_signer");
    std::fs::write(&pinned, certificate).unwrap();
    gateway.gateway().refresh();
    assert_eq!(verdict(&gateway, &text).await["outcome"], "accept");
    gateway.stop().await;
}

#[actix_web::test]
async fn a_gateway_without_a_cache_says_the_same() {
    let off = "[cache]\nmemory_mib = 0";
    let clock = Clock::Fixed(crate::support::issued_at());
    let (with, without) = (
        TestGateway::start().await,
        TestGateway::configured(off, |_| {}, clock).await,
    );
    // The one knows the other's signer under the same name, so that snapshots and verdicts are the same.
    let ours = with.data.path().join("trust/demo/dsc.pem");
    let theirs = without.data.path().join("trust/demo/dsc.pem");
    std::fs::copy(ours, theirs).unwrap();
    without.gateway().refresh();
    let text = with.issue().await;
    let spoilt = format!("{}0", &text[..text.len() - 1]);
    let stranger = TestSigner::new(9).issue(VACCINATION);
    for text in [&text, &text, &spoilt, &spoilt, &stranger, &text] {
        let mut answers = [verdict(&with, text).await, verdict(&without, text).await];
        for answer in &mut answers {
            answer["snapshot"]["sequence"] = json!(0);
        }
        assert_eq!(answers[0], answers[1]);
    }
    with.stop().await;
    without.stop().await;
}
