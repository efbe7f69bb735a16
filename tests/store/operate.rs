//! What an operator does: migrations, logins, moving from one database to another.

use crate::ground::{Ground, all, at, event, names, records, run};
use lintas::failure::Code;
use lintas::server::store::{self, Heads, StoreConfig, Wholeness};
use sqlx::Connection;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_login_may_do_what_it_is_for_and_nothing_else() {
    let Some(ground) = Ground::postgres() else {
        return;
    };
    run(ground, async |ground| {
        let store = ground.open().await;
        store
            .append(&records("a", 2), &[event("a")], None)
            .await
            .unwrap();
        store.close().await;
        let select = "SELECT COUNT(*) FROM";
        let insert = "INSERT INTO lease (name, token, holder, expires_at) VALUES ('n', 9, 'h', 1)";
        let mut refused = vec![
            "UPDATE records SET name = 'other'".to_owned(),
            "CREATE TABLE other (a TEXT)".to_owned(),
            "ALTER TABLE records ADD COLUMN other TEXT".to_owned(),
            "DROP TABLE audit".to_owned(),
            "UPDATE _sqlx_migrations SET version = 3".to_owned(),
        ];
        for table in ["records", "audit", "lease"] {
            refused.push(format!("DELETE FROM {table}"));
            refused.push(format!("TRUNCATE {table}"));
            refused.push(format!("SELECT 1 FROM {table} FOR UPDATE"));
        }
        refused.push("UPDATE audit SET actor = 'other'".to_owned());
        refused.push("UPDATE lease SET token = 1".to_owned());
        let erasable = ["waiting", "receipt", "held"];
        for table in ["event", "issued"] {
            refused.push(format!("DELETE FROM {table}"));
        }
        for table in ["event", "issued"].iter().chain(&erasable) {
            refused.push(format!("UPDATE {table} SET seal = seal"));
            refused.push(format!("TRUNCATE {table}"));
        }
        for (login, may_insert) in [("lintas_write", true), ("lintas_read", false)] {
            let mut connection = ground.connection_as(login).await;
            for table in erasable {
                let sql = sqlx::AssertSqlSafe(format!("DELETE FROM {table}"));
                let erased = sqlx::raw_sql(sql).execute(&mut connection).await;
                assert_eq!(erased.is_ok(), may_insert, "{login}: {table}");
            }
            for table in ["records", "audit", "lease", "event", "issued"] {
                let sql = sqlx::AssertSqlSafe(format!("{select} {table}"));
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            }
            let inserted = sqlx::raw_sql(insert).execute(&mut connection).await;
            assert_eq!(inserted.is_ok(), may_insert, "{login}");
            if let Err(error) = inserted {
                assert_eq!(state(&error), "42501");
            }
            for sql in &refused {
                let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone()));
                let error = done.execute(&mut connection).await.unwrap_err();
                assert_eq!(state(&error), "42501", "{login}: {sql}");
            }
            connection.close().await.unwrap();
        }
        let reader = StoreConfig {
            url: Some(ground.url("lintas_read")),
            ..StoreConfig::default()
        };
        let reader = store::open(&reader, ground.data.path()).await.unwrap();
        assert_eq!(names(reader.as_ref()).await, ["a0", "a1"]);
        let refused = reader
            .append(&records("b", 1), &[], None)
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::StoreUnavailable);
        assert!(refused.detail().contains("42501"), "{refused}");
        reader.close().await;
    });
}

fn state(error: &sqlx::Error) -> String {
    let error = error.as_database_error().unwrap();
    error.code().unwrap().into_owned()
}

#[test]
fn a_server_over_a_network_must_prove_its_name() {
    let Some(ground) = Ground::postgres() else {
        return;
    };
    run(ground, async |ground| {
        let (server, database) = ground.server.clone().unwrap();
        let other = ground.data.path().join("other.pem");
        let key = rcgen::KeyPair::generate().unwrap();
        let stranger = rcgen::CertificateParams::default();
        std::fs::write(&other, stranger.self_signed(&key).unwrap().pem()).unwrap();
        for (host, ca, good) in [
            ("localhost", &server.ca(), true),
            ("127.0.0.1", &server.ca(), false),
            ("localhost", &other, false),
        ] {
            let config = StoreConfig {
                url: Some(server.tls_url("lintas_write", &database, host, ca)),
                ..StoreConfig::default()
            };
            match store::open(&config, ground.data.path()).await {
                Ok(store) => {
                    assert!(good, "{host} {ca:?}");
                    store.append(&records("a", 1), &[], None).await.unwrap();
                    store.close().await;
                }
                Err(failure) => {
                    assert!(!good, "{failure:?}");
                    assert_eq!(failure.code(), Code::StoreUnavailable);
                }
            }
        }
    });
}

#[test]
fn a_lost_connection_is_made_anew() {
    let Some(ground) = Ground::postgres() else {
        return;
    };
    run(ground, async |ground| {
        let store = ground.open().await;
        store.append(&records("a", 1), &[], None).await.unwrap();
        let kill = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'lintas_write'";
        // Of this database alone: other tests have their own.
        ground
            .raw(&format!("{kill} AND datname = current_database()"))
            .await;
        store.append(&records("b", 1), &[], None).await.unwrap();
        assert_eq!(names(store.as_ref()).await, ["a0", "b0"]);
        store.close().await;
    });
}

