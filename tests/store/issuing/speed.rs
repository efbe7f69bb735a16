//! How fast events are taken in and entered; told, not judged. `LINTAS_STORE_FSYNC=on` makes PostgreSQL as durable as in use:
//! `LINTAS_STORE_FSYNC=on cargo test --release --test store speed -- --ignored --nocapture --test-threads=1`.
#![allow(
    clippy::disallowed_methods,
    reason = "a stopwatch, and how much is measured"
)]

use super::desk::{event, lease, sealed};
use crate::ground::Ground;
use crate::on_both;
use lintas::server::store::issuing::{Selector, Which};
use std::time::Instant;

on_both! {
    #[ignore = "a measurement"]
    events_per_second
    #[ignore = "a measurement"]
    a_million_rows_put_there_by_hand
}

fn size(usual: usize) -> usize {
    let events = std::env::var("LINTAS_STORE_EVENTS").ok();
    events.map_or(usual, |it| it.parse().unwrap())
}

async fn events_per_second(ground: Ground) {
    let store = ground.open().await;
    let events: Vec<_> = (0..size(20_000))
        .map(|it| event(&format!("s{it}"), "1"))
        .collect();
    let rate = |count: usize, started: Instant| {
        let seconds = started.elapsed().as_secs_f64();
        format!(
            "{:.0}/s",
            f64::from(u32::try_from(count).unwrap()) / seconds
        )
    };
    let name = if ground.is_sqlite() {
        "SQLite"
    } else {
        "PostgreSQL"
    };
    let started = Instant::now();
    for call in events.chunks(1000) {
        let told = crate::ground::event("batch");
        store.take_in(call, &[told]).await.unwrap();
    }
    eprintln!(
        "{name}: taken in, 1000 at once: {}",
        rate(events.len(), started)
    );
    let lease = lease(store.as_ref()).await;
    let started = Instant::now();
    loop {
        let waiting = store.waiting(Which::Oldest, 500).await.unwrap();
        if waiting.is_empty() {
            break;
        }
        let sealed: Vec<_> = waiting.iter().map(|it| sealed(&it.event)).collect();
        store.enter(&sealed, &[], &lease).await.unwrap();
    }
    eprintln!(
        "{name}: entered with two certificates each, 500 at once: {}",
        rate(events.len(), started)
    );
    let single: Vec<_> = (0..500).map(|it| event(&format!("t{it}"), "1")).collect();
    let started = Instant::now();
    for event in &single {
        let told = crate::ground::event("one");
        let event = std::slice::from_ref(event);
        store.take_in(event, &[told]).await.unwrap();
    }
    eprintln!(
        "{name}: taken in, one at a time: {}",
        rate(single.len(), started)
    );
    let started = Instant::now();
    let single: Vec<_> = (0..2000).map(|it| event(&format!("u{it}"), "1")).collect();
    let mut counters = Vec::new();
    for counter in single.chunks(single.len() / 16) {
        let (store, events) = (std::sync::Arc::clone(&store), counter.to_vec());
        counters.push(actix_web::rt::spawn(async move {
            for event in events {
                let told = crate::ground::event("one");
                store.take_in(&[event], &[told]).await.unwrap();
            }
        }));
    }
    for counter in counters {
        counter.await.unwrap();
    }
    eprintln!(
        "{name}: taken in, one at a time at 16 counters: {}",
        rate(single.len(), started)
    );
    let started = Instant::now();
    for event in events.iter().take(2000) {
        assert!(store.held(&event.claim_key).await.unwrap().is_some());
    }
    eprintln!("{name}: fetched: {}", rate(2000.min(events.len()), started));
    let started = Instant::now();
    let marks: Vec<_> = events
        .iter()
        .take(5000)
        .map(|it| sealed(it).issued[0].mark)
        .collect();
    store.registered(&marks).await.unwrap();
    eprintln!(
        "{name}: asked of the register: {}",
        rate(marks.len(), started)
    );
    let started = Instant::now();
    let tally = store.tally(&Selector::default()).await.unwrap();
    let certificates = usize::try_from(tally.certificates).unwrap();
    eprintln!(
        "{name}: counted with their seals: {}",
        rate(certificates, started)
    );
    store.close().await;
}

/// Somebody who may write into the database fills the queue and the register.
async fn a_million_rows_put_there_by_hand(ground: Ground) {
    let store = ground.open().await;
    let rows = size(1_000_000);
    let first = event("first", "1");
    store
        .take_in(std::slice::from_ref(&first), &[])
        .await
        .unwrap();
    super::tamper::fill(&ground, rows).await;
    let started = Instant::now();
    // Each call may be cut off; what it has erased stays erased.
    let waiting = loop {
        if let Ok(waiting) = store.waiting(Which::Newest, 10).await {
            break waiting;
        }
        eprintln!("not yet after {:.1?}", started.elapsed());
    };
    eprintln!("{rows} rows passed in {:.1?}", started.elapsed());
    assert_eq!(waiting.len(), 1);
    let lease = lease(store.as_ref()).await;
    let started = Instant::now();
    store.enter(&[sealed(&first)], &[], &lease).await.unwrap();
    eprintln!("entered past {rows} rows in {:.1?}", started.elapsed());
    let second = event("second", "1");
    store
        .take_in(std::slice::from_ref(&second), &[])
        .await
        .unwrap();
    let started = Instant::now();
    assert_eq!(store.waiting(Which::Oldest, 10).await.unwrap().len(), 1);
    store.enter(&[sealed(&second)], &[], &lease).await.unwrap();
    eprintln!("the next one in {:.1?}", started.elapsed());
    store.close().await;
}
