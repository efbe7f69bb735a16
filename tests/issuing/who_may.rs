//! Who may hand in what: roles, facilities, tokens, limits.

use crate::ground::{Ground, dose, dose_with};
use lintas::server::gateway::Clock;
use lintas::server::gateway::registry::OperatorRole;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

fn by(mut event: Value, operator: &str) -> Value {
    event["operator"] = json!(operator);
    event
}

fn at(mut event: Value, facility: &str) -> Value {
    event["facility"] = json!(facility);
    event
}

#[actix_web::test]
async fn an_operator_hands_in_what_their_roles_and_facilities_cover() {
    let ground = Ground::open().await;
    let clerk = ground
        .join("clerk", &[OperatorRole::Issue], &["3174001"])
        .await;
    let chief = ground
        .join(
            "chief",
            &[OperatorRole::Issue, OperatorRole::Correct],
            &["3174001"],
        )
        .await;
    let looker = ground.join("looker", &[OperatorRole::Audit], &["*"]).await;
    let refused = looker.post_json("/v1/events", &dose("V-1")).await;
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (403, "forbidden")
    );

    let claim = clerk.claims(&by(dose("V-1"), "clerk")).await;
    ground.text(&claim).await;
    let about = |code: &str, member: &str| (code.to_owned(), Some(member.to_owned()));
    for (event, refusal) in [
        (
            at(dose("V-2"), "3174002"),
            about("event_out_of_scope", "facility"),
        ),
        (
            by(dose("V-2"), "chief"),
            about("event_out_of_scope", "operator"),
        ),
        (dose_with("V-1", "renew"), ("forbidden".to_owned(), None)),
        (dose_with("V-1", "cancel"), ("forbidden".to_owned(), None)),
    ] {
        assert_eq!(clerk.is_refused(&event).await, refusal);
    }
    // What another facility's event is, nobody is told who does not work there.
    ground.ana.claims(&at(dose("W-1"), "3174002")).await;
    let unknown = about("event_unknown", "source_id");
    assert_eq!(chief.is_refused(&dose_with("W-1", "cancel")).await, unknown);
    let [known, unheard] = ["W-1", "W-2"].map(|id| dose_with(id, "cancel"));
    let answer = chief.hands_in(&known).await;
    assert_eq!(answer, chief.hands_in(&unheard).await, "told apart");
    assert_eq!(
        chief.hands_in(&dose_with("V-1", "cancel")).await["status"],
        "cancelled"
    );
    drop((clerk, chief, looker));
    ground.ends().await;
}

#[actix_web::test]
async fn a_token_is_good_for_its_roles_its_time_and_its_operator() {
    let clock = crate::ground::clock();
    let ground = Ground::configured("", Clock::Moved(clock)).await;
    let clerk = ground
        .join(
            "clerk",
            &[OperatorRole::Issue, OperatorRole::Correct],
            &["3174001"],
        )
        .await;
    assert_eq!(clerk.token(&["revoke"]).await.problem(), "forbidden");
    for odd in [
        json!(["approve"]),
        json!([]),
        json!(["SECRET"]),
        json!("issue"),
    ] {
        let refused = clerk
            .post_json("/admin/v1/tokens", &json!({ "roles": odd }))
            .await;
        assert_eq!(refused.problem(), "request_invalid", "{odd}");
        assert!(!refused.text.contains("SECRET"));
    }
    let made = clerk.token(&["issue"]).await.json();
    let token = made["token"].as_str().unwrap();
    assert_eq!(
        ground
            .hand_in_by_token("nobody.knows", &dose("V-1"))
            .await
            .status,
        401
    );
    let nobody = ground.gateway.post("/v1/events", &dose("V-1")).await;
    assert_eq!(
        (nobody.status, nobody.problem().as_str()),
        (401, "unauthenticated")
    );
    let client = ground
        .gateway
        .post_as_client("/v1/events", &dose("V-1"))
        .await;
    assert_eq!(
        (client.status, client.problem().as_str()),
        (403, "forbidden")
    );

    let taken = ground.hand_in_by_token(token, &dose("V-1")).await.json();
    ground
        .text(taken["rows"][0]["claim"].as_str().unwrap())
        .await;
    let other = ground
        .hand_in_by_token(token, &dose_with("V-1", "cancel"))
        .await
        .json();
    assert_eq!(other["rows"][0]["problem"]["code"], "forbidden");

    clock.fetch_add(600, Ordering::SeqCst);
    assert_eq!(
        ground.hand_in_by_token(token, &dose("V-2")).await.status,
        401
    );
    clock.fetch_sub(1, Ordering::SeqCst);
    assert_eq!(
        ground.hand_in_by_token(token, &dose("V-2")).await.status,
        200
    );
    ground
        .does(&json!({ "act": "operator.disable", "id": "clerk" }))
        .await;
    assert_eq!(
        ground.hand_in_by_token(token, &dose("V-3")).await.status,
        401
    );
    drop(clerk);
    ground.ends().await;
}

#[actix_web::test]
async fn whoever_hands_in_more_than_their_share_waits() {
    let toml = "[issuing]\nevents_per_minute = 60\nevents_burst = 3\n";
    let clock = crate::ground::clock();
    let ground = Ground::configured(toml, Clock::Moved(clock)).await;
    for id in ["V-1", "V-2", "V-3"] {
        ground.ana.claims(&dose(id)).await;
    }
    let limited = ground.ana.post_json("/v1/events", &dose("V-4")).await;
    assert_eq!(
        (limited.status, limited.problem().as_str()),
        (429, "rate_limited")
    );
    assert!(limited.headers.contains_key("retry-after"));
    ground.budi.claims(&dose("V-4")).await;
    clock.fetch_add(1, Ordering::SeqCst);
    ground.ana.claims(&dose("V-5")).await;
    ground.ends().await;
}

#[actix_web::test]
async fn an_operator_who_is_added_without_facilities_hands_in_nothing() {
    let ground = Ground::open().await;
    let clerk = ground.join("clerk", &[OperatorRole::Issue], &[]).await;
    assert_eq!(clerk.is_refused(&dose("V-1")).await.0, "event_out_of_scope");
    drop(clerk);
    ground.ends().await;
}
