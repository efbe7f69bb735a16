//! The queue, entering what was made of it, the register, and erasing.

use super::desk::{SECOND, acting, claim_key, event, issued, lease, sealed, work};
use super::events::take;
use crate::ground::{Ground, at};
use crate::on_both;
use lintas::failure::{Code, Failure};
use lintas::issue::event::{Action, Profile};
use lintas::model::Kid;
use lintas::server::store::Store;
use lintas::server::store::issuing::{
    IssuedRow, MAX_HELD, MAX_SELECTED, NewEvent, Registered, Selector, Taken, Tally, Which,
};
use std::collections::BTreeSet;
use std::sync::Arc;

on_both! {
    what_does_not_wait_is_not_entered
    the_queue_is_walked_from_end_to_end
    a_stale_lease_enters_nothing
    nothing_stays_of_what_failed
    an_event_without_certificates_is_entered_too
    what_does_not_belong_together_is_refused
    a_selector_means_what_all_its_parts_mean
    pages_stay_right_while_others_enter
    two_nodes_certify_each_event_once
    what_is_over_is_erased
    nothing_is_done_while_records_are_missing
}

async fn taken(store: &dyn Store, count: usize) -> Vec<NewEvent> {
    let events: Vec<_> = (0..count).map(|it| event(&format!("s{it}"), "1")).collect();
    let taken = store.take_in(&events, &[]).await.unwrap();
    assert!(taken.iter().all(|it| *it == Taken::New));
    events
}

fn code<T>(answer: Result<T, Failure>) -> Option<Code> {
    answer.err().map(|it| it.code())
}

async fn the_queue_is_walked_from_end_to_end(ground: Ground) {
    let store = ground.open().await;
    let mut events = taken(store.as_ref(), 3).await;
    // Two of the same moment.
    let mut last = event("s3", "1");
    last.received_at_ms = events[2].received_at_ms;
    assert_eq!(take(store.as_ref(), &last).await, Taken::New);
    events.push(last);
    let (mut which, mut walked) = (Which::Oldest, Vec::new());
    while let Some(waiting) = store.waiting(which, 1).await.unwrap().pop() {
        let event = waiting.event;
        which = Which::Behind {
            received_at_ms: event.received_at_ms,
            event: event.id,
        };
        walked.push(event.id);
        // Whoever stands there may be gone before the next look.
        let lease = lease(store.as_ref()).await;
        store.enter(&[sealed(&event)], &[], &lease).await.unwrap();
    }
    assert_eq!(walked, events.iter().map(|it| it.id).collect::<Vec<_>>());
    store.close().await;
}

async fn what_does_not_wait_is_not_entered(ground: Ground) {
    let store = ground.open().await;
    let events = taken(store.as_ref(), 3).await;
    let lease = lease(store.as_ref()).await;
    let all: Vec<_> = events.iter().map(sealed).collect();
    let stranger = sealed(&event("z", "1"));
    let with_stranger = [&all[..], &[stranger]].concat();
    let refused = store.enter(&with_stranger, &[], &lease).await;
    assert_eq!(code(refused), Some(Code::StoreMoved));
    let twice = [&all[..], &all[..1]].concat();
    let refused = store.enter(&twice, &[], &lease).await;
    assert_eq!(code(refused), Some(Code::StoreMoved));
    // Somebody corrects one while its certificates are made.
    let correction = acting(Action::Correct, "s1", "2");
    take(store.as_ref(), &correction).await;
    let refused = store.enter(&all, &[], &lease).await;
    assert_eq!(code(refused), Some(Code::StoreMoved));
    assert_eq!(store.survey().await.unwrap().certificates, 0);
    let rest = [all[0].clone(), all[2].clone(), sealed(&correction)];
    let told = crate::ground::event("batch");
    store.enter(&rest, &[told], &lease).await.unwrap();
    let refused = store.enter(&rest[..1], &[], &lease).await;
    assert_eq!(code(refused), Some(Code::StoreMoved));
    let survey = store.survey().await.unwrap();
    assert_eq!(
        (survey.certificates, survey.waiting, survey.held),
        (6, 0, 3)
    );
    assert_eq!(store.audit_head().await.unwrap().sequence, 1);
    store.close().await;
}

