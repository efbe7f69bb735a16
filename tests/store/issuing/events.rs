//! What an event means beside what was taken in before.

use super::desk::{SECOND, acting, event, filled, issued, sealed, work};
use crate::ground::{Ground, at};
use crate::on_both;
use lintas::failure::Code;
use lintas::issue::event::{Action, Profile};
use lintas::model::UnixTime;
use lintas::server::store::Store;
use lintas::server::store::issuing::{MAX_BATCH, MAX_WAITING, NewEvent, Registered, Taken, Which};

on_both! {
    what_is_taken_in_comes_back_from_the_queue
    the_same_again_is_known_and_hears_its_claim_for_a_day
    the_same_source_saying_something_else_is_a_conflict
    a_correction_takes_the_place_of_what_it_corrects
    a_cancellation_leaves_nothing
    a_renewal_says_the_same
    nobody_corrects_what_is_not_known
    nobody_changes_an_event_of_another_facility
    events_of_one_call_come_one_after_the_other
    certificates_are_withdrawn_whatever_lies_between
    a_large_call_is_one_transaction
    ceilings_are_asked_before_the_database
}

pub(super) async fn take(store: &dyn Store, event: &NewEvent) -> Taken {
    let taken = store.take_in(std::slice::from_ref(event), &[]).await;
    taken.unwrap().remove(0)
}

fn known(event: &NewEvent) -> Taken {
    Taken::Known {
        claim_again: Some(event.claim_again.clone()),
    }
}

/// The second in which `event` came.
fn second(event: &NewEvent) -> UnixTime {
    UnixTime::from_seconds(event.received_at_ms / SECOND).unwrap()
}

async fn waiting_ids(store: &dyn Store) -> Vec<[u8; 16]> {
    let waiting = store.waiting(Which::Oldest, 1000).await.unwrap();
    waiting.into_iter().map(|it| it.event.id).collect()
}

async fn what_is_taken_in_comes_back_from_the_queue(ground: Ground) {
    let store = ground.open().await;
    assert!(!store.holds_events().await.unwrap());
    let mut events = [event("a", "1"), event("b", "2"), event("c", "3")];
    events[1].lot = None;
    events[1].body = vec![0, 255, 7];
    let told = crate::ground::event("batch");
    let taken = store.take_in(&events, std::slice::from_ref(&told)).await;
    assert_eq!(taken.unwrap(), [Taken::New, Taken::New, Taken::New]);
    assert!(store.holds_events().await.unwrap());
    assert_eq!(store.audit_rows(0, 9).await.unwrap()[0].event, told);
    let waiting = store.waiting(Which::Oldest, 10).await.unwrap();
    for (found, event) in waiting.iter().zip(&events) {
        let it = &found.event;
        assert_eq!((it.id, found.supersedes), (event.id, None));
        assert_eq!((it.source_key, it.digest), (event.source_key, event.digest));
        assert_eq!((it.action, it.purpose), (event.action, event.purpose));
        assert_eq!(
            (&it.facility, &it.operator),
            (&event.facility, &event.operator)
        );
        assert_eq!((&it.lot, &it.batch), (&event.lot, &event.batch));
        assert_eq!(it.submitted_by, event.submitted_by);
        assert_eq!(it.received_at_ms, event.received_at_ms);
        assert_eq!((&it.body, it.claim_key), (&event.body, event.claim_key));
    }
    let newest = store.waiting(Which::Newest, 2).await.unwrap();
    let newest: Vec<_> = newest.iter().map(|it| it.event.id).collect();
    assert_eq!(newest, [events[2].id, events[1].id]);
    let (count, since) = store.backlog().await.unwrap();
    assert_eq!((count, since), (3, Some(second(&events[0]))));
    let standing = store
        .standing(&events[1].source_key)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (standing.event, standing.digest),
        (events[1].id, events[1].digest)
    );
    assert!(standing.waits && !standing.cancelled);
    assert_eq!(store.standing(&filled("z")).await.unwrap(), None);
    // Once there are certificates, nothing waits and the claim opens what is held.
    assert_eq!(work(store.as_ref()).await.len(), 3);
    assert_eq!(store.backlog().await.unwrap(), (0, None));
    let held = store.held(&events[0].claim_key).await.unwrap();
    assert_eq!(held, sealed(&events[0]).held);
    assert_eq!(store.held(&filled("z")).await.unwrap(), None);
    let marks = [
        issued(&events[2], Profile::EuDcc).mark,
        issued(&event("d", "4"), Profile::EuDcc).mark,
        issued(&events[0], Profile::WhoDdcc).mark,
    ];
    let registered = store.registered(&marks).await.unwrap();
    assert_eq!(
        registered,
        [Registered::Yes, Registered::No, Registered::Yes]
    );
    let survey = store.survey().await.unwrap();
    assert_eq!((survey.events, survey.waiting, survey.receipts), (3, 0, 3));
    assert_eq!((survey.held, survey.certificates), (3, 6));
    assert_eq!(survey.findings, Vec::<String>::new());
    store.close().await;
}

