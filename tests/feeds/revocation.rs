//! The batches of revocations at a gateway: the list of them, its pages, and each batch.

use crate::foreign::{Asked, Foreign, Reply};
use crate::support::issued_at;
use crate::trust_list::item;
use lintas::exchange::RecordKind;
use lintas::failure::Code;
use lintas::server::federation::{Fetched, Mark};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

const KIND: RecordKind = RecordKind::RevocationBatch;
const TAKE: &str = "take = [\"revocation\"]";
const START: &str = "2021-06-01T00:00:00Z";

fn id(number: u8) -> String {
    format!("0fd0c11d-0000-4000-8000-0000000000{number:02}")
}

fn batch(number: u8, date: &str, deleted: bool) -> Value {
    json!({"batchId": id(number), "country": "DE", "date": date, "deleted": deleted})
}

fn list(more: bool, batches: &[Value]) -> Reply {
    Reply::json(json!({"more": more, "batches": batches}))
}

/// The number of the batch that is asked for, if one is.
fn number(asked: &Asked) -> Option<u8> {
    asked.path.strip_prefix("/revocation-list/")?[34..]
        .parse()
        .ok()
}

fn content(number: u8) -> Reply {
    Reply::status(200, format!("QUJD{number:02}==")).header("etag", id(number))
}

fn names(fetched: &Fetched) -> Vec<&str> {
    fetched
        .documents
        .iter()
        .map(|it| it.name.as_str())
        .collect()
}

fn since(seconds: i64) -> Mark {
    let mut mark = Mark::default();
    mark.since.insert("revocation".to_owned(), seconds);
    let full = issued_at().seconds();
    mark.since.insert("revocation_full".to_owned(), full);
    mark
}

#[actix_web::test]
async fn every_batch_is_fetched_from_the_beginning_on() {
    let foreign = Foreign::start(|asked| match (number(asked), asked.since.as_deref()) {
        (Some(4), _) => Reply::status(410, r#"{"code":"0x000"}"#),
        (Some(5), _) => Reply::status(404, ""),
        (Some(number), _) => content(number),
        (None, Some(START)) => list(
            true,
            &[
                batch(1, "2026-01-10T09:00:00+00:00", false),
                batch(2, "2026-01-10T10:00:00+01:00", true),
            ],
        ),
        (None, Some("2026-01-10T09:00:00Z")) => list(
            false,
            &[
                batch(3, "2026-01-11T00:00:00Z", false),
                batch(4, "2026-01-12T00:00:00Z", false),
                batch(5, "2026-01-12T00:00:00Z", false),
            ],
        ),
        other => panic!("{other:?}"),
    })
    .await;
    let fetched = foreign.fetch(TAKE).await.unwrap();
    assert_eq!(names(&fetched), [id(1), id(3)]);
    assert_eq!(fetched.documents[0].body, b"QUJD01==");
    assert_eq!(fetched.documents[0].country.unwrap().as_str(), "DE");
    assert_eq!(fetched.withdrawn, [2, 4, 5].map(|it| (KIND, id(it))));
    assert!(fetched.troubles.is_empty());
    assert_eq!(
        (&fetched.answered, &fetched.complete),
        (&vec![KIND], &vec![KIND])
    );
    assert_eq!(fetched.mark.since["revocation"], 1_768_176_000);
    assert_eq!(fetched.mark.since["revocation_full"], issued_at().seconds());
    assert_eq!(foreign.paths().len(), 2 + 4);
}

#[actix_web::test]
async fn no_content_is_no_change() {
    let foreign = Foreign::start(|_| Reply::status(204, "")).await;
    let at = issued_at();
    let fetched = foreign
        .feed(TAKE)
        .fetch(&since(1_768_176_000), at)
        .await
        .unwrap();
    assert_eq!((fetched.answered, fetched.complete), (vec![KIND], vec![]));
    assert_eq!(fetched.mark, since(1_768_176_000));
    let asked = foreign.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].since.as_deref(), Some("2026-01-12T00:00:00Z"));
}

