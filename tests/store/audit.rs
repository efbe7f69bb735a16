//! The audit: what is cut, altered or rebuilt is named.

use crate::ground::{Ground, at, event};
use crate::on_both;
use lintas::failure::Code;
use lintas::server::store::{AuditHead, Heads, Store, verify_audit};
use sqlx::{Connection, Row};

on_both! {
    a_whole_audit_has_no_findings
    the_last_rows_cut_are_named
    rows_missing_in_between_are_named
    an_altered_row_is_named
    a_row_that_was_altered_with_its_hash_is_named_by_the_next
    a_rebuilt_chain_is_named
    heads_that_were_tampered_with_are_named
    a_head_is_signed_when_it_moved_or_an_hour_passed
    a_line_that_a_crash_cut_short_is_taken_away
}

/// A store with `rows` audit rows, and heads signed at each tenth.
async fn audited(ground: &Ground, rows: u64) -> (std::sync::Arc<dyn Store>, Heads) {
    let store = ground.open().await;
    let heads = Heads::open(ground.data.path()).unwrap();
    for row in 1..=rows {
        let event = event(&format!("subject {row}"));
        store.append(&[], &[event], None).await.unwrap();
        if row % 10 == 0 {
            let signed = heads.sign(store.as_ref(), at(60 * i64::try_from(row).unwrap()));
            assert_eq!(signed.await.unwrap().unwrap().head.sequence, row);
        }
    }
    (store, heads)
}

async fn findings(ground: &Ground) -> Vec<String> {
    let store = ground.open().await;
    let heads = Heads::open(ground.data.path()).unwrap();
    let report = verify_audit(store.as_ref(), &heads).await.unwrap();
    store.close().await;
    report.findings
}

async fn a_whole_audit_has_no_findings(ground: Ground) {
    assert_eq!(findings(&ground).await, Vec::<String>::new());
    let (store, heads) = audited(&ground, 42).await;
    let report = verify_audit(store.as_ref(), &heads).await.unwrap();
    assert_eq!((report.rows, report.heads), (42, 4));
    assert_eq!(report.findings, Vec::<String>::new());
    let rows = store.audit_rows(40, 10).await.unwrap();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].event, event("subject 42"));
    store.close().await;
}

async fn the_last_rows_cut_are_named(ground: Ground) {
    let (store, heads) = audited(&ground, 100).await;
    assert_eq!(
        ground.raw("DELETE FROM audit WHERE sequence > 90").await,
        10
    );
    store.close().await;
    assert_eq!(findings(&ground).await, ["rows 91 to 100 are missing"]);
    // The gateway notices by itself, says so once, and goes on signing.
    let store = ground.open().await;
    let refused = heads.sign(store.as_ref(), at(9000)).await.unwrap_err();
    assert_eq!(refused.code(), Code::StoreIncomplete);
    assert_eq!(heads.sign(store.as_ref(), at(9060)).await.unwrap(), None);
    store.close().await;
    let back = "line 11 of the signed heads goes back";
    assert_eq!(
        findings(&ground).await,
        [back, "rows 91 to 100 are missing"]
    );
    // New rows in their place do not hide it.
    let store = ground.open().await;
    let events: Vec<_> = (0..15).map(|it| event(&format!("new {it}"))).collect();
    store.append(&[], &events, None).await.unwrap();
    store.close().await;
    let found = findings(&ground).await;
    assert_eq!((found.len(), found[0].as_str()), (2, back), "{found:?}");
    assert!(
        found[1].starts_with("row 100 has another hash"),
        "{found:?}"
    );
}

async fn rows_missing_in_between_are_named(ground: Ground) {
    let (store, _) = audited(&ground, 20).await;
    ground
        .raw("DELETE FROM audit WHERE sequence IN (1, 5, 6, 7, 12)")
        .await;
    store.close().await;
    assert_eq!(
        findings(&ground).await,
        [
            "row 1 is missing",
            "rows 5 to 7 are missing",
            "row 12 is missing"
        ]
    );
}

async fn an_altered_row_is_named(ground: Ground) {
    let (store, _) = audited(&ground, 20).await;
    ground
        .raw("UPDATE audit SET actor = 'nobody' WHERE sequence = 7")
        .await;
    ground
        .raw("UPDATE audit SET at = at + 1 WHERE sequence = 19")
        .await;
    store.close().await;
    assert_eq!(
        findings(&ground).await,
        ["row 7 was altered", "row 19 was altered"]
    );
}

async fn a_row_that_was_altered_with_its_hash_is_named_by_the_next(ground: Ground) {
    let (store, _) = audited(&ground, 9).await;
    store.close().await;
    let other = match ground.server {
        None => Ground::sqlite(),
        Some(_) => Ground::postgres_beside(&ground).await,
    };
    let (store, forger) = (ground.open().await, other.open().await);
    for mut row in store.audit_rows(0, 7).await.unwrap() {
        if row.sequence == 7 {
            row.event.actor = "nobody".into();
        }
        forger.append(&[], &[row.event], None).await.unwrap();
    }
    let mut raw = ground.connection().await;
    let altered = sqlx::query("UPDATE audit SET actor = 'nobody', hash = $1 WHERE sequence = 7");
    let hash = forger.audit_head().await.unwrap().hash;
    let altered = altered.bind(hash.to_vec()).execute(&mut raw).await.unwrap();
    assert_eq!(altered.rows_affected(), 1);
    raw.close().await.unwrap();
    forger.close().await;
    store.close().await;
    assert_eq!(findings(&ground).await, ["row 8 was altered"]);
}