/// What was asked in vain leaves no connection behind that answers the next question with its answer.
#[test]
fn a_database_that_keeps_silent_is_not_waited_for() {
    let Some(ground) = Ground::postgres() else {
        return;
    };
    run(ground, async |ground| {
        let store = ground.open().await;
        let head = store.append(&records("a", 1), &[event("a")], None).await;
        let mut other = ground.connection().await;
        let lock = sqlx::raw_sql("BEGIN; LOCK TABLE records IN ACCESS EXCLUSIVE MODE");
        lock.execute(&mut other).await.unwrap();
        let refused = store.head().await.unwrap_err();
        assert_eq!(refused.code(), Code::StoreUnavailable);
        assert!(refused.detail().contains("within 5 s"), "{refused}");
        assert_eq!(store.audit_head().await.unwrap().sequence, 1);
        sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
        assert_eq!(store.head().await.unwrap(), head.unwrap());
        store.append(&records("b", 1), &[], None).await.unwrap();
        assert_eq!(names(store.as_ref()).await, ["a0", "b0"]);
        store.close().await;
    });
}

#[test]
fn a_write_login_never_migrates() {
    let Some(ground) = Ground::postgres_without_tables() else {
        return;
    };
    run(ground, async |ground| {
        let refused = ground.try_open().await.err().unwrap();
        assert_eq!(refused.code(), Code::ConfigurationInvalid);
        assert!(refused.detail().contains("lintas migrate"), "{refused}");
        assert_eq!(ground.migrate().await.unwrap(), 6);
        assert_eq!(ground.migrate().await.unwrap(), 6, "again changes nothing");
        ground.open().await.close().await;
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (99, 'later', true, '', 0)";
        ground.raw(newer).await;
        for refused in [
            ground.try_open().await.map(|_| ()),
            ground.migrate().await.map(|_| ()),
        ] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.code(), Code::ConfigurationInvalid);
            assert!(refused.detail().contains("newer"), "{refused}");
        }
        ground
            .raw("DELETE FROM _sqlx_migrations WHERE version > 1")
            .await;
        let refused = ground.try_open().await.err().unwrap();
        assert!(refused.detail().contains("version 1, not 6"), "{refused}");
    });
}

#[test]
fn a_newer_sqlite_file_is_refused() {
    run(Ground::sqlite(), async |ground| {
        ground.open().await.close().await;
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (99, 'later', true, X'', 0)";
        ground.raw(newer).await;
        let refused = ground.try_open().await.err().unwrap();
        assert_eq!(refused.code(), Code::ConfigurationInvalid);
    });
}

#[test]
fn the_files_are_for_their_owner_alone() {
    run(Ground::sqlite(), async |ground| {
        let store = ground.open().await;
        store
            .append(&records("a", 1), &[event("a")], None)
            .await
            .unwrap();
        let heads = Heads::open(ground.data.path()).unwrap();
        heads.sign(store.as_ref(), at(0)).await.unwrap();
        for file in [
            "lintas.db",
            "lintas.db-wal",
            "lintas.db-shm",
            "keys/seal.key",
            "keys/audit.pem",
            "marks/records.json",
            "audit/heads.ndjson",
        ] {
            let path = ground.data.path().join(file);
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
        store.close().await;
        let open = std::fs::Permissions::from_mode(0o640);
        for file in ["lintas.db", "keys/seal.key"] {
            let path = ground.data.path().join(file);
            std::fs::set_permissions(&path, open.clone()).unwrap();
            let refused = ground.try_open().await.err().unwrap();
            assert_eq!(refused.code(), Code::ConfigurationInvalid, "{file}");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        ground.open().await.close().await;
    });
}

#[test]
fn a_store_moves_from_sqlite_to_postgresql() {
    let Some(target) = Ground::postgres() else {
        return;
    };
    run(Ground::sqlite(), async |ground| {
        let store = ground.open().await;
        store
            .append(&records("a", 30), &[event("a"), event("b")], None)
            .await
            .unwrap();
        ground.forge(31).await;
        let head = store
            .append(&records("b", 3), &[event("c")], None)
            .await
            .unwrap();
        let lease = store.lease("publish", "here", at(0), 60).await.unwrap();
        let heads = Heads::open(ground.data.path()).unwrap();
        heads.sign(store.as_ref(), at(0)).await.unwrap();
        let (from, to) = (ground.url(""), target.url("lintas_write"));
        let copied = store::copy(&from, &to, ground.data.path()).await.unwrap();
        assert_eq!(copied, head);
        let again = store::copy(&from, &to, ground.data.path())
            .await
            .unwrap_err();
        assert_eq!(again.code(), Code::ConfigurationInvalid);
        let moved = StoreConfig {
            url: Some(to),
            ..StoreConfig::default()
        };
        let moved = store::open(&moved, ground.data.path()).await.unwrap();
        assert_eq!(moved.wholeness(), Wholeness::Whole);
        assert_eq!(names(moved.as_ref()).await, names(store.as_ref()).await);
        assert!(all(moved.as_ref()).await.unwrap()[30].record.is_err());
        let report = store::verify_audit(moved.as_ref(), &heads).await.unwrap();
        assert_eq!((report.rows, report.findings.len()), (3, 0));
        let fenced = moved.append(&records("c", 1), &[], lease.as_ref()).await;
        assert_eq!(fenced.unwrap().sequence, 35);
        moved.close().await;
        store.close().await;
    });
}

#[test]
fn a_copy_of_what_is_not_whole_is_refused() {
    run(Ground::sqlite(), async |ground| {
        let store = ground.open().await;
        store.append(&records("a", 5), &[], None).await.unwrap();
        store.close().await;
        ground.raw("DELETE FROM records WHERE sequence = 3").await;
        let refused = store::copy(&ground.url(""), "sqlite:other.db", ground.data.path()).await;
        assert_eq!(refused.unwrap_err().code(), Code::StoreIncomplete);
    });
}