#[actix_web::test]
async fn more_without_end_is_refused_and_what_came_is_kept() {
    let foreign = Foreign::start(|asked| match number(asked) {
        Some(number) => content(number),
        None if asked.path == "/revocation-list" => {
            list(true, &[batch(1, "2026-01-10T09:00:00Z", false)])
        }
        None => Reply::json(json!([item(1, "DSC")])),
    })
    .await;
    let fetched = foreign
        .fetch("take = [\"signers\", \"revocation\"]")
        .await
        .unwrap();
    assert_eq!(fetched.answered, [RecordKind::TrustListEntry]);
    assert_eq!(names(&fetched)[1..], [id(1)]);
    let (place, failure) = &fetched.troubles[0];
    assert_eq!(
        (place.as_str(), failure.code()),
        ("revocation", Code::UpstreamInvalid)
    );
    assert_eq!(foreign.paths().len(), 1 + 2 + 1);
}

#[actix_web::test]
async fn a_gateway_that_counts_in_fractions_of_a_second_is_no_endless_loop() {
    let first = || batch(1, "2026-01-10T09:00:00.500Z", false);
    let foreign = Foreign::start(move |asked| match (number(asked), asked.since.as_deref()) {
        (Some(number), _) => content(number),
        (None, Some(START)) => list(true, &[first()]),
        // Strictly after 09:00:00 are, to it, the first batch again and the next.
        (None, Some("2026-01-10T09:00:00Z")) => list(
            true,
            &[first(), batch(2, "2026-01-10T09:00:01.250Z", false)],
        ),
        (None, Some("2026-01-10T09:00:01Z")) => {
            list(false, &[batch(2, "2026-01-10T09:00:01.250Z", false)])
        }
        other => panic!("{other:?}"),
    })
    .await;
    let fetched = foreign.fetch(TAKE).await.unwrap();
    assert_eq!(names(&fetched), [id(1), id(2)]);
    assert_eq!(foreign.paths().len(), 3 + 2);
}

#[actix_web::test]
async fn a_batch_withdrawn_on_the_way_is_withdrawn() {
    let foreign = Foreign::start(|asked| match (number(asked), asked.since.as_deref()) {
        (Some(number), _) => content(number),
        (None, Some(START)) => list(true, &[batch(1, "2026-01-10T09:00:00Z", false)]),
        (None, _) => list(false, &[batch(1, "2026-01-10T09:00:02Z", true)]),
    })
    .await;
    let fetched = foreign.fetch(TAKE).await.unwrap();
    assert!(fetched.documents.is_empty());
    assert_eq!(fetched.withdrawn, [(KIND, id(1))]);
}

#[actix_web::test]
async fn a_batch_that_could_not_be_had_is_asked_for_again() {
    static BACK: AtomicBool = AtomicBool::new(false);
    let foreign = Foreign::start(|asked| match number(asked) {
        Some(2) if !BACK.load(Ordering::SeqCst) => Reply::status(503, ""),
        Some(number) => content(number),
        None if asked.path.starts_with("/trustList") => Reply::json("[]"),
        None => {
            let all = [
                batch(1, "2026-01-10T09:00:00Z", false),
                batch(2, "2026-01-10T10:00:00Z", false),
                batch(3, "2026-01-10T11:00:00Z", false),
            ];
            let since = asked.since.clone().unwrap();
            let newer = |it: &&Value| it["date"].as_str().unwrap() > since.as_str();
            let newer: Vec<_> = all.iter().filter(newer).cloned().collect();
            list(false, &newer)
        }
    })
    .await;
    let feed = foreign.feed("take = [\"signers\", \"revocation\"]");
    let fetched = feed.fetch(&Mark::default(), issued_at()).await.unwrap();
    // It does not hold up the batches after it.
    assert_eq!(names(&fetched), [id(1), id(3)]);
    assert_eq!(fetched.answered, [RecordKind::TrustListEntry]);
    assert_eq!(fetched.troubles[0].1.code(), Code::UpstreamUnavailable);
    foreign.paths();
    BACK.store(true, Ordering::SeqCst);
    let next = feed
        .fetch(&fetched.mark, issued_at().plus(60))
        .await
        .unwrap();
    assert_eq!(names(&next), [id(2), id(3)]);
    assert_eq!(next.answered, [RecordKind::TrustListEntry, KIND]);
    assert_eq!(next.complete, []);
}