async fn the_same_again_is_known_and_hears_its_claim_for_a_day(ground: Ground) {
    let store = ground.open().await;
    let first = event("a", "1");
    assert_eq!(take(store.as_ref(), &first).await, Taken::New);
    assert_eq!(take(store.as_ref(), &event("a", "1")).await, known(&first));
    work(store.as_ref()).await;
    let mut again = event("a", "1");
    again.received_at_ms = first.received_at_ms + 86_400 * SECOND;
    assert_eq!(take(store.as_ref(), &again).await, known(&first));
    // Later it is known still, and its claim is nobody's any more.
    let late = Taken::Known { claim_again: None };
    again.received_at_ms += SECOND;
    assert_eq!(take(store.as_ref(), &again).await, late);
    let day = second(&first).plus(86_400 + 1);
    assert_eq!(store.expire(day, at(0)).await.unwrap(), (0, 0));
    assert_eq!(store.survey().await.unwrap().receipts, 0);
    assert_eq!(take(store.as_ref(), &event("a", "1")).await, late);
    assert_eq!(waiting_ids(store.as_ref()).await, Vec::<[u8; 16]>::new());
    store.close().await;
}

async fn the_same_source_saying_something_else_is_a_conflict(ground: Ground) {
    let store = ground.open().await;
    let first = event("a", "1");
    take(store.as_ref(), &first).await;
    let conflict = Taken::Refused(Code::EventConflict);
    assert_eq!(take(store.as_ref(), &event("a", "2")).await, conflict);
    work(store.as_ref()).await;
    assert_eq!(take(store.as_ref(), &event("a", "2")).await, conflict);
    assert!(store.held(&first.claim_key).await.unwrap().is_some());
    store.close().await;
}

async fn a_correction_takes_the_place_of_what_it_corrects(ground: Ground) {
    let store = ground.open().await;
    let (first, second) = (event("a", "1"), acting(Action::Correct, "a", "2"));
    take(store.as_ref(), &first).await;
    // Before there is a certificate, nothing is to be withdrawn.
    assert_eq!(take(store.as_ref(), &second).await, Taken::New);
    let waiting = store.waiting(Which::Newest, 10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].event.id, waiting[0].supersedes),
        (second.id, None)
    );
    let again = acting(Action::Correct, "a", "2");
    assert_eq!(take(store.as_ref(), &again).await, known(&second));
    assert_eq!(take(store.as_ref(), &event("a", "2")).await, known(&second));
    work(store.as_ref()).await;
    assert!(store.held(&second.claim_key).await.unwrap().is_some());
    let third = acting(Action::Correct, "a", "3");
    assert_eq!(take(store.as_ref(), &third).await, Taken::New);
    assert_eq!(
        store.held(&second.claim_key).await.unwrap(),
        None,
        "its claim is dead"
    );
    let done = work(store.as_ref()).await;
    assert_eq!(
        (done[0].event.id, done[0].supersedes),
        (third.id, Some(second.id))
    );
    assert!(store.held(&third.claim_key).await.unwrap().is_some());
    // What it said before is known no more.
    let conflict = Taken::Refused(Code::EventConflict);
    assert_eq!(take(store.as_ref(), &event("a", "1")).await, conflict);
    assert_eq!(take(store.as_ref(), &event("a", "3")).await, known(&third));
    store.close().await;
}

