//! How much one operator may withdraw alone, and what it takes for more.

use crate::ministry::{Ministry, codes};
use crate::people::code;
use lintas::failure::Code;
use lintas::server::gateway::registry::Request;
use lintas::server::gateway::withdrawal::{Reason, Selection, Withdrawn};
use serde_json::json;

pub(crate) fn entered_by(operator: &str) -> Selection {
    Selection {
        operator: Some(operator.to_owned()),
        ..Selection::default()
    }
}

impl Ministry {
    pub(crate) async fn withdraws(&self, selection: &Selection) -> Withdrawn {
        let (gateway, who) = (self.first.gateway(), self.ana.certificate());
        let done = gateway.withdraw(&who, selection, Reason::Fraud).await;
        done.unwrap()
    }

    pub(crate) async fn withdraws_alone(&self, selection: &Selection) -> (String, usize) {
        match self.withdraws(selection).await {
            Withdrawn::Done { id, certificates } => (id, certificates),
            Withdrawn::Asked(request) => panic!("it waits as {}", request.id),
        }
    }

    pub(crate) async fn asks_to_withdraw(&self, selection: &Selection) -> Request {
        match self.withdraws(selection).await {
            Withdrawn::Asked(request) => *request,
            Withdrawn::Done { .. } => panic!("it was done by one alone"),
        }
    }
}

#[actix_web::test]
async fn ninety_three_are_withdrawn_by_one_and_ninety_three_more_need_another() {
    let ministry = Ministry::open(1, None, |_| {}).await;
    ministry.issues(0, 93, "clerk-17", "3174001").await;
    let others = ministry.issues(0, 93, "clerk-18", "3174001").await;
    let who = ministry.ana.certificate();
    let gateway = ministry.first.gateway();
    let preview = gateway
        .preview_withdrawal(&who, &entered_by("clerk-17"))
        .await
        .unwrap();
    assert_eq!(
        (
            &preview["certificates"],
            &preview["events"],
            &preview["needs_approval"]
        ),
        (&json!(93), &json!(93), &json!(false))
    );
    let (_, count) = ministry.withdraws_alone(&entered_by("clerk-17")).await;
    assert_eq!(count, 93);
    let nothing = gateway
        .withdraw(&who, &entered_by("clerk-17"), Reason::Fraud)
        .await;
    assert_eq!(code(nothing), Code::NotFound, "they are withdrawn already");
    let request = ministry.asks_to_withdraw(&entered_by("clerk-18")).await;
    assert!(codes(&ministry.first, &others[0].text).await.is_empty());

    // What was approved is what was seen: one more certificate, and it has to be asked for anew.
    ministry.issues(0, 1, "clerk-18", "3174001").await;
    let outdated = ministry.budi.approves(gateway, &request).await;
    assert_eq!(code(outdated), Code::ApprovalOutdated);
    let request = ministry.asks_to_withdraw(&entered_by("clerk-18")).await;
    let alone = ministry.ana.approves(gateway, &request).await;
    assert_eq!(code(alone), Code::ApprovalNotApart);
    ministry.budi.approves(gateway, &request).await.unwrap();
    assert_eq!(codes(&ministry.first, &others[0].text).await, ["revoked"]);

    // The next day, the operator may do as much again.
    ministry.issues(0, 8, "clerk-19", "3174001").await;
    ministry.asks_to_withdraw(&entered_by("clerk-19")).await;
    ministry.passes(86_400);
    let (_, count) = ministry.withdraws_alone(&entered_by("clerk-19")).await;
    assert_eq!(count, 8);
    ministry.ends().await;
}

