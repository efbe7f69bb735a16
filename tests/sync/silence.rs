//! A foreign gateway that says nothing, and speaks again.

use crate::foreign::Reply;
use crate::network::{Eu, Land};
use crate::site::Site;

#[actix_web::test]
async fn silence_is_waited_for_so_long_and_what_was_known_stays() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 3);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, "timeout_ms = 2000")]);
    let node = site.open().await;
    node.asks().await.unwrap();
    for reply in [Reply::silence, Reply::drip] {
        eu.breaks(reply);
        let failure = node.asks().await.unwrap_err();
        assert_eq!(failure.code().name(), "upstream_unavailable");
    }
    node.told("feed_failed", "upstream_unavailable").await;
    assert_eq!((node.believes(&land), node.age()), (vec![true; 3], 120));
    eu.recovers();
    eu.said().changes = vec![land.gone(1)];
    node.asks().await.unwrap();
    assert_eq!(node.believes(&land), [true, false, true]);
    assert_eq!((node.status().attempts.failed, node.age()), (0, 0));
    node.told("feed_synchronised", "0 added, 1 withdrawn").await;
    node.ends().await;
}