async fn a_cancellation_leaves_nothing(ground: Ground) {
    let store = ground.open().await;
    let first = event("a", "1");
    take(store.as_ref(), &first).await;
    let cancel = || acting(Action::Cancel, "a", "1");
    assert_eq!(take(store.as_ref(), &cancel()).await, Taken::Cancelled);
    assert_eq!(waiting_ids(store.as_ref()).await, Vec::<[u8; 16]>::new());
    assert_eq!(take(store.as_ref(), &cancel()).await, Taken::Cancelled);
    assert!(
        store
            .standing(&filled("a"))
            .await
            .unwrap()
            .unwrap()
            .cancelled
    );
    let conflict = Taken::Refused(Code::EventConflict);
    assert_eq!(take(store.as_ref(), &event("a", "1")).await, conflict);
    let renewal = acting(Action::Renew, "a", "1");
    assert_eq!(take(store.as_ref(), &renewal).await, conflict);
    // It happened after all.
    let corrected = acting(Action::Correct, "a", "1");
    assert_eq!(take(store.as_ref(), &corrected).await, Taken::New);
    work(store.as_ref()).await;
    // Certificates that are there are withdrawn by the worker, even where nobody heard of the cancellation.
    let last = cancel();
    assert_eq!(take(store.as_ref(), &last).await, Taken::Cancelled);
    assert_eq!(store.held(&corrected.claim_key).await.unwrap(), None);
    let done = work(store.as_ref()).await;
    assert_eq!(done.len(), 1);
    assert_eq!(
        (done[0].event.id, done[0].event.action),
        (last.id, Action::Cancel)
    );
    assert_eq!(
        (done[0].supersedes, done[0].event.body.len()),
        (Some(corrected.id), 0)
    );
    assert_eq!(take(store.as_ref(), &cancel()).await, Taken::Cancelled);
    assert_eq!(work(store.as_ref()).await.len(), 0);
    let survey = store.survey().await.unwrap();
    assert_eq!((survey.events, survey.receipts, survey.held), (4, 0, 0));
    assert_eq!(survey.findings, Vec::<String>::new());
    store.close().await;
}

async fn a_renewal_says_the_same(ground: Ground) {
    let store = ground.open().await;
    let first = event("a", "1");
    take(store.as_ref(), &first).await;
    work(store.as_ref()).await;
    let other = acting(Action::Renew, "a", "2");
    assert_eq!(
        take(store.as_ref(), &other).await,
        Taken::Refused(Code::EventConflict)
    );
    assert!(store.held(&first.claim_key).await.unwrap().is_some());
    let renewal = acting(Action::Renew, "a", "1");
    assert_eq!(take(store.as_ref(), &renewal).await, Taken::New);
    assert_eq!(store.held(&first.claim_key).await.unwrap(), None);
    let done = work(store.as_ref()).await;
    assert_eq!(
        (done[0].event.id, done[0].supersedes),
        (renewal.id, Some(first.id))
    );
    assert!(store.held(&renewal.claim_key).await.unwrap().is_some());
    assert_eq!(
        take(store.as_ref(), &event("a", "1")).await,
        known(&renewal)
    );
    store.close().await;
}

async fn nobody_corrects_what_is_not_known(ground: Ground) {
    let store = ground.open().await;
    for action in [Action::Correct, Action::Cancel, Action::Renew] {
        let taken = take(store.as_ref(), &acting(action, "a", "1")).await;
        assert_eq!(taken, Taken::Refused(Code::EventUnknown), "{action:?}");
    }
    assert!(!store.holds_events().await.unwrap());
    store.close().await;
}

async fn nobody_changes_an_event_of_another_facility(ground: Ground) {
    let store = ground.open().await;
    let first = event("a", "1");
    assert_eq!(take(store.as_ref(), &first).await, Taken::New);
    let by = |facilities: &[&str], action, what| NewEvent {
        within: Some(facilities.iter().map(|it| (*it).to_owned()).collect()),
        ..acting(action, "a", what)
    };
    for facilities in [&[][..], &["3174002"][..]] {
        for (action, what) in [
            (Action::Correct, "2"),
            (Action::Correct, "1"),
            (Action::Renew, "1"),
            (Action::Cancel, "1"),
        ] {
            let taken = take(store.as_ref(), &by(facilities, action, what)).await;
            assert_eq!(taken, Taken::Refused(Code::EventUnknown), "{action:?}");
        }
    }
    // Also where the event came only just before, in the same call.
    let both = [
        event("b", "1"),
        NewEvent {
            source_key: filled("b"),
            ..by(&["3174002"], Action::Cancel, "1")
        },
    ];
    let taken = store.take_in(&both, &[]).await.unwrap();
    assert_eq!(taken, [Taken::New, Taken::Refused(Code::EventUnknown)]);
    let theirs = by(&["3174002", "3174001"], Action::Correct, "2");
    assert_eq!(take(store.as_ref(), &theirs).await, Taken::New);
    store.close().await;
}

