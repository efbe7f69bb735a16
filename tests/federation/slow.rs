//! A store that takes its time: what others may have passed over meanwhile is kept again.

use crate::support::country::{Identity, SIGNED_AT, carried};
use crate::support::meddled::{Meddled, Meddler};
use async_trait::async_trait;
use lintas::exchange::{Record, RecordKind};
use lintas::model::{Country, UnixTime};
use lintas::server::config::Config;
use lintas::server::gateway::hub::{Change, HUB, Hub};
use lintas::server::gateway::{Clock, Gateway, Records};
use lintas::server::store::{self, Store, StoreConfig};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Lets the next addition take so many milliseconds more.
struct Slow(AtomicU64);

#[async_trait]
impl Meddler for Slow {
    async fn before_adding(&self, _: &dyn Store) {
        let took = self.0.swap(0, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(took)).await;
    }
}

#[actix_web::test]
async fn a_batch_that_took_too_long_to_be_kept_gets_a_second_of_its_own() {
    let data = tempfile::tempdir().unwrap();
    let now = UnixTime::from_seconds(SIGNED_AT).unwrap();
    let toml = "environment = \"test\"\n[issuer]\ncountry = \"ID\"\n";
    let mut config = Config::parse(toml, data.path()).unwrap();
    config.data = data.path().to_owned();
    let gateway = Arc::new(Gateway::open(&config, Clock::Fixed(now)).unwrap());
    let slow = Arc::new(Meddled {
        store: store::open(&StoreConfig::default(), data.path())
            .await
            .unwrap(),
        by: Slow(AtomicU64::new(0)),
    });
    let shared: Arc<dyn Store> = slow.clone();
    let records = Records::new(shared, data.path()).unwrap();
    gateway.attach(records).await.unwrap();
    let content = r#"{"country":"XA","expires":"2027-01-01T00:00:00Z","hashType":"UCI",
        "entries":["4uLi4uLi4uLi4uLi4uLi4g=="]}"#;
    let message =
        carried(&Identity::self_signed("XA", "NBup", false).sign(content.as_bytes(), true));
    let hand_in = async |id: &str| {
        let change = |_: &Hub, at: UnixTime| {
            Ok(Change {
                records: vec![Record {
                    kind: RecordKind::RevocationBatch,
                    source: HUB.to_owned(),
                    name: id.to_owned(),
                    country: Country::parse("XA"),
                    received_at: at,
                    body: message.clone().into_bytes(),
                }],
                events: Vec::new(),
                answer: (),
            })
        };
        gateway.hand_in_batches(change).await.unwrap();
        gateway.hub().batch(id).unwrap().changed_at
    };
    assert_eq!(hand_in("1").await, now);
    assert_eq!(hand_in("2").await, now);
    slow.by.0.store(1600, Ordering::SeqCst);
    assert_eq!(hand_in("3").await, now.plus(1));
    // One that opened its second may take as long as it likes.
    let page = gateway.batches_after(now).await.unwrap();
    assert_eq!(page.batches.len(), 1);
    slow.by.0.store(1600, Ordering::SeqCst);
    assert_eq!(hand_in("4").await, now.plus(2));
    let head = gateway.records().unwrap().store().head().await.unwrap();
    assert_eq!(head.sequence, 5);
    slow.close().await;
}