/// Somebody takes row 15 out and makes all hashes from there on anew, by the gateway's own code.
async fn a_rebuilt_chain_is_named(ground: Ground) {
    let (store, _) = audited(&ground, 40).await;
    store.close().await;
    let other = match ground.server {
        None => Ground::sqlite(),
        Some(_) => Ground::postgres_beside(&ground).await,
    };
    let (store, forger) = (ground.open().await, other.open().await);
    for row in store.audit_rows(0, 40).await.unwrap() {
        if row.sequence != 15 {
            forger.append(&[], &[row.event], None).await.unwrap();
        }
    }
    let rebuilt = forger.audit_rows(14, 40).await.unwrap();
    forger.close().await;
    ground.raw("DELETE FROM audit WHERE sequence > 14").await;
    let mut raw = ground.connection().await;
    for row in rebuilt {
        sqlx::query(
            "INSERT INTO audit (sequence, at, actor, event, subject, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(i64::try_from(row.sequence).unwrap())
        .bind(row.event.at.seconds())
        .bind(row.event.actor)
        .bind(row.event.event)
        .bind(row.event.subject)
        .bind(row.event.detail)
        .bind(row.hash.to_vec())
        .execute(&mut raw)
        .await
        .unwrap();
    }
    let last: i64 = sqlx::query("SELECT MAX(sequence) FROM audit")
        .fetch_one(&mut raw)
        .await
        .unwrap()
        .get(0);
    raw.close().await.unwrap();
    store.close().await;
    assert_eq!(last, 39);
    let found = findings(&ground).await;
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("row 20 has another hash"), "{found:?}");
    assert!(found[0].ends_with("the chain was rebuilt"), "{found:?}");
    assert!(found[1].starts_with("row 30 has another hash"), "{found:?}");
    assert_eq!(found[2], "row 40 is missing");
}

async fn heads_that_were_tampered_with_are_named(ground: Ground) {
    let (store, _) = audited(&ground, 30).await;
    store.close().await;
    let file = ground.data.path().join("audit/heads.ndjson");
    let lines = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<_> = lines.lines().collect();
    let altered = lines[0].replace("\"sequence\":10", "\"sequence\":11");
    std::fs::write(
        &file,
        [&altered, lines[2], lines[1], "", "{}", ""].join("\n"),
    )
    .unwrap();
    assert_eq!(
        findings(&ground).await,
        [
            "line 1 of the signed heads has no good signature",
            "line 3 of the signed heads goes back",
            "line 4 of the signed heads has no good signature",
            "line 5 of the signed heads has no good signature",
        ]
    );
    let store = ground.open().await;
    let heads = Heads::open(ground.data.path()).unwrap();
    let refused = heads.sign(store.as_ref(), at(9000)).await.unwrap_err();
    assert_eq!(refused.code(), Code::StoreIncomplete);
    store.close().await;
    std::fs::remove_file(ground.data.path().join("keys/audit.pem")).unwrap();
    let refused = Heads::open(ground.data.path()).err().unwrap();
    assert_eq!(refused.code(), Code::ConfigurationInvalid);
}

async fn a_head_is_signed_when_it_moved_or_an_hour_passed(ground: Ground) {
    let store = ground.open().await;
    let heads = Heads::open(ground.data.path()).unwrap();
    assert_eq!(store.audit_head().await.unwrap(), AuditHead::EMPTY);
    assert_eq!(heads.sign(store.as_ref(), at(0)).await.unwrap(), None);
    store.append(&[], &[event("a")], None).await.unwrap();
    let signs = async |seconds| {
        heads
            .sign(store.as_ref(), at(seconds))
            .await
            .unwrap()
            .is_some()
    };
    assert!(signs(60).await);
    assert!(!signs(120).await);
    assert!(!signs(3659).await);
    assert!(signs(3660).await);
    store.append(&[], &[event("b")], None).await.unwrap();
    assert!(signs(3661).await);
    assert_eq!(heads.lines().unwrap().count(), 3);
    store.close().await;
}

async fn a_line_that_a_crash_cut_short_is_taken_away(ground: Ground) {
    let (store, heads) = audited(&ground, 20).await;
    let file = ground.data.path().join("audit/heads.ndjson");
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{whole}{{\"sequence\":2")).unwrap();
    assert_eq!(findings(&ground).await, Vec::<String>::new());
    store.append(&[], &[event("a")], None).await.unwrap();
    assert!(
        heads
            .sign(store.as_ref(), at(9000))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(heads.lines().unwrap().count(), 3);
    assert_eq!(findings(&ground).await, Vec::<String>::new());
    store.close().await;
}