async fn events_of_one_call_come_one_after_the_other(ground: Ground) {
    let store = ground.open().await;
    let events = [
        event("a", "1"),
        event("a", "1"),
        event("a", "2"),
        acting(Action::Correct, "a", "2"),
        event("b", "1"),
        acting(Action::Cancel, "b", "1"),
        event("b", "1"),
        acting(Action::Renew, "c", "1"),
        event("c", "1"),
        acting(Action::Renew, "c", "1"),
        acting(Action::Correct, "c", "1"),
    ];
    let taken = store.take_in(&events, &[]).await.unwrap();
    let dead = Taken::Known { claim_again: None };
    let conflict = Taken::Refused(Code::EventConflict);
    assert_eq!(
        taken,
        [
            Taken::New,
            dead,
            conflict.clone(),
            Taken::New,
            Taken::New,
            Taken::Cancelled,
            conflict,
            Taken::Refused(Code::EventUnknown),
            Taken::New,
            Taken::New,
            known(&events[9]),
        ]
    );
    assert_eq!(
        waiting_ids(store.as_ref()).await,
        [events[3].id, events[9].id]
    );
    let survey = store.survey().await.unwrap();
    assert_eq!((survey.events, survey.waiting, survey.receipts), (6, 2, 2));
    store.close().await;
}

/// A correction of a correction that nobody has worked on yet.
async fn certificates_are_withdrawn_whatever_lies_between(ground: Ground) {
    let store = ground.open().await;
    let first = event("a", "1");
    take(store.as_ref(), &first).await;
    work(store.as_ref()).await;
    let between = acting(Action::Correct, "a", "2");
    let cancelled = acting(Action::Cancel, "a", "2");
    take(store.as_ref(), &between).await;
    take(store.as_ref(), &cancelled).await;
    let last = acting(Action::Correct, "a", "3");
    take(store.as_ref(), &last).await;
    let done = work(store.as_ref()).await;
    assert_eq!(done.len(), 1);
    assert_eq!(
        (done[0].event.id, done[0].supersedes),
        (last.id, Some(first.id))
    );
    store.close().await;
}

async fn a_large_call_is_one_transaction(ground: Ground) {
    let store = ground.open().await;
    let mut events: Vec<_> = (0..MAX_BATCH)
        .map(|it| event(&format!("s{it}"), "1"))
        .collect();
    let taken = store.take_in(&events, &[]).await.unwrap();
    assert!(taken.iter().all(|it| *it == Taken::New));
    assert_eq!(store.backlog().await.unwrap().0, 10_000);
    let taken = store.take_in(&events, &[]).await.unwrap();
    for (taken, event) in taken.iter().zip(&events) {
        assert_eq!(*taken, known(event));
    }
    events.push(event("more", "1"));
    let refused = store.take_in(&events, &[]).await.unwrap_err();
    assert_eq!(refused.code(), Code::InputTooLarge);
    store.close().await;
}

async fn ceilings_are_asked_before_the_database(ground: Ground) {
    let store = ground.open().await;
    let mut large = event("a", "1");
    large.body = vec![0; MAX_WAITING + 1];
    let mut nul = event("a", "1");
    nul.facility = "a\0b".into();
    let mut empty = event("a", "1");
    empty.lot = Some(String::new());
    for refused in [large, nul, empty] {
        let given = [event("b", "1"), refused];
        let refused = store.take_in(&given, &[]).await.unwrap_err();
        assert_eq!(refused.code(), Code::RequestInvalid);
    }
    assert!(!store.holds_events().await.unwrap());
    let mut largest = event("a", "1");
    largest.body = vec![0; MAX_WAITING];
    assert_eq!(take(store.as_ref(), &largest).await, Taken::New);
    store.close().await;
}
