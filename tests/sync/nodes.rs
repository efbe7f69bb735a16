//! Several nodes over one store: one asks, and all say the same.

use crate::ground::{Ground, run};
use crate::network::{Eu, Land};
use crate::site::Site;
use crate::support::copy;
use crate::support::gateway::TestGateway;
use lintas::server::gateway::Synchronised;
use std::sync::{Mutex, mpsc};
use std::time::Duration;
use tokio::sync::oneshot;

/// The url of the store that both use, once a node on `site` has made its key.
async fn two_sites(eu: &Eu, ground: Option<&Ground>) -> (Site, Site) {
    let mut first = Site::new(&[("eu", eu, "")]);
    let url = match ground {
        Some(ground) => ground.url("lintas_write"),
        None => first.url(),
    };
    first.toml = format!("{}[store]\nurl = \"{url}\"\n", first.toml);
    first.open().await.ends().await;
    let second = first.beside(&url);
    (first, second)
}

/// Holds up the next question to `eu`: tells that it came, and lets it be answered once it is told to.
fn held_up(eu: &Eu) -> (oneshot::Receiver<()>, mpsc::Sender<()>) {
    let (arrived, arrival) = oneshot::channel();
    let (release, released) = mpsc::channel();
    let arrived = Mutex::new(Some(arrived));
    eu.said().instead = Some(Box::new(move |_| {
        if let Some(arrived) = arrived.lock().unwrap().take() {
            arrived.send(()).unwrap();
            released.recv().unwrap();
        }
        None
    }));
    (arrival, release)
}

async fn one_asks_and_both_say_the_same(ground: Option<Ground>) {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 3);
    eu.lists(&[&land]);
    let (first, second) = two_sites(&eu, ground.as_ref()).await;
    let (one, other) = (first.open().await, second.open().await);
    let (arrival, release) = held_up(&eu);
    let asking = async { one.asks_at_once().await.unwrap() };
    let trying = async {
        arrival.await.unwrap();
        let tried = other.asks_at_once().await.unwrap();
        release.send(()).unwrap();
        tried
    };
    let (kept, tried) = futures_util::future::join(asking, trying).await;
    assert!(matches!(kept, Synchronised::Kept(_)), "{kept:?}");
    assert!(matches!(tried, Synchronised::Elsewhere), "{tried:?}");
    assert_eq!(eu.gateway.paths().len(), 1);
    assert_eq!(one.believes(&land), [true; 3]);
    assert_ne!(other.snapshot(), one.snapshot());
    assert!(other.gateway.follow().await.unwrap());
    assert_eq!(other.snapshot(), one.snapshot());
    assert_eq!(other.believes(&land), [true; 3]);
    assert_eq!(
        (other.codes(), other.status().as_of),
        ((vec![], vec![]), one.status().as_of)
    );
    assert!(!other.gateway.follow().await.unwrap());
    assert!(eu.gateway.paths().is_empty());
    // What the first one leaves, the other goes on with.
    one.ends().await;
    eu.said().list = land.items[..4].to_vec();
    let taken = other.asks_at_once().await.unwrap();
    assert!(matches!(taken, Synchronised::Kept(_)), "{taken:?}");
    assert_eq!(other.believes(&land), [true, true, false]);
    other.ends().await;
}

#[actix_web::test]
async fn of_two_nodes_one_asks_and_both_say_the_same() {
    one_asks_and_both_say_the_same(None).await;
}

#[test]
fn of_two_nodes_on_postgresql_one_asks_and_both_say_the_same() {
    if let Some(ground) = Ground::postgres() {
        run(ground, async |ground| {
            one_asks_and_both_say_the_same(Some(ground)).await;
        });
    }
}

#[actix_web::test]
async fn an_answer_that_comes_when_another_node_asks_already_is_not_kept() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 1);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, "")]);
    let node = site.open().await;
    let (arrival, release) = held_up(&eu);
    let asking = async { node.asks_at_once().await.unwrap_err() };
    let another = async {
        arrival.await.unwrap();
        // The first one gave no sign of life for a minute.
        site.passes(60);
        let now = site.clock().now();
        let lease = node.store().lease("feed/eu", "another node", now, 60).await;
        release.send(()).unwrap();
        lease.unwrap().unwrap()
    };
    let (failure, lease) = futures_util::future::join(asking, another).await;
    assert_eq!(failure.code().name(), "lease_lost");
    assert_eq!(node.store().head().await.unwrap().sequence, 0);
    assert_eq!(
        node.verdict(&land.credential(0)),
        ("indeterminate", vec!["trust_list_stale"])
    );
    let tried = node.asks_at_once().await.unwrap();
    assert!(matches!(tried, Synchronised::Elsewhere), "{tried:?}");
    node.store()
        .release(&lease, site.clock().now())
        .await
        .unwrap();
    node.asks_at_once().await.unwrap();
    assert_eq!((node.believes(&land), node.age()), (vec![true], 0));
    node.ends().await;
}

#[actix_web::test]
async fn a_node_that_serves_follows_the_one_that_asks() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 2);
    eu.lists(&[&land]);
    let (first, second) = two_sites(&eu, None).await;
    let one = first.open().await;
    let serving = TestGateway::configured(
        &second.toml,
        |data| copy(second.path(), data),
        second.clock(),
    )
    .await;
    one.asks().await.unwrap();
    let same = async {
        while serving.gateway().world().snapshot.id() != one.snapshot() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // It looks twice a second; the rest is room for a busy machine.
    let followed = tokio::time::timeout(Duration::from_secs(2), same).await;
    assert!(followed.is_ok(), "not within two seconds");
    let verdict = serving.verify(&land.credential(1)).await;
    assert_eq!(verdict["outcome"], "accept", "{verdict}");
    one.ends().await;
    serving.stop().await;
}
