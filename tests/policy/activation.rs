//! A policy set that two operators activate: in force on every node from its instant on, and not before.

use crate::ground::{Ground, run};
use crate::people::{Person, code};
use crate::site::{Site, document, later, stricter};
use lintas::failure::Code;
use lintas::rules::Colour;
use lintas::server::gateway::registry::{Act, OperatorRole};

async fn a_set_is_in_force_from_its_instant_on(ground: Ground) {
    let mut site = Site::open(ground).await;
    let empty = site.first.world().snapshot.id();
    site.activates(&document("1.0.0", later(24)), later(24))
        .await;
    site.activates(&stricter("1.1.0", later(24)), later(48))
        .await;
    // An urgent one takes the place of one that has not begun, and says the same again.
    site.activates(&document("1.2.0", later(24)), later(72))
        .await;
    let (yellow, red) = (Colour::Yellow, Colour::Red);
    let expected = [
        (later(24).plus(-1), None),
        (later(24), Some(("1.0.0", yellow))),
        (later(48).plus(-1), Some(("1.0.0", yellow))),
        (later(48), Some(("1.1.0", red))),
        (later(72).plus(-1), Some(("1.1.0", red))),
        (later(72), Some(("1.2.0", yellow))),
    ];
    let asked = |site: &Site| {
        for (at, shown) in expected {
            let shown = shown.map(|(version, colour)| (version.to_owned(), colour));
            assert_eq!(site.shown(at), shown, "{at}");
        }
        let ids = site.nodes().map(|node| node.world().snapshot.id());
        assert_eq!(ids[0], ids[1]);
        assert_ne!(ids[0], empty);
        ids[0]
    };
    let id = asked(&site);
    // Nothing turns but the question's own instant: not by the clock, nor by a restart, nor by another look.
    site.passes(60);
    site.first.refresh();
    assert_eq!(asked(&site), id);
    site.again().await;
    assert_eq!(asked(&site), id);
    let store = site.first.records().unwrap().store();
    let rows = store.audit_rows(0, 1000).await.unwrap();
    let told: Vec<_> = rows
        .iter()
        .filter(|row| row.event.event == "policy.activated")
        .collect();
    assert_eq!(told.len(), 3);
    let event = &told[0].event;
    assert_eq!(
        (event.actor.as_str(), event.subject.as_str()),
        ("ana", "PS-ZZ-0001@1.0.0")
    );
    assert!(
        event.detail.ends_with("approved by budi"),
        "{}",
        event.detail
    );
    site.ends().await;
}

#[actix_web::test]
async fn a_policy_set_is_in_force_on_both_nodes_from_its_instant_on() {
    a_set_is_in_force_from_its_instant_on(Ground::sqlite()).await;
}

#[test]
fn a_policy_set_is_in_force_from_its_instant_on_on_postgresql() {
    if let Some(ground) = Ground::postgres() {
        run(ground, a_set_is_in_force_from_its_instant_on);
    }
}

#[actix_web::test]
async fn one_operator_alone_changes_nothing() {
    let site = Site::open(Ground::sqlite()).await;
    let message = site.signed(&document("1.0.0", later(24)));
    let before = site.first.world().snapshot.id();
    let request = site.asks(message.clone(), later(24)).await.unwrap();
    let alone = site.ana.approves(&site.first, &request).await;
    assert_eq!(code(alone), Code::ApprovalNotApart);
    let clerk = Person::new("clerk");
    let joins = clerk.joins(&[OperatorRole::Keys, OperatorRole::Approve]);
    let joins = site.ana.asks(&site.first, joins).await.unwrap();
    site.budi.approves(&site.first, &joins).await.unwrap();
    let act = Act::PolicyActivate {
        message,
        at: later(24),
    };
    assert_eq!(code(clerk.asks(&site.first, act).await), Code::Forbidden);
    site.follows().await;
    assert_eq!(site.shown(later(24)), None);
    for node in site.nodes() {
        assert_eq!(node.world().snapshot.id(), before);
    }
    // What the request says is what is approved.
    assert_eq!(request.preview["policy"], "PS-ZZ-0001@1.0.0");
    assert_eq!(
        request.preview["signer"],
        site.country.thumbprint().to_string()
    );
    assert_eq!(request.preview["in_place_of"], serde_json::Value::Null);
    clerk.approves(&site.first, &request).await.unwrap();
    site.follows().await;
    assert_eq!(site.shown(later(24)).unwrap().0, "1.0.0");
    site.ends().await;
}

#[actix_web::test]
async fn an_approval_that_comes_late_or_of_something_else_is_none() {
    let site = Site::open(Ground::sqlite()).await;
    let first = site.signed(&document("1.0.0", later(2)));
    let late = site.asks(first, later(3)).await.unwrap();
    let second = site.signed(&document("1.1.0", later(30)));
    let overtaken = site.asks(second, later(30)).await.unwrap();
    site.passes(3);
    let tries = site.budi.approves(&site.first, &late).await;
    assert_eq!(
        code(tries),
        Code::ApprovalOutdated,
        "it would begin before anybody knows"
    );
    site.activates(&document("1.0.5", later(20)), later(20))
        .await;
    let tries = site.budi.approves(&site.first, &overtaken).await;
    assert_eq!(
        code(tries),
        Code::ApprovalOutdated,
        "it would take another's place"
    );
    assert_eq!(site.now(), later(3));
    assert_eq!(site.shown(later(30)).unwrap().0, "1.0.5");
    let differences = site.signed(&stricter("1.2.0", later(30)));
    let request = site.asks(differences, later(40)).await.unwrap();
    assert_eq!(request.preview["in_place_of"], "PS-ZZ-0001@1.0.5");
    assert_eq!(
        request.preview["differences_first"],
        serde_json::json!(["changed CR-ZZ-0032"])
    );
    site.ends().await;
}
