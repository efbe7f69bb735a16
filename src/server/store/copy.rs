//! Moving a store from one database to another, row by row and unchanged, so that all seals and hashes stay good.
//!
//! Refuses a source that is not whole and a target that is not empty, and to leave anything behind when it fails.

use super::contract::{Head, Lease, Store, Wholeness};
use super::open::open_at;
use super::place::Place;
use super::sql::Sql;
use super::{issuing, rows, trouble, write};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use futures_util::TryStreamExt;
use sqlx::Row;
use std::path::Path;

/// Copies the store at the URL `from` into the empty one at `to`, which must have its tables; both share the key and the
/// mark below the folder `data`. The head, which is the same in both.
///
/// Nobody may write to `from` meanwhile.
///
/// # Errors
/// `store_incomplete`, `store_unavailable`, `configuration_invalid`, `input_output`.
pub async fn copy(from: &str, to: &str, data: &Path) -> Result<Head, Failure> {
    let (from, to) = (Place::parse(from, data)?, Place::parse(to, data)?);
    let source = open_at(&from, data).await?;
    let head = source.head().await?;
    let target = open_at(&to, data).await?;
    let copied = copy_rows(&source, &target).await;
    target.close().await;
    copied?;
    // Opened anew, so that everything in it is walked over once more.
    let target = open_at(&to, data).await?;
    let whole = target.wholeness();
    let same = whole == Wholeness::Whole
        && target.head().await? == head
        && target.audit_head().await? == source.audit_head().await?
        && counts(&target).await? == counts(&source).await?;
    target.close().await;
    source.close().await;
    if !same {
        let reason = format!("the copy is not what was copied ({whole})");
        return Err(Code::StoreIncomplete.because(reason));
    }
    Ok(head)
}

async fn copy_rows(source: &Sql, target: &Sql) -> Result<(), Failure> {
    if counts(target).await?.iter().any(|it| *it != 0) {
        return Err(Code::ConfigurationInvalid.because("the target of a copy must be empty"));
    }
    let mut reading = source.connection().await?;
    let mut writing = target.begin().await.map_err(trouble::failure)?;
    {
        let mut records = rows::records(&mut reading, 0, u64::MAX);
        while let Some(stored) = records.try_next().await.map_err(trouble::failure)? {
            let sequence = stored.sequence;
            let unreadable = || {
                let reason = format!("record {sequence} has columns that no copy can take");
                Code::StoreUnavailable.because(reason)
            };
            let (sealed, seal) = stored.content.ok_or_else(unreadable)?;
            let added = write::insert_record(&mut writing, sealed, &seal).await;
            added.map_err(trouble::failure)?;
        }
    }
    let mut after = 0;
    loop {
        let page = rows::audit(&mut reading, after, PAGE).await;
        let page = page.map_err(trouble::failure)?;
        let Some(last) = page.last() else {
            break;
        };
        after = last.sequence;
        for row in &page {
            let added = write::insert_audit(&mut writing, row).await;
            added.map_err(trouble::failure)?;
        }
    }
    copy_leases(&mut reading, &mut writing)
        .await
        .map_err(trouble::failure)?;
    issuing::copy(&mut reading, &mut writing).await?;
    writing.commit().await.map_err(trouble::failure)
}

async fn copy_leases(
    reading: &mut sqlx::AnyConnection,
    writing: &mut sqlx::AnyConnection,
) -> sqlx::Result<()> {
    let mut leases = sqlx::query(LEASES).fetch(reading);
    while let Some(row) = leases.try_next().await? {
        let expires_at = UnixTime::from_seconds(row.try_get("expires_at")?);
        let lease = Lease {
            name: row.try_get("name")?,
            token: rows::unsigned(row.try_get("token")?),
            holder: row.try_get("holder")?,
            expires_at: expires_at.unwrap_or(UnixTime::END),
        };
        write::insert_lease(writing, &lease).await?;
    }
    Ok(())
}

async fn counts(store: &Sql) -> Result<Vec<i64>, Failure> {
    let mut connection = store.connection().await?;
    let mut counts = issuing::counts(&mut connection).await?;
    for query in COUNTS {
        let counted = sqlx::query_scalar(query).fetch_one(&mut *connection).await;
        counts.push(counted.map_err(trouble::failure)?);
    }
    Ok(counts)
}

const COUNTS: [&str; 3] = [
    "SELECT COUNT(*) FROM records",
    "SELECT COUNT(*) FROM audit",
    "SELECT COUNT(*) FROM lease",
];
const LEASES: &str = "SELECT name, token, holder, expires_at FROM lease ORDER BY name, token";
const PAGE: u64 = 1000;
