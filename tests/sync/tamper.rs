//! Somebody with every right to the database, and what a gateway makes of it.

use crate::ground::Ground;
use crate::network::{Eu, Land};
use crate::site::Site;
use crate::support::copy;
use crate::support::gateway::TestGateway;
use lintas::server::store::{self, StoreConfig};
use lintas::server::telemetry::Metrics;
use std::time::Duration;

/// The database of `site`, for somebody who got hold of it.
fn taken_over(site: &Site) -> Ground {
    let data = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(site.database(), data.path().join("lintas.db")).unwrap();
    Ground {
        data,
        config: StoreConfig::default(),
        server: None,
    }
}

/// How many rows of the store were refused in this process. No other test here forges any.
fn refused() -> u64 {
    let metrics = Metrics::install().render();
    let rows = metrics.lines();
    let mut rows = rows.filter_map(|row| {
        row.strip_prefix("lintas_store_rows_refused_total{code=\"seal_invalid\"} ")
    });
    rows.next().map_or(0, |count| count.parse().unwrap())
}

#[actix_web::test]
async fn a_readmission_written_by_hand_lets_nobody_back() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 6);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, "")]);
    let node = site.open().await;
    node.asks().await.unwrap();
    eu.said().changes = vec![land.gone(0)];
    node.asks().await.unwrap();
    let head = node.store().head().await.unwrap().sequence;
    let next = i64::try_from(head).unwrap() + 1;
    let name = format!("signer/{}", land.name(0));
    taken_over(&site).forge_readmission(next, "eu", &name).await;
    let before = refused();
    eu.said().changes = vec![land.item(0)];
    node.asks().await.unwrap();
    assert_eq!(refused(), before + 1);
    assert_eq!(node.codes(), (vec!["withdrawn_returned"], vec![]));
    let rest = [false, true, true, true, true, true];
    assert_eq!((node.believes(&land), node.age()), (rest.to_vec(), 0));
    node.ends().await;
    // Nor does a start believe it.
    let node = site.open().await;
    assert_eq!(refused(), before + 2);
    assert_eq!(node.believes(&land), rest);
    assert!(node.gateway.foreign().incomplete().is_none());
    node.ends().await;
}

#[actix_web::test]
async fn a_running_node_whose_store_was_cut_believes_no_foreign_signer() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 2);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, "")]);
    let serving = TestGateway::configured(
        &format!("{}[store]\nurl = \"{}\"\n", site.toml, site.url()),
        |data| copy(site.path(), data),
        site.clock(),
    )
    .await;
    let feed = crate::foreign::open(&eu.row("eu", ""), serving.data.path());
    let gateway = serving.gateway();
    gateway.synchronise(feed.as_ref(), false).await.unwrap();
    let ready = serving.get("/health/ready").await.json();
    assert_eq!(
        (&ready["store"], &ready["signers"]),
        (&"whole".into(), &3.into())
    );
    let text = land.credential(0);
    assert_eq!(serving.verify(&text).await["outcome"], "accept");
    let cut = "DELETE FROM records WHERE sequence >= 3";
    assert_eq!(taken_over(&site).raw(cut).await, 3);
    let noticed = async {
        while gateway.foreign().incomplete().is_none()
            || gateway.world().snapshot.trust().signers().len() > 1
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), noticed)
        .await
        .unwrap();
    let answer = serving.get("/health/ready").await;
    let ready = answer.json();
    assert_eq!(
        (answer.status, &ready["store"]),
        (200, &"incomplete".into())
    );
    assert_eq!(
        (&ready["signers"], &ready["stale_feeds"]),
        (&1.into(), &serde_json::json!(["eu"]))
    );
    let verdict = serving.verify(&text).await;
    assert_eq!(verdict["outcome"], "indeterminate");
    assert_eq!(
        verdict["credentials"][0]["findings"][0]["code"], "trust_list_stale",
        "{verdict}"
    );
    let pinned = serving.verify(&site.pinned.credential(0)).await;
    assert_eq!(pinned["outcome"], "accept", "{pinned}");
    let refused = gateway.synchronise(feed.as_ref(), false).await.unwrap_err();
    assert_eq!(refused.code().name(), "store_incomplete");
    // Whoever takes it for whole says so to those that start after that.
    let config = StoreConfig {
        url: Some(site.url()),
        ..StoreConfig::default()
    };
    let store = store::open(&config, serving.data.path()).await.unwrap();
    store.accept("dewi", site.clock().now()).await.unwrap();
    store.close().await;
    gateway.follow().await.unwrap();
    assert!(gateway.foreign().incomplete().is_some());
    serving.stop().await;
}

#[actix_web::test]
async fn a_node_that_starts_on_a_store_with_a_gap_believes_no_foreign_signer() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 2);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, "")]);
    let node = site.open().await;
    node.asks().await.unwrap();
    let text = land.credential(0);
    assert_eq!(node.verdict(&text), ("accept", vec![]));
    node.ends().await;
    let deleted = "DELETE FROM records WHERE sequence = 2";
    assert_eq!(taken_over(&site).raw(deleted).await, 1);
    eu.gateway.paths();
    let node = site.open().await;
    assert!(node.gateway.foreign().incomplete().is_some());
    assert_eq!(
        node.verdict(&text),
        ("indeterminate", vec!["trust_list_stale"])
    );
    assert_eq!(node.status().as_of, None);
    let pinned = site.pinned.credential(0);
    assert_eq!(node.verdict(&pinned), ("accept", vec![]));
    let refused = node.asks().await.unwrap_err();
    assert_eq!(refused.code().name(), "store_incomplete");
    assert!(
        eu.gateway.paths().is_empty(),
        "it asks for nothing it could not keep"
    );
    node.ends().await;
}

#[actix_web::test]
async fn whoever_lost_what_was_withdrawn_speaks_for_nobody() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 1);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, "take = [\"signers\", \"revocation\"]")]);
    let node = site.open().await;
    let pinned = site.pinned.credential(0);
    assert_eq!(node.verdict(&pinned), ("accept", vec![]));
    node.asks().await.unwrap();
    assert_eq!(node.verdict(&pinned), ("accept", vec![]));
    node.ends().await;
    let deleted = "DELETE FROM records WHERE sequence = 2";
    assert_eq!(taken_over(&site).raw(deleted).await, 1);
    // It started on the gap, so it cannot know any more for which countries the feed withdraws.
    let node = site.open().await;
    assert_eq!(
        node.verdict(&pinned),
        ("indeterminate", vec!["revocation_stale"])
    );
    assert_eq!(
        node.verdict(&land.credential(0)),
        ("indeterminate", vec!["trust_list_stale"])
    );
    node.ends().await;
}