#[actix_web::test]
async fn a_withdrawal_is_taken_back_by_the_same_rules() {
    let ministry = Ministry::open(1, None, |_| {}).await;
    let few = ministry.issues(0, 2, "clerk-17", "3174001").await;
    let many = ministry.issues(0, 101, "clerk-18", "3174002").await;
    let (gateway, who) = (ministry.first.gateway(), ministry.ana.certificate());
    let (id, _) = ministry.withdraws_alone(&entered_by("clerk-17")).await;
    let only = Selection::of_hashes([few[0].signature]);
    let again = gateway.withdraw(&who, &only, Reason::HolderRequest).await;
    assert_eq!(code(again), Code::NotFound);
    let undone = gateway.reinstate(&who, &id).await.unwrap();
    assert!(matches!(
        undone,
        Withdrawn::Done {
            certificates: 2,
            ..
        }
    ));
    assert!(codes(&ministry.first, &few[0].text).await.is_empty());
    assert_eq!(
        code(gateway.reinstate(&who, &id).await),
        Code::RequestInvalid
    );
    assert_eq!(code(gateway.reinstate(&who, "0a").await), Code::NotFound);
    let (_, count) = ministry.withdraws_alone(&only).await;
    assert_eq!(count, 1);

    let request = ministry.asks_to_withdraw(&entered_by("clerk-18")).await;
    ministry.budi.approves(gateway, &request).await.unwrap();
    let own = gateway.own_records();
    let large = own
        .withdrawals()
        .find(|it| it.withdrawal.certificates() == 101);
    let large = large.unwrap().withdrawal.id.clone();
    let asked = gateway.reinstate(&who, &large).await.unwrap();
    let Withdrawn::Asked(asked) = asked else {
        panic!("it was done by one alone");
    };
    assert_eq!(codes(&ministry.first, &many[0].text).await, ["revoked"]);
    ministry.budi.approves(gateway, &asked).await.unwrap();
    assert!(codes(&ministry.first, &many[0].text).await.is_empty());
    assert_eq!(codes(&ministry.first, &few[0].text).await, ["revoked"]);
    ministry.ends().await;
}

#[actix_web::test]
async fn an_event_in_the_place_of_another_withdraws_its_certificates_once() {
    let ministry = Ministry::open(1, None, |_| {}).await;
    let certificates = ministry.issues(0, 3, "clerk-17", "3174001").await;
    let gateway = ministry.second.gateway();
    let events = [
        Ministry::event_of(&certificates[0]),
        Ministry::event_of(&certificates[1]),
    ];
    assert_eq!(gateway.withdraw_superseded(&events).await.unwrap(), 2);
    assert_eq!(
        codes(&ministry.second, &certificates[0].text).await,
        ["revoked"]
    );
    let head = ministry.store().head().await.unwrap();
    assert_eq!(gateway.withdraw_superseded(&events).await.unwrap(), 0);
    assert_eq!(gateway.withdraw_superseded(&[]).await.unwrap(), 0);
    assert_eq!(ministry.store().head().await.unwrap(), head);
    assert!(
        codes(&ministry.second, &certificates[2].text)
            .await
            .is_empty()
    );
    let own = gateway.own_records();
    let id = own.withdrawals().next().unwrap().withdrawal.id.clone();
    let who = ministry.ana.certificate();
    let refused = gateway.reinstate(&who, &id).await;
    assert_eq!(code(refused), Code::RequestInvalid);
    // It counts against nobody's day.
    assert_eq!(own.spent("gateway", gateway.clock().now()), 0);
    ministry.ends().await;
}

#[actix_web::test]
async fn what_an_event_took_the_place_of_stays_withdrawn_when_an_operator_takes_theirs_back() {
    let ministry = Ministry::open(1, None, |_| {}).await;
    let certificates = ministry.issues(0, 2, "clerk-17", "3174001").await;
    let (id, count) = ministry.withdraws_alone(&entered_by("clerk-17")).await;
    assert_eq!(count, 2);
    let gateway = ministry.first.gateway();
    let events = [Ministry::event_of(&certificates[0])];
    assert_eq!(gateway.withdraw_superseded(&events).await.unwrap(), 1);
    assert_eq!(gateway.withdraw_superseded(&events).await.unwrap(), 0);
    let who = ministry.ana.certificate();
    gateway.reinstate(&who, &id).await.unwrap();
    let (one, other) = (&certificates[0].text, &certificates[1].text);
    assert_eq!(codes(&ministry.first, one).await, ["revoked"]);
    assert!(codes(&ministry.first, other).await.is_empty());
    ministry.ends().await;
}
