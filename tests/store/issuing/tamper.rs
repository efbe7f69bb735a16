//! Somebody with every right to the database: what is altered, inserted, deleted or put back in the tables of issuing.

use super::desk::{acting, event, filled, issued, lease, sealed, work};
use super::events::take;
use crate::ground::Ground;
use crate::on_both;
use lintas::failure::Code;
use lintas::issue::event::{Action, Profile};
use lintas::server::store::Store;
use lintas::server::store::issuing::{NewEvent, Registered, Selector, Taken, Which};

on_both! {
    an_altered_event_is_nobodys_and_is_not_taken_in_again
    an_altered_row_that_waits_is_erased
    inserted_rows_make_nothing_happen
    rows_in_the_way_keep_nothing_out
    a_deleted_certificate_is_not_registered
    a_row_that_was_put_back_is_not_certified_again
    a_seal_of_another_table_is_none
}

pub(super) const TABLES: [&str; 5] = ["event", "waiting", "receipt", "held", "issued"];

pub(super) fn blob(ground: &Ground, hex: &str) -> String {
    if ground.is_sqlite() {
        format!("X'{hex}'")
    } else {
        format!("decode('{hex}', 'hex')")
    }
}

/// A literal of random bytes.
fn random(ground: &Ground, bytes: usize) -> String {
    if ground.is_sqlite() {
        format!("randomblob({bytes})")
    } else {
        // 16 bytes of a UUID, twice.
        let one = "decode(replace(gen_random_uuid()::text, '-', ''), 'hex')";
        match bytes {
            16 => one.to_owned(),
            _ => format!("{one} || {one}"),
        }
    }
}

/// Puts `rows` rows into the queue, later than all others, and as many into the register, beside and behind all others.
pub(super) async fn fill(ground: &Ground, rows: usize) {
    let (id, key, zeros) = (
        random(ground, 16),
        random(ground, 32),
        blob(ground, &"00".repeat(32)),
    );
    let body = blob(ground, &"7b".repeat(200));
    let (short, kid) = (
        blob(ground, &"5a".repeat(16)),
        blob(ground, &"07".repeat(8)),
    );
    let numbers =
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})");
    ground
        .raw(&format!(
            "INSERT INTO waiting {numbers} SELECT {id}, 1800000000000 + i, {body}, {key}, {zeros} FROM n"
        ))
        .await;
    ground
        .raw(&format!(
            "INSERT INTO issued {numbers} SELECT i * 2 + 2, {key}, {id}, 'eu_dcc', 'vaccination', {kid}, {short}, {short}, \
             {short}, {short}, 1, 9000000000, 'f', 'o', 's', 'l', 'b', {zeros} FROM n"
        ))
        .await;
}

pub(super) async fn keep(ground: &Ground) {
    for table in TABLES {
        ground
            .raw(&format!(
                "CREATE TABLE kept_{table} AS SELECT * FROM {table}"
            ))
            .await;
    }
}

pub(super) async fn put_back(ground: &Ground, table: &str) {
    ground.raw(&format!("DELETE FROM {table}")).await;
    ground
        .raw(&format!("INSERT INTO {table} SELECT * FROM kept_{table}"))
        .await;
}

/// One event that waits, and one with certificates.
pub(super) async fn two(ground: &Ground) -> (std::sync::Arc<dyn Store>, NewEvent, NewEvent) {
    let store = ground.open().await;
    let done = event("done", "1");
    take(store.as_ref(), &done).await;
    work(store.as_ref()).await;
    let waits = event("waits", "1");
    take(store.as_ref(), &waits).await;
    (store, waits, done)
}

async fn an_altered_event_is_nobodys_and_is_not_taken_in_again(ground: Ground) {
    let (store, waits, _) = two(&ground).await;
    let id = blob(&ground, &base16ct::lower::encode_string(&waits.id));
    let change = format!("UPDATE event SET facility = 'other' WHERE id = {id}");
    assert_eq!(ground.raw(&change).await, 1);
    let refused = Taken::Refused(Code::SealInvalid);
    for action in [Action::New, Action::Correct, Action::Cancel, Action::Renew] {
        // Beside it, others are taken in.
        let name = format!("beside {action:?}");
        let given = [acting(action, "waits", "1"), event(&name, "1")];
        let taken = store.take_in(&given, &[]).await.unwrap();
        assert_eq!(taken, [refused.clone(), Taken::New]);
    }
    let standing = store.standing(&waits.source_key).await.unwrap_err();
    assert_eq!(standing.code(), Code::SealInvalid);
    let lease = lease(store.as_ref()).await;
    let entered = store.enter(&[sealed(&waits)], &[], &lease).await;
    assert_eq!(entered.unwrap_err().code(), Code::StoreMoved);
    let waiting = store.waiting(Which::Oldest, 9).await.unwrap();
    assert_eq!(waiting.len(), 4);
    assert!(waiting.iter().all(|it| it.event.id != waits.id));
    store.close().await;
}

