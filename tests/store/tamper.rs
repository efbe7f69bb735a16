//! Somebody with every right to the database: what is inserted, altered, deleted or rolled back there.

use crate::ground::{Ground, all, at, event, names, records};
use crate::on_both;
use lintas::failure::Code;
use lintas::server::store::Wholeness;
use sqlx::{Connection, Row};

on_both! {
    an_inserted_row_is_refused_and_breaks_nothing
    no_number_of_inserted_rows_hides_a_good_one
    a_row_copied_from_another_place_is_refused
    a_deleted_row_makes_the_store_incomplete
    an_altered_row_makes_the_store_incomplete
    a_running_store_notices_that_its_end_was_cut
    a_store_that_was_rolled_back_is_noticed_by_the_mark
    a_store_that_went_on_from_an_old_copy_is_noticed_by_the_mark
    a_row_of_another_past_makes_the_store_incomplete
    a_gap_can_be_accepted_and_stays_accepted
    the_key_of_the_seals_is_never_made_anew
    a_node_with_another_key_refuses_to_start
}

async fn an_inserted_row_is_refused_and_breaks_nothing(ground: Ground) {
    let store = ground.open().await;
    let head = store.append(&records("a", 3), &[], None).await.unwrap();
    ground.forge(4).await;
    ground.forge(6).await;
    ground.forge(i64::MAX).await;
    // It is nobody's head.
    assert_eq!(store.head().await.unwrap(), head);
    let after = store.append(&records("b", 2), &[], None).await.unwrap();
    assert_eq!(after.sequence, 7);
    store.close().await;
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Whole);
    assert_eq!(store.head().await.unwrap(), after);
    let rows = all(store.as_ref()).await.unwrap();
    let refused: Vec<_> = rows.iter().filter(|it| it.record.is_err()).collect();
    assert_eq!(
        refused.iter().map(|it| it.sequence).collect::<Vec<_>>(),
        [4, 6, u64::try_from(i64::MAX).unwrap()]
    );
    for row in refused {
        assert_eq!(row.record.as_ref().unwrap_err().code(), Code::SealInvalid);
    }
    assert_eq!(names(store.as_ref()).await, ["a0", "a1", "a2", "b0", "b1"]);
    let mut pages = 0;
    let mut after = 0;
    while let Some(row) = store.records(after, 1).await.unwrap().last() {
        after = row.sequence;
        pages += 1;
        if after == u64::try_from(i64::MAX).unwrap() {
            break;
        }
    }
    assert_eq!(pages, 8);
    store.close().await;
}

async fn no_number_of_inserted_rows_hides_a_good_one(ground: Ground) {
    let (here, there) = (ground.open().await, ground.open().await);
    here.append(&records("a", 1), &[], None).await.unwrap();
    for last in [62, 63, 64, 65] {
        let blob = if ground.is_sqlite() {
            "zeroblob(32)"
        } else {
            "decode(repeat('00', 32), 'hex')"
        };
        let tip = here.head().await.unwrap().sequence;
        ground
            .raw(&format!(
                "INSERT INTO records WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
                 SELECT {tip} + i, 0, {blob}, 'rule', 's', 'n', NULL, 1, {blob}, {blob} FROM n"
            ))
            .await;
        assert_eq!(there.head().await.unwrap().sequence, tip);
        let head = here.append(&records("b", 1), &[], None).await.unwrap();
        assert_eq!(head.sequence, tip + last + 1);
        assert_eq!(there.head().await.unwrap(), head, "behind {last} rows");
    }
    here.close().await;
    there.close().await;
}

async fn a_row_copied_from_another_place_is_refused(ground: Ground) {
    let store = ground.open().await;
    store.append(&records("a", 3), &[], None).await.unwrap();
    ground
        .raw(
            "INSERT INTO records SELECT 4, previous, previous_seal, kind, source, name, country, received_at, body, seal \
             FROM records WHERE sequence = 2",
        )
        .await;
    let rows = all(store.as_ref()).await.unwrap();
    assert_eq!(
        rows[3].record.as_ref().unwrap_err().code(),
        Code::SealInvalid
    );
    let head = store.append(&records("b", 1), &[], None).await.unwrap();
    assert_eq!(head.sequence, 5);
    store.close().await;
}

