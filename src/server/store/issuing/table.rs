//! The tables of issuing as one kind of thing: columns and, behind them, the seal over all of them.
//!
//! Refuses to tell an unreadable row from an altered one: neither is obeyed.

use crate::server::store::rows::number;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row};
use std::fmt::Write;

/// A table.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
}

/// A column, by its name. None is ever null.
pub(super) enum Column {
    Bytes(&'static str),
    Text(&'static str),
    Number(&'static str),
}

impl Column {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Bytes(name) | Self::Text(name) | Self::Number(name) => name,
        }
    }
}

/// What stands in a column.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    Bytes(Vec<u8>),
    Text(String),
    Number(i64),
}

impl Value {
    pub(super) fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A row as a value.
pub(super) trait Stored: Sized {
    const TABLE: Table;

    /// In the order of the columns.
    fn values(&self) -> Vec<Value>;

    /// What `fields` say, where every one of them can be read.
    fn read(fields: &mut Fields) -> Option<Self>;
}

/// The values of a row, taken one by one.
pub(super) struct Fields(std::vec::IntoIter<Value>);

impl Fields {
    pub(super) fn of(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    pub(super) fn blob(&mut self) -> Option<Vec<u8>> {
        match self.0.next()? {
            Value::Bytes(bytes) => Some(bytes),
            Value::Text(_) | Value::Number(_) => None,
        }
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.blob()?.try_into().ok()
    }

    pub(super) fn text(&mut self) -> Option<String> {
        match self.0.next()? {
            Value::Text(text) => Some(text),
            Value::Bytes(_) | Value::Number(_) => None,
        }
    }

    pub(super) fn number(&mut self) -> Option<i64> {
        match self.0.next()? {
            Value::Number(number) => Some(number),
            Value::Bytes(_) | Value::Text(_) => None,
        }
    }
}

impl Table {
    /// The columns and the seal, each behind `prefix`, as a list for a SELECT.
    pub(super) fn list(&self, prefix: &str) -> String {
        let mut list = String::new();
        for column in self.columns {
            let _ = write!(list, "{prefix}{}, ", column.name());
        }
        list + prefix + "seal"
    }

    /// The values and the seal in `row`, the first of which is the column numbered `at`; `None` where one cannot be read.
    pub(super) fn values(&self, row: &AnyRow, at: usize) -> Option<(Vec<Value>, [u8; 32])> {
        let value = |(column, at): (&Column, usize)| {
            Some(match column {
                Column::Bytes(_) => Value::Bytes(row.try_get(at).ok()?),
                Column::Text(_) => Value::Text(row.try_get(at).ok()?),
                Column::Number(_) => Value::Number(row.try_get(at).ok()?),
            })
        };
        let values: Option<Vec<Value>> = self.columns.iter().zip(at..).map(value).collect();
        let seal: Vec<u8> = row.try_get(at + self.columns.len()).ok()?;
        Some((values?, seal.try_into().ok()?))
    }

    /// Inserts rows of values with their seals, as few statements as there can be.
    pub(super) async fn insert(
        &self,
        connection: &mut AnyConnection,
        rows: &[(Vec<Value>, [u8; 32])],
    ) -> sqlx::Result<()> {
        let mut left = rows;
        while !left.is_empty() {
            let size = ROWS.into_iter().find(|size| *size <= left.len());
            let (piece, rest) = left.split_at(size.unwrap_or(1));
            left = rest;
            let sql = self.insertion(piece.len());
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (values, seal) in piece {
                for value in values {
                    query = bind(query, value);
                }
                query = query.bind(seal.to_vec());
            }
            query.execute(&mut *connection).await?;
        }
        Ok(())
    }

    fn insertion(&self, rows: usize) -> String {
        let width = self.columns.len() + 1;
        let mut sql = format!("INSERT INTO {} ({}) VALUES ", self.name, self.list(""));
        for row in 0..rows {
            sql.push_str(if row == 0 { "(" } else { ", (" });
            placeholders(&mut sql, row * width + 1, width);
            sql.push(')');
        }
        sql
    }
}

fn bind<'q>(query: Query<'q, Any, AnyArguments>, value: &Value) -> Query<'q, Any, AnyArguments> {
    match value {
        Value::Bytes(bytes) => query.bind(bytes.clone()),
        Value::Text(text) => query.bind(text.clone()),
        Value::Number(number) => query.bind(*number),
    }
}

/// `$first, ...`, `count` of them.
pub(super) fn placeholders(sql: &mut String, first: usize, count: usize) {
    for place in first..first + count {
        let _ = write!(sql, "{}${place}", if place == first { "" } else { ", " });
    }
}

/// The rows that `sql` finds for `keys`, which stand in it in place of `{}`. Never more at once than a statement may have.
pub(super) async fn rows_of<const N: usize>(
    connection: &mut AnyConnection,
    sql: &str,
    keys: &[[u8; N]],
) -> sqlx::Result<Vec<AnyRow>> {
    let mut found = Vec::new();
    for piece in keys.chunks(KEYS) {
        let (text, padded) = with_keys(sql, piece);
        let mut query = sqlx::query(AssertSqlSafe(text));
        for key in padded {
            query = query.bind(key.to_vec());
        }
        found.extend(query.fetch_all(&mut *connection).await?);
    }
    Ok(found)
}

/// Removes rows of the table `table` whose `column` is one of `keys`. How many there were.
pub(super) async fn remove<const N: usize>(
    connection: &mut AnyConnection,
    table: &Table,
    column: &str,
    keys: &[[u8; N]],
) -> sqlx::Result<u64> {
    let mut removed = 0;
    for piece in keys.chunks(KEYS) {
        let sql = format!("DELETE FROM {} WHERE {column} IN ({{}})", table.name);
        let (text, padded) = with_keys(&sql, piece);
        let mut query = sqlx::query(AssertSqlSafe(text));
        for key in padded {
            query = query.bind(key.to_vec());
        }
        removed += query.execute(&mut *connection).await?.rows_affected();
    }
    Ok(removed)
}

/// `sql` with places for `keys`, and as many keys: some are there twice, so that few statements are ever prepared.
fn with_keys<'a, const N: usize>(
    sql: &str,
    keys: &'a [[u8; N]],
) -> (String, impl Iterator<Item = &'a [u8; N]>) {
    let size = PADDED.into_iter().find(|size| keys.len() <= *size);
    let size = size.unwrap_or(KEYS);
    let mut places = String::new();
    placeholders(&mut places, 1, size);
    let padded = keys.iter().chain(keys.iter().cycle()).take(size);
    (sql.replace("{}", &places), padded)
}

/// How many rows `count`, a query for one number, tells.
pub(super) async fn count(
    connection: &mut AnyConnection,
    sql: &'static str,
    above: u64,
) -> sqlx::Result<u64> {
    let query = sqlx::query_scalar(sql).bind(number(above));
    let found: i64 = query.fetch_one(connection).await?;
    Ok(crate::server::store::rows::unsigned(found))
}

/// Rows in one INSERT: few sizes, so that few statements are prepared. SQLite takes 32,766 values, PostgreSQL 65,535.
const ROWS: [usize; 5] = [256, 64, 16, 4, 1];
/// Keys in one list.
const KEYS: usize = 256;
const PADDED: [usize; 4] = [1, 8, 64, KEYS];