async fn a_stale_lease_enters_nothing(ground: Ground) {
    let (here, there) = (ground.open().await, ground.open().await);
    let events = taken(here.as_ref(), 2).await;
    let old = lease(here.as_ref()).await;
    let new = there.lease("issuing", "other", at(601), 600).await;
    let new = new.unwrap().unwrap();
    let all: Vec<_> = events.iter().map(sealed).collect();
    let refused = here.enter(&all, &[], &old).await;
    assert_eq!(code(refused), Some(Code::LeaseLost));
    assert_eq!(here.backlog().await.unwrap().0, 2);
    there.enter(&all, &[], &new).await.unwrap();
    here.close().await;
    there.close().await;
}

async fn nothing_stays_of_what_failed(ground: Ground) {
    let store = ground.open().await;
    let events = taken(store.as_ref(), 2).await;
    let lease = lease(store.as_ref()).await;
    ground
        .raw(if ground.is_sqlite() {
            "CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'secret words'); END"
        } else {
            "ALTER TABLE audit ADD CHECK (subject <> 'secret')"
        })
        .await;
    let told = [crate::ground::event("secret")];
    let all: Vec<_> = events.iter().map(sealed).collect();
    let refused = store.enter(&all, &told, &lease).await.unwrap_err();
    assert!(!format!("{refused:?}").contains("secret"), "{refused:?}");
    let more = [event("more", "1")];
    let refused = store.take_in(&more, &told).await.unwrap_err();
    assert!(!format!("{refused:?}").contains("secret"), "{refused:?}");
    let survey = store.survey().await.unwrap();
    assert_eq!((survey.events, survey.waiting, survey.receipts), (2, 2, 2));
    assert_eq!((survey.held, survey.certificates), (0, 0));
    store.close().await;
}

async fn an_event_without_certificates_is_entered_too(ground: Ground) {
    let store = ground.open().await;
    let events = taken(store.as_ref(), 1).await;
    let lease = lease(store.as_ref()).await;
    let mut nothing = sealed(&events[0]);
    nothing.issued.clear();
    store.enter(&[nothing], &[], &lease).await.unwrap();
    assert_eq!(store.backlog().await.unwrap().0, 0);
    assert!(store.held(&events[0].claim_key).await.unwrap().is_some());
    assert_eq!(
        take(store.as_ref(), &event("s0", "1")).await,
        Taken::Known {
            claim_again: Some(events[0].claim_again.clone())
        }
    );
    store.close().await;
}

async fn what_does_not_belong_together_is_refused(ground: Ground) {
    let store = ground.open().await;
    let events = taken(store.as_ref(), 2).await;
    work(store.as_ref()).await;
    let cancel = acting(Action::Cancel, "s0", "1");
    take(store.as_ref(), &cancel).await;
    let lease = lease(store.as_ref()).await;
    let fresh = event("fresh", "1");
    take(store.as_ref(), &fresh).await;
    let mut anothers = sealed(&fresh);
    anothers.issued[0].event = events[1].id;
    let mut twice = sealed(&fresh);
    twice.issued[1].profile = twice.issued[0].profile;
    let mut large = sealed(&fresh);
    large.held.as_mut().unwrap().body = vec![0; MAX_HELD + 1];
    let mut cancelled = sealed(&event("other", "1"));
    cancelled.event = cancel.id;
    cancelled.issued.clear();
    for refused in [anothers, twice, large, cancelled] {
        let refused = store.enter(&[refused], &[], &lease).await;
        assert_eq!(code(refused), Some(Code::RequestInvalid));
    }
    assert_eq!(store.backlog().await.unwrap().0, 2);
    store.close().await;
}

