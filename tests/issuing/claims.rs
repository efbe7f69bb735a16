//! The door where holders fetch: what it tells of claims that are none.

use crate::ground::{Ground, dose};
use crate::support::gateway::Answer;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Instant;

/// Everything of an answer but what differs with every request.
fn seen(answer: &Answer) -> (u16, String, BTreeMap<String, String>) {
    let mut body = answer.json();
    body["trace"] = json!("-");
    let headers = answer.headers.iter();
    let headers = headers
        .filter(|(name, _)| !["lintas-trace", "date", "ratelimit"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status, body.to_string(), headers.collect())
}

/// Claims under which nothing lies: never drawn, spent, mistyped, cut, and no claims at all.
async fn nothing(ground: &Ground) -> Vec<String> {
    let spent = ground.ana.claims(&dose("V-1")).await;
    ground.text(&spent).await;
    let mut renewed = dose("V-1");
    renewed["action"] = json!("renew");
    let live = ground.ana.claims(&renewed).await;
    ground.text(&live).await;
    let mistyped = if live.starts_with('A') { "B" } else { "A" };
    vec![
        lintas::server::gateway::issuing::Claim::draw()
            .unwrap()
            .text()
            .to_string(),
        spent,
        format!("{mistyped}{}", &live[1..]),
        live[..30].to_owned(),
        String::new(),
        "3201234567890001".to_owned(),
        "é".repeat(300),
    ]
}

#[actix_web::test]
async fn claims_under_which_nothing_lies_look_alike() {
    let ground = Ground::open().await;
    let claims = nothing(&ground).await;
    let mut answers = Vec::new();
    for claim in &claims {
        answers.push(ground.fetch(claim, &json!({})).await);
    }
    assert_eq!(answers[0].problem(), "claim_unknown");
    assert_eq!(answers[0].status, 404);
    for (claim, answer) in claims.iter().zip(&answers) {
        assert_eq!(seen(answer), seen(&answers[0]), "{claim}");
    }
    ground.ends().await;
}

#[actix_web::test]
#[ignore = "measures for half a minute"]
async fn the_time_tells_nothing_of_a_claim() {
    let ground = Ground::open().await;
    let claims = nothing(&ground).await;
    let mut times: Vec<Vec<u128>> = vec![Vec::new(); claims.len()];
    for _ in 0..2000 {
        for (claim, times) in claims.iter().zip(&mut times) {
            #[allow(clippy::disallowed_methods, reason = "a stopwatch")]
            let started = Instant::now();
            ground.fetch(claim, &json!({})).await;
            times.push(started.elapsed().as_micros());
        }
    }
    let quantile = |times: &[u128], percent: usize| times[times.len() * percent / 100];
    let mut medians = Vec::new();
    for (claim, times) in claims.iter().zip(&mut times) {
        times.sort_unstable();
        let [low, median, high] = [10, 50, 90].map(|percent| quantile(times, percent));
        eprintln!("{low} {median} {high} µs: {} characters", claim.len());
        medians.push(median);
    }
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(most * 100 <= least * 115, "{medians:?}");
    ground.ends().await;
}

#[actix_web::test]
async fn no_claim_is_told_from_the_form_of_the_request_alone() {
    let ground = Ground::open().await;
    for body in [
        json!({}),
        json!({ "claim": 1 }),
        json!({ "claim": "A", "nik": "3201234567890001" }),
    ] {
        let answer = ground.gateway.post("/v1/claims", &body).await;
        assert_eq!(answer.problem(), "request_invalid", "{body}");
    }
    let odd = ground.fetch("A", &json!({ "format": "bmp" })).await;
    assert_eq!(odd.json()["member"], "format");
    ground.ends().await;
}
