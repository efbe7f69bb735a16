//! A gateway that starts again: what it knows without asking, and what it does not believe.

use crate::foreign::Reply;
use crate::network::{Eu, Land};
use crate::site::Site;
use lintas::server::store::{self, StoreConfig};
use std::fs;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[actix_web::test]
async fn a_gateway_that_starts_again_says_the_same_without_asking() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 6);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, "take = [\"signers\", \"revocation\"]")]);
    let node = site.open().await;
    eu.said().batches = vec![(0, land.batch("ID", &land, 1)); 1];
    eu.said().batches[0].0 = site.clock().now().seconds() - 60;
    node.asks().await.unwrap();
    eu.said().changes = vec![land.gone(5)];
    node.asks().await.unwrap();
    let (snapshot, age) = (node.snapshot(), node.age());
    node.ends().await;
    eu.gateway.paths();
    let node = site.open().await;
    assert_eq!((node.snapshot(), node.age()), (snapshot, age));
    assert_eq!(node.believes(&land), [true, true, true, true, true, false]);
    assert_eq!(
        node.verdict(&land.numbered(0, 1)),
        ("reject", vec!["revoked"])
    );
    assert!(eu.gateway.paths().is_empty());
    assert!(!node.gateway.is_due("eu", HOUR));
    // It asks for what is new; without its marks, for everything.
    let whole = || eu.gateway.asked().iter().any(|it| it.since.is_none());
    node.asks().await.unwrap();
    assert!(!whole() && !eu.gateway.paths().is_empty());
    node.ends().await;
    fs::remove_dir_all(site.path().join("marks/feeds")).unwrap();
    eu.said().list.truncate(2 + 5);
    let node = site.open().await;
    assert!(node.gateway.is_due("eu", HOUR));
    node.asks().await.unwrap();
    assert!(whole());
    assert_eq!((node.snapshot(), node.age()), (snapshot, 0));
    assert_eq!(node.codes(), (vec![], vec![]));
    node.ends().await;
}

#[actix_web::test]
async fn a_gateway_on_an_older_copy_of_its_store_believes_nothing_of_it() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 6);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, "")]);
    let node = site.open().await;
    node.asks().await.unwrap();
    node.ends().await;
    let older = site.path().join("older.db");
    fs::copy(site.database(), &older).unwrap();
    let node = site.open().await;
    // What the copy does not know.
    eu.said().changes = vec![land.gone(0)];
    node.asks().await.unwrap();
    node.ends().await;
    for beside in ["lintas.db-wal", "lintas.db-shm"] {
        let _ = fs::remove_file(site.path().join(beside));
    }
    fs::copy(&older, site.database()).unwrap();
    eu.gateway.paths();
    let node = site.open().await;
    let incomplete = node.gateway.foreign().incomplete().cloned();
    assert_eq!(incomplete.unwrap().code().name(), "store_incomplete");
    for position in 0..6 {
        assert_eq!(
            node.verdict(&land.credential(position)),
            ("indeterminate", vec!["trust_list_stale"])
        );
    }
    let pinned = site.pinned.credential(0);
    assert_eq!(node.verdict(&pinned), ("accept", vec![]));
    let refused = node.asks().await.unwrap_err();
    assert_eq!(refused.code().name(), "store_incomplete");
    assert!(eu.gateway.paths().is_empty());
    node.ends().await;
    // Somebody takes it for whole: everything is asked for, and what the copy did not know is known again.
    let store = store::open(&StoreConfig::default(), site.path()).await;
    let store = store.unwrap();
    store.accept("dewi", site.clock().now()).await.unwrap();
    store.close().await;
    eu.said().list.remove(2);
    let node = site.open().await;
    assert!(node.gateway.is_due("eu", HOUR), "it is asked at once");
    eu.breaks(|| Reply::status(503, ""));
    node.asks().await.unwrap_err();
    assert!(node.gateway.is_due("eu", HOUR), "and until it answers");
    eu.recovers();
    node.asks().await.unwrap();
    assert!(eu.gateway.asked().iter().all(|it| it.since.is_none()));
    assert_eq!(node.believes(&land), [false, true, true, true, true, true]);
    assert_eq!((node.codes(), node.age()), ((vec![], vec![]), 0));
    assert!(!node.gateway.is_due("eu", HOUR));
    node.ends().await;
}
