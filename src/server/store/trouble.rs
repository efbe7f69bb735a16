//! What a database says when something is wrong, as a [`Failure`].
//!
//! Refuses to pass on its words: they may quote rows, parameters or the connection's URL. What is passed on is the
//! SQLSTATE (SQLite: the result code).
//!
//! Source: PostgreSQL, appendix A; SQLite, result codes.

use crate::failure::{Code, Failure};
use sqlx::error::ErrorKind;
use sqlx::migrate::MigrateError;

/// Why one attempt at a transaction came to nothing.
pub(super) enum Attempt {
    /// Another writer was faster.
    Again,
    /// It would fail again.
    Failed(Failure),
}

impl From<sqlx::Error> for Attempt {
    fn from(error: sqlx::Error) -> Self {
        if is_conflict(&error) {
            Self::Again
        } else {
            Self::Failed(failure(error))
        }
    }
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// `error` as a failure.
pub(super) fn failure(error: sqlx::Error) -> Failure {
    if let Some(code) = code_of(&error) {
        let meaning = MEANINGS.iter().find(|(known, _)| *known == code);
        let meaning = meaning.map_or("the database refused", |(_, meaning)| meaning);
        return Code::StoreUnavailable.because(format!("{meaning} ({code})"));
    }
    if let sqlx::Error::Io(error) = error {
        return Code::StoreUnavailable.caused_by("the connection to the database failed", error);
    }
    Code::StoreUnavailable.because(if let sqlx::Error::PoolTimedOut = error {
        "no connection to the database came free in time"
    } else if let sqlx::Error::Tls(_) = error {
        "no TLS connection to the database: its certificate was refused, or it offers none"
    } else if let sqlx::Error::Configuration(_) = error {
        "the URL of the database cannot be used"
    } else {
        "the database cannot be used"
    })
}

/// A failed migration as a failure.
pub(super) fn of_migration(error: MigrateError) -> Failure {
    if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
        return failure(error);
    }
    if let MigrateError::VersionMissing(version) = error {
        let reason = format!("the database is newer than this program: it has migration {version}");
        return Code::ConfigurationInvalid.because(reason);
    }
    // None of the others carries more than the number of a migration.
    Code::ConfigurationInvalid.because(format!("the migration failed: {error}"))
}

/// Whether a table that should be there is not.
pub(super) fn is_without_tables(error: &sqlx::Error) -> bool {
    code_of(error).is_some_and(|code| code == "42P01")
}

fn is_conflict(error: &sqlx::Error) -> bool {
    let unique = error
        .as_database_error()
        .is_some_and(|it| it.kind() == ErrorKind::UniqueViolation);
    unique || code_of(error).is_some_and(|code| CONFLICTS.contains(&code.as_str()))
}

fn code_of(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// Serialization failure, deadlock; SQLite's `BUSY`, `LOCKED`, `BUSY_RECOVERY` and `BUSY_SNAPSHOT`.
const CONFLICTS: [&str; 6] = ["40001", "40P01", "5", "6", "261", "517"];
const MEANINGS: [(&str, &str); 10] = [
    ("28000", "the database refused the login"),
    ("28P01", "the database refused the login"),
    ("3D000", "there is no such database"),
    ("42501", "the login may not do this"),
    ("42704", "a role is missing; see deploy/postgres.sql"),
    ("42P01", "a table is missing; see `lintas migrate`"),
    ("53300", "the database has too many connections"),
    ("55P03", "another writer held the database for too long"),
    ("13", "the disk is full"),
    ("11", "the file of the database is damaged"),
];
