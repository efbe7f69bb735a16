//! From an event to a certificate, and what corrections, cancellations, lost slips and restarts make of it.

use crate::ground::{Ground, database, dose, dose_with, now};
use crate::support::gateway::{TestGateway, assert_nothing_personal, read};
use lintas::server::gateway::Clock;
use serde_json::{Value, json};

/// The events of a vaccination, a test and a recovery.
fn happenings() -> [(&'static str, Value); 3] {
    let with = |id: &str, name: &str, happening: Value| {
        let mut event = dose(id);
        event.as_object_mut().unwrap().shift_remove("vaccination");
        event[name] = happening;
        event
    };
    let test = json!({ "test": "pcr", "sampled_at": "2026-05-31T20:00:00Z", "result": "not_detected",
        "centre": "Labkesda Probolinggo" });
    [
        ("v", dose("V-1")),
        ("t", with("T-1", "test", test)),
        (
            "r",
            with("R-1", "recovery", json!({ "first_positive": "2026-04-02" })),
        ),
    ]
}

#[actix_web::test]
async fn an_event_of_each_kind_becomes_a_certificate_that_is_accepted() {
    let ground = Ground::open().await;
    for (kind, event) in happenings() {
        let claim = ground.ana.claims(&event).await;
        let text = ground.text(&claim).await;
        let request = json!({ "credential": text, "view": "holder" });
        let verdict = ground.gateway.post_as_client("/v1/verify", &request).await;
        let shown = verdict.json().to_string();
        assert!(shown.contains("Kusumawardhani"), "{kind}: {shown}");
    }
    ground.ends().await;
}

#[actix_web::test]
async fn a_certificate_is_fetched_in_every_form() {
    let ground = Ground::open().await;
    let claim = ground.ana.claims(&dose("V-1")).await;
    ground.text(&claim).await;
    for (form, media_type, begins) in [
        ("svg", "image/svg+xml", "<"),
        ("png", "image/png", ""),
        ("pdf", "application/pdf", "%PDF"),
    ] {
        let answer = ground.fetch(&claim, &json!({ "format": form })).await;
        assert_eq!(
            (answer.status, answer.headers["content-type"].as_bytes()),
            (200, media_type.as_bytes())
        );
        assert!(answer.text.starts_with(begins) && answer.headers["cache-control"] == "no-store");
        let url = format!("{}/v1/claims", ground.gateway.base);
        let asked = ground.gateway.client.post(url).header("accept", media_type);
        let asked = asked.header("content-type", "application/json");
        let answer = read(asked.body(json!({ "claim": claim }).to_string())).await;
        assert_eq!(answer.headers["content-type"], media_type);
    }
    let other = ground
        .fetch(&claim, &json!({ "format": "pdf", "profile": "who_ddcc" }))
        .await;
    assert_eq!(other.status, 404);
    ground.ends().await;
}

#[actix_web::test]
async fn the_same_again_changes_nothing_and_gives_the_claim_again_to_whoever_handed_it_in() {
    let ground = Ground::open().await;
    let claim = ground.ana.claims(&dose("V-1")).await;
    for _ in 0..2 {
        let again = ground.ana.hands_in(&dose("V-1")).await;
        assert_eq!(
            (&again["status"], &again["claim"]),
            (&json!("known"), &json!(claim))
        );
        let other = ground.budi.hands_in(&dose("V-1")).await;
        assert_eq!(
            (&other["status"], &other["claim"]),
            (&json!("known"), &Value::Null)
        );
        ground.text(&claim).await;
    }
    let mut changed = dose("V-1");
    changed["vaccination"]["dose"] = json!(1);
    let refused = ground.ana.is_refused(&changed).await;
    assert_eq!(refused.0, "event_conflict");
    ground.ends().await;
}

#[actix_web::test]
async fn a_correction_a_new_slip_and_a_cancellation_each_end_the_claim_before() {
    let ground = Ground::open().await;
    let first = ground.ana.claims(&dose("V-1")).await;
    ground.text(&first).await;
    let mut corrected = dose_with("V-1", "correct");
    corrected["person"]["given_name"] = json!("Dewi");
    let second = ground.ana.claims(&corrected).await;
    assert_eq!(
        ground.fetch(&first, &json!({})).await.problem(),
        "claim_unknown"
    );
    ground.text(&second).await;
    corrected["action"] = json!("renew");
    let third = ground.ana.claims(&corrected).await;
    assert_eq!(
        ground.fetch(&second, &json!({})).await.problem(),
        "claim_unknown"
    );
    ground.text(&third).await;
    corrected["action"] = json!("cancel");
    assert_eq!(ground.ana.hands_in(&corrected).await["status"], "cancelled");
    assert_eq!(
        ground.fetch(&third, &json!({})).await.problem(),
        "claim_unknown"
    );
    ground.settles().await;
    for action in ["correct", "cancel", "renew"] {
        let refused = ground.ana.is_refused(&dose_with("V-2", action)).await;
        assert_eq!(refused.0, "event_unknown", "{action}");
    }
    ground.ends().await;
}

#[actix_web::test]
async fn one_bad_row_keeps_no_other_out() {
    let ground = Ground::open().await;
    let mut wrong = dose("V-2");
    wrong["vaccination"]["product"] = json!("SECRET");
    let mut beyond = dose("V-3");
    beyond["vaccination"]["dose"] = json!(9);
    let lines = [dose("V-1"), wrong, beyond, json!("SECRET"), dose("V-4")];
    let lines: String = lines.iter().map(|it| format!("{it}\n")).collect();
    let answer = ground
        .ana
        .post("/v1/events", "application/x-ndjson", lines)
        .await;
    assert!(!answer.text.contains("SECRET") && !answer.text.contains("Dewi"));
    let told = answer.json();
    let rows: Vec<_> = told["rows"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = rows
        .iter()
        .map(|it| it["problem"]["code"].as_str())
        .collect();
    assert_eq!(
        codes,
        [
            None,
            Some("product_unknown"),
            Some("dose_invalid"),
            Some("event_invalid"),
            None
        ]
    );
    assert_eq!((&told["taken"], &told["refused"]), (&json!(2), &json!(3)));
    for row in [0, 4] {
        ground.text(rows[row]["claim"].as_str().unwrap()).await;
    }
    ground.ends().await;
}

#[actix_web::test]
async fn nothing_personal_is_in_the_database_while_it_waits_or_after() {
    let ground = Ground::open().await;
    let claim = ground.ana.claims(&dose("V-1")).await;
    let text = ground.text(&claim).await;
    let stored = String::from_utf8_lossy(&database(ground.gateway.data.path())).into_owned();
    assert_nothing_personal(&stored, "the database");
    assert!(!stored.contains(&claim) && !stored.contains(&text[4..40]));
    ground.ends().await;
}

#[actix_web::test]
async fn what_waits_is_certified_after_a_restart_and_by_another_node() {
    let toml = "roles = [\"verify\", \"admin\"]";
    let mut ground = Ground::configured(toml, Clock::Fixed(now())).await;
    // A node that has no signer takes in all the same.
    let claim = ground.ana.claims(&dose("V-1")).await;
    let (data, store) = crate::ground::beside(ground.gateway.data.path());
    let copied = data.path().to_owned();
    let second = TestGateway::configured(
        &store,
        |folder| crate::support::copy(&copied, folder),
        Clock::Fixed(now()),
    )
    .await;
    let first = std::mem::replace(&mut ground.gateway, second);
    ground.text(&claim).await;
    ground.ends().await;
    first.stop().await;
}
