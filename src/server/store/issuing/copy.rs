//! Carrying what issuing keeps from one database to another, row by row and unchanged.
//!
//! Refuses a row with a column that no copy can take.

use super::rows::{AnswerRow, EventRow, HeldRow, ReceiptRow, RegisterRow, WaitingRow};
use super::table::{Stored, Table};
use crate::failure::{Code, Failure};
use crate::server::store::trouble;
use futures_util::TryStreamExt;
use sqlx::{AnyConnection, AssertSqlSafe};

/// Copies all rows of these tables.
pub(in crate::server::store) async fn copy(
    reading: &mut AnyConnection,
    writing: &mut AnyConnection,
) -> Result<(), Failure> {
    for table in TABLES {
        let sql = format!("SELECT {} FROM {}", table.list(""), table.name);
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut *reading);
        let mut page = Vec::with_capacity(PAGE);
        while let Some(row) = rows.try_next().await.map_err(trouble::failure)? {
            let unreadable = || {
                let reason = format!("a row of {} has columns that no copy can take", table.name);
                Code::StoreUnavailable.because(reason)
            };
            page.push(table.values(&row, 0).ok_or_else(unreadable)?);
            if page.len() == PAGE {
                let added = table.insert(writing, &page).await;
                added.map_err(trouble::failure)?;
                page.clear();
            }
        }
        let added = table.insert(writing, &page).await;
        added.map_err(trouble::failure)?;
    }
    Ok(())
}

/// How many rows each of these tables has.
pub(in crate::server::store) async fn counts(
    connection: &mut AnyConnection,
) -> Result<Vec<i64>, Failure> {
    let mut counts = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {}", table.name));
        let count = sqlx::query_scalar(sql).fetch_one(&mut *connection).await;
        counts.push(count.map_err(trouble::failure)?);
    }
    Ok(counts)
}

const TABLES: [Table; 6] = [
    EventRow::TABLE,
    WaitingRow::TABLE,
    ReceiptRow::TABLE,
    HeldRow::TABLE,
    RegisterRow::TABLE,
    AnswerRow::TABLE,
];
const PAGE: usize = 256;
