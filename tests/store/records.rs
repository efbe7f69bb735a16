//! Adding and reading records; writers beside each other; leases.

use crate::ground::{Ground, all, at, event, names, record, records};
use crate::on_both;
use lintas::failure::Code;
use lintas::server::store::{Head, Lease, MAX_BODY, MAX_TEXT, Wholeness};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

on_both! {
    what_is_added_comes_back_in_order
    nothing_stays_of_what_failed
    many_writers_leave_no_number_out
    a_writer_that_was_overtaken_tries_again
    one_holder_has_a_lease_at_a_time
    a_stale_token_adds_nothing
    ceilings_are_asked_before_the_database
    another_handle_hears_of_the_head
    many_may_open_a_store_at_once
}

async fn what_is_added_comes_back_in_order(ground: Ground) {
    let store = ground.open().await;
    assert_eq!(store.head().await.unwrap(), Head::EMPTY);
    assert!(store.records(0, 10).await.unwrap().is_empty());
    let mut first = records("a", 3);
    first[1].country = None;
    first[2].body = vec![0, 255, 7];
    store.append(&first, &[], None).await.unwrap();
    let head = store.append(&records("b", 20), &[], None).await.unwrap();
    assert_eq!((head.sequence, store.head().await.unwrap()), (23, head));
    let rows = all(store.as_ref()).await.unwrap();
    let expected = [first, records("b", 20)].concat();
    for (index, (row, expected)) in rows.iter().zip(&expected).enumerate() {
        assert_eq!(usize::try_from(row.sequence).unwrap(), index + 1);
        assert_eq!(row.record.as_ref().unwrap(), expected);
    }
    assert_eq!(rows.len(), expected.len());
    store.close().await;
    let again = ground.open().await;
    assert_eq!(again.head().await.unwrap(), head);
    assert_eq!(again.wholeness(), Wholeness::Whole);
    again.close().await;
}

async fn nothing_stays_of_what_failed(ground: Ground) {
    let store = ground.open().await;
    let before = store.append(&records("a", 2), &[event("a")], None).await;
    let before = before.unwrap();
    ground
        .raw(if ground.is_sqlite() {
            "CREATE TRIGGER no BEFORE INSERT ON audit WHEN NEW.subject = 'secret' \
             BEGIN SELECT RAISE(ABORT, 'secret words'); END"
        } else {
            "ALTER TABLE audit ADD CHECK (subject <> 'secret')"
        })
        .await;
    let mut secret = event("secret");
    secret.detail = "hidden words".into();
    let refused = store
        .append(&records("b", 5), &[event("b"), secret], None)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::StoreUnavailable);
    // The database quotes the row that it refuses; that must not get into a log.
    let told = format!("{refused} {refused:?}");
    for word in ["secret", "hidden"] {
        assert!(!told.contains(word), "{told}");
    }
    if let Some((server, _)) = &ground.server {
        let log = server.log();
        assert!(log.contains("violates check constraint"), "{log}");
        assert!(!log.contains("hidden"), "{log}");
    }
    assert_eq!(store.head().await.unwrap(), before);
    assert_eq!(names(store.as_ref()).await, ["a0", "a1"]);
    assert_eq!(store.audit_head().await.unwrap().sequence, 1);
    let after = store.append(&records("c", 1), &[event("c")], None).await;
    assert_eq!(after.unwrap().sequence, 3);
    store.close().await;
}

