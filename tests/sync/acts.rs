//! What two operators do about a foreign feed.

use crate::network::{Eu, Land};
use crate::people::{code, two_operators};
use crate::site::Site;
use lintas::failure::Code;
use lintas::server::gateway::Synchronised;
use lintas::server::gateway::registry::{Act, RequestState};

fn accept_less() -> Act {
    Act::FeedAcceptLess {
        feed: "eu".to_owned(),
    }
}

#[actix_web::test]
async fn a_shorter_list_is_believed_once_two_have_seen_how_short_it_is() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 10);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, "full_interval_s = 3600")]);
    let node = site.open().await;
    node.asks().await.unwrap();
    let (ana, budi) = two_operators(&node.gateway).await;
    let early = ana.asks(&node.gateway, accept_less()).await;
    assert_eq!(
        code(early),
        Code::RequestInvalid,
        "nothing is to be accepted"
    );
    // Seven of ten signers are left, then five.
    eu.said().list = [&land.items[..2], &land.items[5..]].concat();
    site.passes(3600);
    node.asks().await.unwrap();
    let first = ana.asks(&node.gateway, accept_less()).await.unwrap();
    assert_eq!(first.preview["refused"][0]["code"], "list_shrunk");
    eu.said().list = [&land.items[..2], &land.items[7..]].concat();
    let grown = budi.approves(&node.gateway, &first).await;
    assert_eq!(code(grown), Code::ApprovalOutdated);
    assert_eq!(node.believes(&land), [true; 10]);
    let second = ana.asks(&node.gateway, accept_less()).await.unwrap();
    site.passes(60);
    let done = budi.approves(&node.gateway, &second).await.unwrap();
    let kept = done.synchronised.unwrap().unwrap();
    assert!(matches!(kept, Synchronised::Kept(taken) if taken.withdrawn == 5));
    assert_eq!(node.believes(&land), [[false; 5], [true; 5]].concat());
    assert_eq!((node.codes(), node.age()), ((vec![], vec![]), 0));
    let told: Vec<_> = node.audit().await.into_iter().rev().take(3).collect();
    let events: Vec<_> = told.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(
        events,
        [
            "feed_synchronised",
            "feed_less_accepted",
            "request.approved"
        ]
    );
    let registry = node.gateway.registry().unwrap();
    let now = node.gateway.clock().now();
    assert_eq!(registry.state(&first, now), RequestState::Open);
    node.ends().await;
}

#[actix_web::test]
async fn an_operator_has_a_feed_asked_and_the_audit_says_who() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 2);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, "")]);
    let node = site.open().await;
    let (ana, _) = two_operators(&node.gateway).await;
    let certificate = ana.certificate();
    let kept = node.gateway.ask_feed_now(&certificate, "eu").await.unwrap();
    assert!(matches!(kept, Synchronised::Kept(taken) if taken.added > 0));
    assert_eq!(node.believes(&land), [true; 2]);
    let unknown = node.gateway.ask_feed_now(&certificate, "who").await;
    assert_eq!(code(unknown), Code::NotFound);
    let rows = node.store().audit_rows(0, 1000).await.unwrap();
    let asked = rows.iter().find(|row| row.event.event == "feed_asked");
    assert_eq!(asked.unwrap().event.actor, "ana");
    // While it is being asked, it is not asked again.
    let twice = futures_util::future::join(
        node.gateway.ask_feed_now(&certificate, "eu"),
        node.gateway.ask_feed_now(&certificate, "eu"),
    );
    let (one, two) = twice.await;
    let asked = [one.unwrap(), two.unwrap()];
    let elsewhere = asked
        .iter()
        .filter(|it| matches!(it, Synchronised::Elsewhere));
    assert_eq!(elsewhere.count(), 1);
    node.ends().await;
}
