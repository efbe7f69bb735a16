//! Opening a store: connections, the schema, the key of the seals, and a walk over everything.
//!
//! Refuses a schema that is older or newer than this program, except that SQLite is brought up to date on the way; a
//! PostgreSQL database is changed by `lintas migrate` alone.

use super::contract::Store;
use super::mark::MarkFile;
use super::place::{Place, StoreConfig};
use super::seal::SealKey;
use super::sql::Sql;
use super::{issuing, rows, trouble};
use crate::failure::{Code, Failure};
use crate::server::files;
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, AnyPool, ConnectOptions, Connection, SqlSafeStr};
use std::borrow::Cow;
use std::fs::OpenOptions;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The store that `config` names, with key and mark below the folder `data`.
///
/// A store that is not whole opens, too, and says so: ask [`Store::wholeness`].
///
/// # Errors
/// `configuration_invalid`, `store_unavailable`, `input_output`.
pub async fn open(config: &StoreConfig, data: &Path) -> Result<Arc<dyn Store>, Failure> {
    Ok(Arc::new(open_at(&config.place(data)?, data).await?))
}

/// Brings the database that `config` names up to date, by its login for that. The version it has then.
///
/// # Errors
/// `configuration_invalid`, `store_unavailable`, `input_output`.
pub async fn migrate(config: &StoreConfig, data: &Path) -> Result<i64, Failure> {
    let place = config.migrate_place(data)?;
    let (pool, dialect) = connect(&place).await?;
    let migrated = bring_up(&pool, dialect).await;
    pool.close().await;
    migrated.map(|()| dialect.version())
}

pub(super) async fn open_at(place: &Place, data: &Path) -> Result<Sql, Failure> {
    let (pool, dialect) = connect(place).await?;
    if dialect == Dialect::Sqlite {
        bring_up(&pool, dialect).await?;
    }
    let mut connection = pool.acquire().await.map_err(trouble::failure)?;
    check_version(&mut connection, dialect).await?;
    let holds = holds_anything(&mut connection).await;
    let is_empty = !holds.map_err(trouble::failure)?;
    drop(connection);
    let key = SealKey::open(data, is_empty)?;
    Sql::open(pool, dialect, key, MarkFile::below(data)).await
}

/// Which of the two databases it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// How a transaction that writes begins.
    pub(super) fn begin(self) -> &'static str {
        match self {
            // One that reads first and writes then would end in BUSY.
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }

    /// What each new connection is told.
    fn settings(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON; PRAGMA cache_size = -16384"
            }
            // A node that froze in the middle of a transaction must not hold up the others. A plan that was kept since a table
            // was small would read all of it for each list of keys.
            Self::Postgres => {
                "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '30s'; \
                 SET synchronous_commit = on; SET plan_cache_mode = force_custom_plan"
            }
        }
    }

    fn migrations(self) -> Vec<Migration> {
        let own: &[(i64, &str, &'static str)] = match self {
            Self::Sqlite => &[],
            Self::Postgres => POSTGRES,
        };
        COMMON
            .iter()
            .chain(own)
            .map(|&(version, name, sql)| {
                let name = Cow::Owned(name.to_owned());
                Migration::new(
                    version,
                    name,
                    MigrationType::Simple,
                    sql.into_sql_str(),
                    false,
                )
            })
            .collect()
    }

    fn version(self) -> i64 {
        let versions = self.migrations().into_iter().map(|it| it.version);
        versions.max().unwrap_or_default()
    }
}

async fn connect(place: &Place) -> Result<(AnyPool, Dialect), Failure> {
    sqlx::any::install_default_drivers();
    let dialect = match &place.file {
        Some(file) => {
            prepare(file)?;
            Dialect::Sqlite
        }
        None => Dialect::Postgres,
    };
    let options = AnyPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(ACQUIRE)
        // SQLite ends a transaction by itself where the disk is full, and sqlx takes it for open: such a connection would
        // begin none for ever.
        .before_acquire(|connection, _| {
            let usable = !connection.is_in_transaction();
            Box::pin(async move { Ok(usable) })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                sqlx::raw_sql(dialect.settings())
                    .execute(connection)
                    .await?;
                Ok(())
            })
        });
    let silent = place.options.clone().disable_statement_logging();
    let pool = options.connect_with(silent).await;
    Ok((pool.map_err(trouble::failure)?, dialect))
}

/// Makes the file for its owner alone; SQLite gives the files beside it the same rights.
fn prepare(file: &Path) -> Result<(), Failure> {
    let failed =
        |error| Code::InputOutput.caused_by(format!("{} cannot be opened", file.display()), error);
    files::create_dir(file.parent().unwrap_or_else(|| Path::new("")))?;
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(files::PRIVATE)
        .open(file)
        .map_err(failed)?;
    let mode = opened.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        let reason = format!("{} is open to others; chmod 600", file.display());
        return Err(Code::ConfigurationInvalid.because(reason));
    }
    Ok(())
}

async fn bring_up(pool: &AnyPool, dialect: Dialect) -> Result<(), Failure> {
    let mut connection = pool.acquire().await.map_err(trouble::failure)?;
    let migrator = Migrator::with_migrations(dialect.migrations());
    let mut attempts = 1;
    loop {
        match migrator.run_direct(None, &mut *connection, false).await {
            // PostgreSQL keeps others out by a lock. On SQLite two that start at once may get into each other's way; each
            // migration is a transaction, so the one that fails finds it done.
            Err(_) if dialect == Dialect::Sqlite && attempts < MIGRATIONS => {
                attempts += 1;
                tokio::time::sleep(PAUSE).await;
            }
            done => return done.map_err(trouble::of_migration),
        }
    }
}

async fn check_version(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), Failure> {
    let found = sqlx::query_scalar(VERSION).fetch_one(connection).await;
    let found: Option<i64> = match found {
        Err(error) if trouble::is_without_tables(&error) => None,
        other => other.map_err(trouble::failure)?,
    };
    let needed = dialect.version();
    let reason = match found {
        Some(version) if version == needed => return Ok(()),
        Some(version) if version > needed => format!(
            "the database is newer than this program: it has version {version}, not {needed}"
        ),
        Some(version) => {
            format!("the database has version {version}, not {needed}: run `lintas migrate`")
        }
        None => "the database holds no store: run `lintas migrate`".to_owned(),
    };
    Err(Code::ConfigurationInvalid.because(reason))
}

/// Whether there is any row that bears a seal.
async fn holds_anything(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    Ok(rows::last(connection).await? > 0 || issuing::holds_events(connection).await?)
}

const COMMON: &[(i64, &str, &str)] = &[
    (
        1,
        "store",
        include_str!("../../../migrations/0001_store.sql"),
    ),
    (
        3,
        "issuing",
        include_str!("../../../migrations/0003_issuing.sql"),
    ),
    (
        5,
        "answers",
        include_str!("../../../migrations/0005_answers.sql"),
    ),
];
const POSTGRES: &[(i64, &str, &str)] = &[
    (
        2,
        "logins",
        include_str!("../../../migrations/postgres/0002_logins.sql"),
    ),
    (
        4,
        "issuing logins",
        include_str!("../../../migrations/postgres/0004_issuing_logins.sql"),
    ),
    (
        6,
        "answers logins",
        include_str!("../../../migrations/postgres/0006_answers_logins.sql"),
    ),
];
const VERSION: &str = "SELECT MAX(version) FROM _sqlx_migrations WHERE success";
const MAX_CONNECTIONS: u32 = 8;
const ACQUIRE: Duration = Duration::from_secs(15);
const MIGRATIONS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);