async fn many_writers_leave_no_number_out(ground: Ground) {
    let handles = [ground.open().await, ground.open().await];
    let mut tasks = Vec::new();
    for writer in 0..16 {
        let store = Arc::clone(&handles[writer % 2]);
        tasks.push(actix_web::rt::spawn(async move {
            for batch in 0..8 {
                let added = records(&format!("w{writer}-{batch}-"), 3);
                store
                    .append(&added, &[event(&format!("w{writer}"))], None)
                    .await
                    .unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let rows = all(handles[0].as_ref()).await.unwrap();
    let numbers: Vec<_> = rows.iter().map(|it| it.sequence).collect();
    assert_eq!(numbers, (1..=16 * 8 * 3).collect::<Vec<_>>());
    let found: Vec<_> = rows.into_iter().map(|it| it.record.unwrap().name).collect();
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
    for batch in found.chunks(3) {
        let batches: BTreeSet<_> = batch
            .iter()
            .map(|it| it.rsplit_once('-').unwrap().0)
            .collect();
        assert_eq!(batches.len(), 1, "a batch was torn: {batch:?}");
    }
    let heads = [
        handles[0].head().await.unwrap(),
        handles[1].head().await.unwrap(),
    ];
    assert_eq!(heads[0], heads[1]);
    assert_eq!(handles[1].audit_head().await.unwrap().sequence, 16 * 8);
    for handle in handles {
        handle.close().await;
    }
}

/// The lock among writers is a courtesy: somebody who does not keep it costs an attempt, and nothing else.
async fn a_writer_that_was_overtaken_tries_again(ground: Ground) {
    let store = ground.open().await;
    store.append(&records("a", 1), &[], None).await.unwrap();
    let mut rude = ground.connection().await;
    let blob = if ground.is_sqlite() {
        "zeroblob(32)"
    } else {
        "decode(repeat('00', 32), 'hex')"
    };
    let begin = if ground.is_sqlite() {
        "BEGIN IMMEDIATE"
    } else {
        "BEGIN"
    };
    let rudely = format!(
        "{begin}; INSERT INTO records (sequence, previous, previous_seal, kind, source, name, country, received_at, body, \
         seal) VALUES (2, 1, {blob}, 'rule', 's', 'n', NULL, 1, {blob}, {blob})"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(rudely))
        .execute(&mut rude)
        .await
        .unwrap();
    let overtaken = Arc::clone(&store);
    let added =
        actix_web::rt::spawn(async move { overtaken.append(&records("b", 2), &[], None).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    sqlx::raw_sql("COMMIT").execute(&mut rude).await.unwrap();
    assert_eq!(added.await.unwrap().unwrap().sequence, 4);
    assert_eq!(names(store.as_ref()).await, ["a0", "b0", "b1"]);
    store.close().await;
}

async fn one_holder_has_a_lease_at_a_time(ground: Ground) {
    let (here, there) = (ground.open().await, ground.open().await);
    let first = here.lease("publish", "here", at(0), 60).await.unwrap();
    let first = first.unwrap();
    assert_eq!((first.token, first.expires_at), (1, at(60)));
    assert_eq!(
        there.lease("publish", "there", at(59), 60).await.unwrap(),
        None
    );
    assert!(
        there
            .lease("sync", "there", at(0), 60)
            .await
            .unwrap()
            .is_some()
    );
    let renewed = here.lease("publish", "here", at(30), 60).await.unwrap();
    let renewed = renewed.unwrap();
    assert_eq!((renewed.token, renewed.expires_at), (2, at(90)));
    // What was renewed cannot be given back by its old token.
    here.release(&first, at(31)).await.unwrap();
    assert_eq!(
        there.lease("publish", "there", at(31), 60).await.unwrap(),
        None
    );
    here.release(&renewed, at(32)).await.unwrap();
    let taken = there.lease("publish", "there", at(32), 60).await.unwrap();
    assert_eq!(taken.unwrap().token, 4);
    let late = here.lease("publish", "here", at(92), 60).await.unwrap();
    assert_eq!(late.unwrap().token, 5, "what ran out is free");
    let mut tasks = Vec::new();
    for holder in 0..12 {
        let store = Arc::clone(if holder % 2 == 0 { &here } else { &there });
        tasks.push(actix_web::rt::spawn(async move {
            let holder = format!("holder {holder}");
            store.lease("race", &holder, at(0), 60).await.unwrap()
        }));
    }
    let mut winners: Vec<Lease> = Vec::new();
    for task in tasks {
        winners.extend(task.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    here.close().await;
    there.close().await;
}

async fn a_stale_token_adds_nothing(ground: Ground) {
    let (here, there) = (ground.open().await, ground.open().await);
    let slow = here.lease("publish", "here", at(0), 10).await.unwrap();
    let slow = slow.unwrap();
    let added = here
        .append(&records("a", 1), &[event("a")], Some(&slow))
        .await;
    let before = added.unwrap();
    // Here stalls; there takes over when the time is up.
    let quick = there.lease("publish", "there", at(11), 10).await.unwrap();
    let quick = quick.unwrap();
    let refused = here
        .append(&records("b", 1), &[event("b")], Some(&slow))
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::LeaseLost);
    // Its own older token is stale, too.
    let renewed = there.lease("publish", "there", at(12), 10).await.unwrap();
    let stale = there.append(&records("b", 1), &[], Some(&quick)).await;
    assert_eq!(stale.unwrap_err().code(), Code::LeaseLost);
    let quick = renewed.unwrap();
    let mut forged = quick.clone();
    forged.holder = "here".into();
    let refused = here.append(&records("b", 1), &[], Some(&forged)).await;
    assert_eq!(refused.unwrap_err().code(), Code::LeaseLost);
    assert_eq!(here.head().await.unwrap(), before);
    assert_eq!(here.audit_head().await.unwrap().sequence, 1);
    let added = there.append(&records("c", 1), &[], Some(&quick)).await;
    assert_eq!(added.unwrap().sequence, 2);
    here.close().await;
    there.close().await;
}

async fn ceilings_are_asked_before_the_database(ground: Ground) {
    let store = ground.open().await;
    let mut largest = record("largest");
    largest.body = vec![1; MAX_BODY];
    largest.name = "n".repeat(MAX_TEXT);
    store
        .append(std::slice::from_ref(&largest), &[], None)
        .await
        .unwrap();
    assert_eq!(all(store.as_ref()).await.unwrap().len(), 1);
    let mut too_large = largest.clone();
    too_large.body.push(1);
    let mut too_long = record("");
    too_long.name = "n".repeat(MAX_TEXT + 1);
    for refused in [too_large, too_long, record("zero\0byte")] {
        let refused = store.append(&[record("fine"), refused], &[], None).await;
        assert_eq!(refused.unwrap_err().code(), Code::RequestInvalid);
    }
    assert_eq!(store.head().await.unwrap().sequence, 1);
    store.close().await;
}

async fn many_may_open_a_store_at_once(ground: Ground) {
    let ground = Arc::new(ground);
    let mut tasks = Vec::new();
    for opener in 0..6 {
        let ground = Arc::clone(&ground);
        tasks.push(actix_web::rt::spawn(async move {
            let store = ground.open().await;
            let added = records(&format!("{opener}-"), 2);
            store.append(&added, &[], None).await.unwrap();
            store.close().await;
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Whole);
    assert_eq!(names(store.as_ref()).await.len(), 12);
    store.close().await;
}

async fn another_handle_hears_of_the_head(ground: Ground) {
    let (here, there) = (ground.open().await, ground.open().await);
    for round in 1..=5 {
        let head = here.append(&records("a", 2), &[], None).await.unwrap();
        assert_eq!(head.sequence, round * 2);
        assert_eq!(there.head().await.unwrap(), head);
    }
    let fresh = there.records(8, 10).await.unwrap();
    assert_eq!(
        fresh.iter().map(|it| it.sequence).collect::<Vec<_>>(),
        [9, 10]
    );
    here.close().await;
    there.close().await;
}