fn numbers(rows: &[IssuedRow]) -> Vec<u64> {
    rows.iter().map(|it| it.number).collect()
}

async fn a_selector_means_what_all_its_parts_mean(ground: Ground) {
    let store = ground.open().await;
    let mut events: Vec<_> = (0..6).map(|it| event(&format!("s{it}"), "1")).collect();
    events[1].operator = "clerk-2".into();
    events[2].operator = "clerk-2".into();
    events[2].facility = "other".into();
    events[3].lot = None;
    events[4].lot = Some("B2".into());
    events[4].batch = "f".repeat(32);
    events[5].submitted_by = "hospital-b".into();
    for (event, second) in events.iter_mut().zip(0..) {
        event.received_at_ms = (at(0).seconds() + second * 100) * SECOND;
    }
    store.take_in(&events, &[]).await.unwrap();
    work(store.as_ref()).await;
    let all = Selector::default();
    let rows = store.select(&all, 0, 100).await.unwrap();
    assert_eq!(numbers(&rows), (1..=12).collect::<Vec<_>>());
    let mut expected = issued(&events[0], rows[0].profile);
    expected.number = 1;
    assert_eq!(rows[0], expected);
    let kid = |byte| Kid::from_bytes(&[byte; 8]);
    let text = |it: &str| Some(it.to_owned());
    let hashes = vec![
        issued(&events[0], Profile::EuDcc).uvci,
        issued(&events[2], Profile::WhoDdcc).country_uvci,
        issued(&events[2], Profile::WhoDdcc).signature,
    ];
    type Change<'a> = &'a dyn Fn(&mut Selector);
    let cases: [(Change<'_>, &[u64]); 13] = [
        (&|it| it.operator = text("clerk-2"), &[3, 4, 5, 6]),
        (&|it| it.facility = text("other"), &[5, 6]),
        (&|it| it.lot = text("B2"), &[9, 10]),
        (&|it| it.batch = text(&"f".repeat(32)), &[9, 10]),
        (&|it| it.submitted_by = text("hospital-b"), &[11, 12]),
        (
            &|it| it.kid = kid(7),
            &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        ),
        (&|it| it.kid = kid(8), &[]),
        (
            &|it| (it.from, it.to) = (Some(at(100)), Some(at(300))),
            &[3, 4, 5, 6],
        ),
        (
            &|it| it.events = vec![events[5].id, events[0].id],
            &[1, 2, 11, 12],
        ),
        (&|it| it.hashes = hashes.clone(), &[1, 6]),
        (
            &|it| {
                it.operator = text("clerk-2");
                it.to = Some(at(200));
            },
            &[3, 4],
        ),
        (
            &|it| {
                it.hashes = hashes.clone();
                it.operator = text("clerk-2");
            },
            &[6],
        ),
        (&|it| it.operator = text("' OR 1 = 1 --"), &[]),
    ];
    for (number, (change, expected)) in cases.into_iter().enumerate() {
        let mut selector = Selector::default();
        change(&mut selector);
        let rows = store.select(&selector, 0, 100).await.unwrap();
        // The forms of one event stand in no promised order.
        let found: BTreeSet<_> = rows.iter().map(|it| it.number.div_ceil(2)).collect();
        let events: BTreeSet<_> = expected.iter().map(|it| it.div_ceil(2)).collect();
        assert_eq!(
            (found, rows.len()),
            (events, expected.len()),
            "case {number}"
        );
        let tally = store.tally(&selector).await.unwrap();
        assert_eq!(tally.certificates, u64::try_from(expected.len()).unwrap());
        assert_eq!(tally.through, 12);
    }
    let by = Selector {
        operator: text("clerk-2"),
        ..Selector::default()
    };
    assert_eq!(
        store.tally(&by).await.unwrap(),
        Tally {
            certificates: 4,
            events: 2,
            facilities: 2,
            operators: 1,
            through: 12,
            first: Some(at(100)),
            last: Some(at(200)),
        }
    );
    let page = store.select(&all, 4, 3).await.unwrap();
    assert_eq!(numbers(&page), [5, 6, 7]);
    let named = Selector {
        events: vec![events[5].id, events[0].id],
        ..Selector::default()
    };
    assert_eq!(numbers(&store.select(&named, 1, 2).await.unwrap()), [2, 11]);
    let many = Selector {
        events: vec![[0; 16]; MAX_SELECTED + 1],
        ..Selector::default()
    };
    assert_eq!(code(store.tally(&many).await), Some(Code::InputTooLarge));
    store.close().await;
}

/// Whoever goes on behind the last row that he saw misses none.
async fn pages_stay_right_while_others_enter(ground: Ground) {
    let ground = Arc::new(ground);
    let writer = {
        let ground = Arc::clone(&ground);
        actix_web::rt::spawn(async move {
            let store = ground.open().await;
            for round in 0..20 {
                let events: Vec<_> = (0..5)
                    .map(|it| event(&format!("{round}-{it}"), "1"))
                    .collect();
                store.take_in(&events, &[]).await.unwrap();
                work(store.as_ref()).await;
            }
            store.close().await;
        })
    };
    let store = ground.open().await;
    let all = Selector::default();
    let (mut seen, mut after) = (Vec::new(), 0);
    let mut checked = 0;
    while seen.len() < 200 {
        let tally = store.tally(&all).await.unwrap();
        assert_eq!(tally.certificates, tally.through, "no number is left out");
        let page = store.select(&all, after, 7).await.unwrap();
        after = page.last().map_or(after, |it| it.number);
        seen.extend(numbers(&page));
        checked += 1;
        assert!(checked < 10_000);
    }
    assert_eq!(seen, (1..=200).collect::<Vec<_>>());
    writer.await.unwrap();
    store.close().await;
}

async fn two_nodes_certify_each_event_once(ground: Ground) {
    let ground = Arc::new(ground);
    let first = ground.open().await;
    taken(first.as_ref(), 60).await;
    let mut tasks = Vec::new();
    for node in 0..3 {
        let ground = Arc::clone(&ground);
        tasks.push(actix_web::rt::spawn(async move {
            let store = ground.open().await;
            let mut done = 0;
            for round in 0..200 {
                // Nobody waits for another's lease: the newest token enters, the others lose.
                let now = at(1000 * (round * 3 + node));
                let Some(lease) = store
                    .lease("issuing", &format!("{node}"), now, 1)
                    .await
                    .unwrap()
                else {
                    continue;
                };
                let waiting = store.waiting(Which::Newest, 4).await.unwrap();
                if waiting.is_empty() {
                    break;
                }
                let sealed: Vec<_> = waiting.iter().map(|it| sealed(&it.event)).collect();
                match store.enter(&sealed, &[], &lease).await {
                    Ok(()) => done += sealed.len(),
                    Err(failure) => assert!(
                        matches!(failure.code(), Code::LeaseLost | Code::StoreMoved),
                        "{failure}"
                    ),
                }
            }
            store.close().await;
            done
        }));
    }
    let mut done = 0;
    for task in tasks {
        done += task.await.unwrap();
    }
    assert_eq!(done, 60);
    let survey = first.survey().await.unwrap();
    assert_eq!((survey.certificates, survey.waiting), (120, 0));
    let rows = first.select(&Selector::default(), 0, 1000).await.unwrap();
    assert_eq!(numbers(&rows), (1..=120).collect::<Vec<_>>());
    first.close().await;
}

async fn what_is_over_is_erased(ground: Ground) {
    let store = ground.open().await;
    let mut old = event("old", "1");
    old.received_at_ms = at(-8 * 86_400).seconds() * SECOND;
    old.body = b"SECRET-BODY-OF-OLD".repeat(20);
    let done = event("done", "1");
    store
        .take_in(&[old.clone(), done.clone()], &[])
        .await
        .unwrap();
    let lease = lease(store.as_ref()).await;
    let mut made = sealed(&done);
    made.held.as_mut().unwrap().body = b"SECRET-HELD-OF-DONE".repeat(20);
    store.enter(&[made], &[], &lease).await.unwrap();
    // A cancellation holds nobody's data: it waits until certificates are withdrawn by it.
    let mut cancel = acting(Action::Cancel, "done", "1");
    cancel.received_at_ms = old.received_at_ms;
    let kept = event("kept", "1");
    take(store.as_ref(), &kept).await;
    let week = at(-7 * 86_400);
    assert_eq!(store.expire(at(0), week).await.unwrap(), (0, 1));
    let head = store.audit_head().await.unwrap();
    let told = &store.audit_rows(head.sequence - 1, 1).await.unwrap()[0].event;
    assert_eq!((told.event.as_str(), told.at), ("issuing.expired", at(0)));
    assert!(
        told.detail.starts_with("1 waited too long"),
        "{}",
        told.detail
    );
    assert_eq!(store.expire(at(90 * 86_400), week).await.unwrap(), (0, 0));
    assert!(store.held(&done.claim_key).await.unwrap().is_some());
    assert_eq!(
        store.expire(at(90 * 86_400 + 1), week).await.unwrap(),
        (1, 0)
    );
    assert_eq!(store.held(&done.claim_key).await.unwrap(), None);
    take(store.as_ref(), &cancel).await;
    assert_eq!(
        store.expire(at(90 * 86_400 + 1), week).await.unwrap(),
        (0, 0)
    );
    let survey = store.survey().await.unwrap();
    assert_eq!((survey.events, survey.waiting, survey.receipts), (4, 2, 0));
    assert_eq!((survey.held, survey.certificates), (0, 2));
    // What was erased is in no file of SQLite any more, though the store is still open.
    if ground.is_sqlite() {
        for file in ["lintas.db", "lintas.db-wal"] {
            let bytes = std::fs::read(ground.data.path().join(file)).unwrap();
            for secret in ["SECRET-BODY-OF-OLD", "SECRET-HELD-OF-DONE"] {
                let found = bytes
                    .windows(secret.len())
                    .any(|it| it == secret.as_bytes());
                assert!(!found, "{secret} is in {file}");
            }
        }
    }
    // The register goes on knowing it.
    let mark = issued(&done, Profile::EuDcc).mark;
    assert_eq!(store.registered(&[mark]).await.unwrap(), [Registered::Yes]);
    store.close().await;
}

async fn nothing_is_done_while_records_are_missing(ground: Ground) {
    let store = ground.open().await;
    store
        .append(&crate::ground::records("a", 3), &[], None)
        .await
        .unwrap();
    let events = taken(store.as_ref(), 2).await;
    let lease = lease(store.as_ref()).await;
    ground.raw("DELETE FROM records WHERE sequence = 3").await;
    let refused = store.take_in(&[event("z", "1")], &[]).await;
    assert_eq!(code(refused), Some(Code::StoreIncomplete));
    let entered = store.enter(&[sealed(&events[0])], &[], &lease).await;
    let key = claim_key(&events[0].id);
    let answers = [
        code(entered),
        code(store.waiting(Which::Oldest, 1).await),
        code(store.backlog().await),
        code(store.held(&key).await),
        code(store.registered(&[]).await),
        code(store.select(&Selector::default(), 0, 1).await),
        code(store.tally(&Selector::default()).await),
        code(store.standing(&events[0].source_key).await),
        code(store.expire(at(0), at(0)).await),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, Some(Code::StoreIncomplete), "call {number}");
    }
    store.close().await;
}
