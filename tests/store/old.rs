//! A store that an earlier version made opens with this one, and its seals and hashes are good.
//!
//! `tests/vectors/store/v1.sql` is the whole SQLite database after migration 1; `v1.key` is the hex of the key of its seals,
//! which seals nothing else. `LINTAS_WRITE=1` writes both where they are not there; they are never written over.

use crate::ground::{Ground, event, names, records, run};
use lintas::server::store::{Heads, Wholeness, verify_audit};
use sqlx::{Connection, Row};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/store")
}

#[test]
fn a_store_of_version_1_opens() {
    #[allow(clippy::disallowed_methods, reason = "the switch that writes the dump")]
    let may_write = std::env::var_os("LINTAS_WRITE").is_some();
    if may_write && !folder().join("v1.sql").exists() {
        run(Ground::sqlite(), write);
    }
    run(Ground::sqlite(), async |ground| {
        let dump = std::fs::read_to_string(folder().join("v1.sql")).unwrap();
        let key = std::fs::read_to_string(folder().join("v1.key")).unwrap();
        let key = base16ct::lower::decode_vec(key.trim()).unwrap();
        // A file with the right permissions, and nothing in it.
        crate::ground::write_private(&ground.file(), "");
        ground.raw(&dump).await;
        std::fs::create_dir(ground.data.path().join("keys")).unwrap();
        let path = ground.data.path().join("keys/seal.key");
        crate::ground::write_private(&path, "");
        std::fs::write(path, key).unwrap();
        let store = ground.open().await;
        assert_eq!(store.wholeness(), Wholeness::Whole);
        assert_eq!(names(store.as_ref()).await, ["a0", "a1", "a2", "b0"]);
        let heads = Heads::open(ground.data.path()).unwrap();
        let report = verify_audit(store.as_ref(), &heads).await.unwrap();
        assert_eq!((report.rows, report.findings.len()), (2, 0));
        let head = store.append(&records("c", 1), &[event("c")], None).await;
        assert_eq!(head.unwrap().sequence, 5);
        store.close().await;
    });
}

async fn write(ground: Ground) {
    let store = ground.open().await;
    store
        .append(&records("a", 3), &[event("a")], None)
        .await
        .unwrap();
    store
        .append(&records("b", 1), &[event("b")], None)
        .await
        .unwrap();
    store.close().await;
    let mut connection = ground.connection().await;
    let mut dump = String::new();
    let schema = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid";
    for table in sqlx::query(schema)
        .fetch_all(&mut connection)
        .await
        .unwrap()
    {
        let (name, sql): (String, String) = (table.get(0), table.get(1));
        dump.push_str(&format!("{sql};\n"));
        let columns = format!(
            "SELECT group_concat('quote(' || name || ')', '||'', ''||') FROM pragma_table_info('{name}')"
        );
        let columns = sqlx::query(sqlx::AssertSqlSafe(columns));
        let columns: String = columns.fetch_one(&mut connection).await.unwrap().get(0);
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {columns} FROM {name}")));
        for row in rows.fetch_all(&mut connection).await.unwrap() {
            let values: String = row.get(0);
            dump.push_str(&format!("INSERT INTO {name} VALUES ({values});\n"));
        }
    }
    connection.close().await.unwrap();
    let key = std::fs::read(ground.data.path().join("keys/seal.key")).unwrap();
    std::fs::create_dir_all(folder()).unwrap();
    std::fs::write(folder().join("v1.sql"), dump).unwrap();
    std::fs::write(
        folder().join("v1.key"),
        base16ct::lower::encode_string(&key) + "\n",
    )
    .unwrap();
}