#[actix_web::test]
async fn a_bad_batch_is_told_and_the_others_are_kept() {
    let foreign = Foreign::start(|asked| match number(asked) {
        Some(1) => Reply::status(200, "<html>"),
        Some(2) => content(9),
        Some(3) => Reply::untold(600 << 10),
        Some(4) => Reply::status(200, ""),
        Some(number) => content(number),
        None => list(
            false,
            &[
                batch(1, "2026-01-10T09:00:00Z", false),
                batch(2, "2026-01-10T09:00:01Z", false),
                batch(3, "2026-01-10T09:00:02Z", false),
                batch(4, "2026-01-10T09:00:03Z", false),
                json!({"batchId": "../../x", "date": "2026-01-10T09:00:04Z", "deleted": false}),
                json!({"batchId": id(6), "date": "20260110", "deleted": false}),
                json!("garbage"),
                batch(5, "2026-01-10T09:00:05Z", false),
            ],
        ),
    })
    .await;
    let fetched = foreign.fetch(TAKE).await.unwrap();
    assert_eq!(names(&fetched), [id(5)]);
    assert_eq!(fetched.standing, [1, 2, 3, 4].map(|it| (KIND, id(it))));
    let codes: Vec<_> = fetched.troubles.iter().map(|(_, it)| it.code()).collect();
    let invalid = Code::UpstreamInvalid;
    assert_eq!(
        codes,
        [
            invalid,
            invalid,
            Code::InputTooLarge,
            invalid,
            invalid,
            invalid,
            invalid
        ]
    );
    assert_eq!(fetched.troubles[4].0, "revocation-list page 0 item 5");
    // Somebody's batch may be behind an unreadable row.
    assert_eq!((fetched.answered, fetched.complete), (vec![KIND], vec![]));
    assert_eq!(fetched.mark.since["revocation"], 1_768_035_605);
}

#[actix_web::test]
async fn everything_is_asked_for_again_after_a_week() {
    let foreign = Foreign::start(|_| Reply::status(204, "")).await;
    let at = issued_at();
    for (later, whole) in [(7 * 86_400 - 1, false), (7 * 86_400, true)] {
        let mark = since(at.seconds());
        let fetched = foreign
            .feed(TAKE)
            .fetch(&mark, at.plus(later))
            .await
            .unwrap();
        assert_eq!(!fetched.complete.is_empty(), whole);
    }
    let asked: Vec<_> = foreign
        .asked()
        .into_iter()
        .filter_map(|it| it.since)
        .collect();
    assert_eq!(asked, ["2026-06-01T00:00:00Z", START]);
}

#[actix_web::test]
async fn asking_for_everything_again_in_vain_forgets_nothing() {
    let foreign = Foreign::start(|asked| match asked.path.as_str() {
        "/revocation-list" => Reply::status(503, ""),
        _ => Reply::json("[]"),
    })
    .await;
    let now = issued_at().plus(8 * 86_400);
    let mark = since(issued_at().seconds());
    let feed = foreign.feed("take = [\"signers\", \"revocation\"]");
    let fetched = feed.fetch(&mark, now).await.unwrap();
    assert_eq!(fetched.mark.since["revocation"], issued_at().seconds());
    // Changes now, everything tomorrow.
    assert_eq!(
        fetched.mark.since["revocation_full"],
        now.seconds() - 6 * 86_400
    );
    foreign.asked();
    let again = feed.fetch(&fetched.mark, now.plus(3600)).await.unwrap();
    assert_eq!(again.answered, [RecordKind::TrustListEntry]);
    let lists = foreign
        .asked()
        .into_iter()
        .filter(|it| it.path == "/revocation-list");
    let asked: Vec<_> = lists.filter_map(|it| it.since).collect();
    assert_eq!(asked, [START, "2026-06-01T00:00:00Z"]);
}
