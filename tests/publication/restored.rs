//! A database that was restored from an hour ago: nothing that was withdrawn comes back, and no number is used twice.

use crate::site::{Node, Site};
use crate::support::copy;
use std::fs;
use std::path::Path;

/// Puts the database that was kept in `kept` in the place of the one there is.
fn restore(site: &Site, kept: &Path) {
    for file in fs::read_dir(site.path()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("lintas.db") {
            fs::remove_file(path).unwrap();
        }
    }
    for file in fs::read_dir(kept).unwrap() {
        let file = file.unwrap();
        if file.file_name().to_str().unwrap().starts_with("lintas.db") {
            fs::copy(file.path(), site.path().join(file.file_name())).unwrap();
        }
    }
}

/// Takes the restored database for whole, as an operator would.
async fn accepts(node: &Node) {
    let store = node.gateway.records().unwrap().store();
    let at = node.gateway.clock().now();
    store.accept("operator", at).await.unwrap();
    let _ = node.gateway.follow().await;
}

#[actix_web::test]
async fn a_restored_gateway_publishes_nothing_before_it_has_caught_up() {
    let site = Site::new();
    let (one, two) = (site.pins("one"), site.pins("two"));
    let node = site.node().await;
    node.publishes().await.unwrap();
    node.ends().await;
    let kept = tempfile::tempdir().unwrap();
    copy(site.path(), kept.path());
    let node = site.node().await;
    site.passes(1800);
    site.unpins("two");
    node.publishes().await.unwrap();
    site.passes(1800);
    site.pins("three");
    node.publishes().await.unwrap();
    let seen = node.edition();
    node.ends().await;

    restore(&site, kept.path());
    let node = site.node().await;
    let refused = node.publishes().await.unwrap_err();
    assert_eq!(
        (refused.code().name(), node.state()),
        ("store_incomplete", "halted")
    );
    assert_eq!(*node.edition(), *seen, "what was published last is served");

    // An operator accepts what is there; what was withdrawn since must not come back with it.
    accepts(&node).await;
    site.pins_again("two", &two);
    let refused = node.publishes().await.unwrap_err();
    assert_eq!(refused.code().name(), "store_incomplete");
    assert!(
        refused.detail().contains(&two.thumbprint().to_string()),
        "{refused}"
    );
    assert_eq!(node.sequence(), seen.sequence);

    site.unpins("two");
    node.publishes().await.unwrap();
    let next = node.edition();
    assert!(next.sequence > seen.sequence);
    assert_eq!(next.previous, Some(seen.manifest));
    let highest = seen.signers.iter().map(|it| it.id).max().unwrap();
    assert!(
        next.signers.iter().all(|it| it.id > highest),
        "no number is used twice"
    );
    let signers: Vec<_> = next.signers.iter().map(|it| it.thumbprint).collect();
    assert!(signers.contains(&one.thumbprint()) && !signers.contains(&two.thumbprint()));
    assert_eq!(signers.len(), 2);
    site.passes(60);
    node.publishes().await.unwrap();
    assert_eq!((node.sequence(), node.state()), (next.sequence, "current"));
    let audit = node
        .gateway
        .records()
        .unwrap()
        .store()
        .audit_rows(0, 100)
        .await
        .unwrap();
    assert!(
        audit
            .iter()
            .any(|row| row.event.event == "publication_recovered")
    );
    node.ends().await;
}

#[actix_web::test]
async fn another_publication_under_a_number_that_was_seen_is_an_alarm() {
    let site = Site::new();
    site.pins("one");
    let node = site.node().await;
    node.publishes().await.unwrap();
    let seen = node.edition();
    node.ends().await;
    let mark = site.path().join("published/mark.json");
    let text = fs::read_to_string(&mark).unwrap();
    let other = text.replace(&seen.manifest.to_string(), &"0".repeat(64));
    fs::write(&mark, other).unwrap();
    let node = site.node().await;
    let refused = node.publishes().await.unwrap_err();
    assert_eq!(refused.code().name(), "publication_differs");
    fs::write(&mark, "{").unwrap();
    let refused = node.publishes().await.unwrap_err();
    assert_eq!(
        (refused.code().name(), node.state()),
        ("configuration_invalid", "halted")
    );
    node.ends().await;
}
