//! The first question: whoever a country hands in is believed, and what it withdraws is not.

use crate::network::{Eu, Land};
use crate::people::two_operators;
use crate::site::Site;
use crate::support::country::SIGNED_AT;
use lintas::server::gateway::registry::Act;

#[actix_web::test]
async fn signers_of_a_foreign_gateway_are_believed_and_each_country_withdraws_its_own() {
    let eu = Eu::start().await;
    let (indonesia, germany) = (
        Land::new("ID", &eu.anchor, 1),
        Land::new("DE", &eu.anchor, 1),
    );
    eu.lists(&[&indonesia, &germany]);
    let site = Site::new(&[("eu", &eu, "take = [\"signers\", \"revocation\"]")]);
    let node = site.open().await;
    let (text, other) = (indonesia.numbered(0, 1), indonesia.numbered(0, 2));
    assert_eq!(
        node.verdict(&text),
        ("indeterminate", vec!["trust_list_stale"]),
        "a feed that was never asked might know its signer"
    );
    node.asks().await.unwrap();
    assert_eq!((node.codes(), node.age()), ((vec![], vec![]), 0));
    assert_eq!(node.status().admitted, 2);
    node.told("feed_synchronised", "6 added, 0 withdrawn").await;
    for text in [&text, &other, &germany.numbered(0, 1)] {
        assert_eq!(node.verdict(text), ("accept", vec![]));
    }
    // Another country names the hash, once as its own and once in the name of the one whose it is.
    eu.said().batches = vec![
        (SIGNED_AT, germany.batch("DE", &indonesia, 1)),
        (SIGNED_AT + 1, germany.batch("ID", &indonesia, 1)),
    ];
    node.asks().await.unwrap();
    assert_eq!(node.codes(), (vec!["country_mismatch"], vec![]));
    assert_eq!(node.status().revoked, (1, 1));
    assert_eq!(node.verdict(&text), ("accept", vec![]));
    let own = (SIGNED_AT + 2, indonesia.batch("ID", &indonesia, 1));
    eu.said().batches.push(own);
    node.asks().await.unwrap();
    node.told("feed_synchronised", "1 added, 0 withdrawn").await;
    assert_eq!(node.status().revoked, (2, 2));
    assert_eq!(node.verdict(&text), ("reject", vec!["revoked"]));
    for text in [&other, &germany.numbered(0, 1)] {
        assert_eq!(node.verdict(text), ("accept", vec![]));
    }
    // What its country takes back was never withdrawn.
    eu.said().batches[2] = (SIGNED_AT + 3, None);
    node.asks().await.unwrap();
    node.told("feed_synchronised", "0 added, 1 withdrawn").await;
    assert_eq!(node.verdict(&text), ("accept", vec![]));
    node.ends().await;
}

#[actix_web::test]
async fn a_withdrawn_signer_comes_back_only_when_somebody_answers_for_it() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 6);
    eu.lists(&[&land]);
    let site = Site::new(&[("eu", &eu, "")]);
    let node = site.open().await;
    node.asks().await.unwrap();
    eu.said().changes = vec![land.gone(0)];
    node.asks().await.unwrap();
    eu.said().changes = vec![land.item(0)];
    node.asks().await.unwrap();
    assert_eq!(node.codes(), (vec!["withdrawn_returned"], vec![]));
    assert_eq!(node.believes(&land), [false, true, true, true, true, true]);
    let (ana, budi) = two_operators(&node.gateway).await;
    let readmit = |position: usize| Act::SignerReadmit {
        feed: "eu".to_owned(),
        thumbprint: land.signers[position].thumbprint(),
    };
    let refused = node.gateway.ask_for(&ana.certificate(), readmit(1)).await;
    assert_eq!(refused.unwrap_err().code().name(), "not_found");
    let asked = ana.asks(&node.gateway, readmit(0)).await.unwrap();
    assert_eq!(asked.preview["named_by_the_feed"], true);
    assert_eq!(node.codes(), (vec!["withdrawn_returned"], vec![]));
    budi.approves(&node.gateway, &asked).await.unwrap();
    assert_eq!((node.codes(), node.age()), ((vec![], vec![]), 0));
    assert_eq!(node.believes(&land), [true; 6]);
    let rows = node.store().audit_rows(0, 1000).await.unwrap();
    let last = &rows.last().unwrap().event;
    assert_eq!(
        (last.event.as_str(), last.actor.as_str()),
        ("signer_readmitted", "ana")
    );
    assert_eq!(last.subject, "eu");
    let detail = format!("signer/{}; approved by budi", land.name(0));
    assert_eq!(last.detail, detail);
    node.ends().await;
}