async fn an_altered_row_that_waits_is_erased(ground: Ground) {
    let (store, _, _) = two(&ground).await;
    ground
        .raw("UPDATE waiting SET received_at_ms = 9000000000000")
        .await;
    let next = event("next", "1");
    take(store.as_ref(), &next).await;
    for which in [Which::Newest, Which::Oldest] {
        let waiting = store.waiting(which, 1).await.unwrap();
        assert_eq!((waiting.len(), waiting[0].event.id), (1, next.id));
    }
    assert_eq!(store.backlog().await.unwrap().0, 1);
    // The audit tells it as soon as somebody says what time it is.
    store
        .expire(crate::ground::at(5), crate::ground::at(-9))
        .await
        .unwrap();
    let head = store.audit_head().await.unwrap();
    let told = &store.audit_rows(head.sequence - 1, 1).await.unwrap()[0].event;
    assert_eq!(told.event, "issuing.refused");
    assert!(told.detail.starts_with("1 rows"), "{}", told.detail);
    store.close().await;
}

async fn inserted_rows_make_nothing_happen(ground: Ground) {
    let (store, waits, done) = two(&ground).await;
    fill(&ground, 6000).await;
    // A whole forged event, whose parts fit.
    let zeros = blob(&ground, &"00".repeat(32));
    let (id, key) = (
        blob(&ground, &"ab".repeat(16)),
        blob(&ground, &"ab".repeat(32)),
    );
    let none = blob(&ground, "");
    ground
        .raw(&format!(
            "INSERT INTO event VALUES ({id}, {key}, {key}, 1, {key}, 'new', 'vaccination', 'f', 'o', 's', '', 'b', 5, \
             {none}, {zeros}); \
             INSERT INTO waiting VALUES ({id}, 5, {key}, {key}, {zeros}); \
             INSERT INTO receipt VALUES ({id}, {key}, 9000000000, {zeros}); \
             INSERT INTO held VALUES ({key}, {id}, {key}, 9000000000, {zeros})"
        ))
        .await;
    for which in [Which::Newest, Which::Oldest] {
        let waiting = store.waiting(which, 5).await.unwrap();
        assert_eq!(
            (waiting.len(), waiting[0].event.id),
            (1, waits.id),
            "{which:?}"
        );
    }
    assert_eq!(store.held(&[0xab; 32]).await.unwrap(), None);
    let forged = lintas::revocation::RegisterMark([0x5a; 16]);
    assert_eq!(store.registered(&[forged]).await.unwrap(), [Registered::No]);
    let all = Selector::default();
    let tally = store.tally(&all).await.unwrap();
    assert_eq!((tally.certificates, tally.events, tally.through), (2, 1, 2));
    let rows = store.select(&all, 0, 100).await.unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|it| it.event == done.id));
    let forged = Selector {
        lot: Some("l".into()),
        ..Selector::default()
    };
    assert_eq!(store.select(&forged, 0, 100).await.unwrap(), []);
    assert_eq!(work(store.as_ref()).await.len(), 1);
    assert_eq!(store.tally(&all).await.unwrap().certificates, 4);
    let survey = store.survey().await.unwrap();
    assert_eq!(
        (survey.events, survey.waiting, survey.certificates),
        (2, 0, 4)
    );
    assert_eq!((survey.receipts, survey.held), (2, 2));
    let told = survey
        .findings
        .iter()
        .filter(|it| it.contains("no good seal"))
        .count();
    assert_eq!(told, 4, "{survey:?}");
    store.close().await;
    // A node that comes anew goes on where the good rows end.
    let store = ground.open().await;
    let next = event("next", "1");
    take(store.as_ref(), &next).await;
    work(store.as_ref()).await;
    let rows = store.select(&all, 0, 100).await.unwrap();
    let numbers: Vec<_> = rows.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [1, 2, 3, 5, 7, 9]);
    store.close().await;
}