async fn a_deleted_row_makes_the_store_incomplete(ground: Ground) {
    let store = ground.open().await;
    store.append(&records("a", 9), &[], None).await.unwrap();
    // One that has found a gap believes nothing any more, so each question is asked of another.
    let questions = [(0, 100), (3, 2), (4, 2), (4, 1)];
    let mut running = Vec::new();
    for question in questions {
        running.push((ground.open().await, question));
    }
    let deleted = ground.raw("DELETE FROM records WHERE sequence = 4").await;
    assert_eq!(deleted, 1);
    for (running, (after, limit)) in running {
        let refused = running.records(after, limit).await.unwrap_err();
        assert_eq!(refused.code(), Code::StoreIncomplete, "after {after}");
        running.close().await;
    }
    let gap = Wholeness::Gap { after: 3, found: 5 };
    store.close().await;
    let store = ground.open().await;
    assert_eq!(store.wholeness(), gap);
    for refused in [
        store.records(0, 1).await.map(|_| ()),
        store.head().await.map(|_| ()),
        store.append(&records("b", 1), &[], None).await.map(|_| ()),
    ] {
        assert_eq!(refused.unwrap_err().code(), Code::StoreIncomplete);
    }
    store.close().await;
}

async fn an_altered_row_makes_the_store_incomplete(ground: Ground) {
    let store = ground.open().await;
    store.append(&records("a", 9), &[], None).await.unwrap();
    let (from_the_start, from_there) = (ground.open().await, ground.open().await);
    let altered = ground
        .raw("UPDATE records SET body = seal WHERE sequence IN (4, 9)")
        .await;
    assert_eq!(altered, 2);
    for (running, after, limit) in [(from_the_start, 0, 100), (from_there, 3, 2)] {
        let refused = running.records(after, limit).await.unwrap_err();
        assert_eq!(refused.code(), Code::StoreIncomplete, "after {after}");
        running.close().await;
    }
    store.close().await;
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Gap { after: 3, found: 5 });
    store.close().await;
    // The last record has no successor that would miss it, but the mark does.
    let store = ground.open().await;
    store.accept("operator", at(0)).await.unwrap();
    store.append(&records("b", 1), &[], None).await.unwrap();
    ground
        .raw("UPDATE records SET name = 'other' WHERE sequence = 10")
        .await;
    store.close().await;
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Behind { seen: 10, found: 8 });
    store.close().await;
}

async fn a_running_store_notices_that_its_end_was_cut(ground: Ground) {
    let first = ground.open().await;
    first.append(&records("a", 9), &[], None).await.unwrap();
    let others = [ground.open().await, ground.open().await];
    ground.raw("DELETE FROM records WHERE sequence > 6").await;
    for refused in [
        first.head().await.map(|_| ()),
        others[0]
            .append(&records("b", 5), &[], None)
            .await
            .map(|_| ()),
        others[1].records(0, 100).await.map(|_| ()),
    ] {
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::StoreIncomplete);
        assert!(refused.detail().contains("record 9 was seen"), "{refused}");
    }
    assert_eq!(first.wholeness(), Wholeness::Behind { seen: 9, found: 6 });
    first.close().await;
    for other in others {
        other.close().await;
    }
}

async fn a_store_that_was_rolled_back_is_noticed_by_the_mark(ground: Ground) {
    let store = ground.open().await;
    store
        .append(&records("a", 5), &[event("a")], None)
        .await
        .unwrap();
    store.close().await;
    ground.keep("old").await;
    let store = ground.open().await;
    store.append(&records("b", 5), &[], None).await.unwrap();
    store.close().await;
    ground.restore("old").await;
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Behind { seen: 10, found: 5 });
    let refused = store.records(0, 10).await.unwrap_err();
    assert_eq!(refused.code(), Code::StoreIncomplete);
    assert!(refused.detail().contains("rolled back"), "{refused}");
    // Once everything was fetched anew, somebody answers for the present state.
    let head = store.accept("operator-1", at(7)).await.unwrap();
    assert_eq!((head.sequence, store.wholeness()), (5, Wholeness::Whole));
    let audit = store.audit_rows(1, 10).await.unwrap();
    assert_eq!(
        (audit.len(), audit[0].event.event.as_str()),
        (1, "store.accepted")
    );
    assert_eq!(audit[0].event.actor, "operator-1");
    assert!(audit[0].event.detail.contains("record 10 was seen"));
    store.append(&records("b", 5), &[], None).await.unwrap();
    store.close().await;
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Whole);
    assert_eq!(names(store.as_ref()).await.len(), 10);
    store.close().await;
}

