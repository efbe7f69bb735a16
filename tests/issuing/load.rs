//! How long a certificate takes, with and without a backlog: by hand, since it takes minutes and measures.
//!
//! `LINTAS_LOAD_SECONDS` (60) of 200 events a second beside `LINTAS_LOAD_BACKLOG` (0) events that wait already, on the store
//! that `LINTAS_LOAD_STORE` names as configuration, SQLite where it names none.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a stopwatch, set from outside, whose figures are read by people"
)]

use crate::ground::{Ground, dose};
use lintas::server::gateway::Clock;
use serde_json::{Value, json};
use std::env;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[actix_web::test]
#[ignore = "takes minutes and measures"]
async fn events_become_certificates_in_time() {
    let seconds = number("LINTAS_LOAD_SECONDS", 60);
    let backlog = number("LINTAS_LOAD_BACKLOG", 0);
    let store = env::var("LINTAS_LOAD_STORE").unwrap_or_default();
    let toml = format!(
        "{store}\n[issuing]\nevents_per_minute = 10000000\nevents_burst = 10000000\nalarm_events_per_day = 0\n"
    );
    let ground = Arc::new(Ground::configured(&toml, Clock::System).await);
    let records = ground.gateway.gateway().records().unwrap();
    let now = || Clock::System.now();
    fill(&ground, backlog).await;
    let (waiting, _) = records.store().backlog().await.unwrap();
    println!("{waiting} events wait");
    let ages = Arc::new(Mutex::new(Vec::new()));
    let started = Instant::now();
    let handed_in = Arc::new(Mutex::new(Vec::new()));
    let mut unfetched = Vec::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    let (mut sent, mut fetched_at) = (0_u64, Instant::now());
    while started.elapsed() < Duration::from_secs(seconds) {
        ticks.tick().await;
        // Callers do not wait for each other.
        let (caller, told) = (Arc::clone(&ground), Arc::clone(&handed_in));
        actix_web::rt::spawn(async move {
            let began = Instant::now();
            let mut claims = hand_in(&caller, "fresh", sent, 20).await;
            // One in twenty is followed to the end.
            told.lock().unwrap().push((began, claims.swap_remove(0)));
        });
        sent += 20;
        unfetched.append(&mut handed_in.lock().unwrap());
        if fetched_at.elapsed() > Duration::from_millis(500) {
            fetched_at = Instant::now();
            fetch(&ground, &mut unfetched, &ages).await;
        }
        if sent % 12_000 == 0 {
            let (waiting, oldest) = records.store().backlog().await.unwrap();
            let oldest = oldest.map_or(0, |at| now().seconds() - at.seconds());
            println!(
                "{:?}: {waiting} wait, the oldest for {oldest} s",
                started.elapsed()
            );
        }
    }
    let (left, _) = records.store().backlog().await.unwrap();
    let took = started.elapsed().as_secs_f64();
    while u64::try_from(ages.lock().unwrap().len() + unfetched.len()).unwrap() < sent / 20
        && started.elapsed() < Duration::from_secs(seconds + 60)
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
        unfetched.append(&mut handed_in.lock().unwrap());
    }
    while !unfetched.is_empty() && started.elapsed() < Duration::from_secs(seconds + 120) {
        tokio::time::sleep(Duration::from_millis(500)).await;
        fetch(&ground, &mut unfetched, &ages).await;
    }
    let mut ages = ages.lock().unwrap().clone();
    ages.sort();
    let at = |share: usize| ages[(ages.len() * share / 1000).min(ages.len() - 1)];
    println!(
        "{sent} events in {took:.0} s ({:.0} a second); followed {}, never there {}",
        f64::from(u32::try_from(sent).unwrap()) / took,
        ages.len(),
        unfetched.len()
    );
    println!(
        "from handing in to fetched: median {:?}, p99 {:?}, p99.9 {:?}, longest {:?}",
        at(500),
        at(990),
        at(999),
        ages[ages.len() - 1]
    );
    let done = (waiting + sent).saturating_sub(left);
    println!(
        "{done} events got certificates in that time, {:.0} a second; {left} wait",
        f64::from(u32::try_from(done).unwrap()) / took
    );
    assert_eq!(u64::try_from(ages.len()).unwrap(), sent / 20);
    assert!(unfetched.is_empty() && at(990) <= Duration::from_secs(60));
    Arc::into_inner(ground).unwrap().ends().await;
}

/// Takes `backlog` events in while nobody makes certificates.
async fn fill(ground: &Ground, backlog: u64) {
    let records = ground.gateway.gateway().records().unwrap();
    let (mut sent, started) = (0, Instant::now());
    while sent < backlog {
        // Whoever holds the lease keeps the worker out.
        while records
            .store()
            .lease("issuing", "load", Clock::System.now(), 600)
            .await
            .unwrap()
            .is_none()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let piece = (backlog - sent).min(10_000);
        hand_in(ground, "backlog", sent, piece).await;
        sent += piece;
    }
    if sent > 0 {
        println!("{sent} events taken in within {:?}", started.elapsed());
        let lease = records
            .store()
            .lease("issuing", "load", Clock::System.now(), 600)
            .await
            .unwrap();
        let now = Clock::System.now();
        records.store().release(&lease.unwrap(), now).await.unwrap();
    }
}

async fn hand_in(ground: &Ground, name: &str, from: u64, count: u64) -> Vec<String> {
    let lines: Vec<_> = (from..from + count)
        .map(|number| {
            let mut event = dose(&format!("{name}-{number}"));
            event["person"]["given_name"] = json!(format!("Dewi {}", letters(number)));
            event.to_string()
        })
        .collect();
    let answer = ground
        .ana
        .post("/v1/events", "application/x-ndjson", lines.join("\n"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    let rows = answer["rows"].as_array().unwrap();
    let claim = |row: &Value| {
        assert_eq!(row["status"], "taken", "{row}");
        row["claim"].as_str().unwrap().to_owned()
    };
    rows.iter().map(claim).collect()
}

async fn fetch(
    ground: &Ground,
    unfetched: &mut Vec<(Instant, String)>,
    ages: &Mutex<Vec<Duration>>,
) {
    let mut still = Vec::new();
    for (since, claim) in unfetched.drain(..) {
        let answer = ground.fetch(&claim, &json!({})).await;
        match answer.status {
            200 => ages.lock().unwrap().push(since.elapsed()),
            202 => still.push((since, claim)),
            _ => panic!("{}", answer.text),
        }
    }
    *unfetched = still;
}

/// A number in letters, as names have no digits.
fn letters(number: u64) -> String {
    let digits = number.to_string();
    digits
        .bytes()
        .map(|digit| char::from(b'a' + (digit - b'0')))
        .collect()
}

fn number(name: &str, usual: u64) -> u64 {
    env::var(name).map_or(usual, |text| text.parse().unwrap())
}