async fn rows_in_the_way_keep_nothing_out(ground: Ground) {
    let (store, waits, done) = two(&ground).await;
    let zeros = blob(&ground, &"00".repeat(32));
    let hex = |bytes: &[u8]| blob(&ground, &base16ct::lower::encode_string(bytes));
    // The last number there is, the next one, the claim of the event that waits, its certificate, and its next version.
    let (id, key) = (hex(&waits.id), hex(&waits.claim_key));
    let source = hex(&waits.source_key);
    let (kid, short) = (hex(&[7; 8]), hex(&[0x5a; 16]));
    for (number, slot) in [(i64::MAX, "01"), (3, "02"), (5, "03")] {
        let slot = blob(&ground, &slot.repeat(32));
        ground
            .raw(&format!(
                "INSERT INTO issued VALUES ({number}, {slot}, {id}, 'eu_dcc', 'vaccination', {kid}, {short}, {short}, {short}, {short}, \
                 1, 1, 'f', 'o', 's', '', 'b', {zeros})"
            ))
            .await;
    }
    let (other, slot) = (hex(&[0xab; 16]), blob(&ground, &"04".repeat(32)));
    let none = blob(&ground, "");
    ground
        .raw(&format!(
            "INSERT INTO held VALUES ({key}, {other}, {key}, 9000000000, {zeros}); \
             INSERT INTO event VALUES ({other}, {slot}, {source}, 2, {source}, 'cancel', 'vaccination', 'f', 'o', 's', '', \
             'b', 5, {none}, {zeros})"
        ))
        .await;
    assert_eq!(work(store.as_ref()).await.len(), 1);
    assert_eq!(
        store.held(&waits.claim_key).await.unwrap(),
        sealed(&waits).held
    );
    let rows = store.select(&Selector::default(), 2, 9).await.unwrap();
    let numbers: Vec<_> = rows.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [4, 6]);
    let correction = acting(Action::Correct, "waits", "2");
    assert_eq!(take(store.as_ref(), &correction).await, Taken::New);
    work(store.as_ref()).await;
    assert!(store.held(&done.claim_key).await.unwrap().is_some());
    assert_eq!(store.tally(&Selector::default()).await.unwrap().through, 8);
    store.close().await;
}

async fn a_deleted_certificate_is_not_registered(ground: Ground) {
    let (store, _, done) = two(&ground).await;
    let one = issued(&done, Profile::EuDcc).mark;
    let other = issued(&done, Profile::WhoDdcc).mark;
    ground
        .raw("DELETE FROM issued WHERE profile = 'eu_dcc'")
        .await;
    assert_eq!(
        store.registered(&[one, other]).await.unwrap(),
        [Registered::No, Registered::Yes]
    );
    work(store.as_ref()).await;
    ground.raw("DELETE FROM issued").await;
    assert_eq!(
        store
            .tally(&Selector::default())
            .await
            .unwrap()
            .certificates,
        0
    );
    let next = event("next", "1");
    take(store.as_ref(), &next).await;
    work(store.as_ref()).await;
    assert_eq!(
        store
            .tally(&Selector::default())
            .await
            .unwrap()
            .certificates,
        2
    );
    store.close().await;
}

/// Rows with good seals, of a time that is over.
async fn a_row_that_was_put_back_is_not_certified_again(ground: Ground) {
    let (store, waits, _) = two(&ground).await;
    keep(&ground).await;
    work(store.as_ref()).await;
    put_back(&ground, "waiting").await;
    assert_eq!(store.waiting(Which::Oldest, 9).await.unwrap().len(), 0);
    assert_eq!(store.backlog().await.unwrap().0, 0);
    put_back(&ground, "waiting").await;
    let lease = lease(store.as_ref()).await;
    let entered = store.enter(&[sealed(&waits)], &[], &lease).await;
    assert_eq!(entered.unwrap_err().code(), Code::StoreMoved);
    take(store.as_ref(), &acting(Action::Cancel, "waits", "1")).await;
    work(store.as_ref()).await;
    // Even where the certificates are gone, too.
    ground.raw("DELETE FROM issued").await;
    put_back(&ground, "waiting").await;
    let entered = store.enter(&[sealed(&waits)], &[], &lease).await;
    assert!(entered.is_err());
    assert_eq!(store.waiting(Which::Oldest, 9).await.unwrap().len(), 0);
    let survey = store.survey().await.unwrap();
    assert_eq!((survey.waiting, survey.certificates), (0, 0));
    store.close().await;
}

async fn a_seal_of_another_table_is_none(ground: Ground) {
    let (store, _, _) = two(&ground).await;
    // The same columns, under the seal of another table.
    let change = "UPDATE receipt SET seal = (SELECT seal FROM held)";
    assert_eq!(ground.raw(change).await, 2);
    ground
        .raw("UPDATE held SET seal = (SELECT seal FROM waiting)")
        .await;
    let survey = store.survey().await.unwrap();
    assert_eq!((survey.receipts, survey.held), (0, 0));
    assert_eq!(store.standing(&filled("nobody")).await.unwrap(), None);
    store.close().await;
}
