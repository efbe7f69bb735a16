//! A feed that is dead: for how long its signers are believed, and whose verdicts it cannot touch.

use crate::foreign::Reply;
use crate::network::{Eu, Land};
use crate::site::Site;

const TRUST_S: i64 = 259_200;
const REVOCATION_S: i64 = 86_400;

#[actix_web::test]
async fn a_dead_feed_stales_its_own_signers_and_nobody_elses() {
    let (dead, living) = (Eu::start().await, Eu::start().await);
    let (indonesia, france) = (
        Land::new("ID", &dead.anchor, 1),
        Land::new("FR", &living.anchor, 1),
    );
    dead.lists(&[&indonesia]);
    living.lists(&[&france]);
    let site = Site::new(&[("eu", &dead, ""), ("living", &living, "")]);
    let node = site.open().await;
    node.asks_of(0, false).await.unwrap();
    let known_at = node.gateway.clock().now();
    node.asks_of(1, false).await.unwrap();
    dead.breaks(|| Reply::status(503, ""));
    // The last second in which it is fresh, but for the minute that every question takes.
    site.passes(TRUST_S - 60 - 120);
    node.gateway.refresh();
    node.asks_of(1, false).await.unwrap();
    node.asks_of(0, false).await.unwrap_err();
    assert_eq!(node.gateway.clock().now(), known_at.plus(TRUST_S));
    let own = (
        indonesia.credential(0),
        ("indeterminate", vec!["trust_list_stale"]),
    );
    assert_eq!(node.verdict(&own.0), ("accept", vec![]));
    site.passes(1);
    assert_eq!(node.verdict(&own.0), own.1);
    assert_eq!(node.age(), TRUST_S + 1);
    for other in [france.credential(0), site.pinned.credential(0)] {
        assert_eq!(node.verdict(&other), ("accept", vec![]));
    }
    dead.recovers();
    node.asks_of(0, false).await.unwrap();
    assert_eq!(node.verdict(&own.0), ("accept", vec![]));
    node.ends().await;
}

#[actix_web::test]
async fn withdrawals_age_apart_from_signers() {
    let (dead, living) = (Eu::start().await, Eu::start().await);
    let (indonesia, france) = (
        Land::new("ID", &dead.anchor, 1),
        Land::new("FR", &living.anchor, 1),
    );
    dead.lists(&[&indonesia]);
    living.lists(&[&france]);
    let take = "take = [\"signers\", \"revocation\"]";
    let site = Site::new(&[("eu", &dead, take), ("living", &living, take)]);
    let node = site.open().await;
    node.asks_of(0, false).await.unwrap();
    dead.said().instead = Some(Box::new(|asked| {
        let revocation = asked.path.starts_with("/revocation-list");
        revocation.then(|| Reply::status(500, ""))
    }));
    site.passes(REVOCATION_S - 120);
    node.asks_of(1, false).await.unwrap();
    node.asks_of(0, false).await.unwrap();
    node.gateway.refresh();
    let own = indonesia.credential(0);
    assert_eq!(node.verdict(&own), ("accept", vec![]));
    assert_eq!(
        node.codes(),
        (vec![], vec!["upstream_unavailable".to_owned()])
    );
    node.told("feed_left_out", "upstream_unavailable: revocation")
        .await;
    site.passes(1);
    assert_eq!(
        node.verdict(&own),
        ("indeterminate", vec!["revocation_stale"])
    );
    assert_eq!(node.age(), 1, "its signers are as fresh as can be");
    for other in [france.credential(0), site.pinned.credential(0)] {
        assert_eq!(node.verdict(&other), ("accept", vec![]));
    }
    dead.recovers();
    node.asks_of(0, false).await.unwrap();
    assert_eq!(node.verdict(&own), ("accept", vec![]));
    node.ends().await;
}
