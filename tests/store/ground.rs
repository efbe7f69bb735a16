//! Where a test of the store happens: a database of its own and a data folder of its own.

use crate::postgres::{Postgres, server};
use lintas::exchange::{Record, RecordKind};
use lintas::failure::Failure;
use lintas::model::{Country, UnixTime};
use lintas::server::store::{self, Event, Row, Store, StoreConfig};
use sqlx::{AnyConnection, Connection};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) struct Ground {
    pub(crate) data: tempfile::TempDir,
    pub(crate) config: StoreConfig,
    pub(crate) server: Option<(&'static Postgres, String)>,
}

impl Ground {
    pub(crate) fn sqlite() -> Self {
        Self {
            data: tempfile::tempdir().unwrap(),
            config: StoreConfig::default(),
            server: None,
        }
    }

    /// A database with its logins and tables; `None` where there is no server.
    pub(crate) fn postgres() -> Option<Self> {
        let ground = Self::postgres_without_tables()?;
        run(ground, async |ground| {
            ground.migrate().await.unwrap();
            Some(ground)
        })
    }

    pub(crate) fn postgres_without_tables() -> Option<Self> {
        let server = server()?;
        let ground = Self {
            data: tempfile::tempdir().unwrap(),
            config: StoreConfig::default(),
            server: Some((server, server.fresh_name())),
        };
        run(ground, async |mut ground| {
            ground.make().await;
            Some(ground)
        })
    }

    /// Another database of the same server, made within a running test.
    pub(crate) async fn postgres_beside(other: &Self) -> Self {
        let (server, _) = other.server.as_ref().unwrap();
        let mut ground = Self {
            data: tempfile::tempdir().unwrap(),
            config: StoreConfig::default(),
            server: Some((*server, server.fresh_name())),
        };
        ground.make().await;
        ground.migrate().await.unwrap();
        ground
    }

    async fn make(&mut self) {
        self.admin("CREATE DATABASE $db").await;
        let logins = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/postgres.sql");
        // Logins belong to the whole server, and two tests must not make them at once.
        static MAKING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let one = MAKING.lock().await;
        self.raw(&std::fs::read_to_string(logins).unwrap()).await;
        drop(one);
        let file = self.data.path().join("migrate.url");
        write_private(&file, &self.url("lintas_migrate"));
        self.config = StoreConfig {
            url: Some(self.url("lintas_write")),
            migrate_url_file: Some(file),
            ..StoreConfig::default()
        };
    }

    pub(crate) async fn migrate(&self) -> Result<i64, Failure> {
        store::migrate(&self.config, self.data.path()).await
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.server.is_none()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.data.path().join("lintas.db")
    }

    /// A URL for `login`; SQLite knows none.
    pub(crate) fn url(&self, login: &str) -> String {
        match &self.server {
            Some((server, database)) => server.url(login, database),
            None => format!("sqlite:{}", self.file().display()),
        }
    }

    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Arc<dyn Store>, Failure> {
        store::open(&self.config, self.data.path()).await
    }

    /// A connection that may do anything, as somebody has who got hold of the database.
    pub(crate) async fn connection(&self) -> AnyConnection {
        self.connection_as("postgres").await
    }

    pub(crate) async fn connection_as(&self, login: &str) -> AnyConnection {
        sqlx::any::install_default_drivers();
        AnyConnection::connect(&self.url(login)).await.unwrap()
    }

    /// Runs `sql` as somebody who may do anything. How many rows it changed.
    pub(crate) async fn raw(&self, sql: &str) -> u64 {
        let mut connection = self.connection().await;
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        done.rows_affected()
    }

    /// Inserts a row of records by hand, numbered `sequence`, with bytes in place of a seal.
    pub(crate) async fn forge(&self, sequence: i64) {
        self.forge_readmission(sequence, "own", "signer/00").await;
    }

    /// The same, of a row that lets what `source` withdrew under `name` come back.
    pub(crate) async fn forge_readmission(&self, sequence: i64, source: &str, name: &str) {
        let blob = |byte: &str| {
            let hex = byte.repeat(32);
            if self.is_sqlite() {
                format!("X'{hex}'")
            } else {
                format!("'\\x{hex}'::bytea")
            }
        };
        let (zeros, body) = (blob("00"), blob("7b"));
        self.raw(&format!(
            "INSERT INTO records (sequence, previous, previous_seal, kind, source, name, country, received_at, body, seal) \
             VALUES ({sequence}, {}, {zeros}, 'readmission', '{source}', '{name}', NULL, 1, {body}, {zeros})",
            sequence - 1
        ))
        .await;
    }

    /// Keeps the database as it is, under `name`. No connection may be open.
    pub(crate) async fn keep(&self, name: &str) {
        if self.is_sqlite() {
            std::fs::copy(self.file(), self.data.path().join(name)).unwrap();
        } else {
            self.quiet().await;
            self.admin(&format!("CREATE DATABASE $db_{name} TEMPLATE $db"))
                .await;
        }
    }

    /// Puts the database back that was kept under `name`.
    pub(crate) async fn restore(&self, name: &str) {
        if self.is_sqlite() {
            for beside in ["lintas.db-wal", "lintas.db-shm"] {
                let _ = std::fs::remove_file(self.data.path().join(beside));
            }
            std::fs::copy(self.data.path().join(name), self.file()).unwrap();
        } else {
            self.quiet().await;
            self.admin("DROP DATABASE $db").await;
            self.admin(&format!("CREATE DATABASE $db TEMPLATE $db_{name}"))
                .await;
        }
    }

    /// Waits until no backend serves anybody in this database any more.
    pub(crate) async fn quiet(&self) {
        let Some((server, database)) = &self.server else {
            return;
        };
        sqlx::any::install_default_drivers();
        let mut admin = AnyConnection::connect(&server.url("postgres", "postgres"))
            .await
            .unwrap();
        loop {
            let left: i64 =
                sqlx::query_scalar("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = $1")
                    .bind(database.clone())
                    .fetch_one(&mut admin)
                    .await
                    .unwrap();
            if left == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        admin.close().await.unwrap();
    }

    /// Runs `sql` in the server's own database, with this one's name for `$db`.
    async fn admin(&self, sql: &str) {
        let (server, database) = self.server.as_ref().unwrap();
        sqlx::any::install_default_drivers();
        let mut connection = AnyConnection::connect(&server.url("postgres", "postgres"))
            .await
            .unwrap();
        let sql = sql.replace("$db", database);
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }
}

/// Runs `test` on `ground`.
pub(crate) fn run<T>(ground: Ground, test: impl AsyncFnOnce(Ground) -> T) -> T {
    actix_web::rt::System::new().block_on(test(ground))
}

pub(crate) fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

pub(crate) fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(1_780_272_000 + seconds).unwrap()
}

pub(crate) fn record(name: &str) -> Record {
    Record {
        kind: RecordKind::TrustListEntry,
        source: "test".into(),
        name: name.into(),
        country: Some(Country::DEMO),
        received_at: at(0),
        body: format!("{{\"name\":\"{name}\"}}").into_bytes(),
    }
}

/// Records named `<prefix>0` and so on.
pub(crate) fn records(prefix: &str, count: usize) -> Vec<Record> {
    (0..count)
        .map(|it| record(&format!("{prefix}{it}")))
        .collect()
}

pub(crate) fn event(subject: &str) -> Event {
    Event {
        at: at(0),
        actor: "test".into(),
        event: "record.added".into(),
        subject: subject.into(),
        detail: "1 new".into(),
    }
}

/// All rows, page by page.
pub(crate) async fn all(store: &dyn Store) -> Result<Vec<Row>, Failure> {
    pages(store, 7).await
}

/// All rows, `limit` at a time.
pub(crate) async fn pages(store: &dyn Store, limit: u32) -> Result<Vec<Row>, Failure> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |it| it.sequence);
        let page = store.records(after, limit).await?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

/// The names of all good records, in order.
pub(crate) async fn names(store: &dyn Store) -> Vec<String> {
    let rows = all(store).await.unwrap();
    let good = rows.into_iter().filter_map(|it| it.record.ok());
    good.map(|it| it.name).collect()
}