async fn a_store_that_went_on_from_an_old_copy_is_noticed_by_the_mark(ground: Ground) {
    let store = ground.open().await;
    store.append(&records("a", 5), &[], None).await.unwrap();
    store.close().await;
    ground.keep("old").await;
    let mark = ground.data.path().join("marks/records.json");
    let kept = std::fs::read(&mark).unwrap();
    let store = ground.open().await;
    store.append(&records("b", 5), &[], None).await.unwrap();
    store.close().await;
    let seen = std::fs::read(&mark).unwrap();
    ground.restore("old").await;
    // Another node, that had seen less, writes on.
    std::fs::write(&mark, kept).unwrap();
    let store = ground.open().await;
    store.append(&records("c", 9), &[], None).await.unwrap();
    store.close().await;
    std::fs::write(&mark, seen).unwrap();
    let store = ground.open().await;
    let found = store.wholeness();
    assert_eq!(
        found,
        Wholeness::Behind {
            seen: 10,
            found: 14
        }
    );
    assert!(found.to_string().contains("is another one now"), "{found}");
    store.close().await;
}

/// A row with a good seal, from a past that was given up: its number fits, its predecessor's seal does not.
async fn a_row_of_another_past_makes_the_store_incomplete(ground: Ground) {
    let store = ground.open().await;
    store.append(&records("a", 5), &[], None).await.unwrap();
    store.close().await;
    ground.keep("old").await;
    let store = ground.open().await;
    store.append(&records("b", 5), &[], None).await.unwrap();
    let given_up = store.records(6, 1).await.unwrap();
    assert_eq!(given_up[0].record.as_ref().unwrap().name, "b1");
    let mut raw = ground.connection().await;
    let row = "SELECT previous_seal, body, seal FROM records WHERE sequence = 7";
    let row = sqlx::query(row).fetch_one(&mut raw).await.unwrap();
    let bytes = |column: usize| row.get::<Vec<u8>, _>(column);
    raw.close().await.unwrap();
    store.close().await;
    ground.restore("old").await;
    let store = ground.open().await;
    store.accept("operator", at(0)).await.unwrap();
    store.append(&records("c", 5), &[], None).await.unwrap();
    store.close().await;
    let mut raw = ground.connection().await;
    let put = "UPDATE records SET name = 'b1', previous_seal = $1, body = $2, seal = $3 WHERE sequence = 7";
    let put = sqlx::query(put)
        .bind(bytes(0))
        .bind(bytes(1))
        .bind(bytes(2));
    put.execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Gap { after: 6, found: 7 });
    store.close().await;
}

async fn a_gap_can_be_accepted_and_stays_accepted(ground: Ground) {
    let store = ground.open().await;
    store.append(&records("a", 9), &[], None).await.unwrap();
    store.close().await;
    ground
        .raw("DELETE FROM records WHERE sequence IN (1, 2, 6)")
        .await;
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Gap { after: 0, found: 3 });
    assert_eq!(store.accept("operator", at(0)).await.unwrap().sequence, 9);
    let left = ["a2", "a3", "a4", "a6", "a7", "a8"];
    assert_eq!(names(store.as_ref()).await, left);
    store.append(&records("b", 1), &[], None).await.unwrap();
    store.close().await;
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Whole);
    assert_eq!(names(store.as_ref()).await.len(), 7);
    ground.raw("DELETE FROM records WHERE sequence = 8").await;
    assert!(
        all(store.as_ref()).await.is_err(),
        "another gap is another matter"
    );
    store.close().await;
}

async fn the_key_of_the_seals_is_never_made_anew(ground: Ground) {
    let store = ground.open().await;
    store.append(&records("a", 1), &[], None).await.unwrap();
    store.close().await;
    std::fs::remove_file(ground.data.path().join("keys/seal.key")).unwrap();
    let refused = ground.try_open().await.err().unwrap();
    assert_eq!(refused.code(), Code::ConfigurationInvalid);
    assert!(refused.detail().contains("copy it"), "{refused}");
}

async fn a_node_with_another_key_refuses_to_start(ground: Ground) {
    let store = ground.open().await;
    store.append(&records("a", 2), &[], None).await.unwrap();
    store.close().await;
    let key = ground.data.path().join("keys/seal.key");
    std::fs::write(&key, [7; 32]).unwrap();
    let store = ground.open().await;
    assert_eq!(store.wholeness(), Wholeness::Behind { seen: 2, found: 0 });
    store.close().await;
    std::fs::remove_file(ground.data.path().join("marks/records.json")).unwrap();
    let refused = ground.try_open().await.err().unwrap();
    assert_eq!(refused.code(), Code::ConfigurationInvalid);
}
