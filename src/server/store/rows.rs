//! The queries that read, and their rows as values: the same text for SQLite and PostgreSQL.
//!
//! Refuses nothing but what cannot be told from other rows: a row whose columns are not of their types is handed on as
//! one that says nothing.

use super::chain::Stored;
use super::contract::{AuditHead, AuditRow, Event};
use super::seal::Sealed;
use crate::model::UnixTime;
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// Up to `limit` rows of records after the number `after`, as they come.
pub(super) fn records(
    connection: &mut AnyConnection,
    after: u64,
    limit: u64,
) -> BoxStream<'_, sqlx::Result<Stored>> {
    let rows = sqlx::query(RECORDS)
        .bind(number(after))
        .bind(number(limit))
        .fetch(connection);
    Box::pin(rows.and_then(|row| async move { stored(&row) }))
}

/// The numbers and seals of up to `limit` rows of records from `sequence` on.
pub(super) async fn seals(
    connection: &mut AnyConnection,
    sequence: u64,
    limit: u64,
) -> sqlx::Result<Vec<(u64, Option<[u8; 32]>)>> {
    let rows = sqlx::query(SEALS)
        .bind(number(sequence))
        .bind(number(limit));
    let rows = rows.fetch_all(connection).await?;
    let seal = |row: &AnyRow| Ok((unsigned(row.try_get("sequence")?), bytes32(row, "seal")));
    rows.iter().map(seal).collect()
}

/// The number of the last row of records, whoever wrote it.
pub(super) async fn last(connection: &mut AnyConnection) -> sqlx::Result<u64> {
    let last: Option<i64> = sqlx::query_scalar(LAST).fetch_one(connection).await?;
    Ok(unsigned(last.unwrap_or_default()))
}

/// Up to `limit` audit rows after the number `after`.
pub(super) async fn audit(
    connection: &mut AnyConnection,
    after: u64,
    limit: u64,
) -> sqlx::Result<Vec<AuditRow>> {
    let rows = sqlx::query(AUDIT).bind(number(after)).bind(number(limit));
    rows.fetch_all(connection)
        .await?
        .iter()
        .map(audit_row)
        .collect()
}

/// The last audit row.
pub(super) async fn audit_head(connection: &mut AnyConnection) -> sqlx::Result<AuditHead> {
    let row = sqlx::query(AUDIT_HEAD).fetch_optional(connection).await?;
    let Some(row) = row else {
        return Ok(AuditHead::EMPTY);
    };
    Ok(AuditHead {
        sequence: unsigned(row.try_get("sequence")?),
        hash: bytes32(&row, "hash").unwrap_or_default(),
    })
}

fn stored(row: &AnyRow) -> sqlx::Result<Stored> {
    let sequence = unsigned(row.try_get("sequence")?);
    let sealed = || -> sqlx::Result<Sealed> {
        Ok(Sealed {
            sequence,
            previous: unsigned(row.try_get("previous")?),
            previous_seal: bytes32(row, "previous_seal").unwrap_or_default(),
            kind: row.try_get("kind")?,
            source: row.try_get("source")?,
            name: row.try_get("name")?,
            country: row.try_get("country")?,
            received_at: row.try_get("received_at")?,
            body: row.try_get("body")?,
        })
    };
    let content = sealed().ok().zip(bytes32(row, "seal"));
    Ok(Stored { sequence, content })
}

/// An unreadable column is as good as an altered one: the hash will not fit.
fn audit_row(row: &AnyRow) -> sqlx::Result<AuditRow> {
    let text = |name: &str| row.try_get(name).unwrap_or_default();
    let at = UnixTime::from_seconds(row.try_get("at").unwrap_or_default());
    Ok(AuditRow {
        sequence: unsigned(row.try_get("sequence")?),
        event: Event {
            at: at.unwrap_or(UnixTime::EPOCH),
            actor: text("actor"),
            event: text("event"),
            subject: text("subject"),
            detail: text("detail"),
        },
        hash: bytes32(row, "hash").unwrap_or_default(),
    })
}

fn bytes32(row: &AnyRow, name: &str) -> Option<[u8; 32]> {
    let bytes: Vec<u8> = row.try_get(name).ok()?;
    bytes.try_into().ok()
}

/// A number as both databases keep it; none there is reaches the end.
pub(super) fn number(unsigned: u64) -> i64 {
    i64::try_from(unsigned).unwrap_or(i64::MAX)
}

/// The number that a database kept.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

// The upper bound keeps out what is no number at all, which SQLite would let stand in the column and sorts behind.
const RECORDS: &str = "SELECT sequence, previous, previous_seal, kind, source, name, country, received_at, body, seal \
     FROM records WHERE sequence > $1 AND sequence <= 9223372036854775807 ORDER BY sequence LIMIT $2";
const SEALS: &str = "SELECT sequence, seal FROM records WHERE sequence >= $1 AND sequence <= 9223372036854775807 \
     ORDER BY sequence LIMIT $2";
const LAST: &str = "SELECT MAX(sequence) FROM records WHERE sequence <= 9223372036854775807";
const AUDIT: &str = "SELECT sequence, at, actor, event, subject, detail, hash FROM audit \
     WHERE sequence > $1 AND sequence <= 9223372036854775807 ORDER BY sequence LIMIT $2";
const AUDIT_HEAD: &str = "SELECT sequence, hash FROM audit WHERE sequence <= 9223372036854775807 \
     ORDER BY sequence DESC LIMIT 1";
