//! Several nodes over one store: one publishes, and all serve the same bytes or say that they do not.

use crate::site::Site;
use std::fs;

#[actix_web::test]
async fn two_nodes_serve_identical_bytes() {
    let site = Site::new();
    site.pins("one");
    let first = site.node().await;
    let other = site.beside();
    let second = other.node().await;
    first.publishes().await.unwrap();
    second.publishes().await.unwrap();
    assert_eq!(*first.edition(), *second.edition());
    assert_eq!(first.state(), "current");
    // What one adds the other cannot publish, and says so until it has it, too.
    let signer = site.pins("two");
    site.passes(5);
    let before = second.sequence();
    first.publishes().await.unwrap();
    let refused = second.publishes().await.unwrap_err();
    assert_eq!(refused.code().name(), "publication_differs");
    assert_eq!((second.state(), second.sequence()), ("behind", before));
    other.pins_again("two", &signer);
    second.publishes().await.unwrap();
    assert_eq!(second.state(), "current");
    assert_eq!(*first.edition(), *second.edition());
    assert!(second.sequence() > before);
    first.ends().await;
    second.ends().await;
}

#[actix_web::test]
async fn one_node_at_a_time_publishes_and_another_goes_on_when_it_is_gone() {
    let site = Site::new();
    site.pins("one");
    let first = site.node().await;
    let other = site.beside();
    let second = other.node().await;
    first.publishes().await.unwrap();
    second.publishes().await.unwrap();
    let before = second.sequence();
    // The one that does not publish has something else to publish: it waits.
    other.pins("two");
    site.passes(30);
    for _ in 0..3 {
        assert!(second.publishes().await.is_err());
        first.publishes().await.unwrap();
    }
    assert_eq!(first.sequence(), before);
    first.ends().await;
    site.passes(61);
    second.publishes().await.unwrap();
    assert!(second.sequence() > before);
    assert_eq!(second.edition().signers.len(), 2);
    second.ends().await;
}

#[actix_web::test]
async fn a_node_with_other_keys_serves_nothing_of_its_own() {
    let site = Site::new();
    site.pins("one");
    let first = site.node().await;
    let other = site.beside();
    fs::remove_dir_all(other.path().join("keys/publication")).unwrap();
    let country = lintas::model::Country::parse("ID").unwrap();
    lintas::server::keys::publication_keys(other.path(), country, site.now()).unwrap();
    let second = other.node().await;
    first.publishes().await.unwrap();
    let refused = second.publishes().await.unwrap_err();
    assert_eq!(refused.code().name(), "publication_differs");
    assert!(second.gateway.publisher().unwrap().edition().is_err());
    first.ends().await;
    second.ends().await;
}

#[actix_web::test]
async fn numbers_rise_names_are_chained_and_a_publication_is_repeated_once_a_day() {
    let site = Site::new();
    site.pins("one");
    let node = site.node().await;
    node.publishes().await.unwrap();
    let first = node.edition();
    assert_eq!(first.sequence, u64::try_from(site.now().seconds()).unwrap());
    node.publishes().await.unwrap();
    assert_eq!(node.sequence(), first.sequence, "nothing has changed");
    site.pins("two");
    node.publishes().await.unwrap();
    let second = node.edition();
    assert_eq!(
        (second.sequence, second.previous),
        (first.sequence + 1, Some(first.manifest))
    );
    site.unpins("one");
    site.passes(100);
    node.publishes().await.unwrap();
    let third = node.edition();
    assert_eq!(third.previous, Some(second.manifest));
    assert_eq!((third.signers.len(), third.gone.len()), (1, 1));
    site.passes(86_399);
    node.publishes().await.unwrap();
    assert_eq!(node.sequence(), third.sequence);
    site.passes(1);
    node.publishes().await.unwrap();
    let fourth = node.edition();
    assert_eq!(
        (fourth.previous, fourth.signers.clone()),
        (Some(third.manifest), third.signers.clone())
    );
    // Started again it serves the same, without a look at its sources.
    node.ends().await;
    let again = site.node().await;
    assert_eq!(*again.edition(), *fourth);
    again.publishes().await.unwrap();
    assert_eq!(again.sequence(), fourth.sequence);
    again.ends().await;
}

#[actix_web::test]
async fn a_source_that_was_never_read_withdraws_nobody() {
    let site = Site::new();
    site.pins("one");
    let node = site.node().await;
    node.publishes().await.unwrap();
    let before = node.edition();
    node.ends().await;
    fs::rename(site.path().join("pinned"), site.path().join("away")).unwrap();
    let node = site.node().await;
    let refused = node.publishes().await.unwrap_err();
    assert_eq!(
        (refused.code().name(), node.state()),
        ("input_output", "halted")
    );
    assert_eq!(*node.edition(), *before);
    fs::rename(site.path().join("away"), site.path().join("pinned")).unwrap();
    node.publishes().await.unwrap();
    assert_eq!(*node.edition(), *before);
    node.ends().await;
}
