//! Every column of every table of issuing, changed by hand.

use super::desk::{event, sealed};
use super::events::take;
use super::tamper::{TABLES, blob, keep, put_back, two};
use crate::ground::Ground;
use crate::on_both;
use lintas::server::store::issuing::{Registered, Taken, Which};

on_both! {
    every_column_is_under_the_seal
}

async fn every_column_is_under_the_seal(ground: Ground) {
    let (store, waits, done) = two(&ground).await;
    keep(&ground).await;
    let bytes = |length: usize| blob(&ground, &"5a".repeat(length));
    let columns: [(&str, &[(&str, usize)]); 5] = [
        (
            "event",
            &[
                ("id", 16),
                ("slot", 32),
                ("source_key", 32),
                ("version", 0),
                ("digest", 32),
                ("action", 1),
                ("purpose", 1),
                ("facility", 1),
                ("operator", 1),
                ("submitted_by", 1),
                ("lot", 1),
                ("batch", 1),
                ("received_at_ms", 0),
                ("supersedes", 16),
                ("seal", 32),
            ],
        ),
        (
            "waiting",
            &[
                ("event", 16),
                ("received_at_ms", 0),
                ("body", 9),
                ("claim_key", 32),
                ("seal", 32),
            ],
        ),
        (
            "receipt",
            &[
                ("event", 16),
                ("claim_again", 9),
                ("until", 0),
                ("seal", 32),
            ],
        ),
        (
            "held",
            &[
                ("claim_key", 32),
                ("event", 16),
                ("body", 9),
                ("until", 0),
                ("seal", 32),
            ],
        ),
        (
            "issued",
            &[
                ("number", 0),
                ("slot", 32),
                ("event", 16),
                ("profile", 1),
                ("purpose", 1),
                ("kid", 8),
                ("signature", 16),
                ("mark", 16),
                ("uvci", 16),
                ("country_uvci", 16),
                ("issued_at", 0),
                ("expires_at", 0),
                ("facility", 1),
                ("operator", 1),
                ("submitted_by", 1),
                ("lot", 1),
                ("batch", 1),
                ("seal", 32),
            ],
        ),
    ];
    let mark = sealed(&done).issued[0].mark;
    let fresh = || async {
        let again = ground.open().await;
        let answer = (
            again.held(&done.claim_key).await.unwrap().is_some(),
            again.registered(&[mark]).await.unwrap()[0] == Registered::Yes,
            again.waiting(Which::Oldest, 9).await.unwrap().len() == 1,
            take(again.as_ref(), &event("waits", "1")).await
                == Taken::Known {
                    claim_again: Some(waits.claim_again.clone()),
                },
        );
        again.close().await;
        answer
    };
    for (table, columns) in columns {
        // None is left out.
        let width = store.survey().await.map(|_| columns.len()).unwrap();
        let mut raw = ground.connection().await;
        let sql = sqlx::AssertSqlSafe(format!("SELECT * FROM {table}"));
        let row = sqlx::query(sql).fetch_one(&mut raw).await.unwrap();
        assert_eq!(sqlx::Row::columns(&row).len(), width, "{table}");
        sqlx::Connection::close(raw).await.unwrap();
        for &(column, length) in columns {
            let value = match (column, length) {
                ("action", _) => "'cancel'".to_owned(),
                ("purpose", _) => "'test'".to_owned(),
                ("profile", _) => {
                    "CASE profile WHEN 'eu_dcc' THEN 'who_ddcc' ELSE 'eu_dcc' END".to_owned()
                }
                (_, 0) => format!("{column} + 10"),
                (_, 1) => format!("{column} || 'x'"),
                (_, length) => bytes(length),
            };
            // Of two rows that would both get the same key, one.
            let one = if table == "issued" {
                format!(
                    " WHERE mark = {}",
                    blob(&ground, &base16ct::lower::encode_string(&mark.0))
                )
            } else if table == "event" {
                let id = base16ct::lower::encode_string(&waits.id);
                format!(" WHERE id = {}", blob(&ground, &id))
            } else if table == "receipt" {
                let id = base16ct::lower::encode_string(&waits.id);
                format!(" WHERE event = {}", blob(&ground, &id))
            } else {
                String::new()
            };
            let changed = ground
                .raw(&format!("UPDATE {table} SET {column} = {value}{one}"))
                .await;
            assert_eq!(changed, 1, "{table}.{column}");
            let survey = store.survey().await.unwrap();
            let told = format!("1 rows of {table} have no good seal");
            assert!(
                survey.findings.contains(&told),
                "{table}.{column}: {survey:?}"
            );
            let (held, registered, waiting, known) = fresh().await;
            let expected = match table {
                "event" => (true, true, false, false),
                "waiting" => (true, true, false, true),
                "receipt" => (true, true, true, false),
                "held" => (false, true, true, true),
                _ => (true, false, true, true),
            };
            let found = (held, registered, waiting, known);
            assert_eq!(found, expected, "{table}.{column}");
            for table in TABLES {
                put_back(&ground, table).await;
            }
            assert_eq!(fresh().await, (true, true, true, true));
        }
    }
    store.close().await;
}
