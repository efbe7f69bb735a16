//! Guessing claims: whoever tries learns from no answer, and from no time, whether they came near anything.
#![allow(clippy::disallowed_methods, reason = "a stopwatch")]

use crate::ground::{Ground, dose, dose_with, now};
use crate::support::gateway::Answer;
use futures_util::{StreamExt, stream};
use lintas::server::gateway::Clock;
use lintas::server::gateway::issuing::Claim;
use serde_json::{Value, json};
use std::time::Instant;

/// How a guess comes to be nobody's claim.
const KINDS: [&str; 6] = [
    "random",
    "mistyped",
    "cut",
    "spent",
    "cancelled",
    "identity number",
];
/// Claims of each kind that were good once.
const ONCE_GOOD: usize = 20;

#[actix_web::test]
async fn two_thousand_guesses_are_answered_alike() {
    guessed(2_000, 8).await;
}

/// In release, since it measures: `cargo test --release --test issuing -- --ignored guesses --nocapture`.
#[actix_web::test]
#[ignore = "a million guesses take minutes, and it measures"]
async fn a_million_guesses_learn_nothing() {
    // One after another, so that a time is the time of one answer.
    for (kind, distance) in KINDS.iter().zip(guessed(1_000_000, 1).await) {
        assert!(distance < 0.1, "{kind}: {distance:.3}");
    }
}

/// Makes `count` guesses, `at_once` at a time, all of which get the same answer. For each kind, how far its times are from those
/// of random claims: the Kolmogorov-Smirnov distance of the two samples.
async fn guessed(count: usize, at_once: usize) -> Vec<f64> {
    // Nobody is told to come back later, so that every answer is about the claim.
    let toml = "[quota]\nanonymous_units_per_minute = 0";
    let ground = Ground::configured(toml, Clock::Fixed(now())).await;
    let (spent, cancelled) = (spent(&ground).await, cancelled(&ground).await);
    // Something lies there that could be found.
    let live = ground.ana.claims(&dose("V-live")).await;
    ground.text(&live).await;
    let first = all_of(
        &ground
            .fetch(&guess(0, 0, &spent, &cancelled), &json!({}))
            .await,
    );
    assert_eq!(first.0, 404);
    let guesses = stream::iter(0..count).map(async |number| {
        let kind = number % KINDS.len();
        let claim = guess(kind, number, &spent, &cancelled);
        let started = Instant::now();
        let answer = ground.fetch(&claim, &json!({})).await;
        let micros = u32::try_from(started.elapsed().as_micros()).unwrap();
        assert_eq!(all_of(&answer), first, "{}", KINDS[kind]);
        (kind, micros)
    });
    let mut times = vec![Vec::new(); KINDS.len()];
    let mut answered = guesses.buffer_unordered(at_once);
    while let Some((kind, micros)) = answered.next().await {
        times[kind].push(micros);
    }
    drop(answered);
    times.iter_mut().for_each(|times| times.sort_unstable());
    let mut distances = Vec::new();
    for (kind, of_kind) in KINDS.iter().zip(&times) {
        let at = |percent: usize| of_kind[of_kind.len() * percent / 100];
        let [median, high, highest] = [50, 90, 99].map(at);
        let distance = distance(of_kind, &times[0]);
        eprintln!(
            "{kind}: {} guesses; median {median} µs, p90 {high} µs, p99 {highest} µs; {distance:.4} from random",
            of_kind.len()
        );
        distances.push(distance);
    }
    ground.text(&live).await;
    ground.ends().await;
    distances
}

/// The guess `number`, of the kind `kind`.
fn guess(kind: usize, number: usize, spent: &[String], cancelled: &[String]) -> String {
    let random = Claim::draw().unwrap().text().to_string();
    match KINDS[kind] {
        "random" => random,
        "mistyped" => {
            let last = if random.ends_with('A') { 'B' } else { 'A' };
            format!("{}{last}", &random[..random.len() - 1])
        }
        "cut" => random[..number % random.len()].to_owned(),
        "spent" => spent[number % spent.len()].clone(),
        "cancelled" => cancelled[number % cancelled.len()].clone(),
        _ => format!("32012345678{:05}", number % 100_000),
    }
}

/// Claims of lost slips, in whose place there are others.
async fn spent(ground: &Ground) -> Vec<String> {
    let mut claims = Vec::new();
    for number in 0..ONCE_GOOD {
        let id = format!("V-{number}");
        let claim = ground.ana.claims(&dose(&id)).await;
        ground.text(&claim).await;
        ground.ana.claims(&dose_with(&id, "renew")).await;
        claims.push(claim);
    }
    ground.settles().await;
    claims
}

/// Claims of events that were cancelled.
async fn cancelled(ground: &Ground) -> Vec<String> {
    let mut claims = Vec::new();
    for number in 0..ONCE_GOOD {
        let id = format!("C-{number}");
        let claim = ground.ana.claims(&dose(&id)).await;
        ground.text(&claim).await;
        let row = ground.ana.hands_in(&dose_with(&id, "cancel")).await;
        assert_eq!(row["status"], "cancelled");
        claims.push(claim);
    }
    ground.settles().await;
    claims
}

/// Status, headers in their order and body, byte for byte, but for what differs with every request.
fn all_of(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let trace = answer.headers["lintas-trace"].to_str().unwrap();
    let headers = answer.headers.iter().map(|(name, value)| {
        let value = match name.as_str() {
            "lintas-trace" | "date" => value.len().to_string(),
            // What the caller has left, whatever was asked.
            "ratelimit" => "-".to_owned(),
            _ => value.to_str().unwrap().to_owned(),
        };
        (name.to_string(), value)
    });
    let said: Value = answer.json();
    assert_eq!(said["trace"], trace);
    (
        answer.status,
        headers.collect(),
        answer.text.replace(trace, "-"),
    )
}

/// The greatest difference of two samples' distribution functions; both are sorted.
fn distance(one: &[u32], other: &[u32]) -> f64 {
    let share = |sample: &[u32], upto: u32| {
        let below = sample.partition_point(|it| *it <= upto);
        f64::from(u32::try_from(below).unwrap()) / f64::from(u32::try_from(sample.len()).unwrap())
    };
    let steps = one.iter().chain(other);
    let differences = steps.map(|step| (share(one, *step) - share(other, *step)).abs());
    differences.fold(0.0, f64::max)
}

#[test]
fn the_distance_of_samples_is_what_it_should_be() {
    for (one, other, expected) in [
        (&[1, 2, 3, 4][..], &[1, 2, 3, 4][..], 0.0),
        (&[1, 2], &[3, 4], 1.0),
        (&[1, 2, 3, 4], &[3, 4, 5, 6], 0.5),
    ] {
        assert!((distance(one, other) - expected).abs() < 1e-9);
    }
}
