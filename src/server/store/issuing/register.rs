//! The register of what was issued: whether a certificate is in it, and which ones somebody means.
//!
//! Refuses rows without a good seal, wherever they stand; numbers rise in the order in which rows are committed, so that a
//! reader who goes on behind the last one he saw misses none.

use super::contract::{IssuedRow, MAX_SELECTED, Registered, Selector, Tally};
use super::rows::RegisterRow;
use super::seals::End;
use super::table::{Stored, count, rows_of};
use crate::failure::{Code, Failure};
use crate::revocation::RegisterMark;
use crate::server::store::rows::{number, unsigned};
use crate::server::store::sql::Sql;
use crate::server::store::trouble;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write;

impl End {
    /// The next number that no row has; it is taken then.
    pub(super) fn take(&mut self) -> u64 {
        let mut next = self.last.saturating_add(1);
        while self.refused.remove(&next) {
            next = next.saturating_add(1);
        }
        self.last = next;
        next
    }
}

impl Sql {
    /// The end of the register as it is now.
    ///
    /// Nodes enter one at a time, so that mostly nothing is behind what this one has seen.
    pub(super) async fn end_of_register(
        &self,
        connection: &mut AnyConnection,
    ) -> sqlx::Result<End> {
        let known = self.issuing.end().clone();
        if let Some(known) = &known {
            let behind = count(connection, BEHIND, known.last).await?;
            if usize::try_from(behind) == Ok(known.refused.len()) {
                return Ok(known.clone());
            }
        }
        let last = known.map_or(0, |it| it.last);
        // A walk that was cut off, by however many rows somebody put there, goes on where it was.
        let begun = self.issuing.walk().take();
        let begun = begun.filter(|(end, _)| end.last == last);
        let fresh = End {
            last,
            refused: BTreeSet::new(),
        };
        let (mut end, mut highest) = begun.unwrap_or((fresh, i64::MAX));
        let sql = format!(
            "SELECT CAST(number AS BIGINT), {} FROM issued WHERE number > $1 AND number <= $2 \
             ORDER BY number DESC LIMIT {PAGE}",
            RegisterRow::TABLE.list("")
        );
        let mut pages = 0;
        'walk: loop {
            let query = sqlx::query(AssertSqlSafe(sql.clone()))
                .bind(number(last))
                .bind(highest);
            let rows = query.fetch_all(&mut *connection).await?;
            for row in &rows {
                let place: i64 = row.try_get(0)?;
                if self.issuing.open_or_tell::<RegisterRow>(row, 1).is_some() {
                    end.last = unsigned(place);
                    break 'walk;
                }
                end.refused.insert(unsigned(place));
                highest = place.saturating_sub(1);
            }
            if rows.is_empty() {
                break;
            }
            pages += 1;
            if pages % PAGES_KEPT == 0 {
                *self.issuing.walk() = Some((end.clone(), highest));
            }
        }
        *self.issuing.walk() = None;
        *self.issuing.end() = Some(end.clone());
        Ok(end)
    }

    /// See `IssuingStore::registered`.
    pub(super) async fn look_up(&self, marks: &[RegisterMark]) -> Result<Vec<Registered>, Failure> {
        self.check_whole()?;
        let keys: Vec<[u8; 16]> = marks.iter().map(|it| it.0).collect();
        let mut connection = self.connection().await?;
        let found = self.rows_with(&mut connection, "mark", &keys).await?;
        let known: HashSet<_> = found.into_iter().map(|it| it.mark).collect();
        let answer = |it| {
            if known.contains(it) {
                Registered::Yes
            } else {
                Registered::No
            }
        };
        Ok(marks.iter().map(answer).collect())
    }

    /// Good rows whose `column` is one of `keys`.
    async fn rows_with(
        &self,
        connection: &mut AnyConnection,
        column: &str,
        keys: &[[u8; 16]],
    ) -> Result<Vec<IssuedRow>, Failure> {
        let list = RegisterRow::TABLE.list("");
        let sql = format!("SELECT {list} FROM issued WHERE {column} IN ({{}})");
        let rows = rows_of(connection, &sql, keys).await;
        let rows = rows.map_err(trouble::failure)?;
        let good = rows.iter().filter_map(|row| self.register_row(row, 0));
        Ok(good.collect())
    }

    fn register_row(&self, row: &sqlx::any::AnyRow, at: usize) -> Option<IssuedRow> {
        let row: RegisterRow = self.issuing.open_or_tell(row, at)?;
        Some(row.issued)
    }

    /// See `IssuingStore::tally`.
    pub(super) async fn count_selected(&self, selector: &Selector) -> Result<Tally, Failure> {
        self.check_whole()?;
        check(selector)?;
        let mut connection = self.connection().await?;
        let end = self.end_of_register(&mut connection).await;
        let through = end.map_err(trouble::failure)?.last;
        let mut tally = Tally {
            through,
            ..Tally::default()
        };
        let (mut events, mut facilities, mut operators) =
            (HashSet::new(), HashSet::new(), HashSet::new());
        let mut after = 0;
        loop {
            let page = self
                .page_of_register(&mut connection, selector, after, through, PAGE)
                .await?;
            let ended = page.len() < PAGE;
            for row in page {
                after = row.number;
                tally.certificates += 1;
                tally.first = tally.first.into_iter().chain([row.issued_at]).min();
                tally.last = tally.last.into_iter().chain([row.issued_at]).max();
                events.insert(row.event);
                facilities.insert(row.facility);
                operators.insert(row.operator);
            }
            if ended {
                break;
            }
        }
        let size = |it: usize| u64::try_from(it).unwrap_or(u64::MAX);
        tally.events = size(events.len());
        tally.facilities = size(facilities.len());
        tally.operators = size(operators.len());
        Ok(tally)
    }

    /// See `IssuingStore::select`.
    pub(super) async fn selected(
        &self,
        selector: &Selector,
        after: u64,
        limit: u32,
    ) -> Result<Vec<IssuedRow>, Failure> {
        self.check_whole()?;
        check(selector)?;
        let mut connection = self.connection().await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.page_of_register(&mut connection, selector, after, u64::MAX, limit)
            .await
    }

    async fn page_of_register(
        &self,
        connection: &mut AnyConnection,
        selector: &Selector,
        after: u64,
        through: u64,
        limit: usize,
    ) -> Result<Vec<IssuedRow>, Failure> {
        if !selector.events.is_empty() || !selector.hashes.is_empty() {
            let mut found = self.named(connection, selector).await?;
            found.retain(|it| it.number > after && it.number <= through);
            found.truncate(limit);
            return Ok(found);
        }
        let (condition, values) = condition(selector);
        let sql = format!(
            "SELECT CAST(number AS BIGINT), {} FROM issued WHERE number >= $1 AND number <= $2{condition} \
             ORDER BY number LIMIT {PAGE}",
            RegisterRow::TABLE.list("")
        );
        let (mut page, mut from) = (Vec::new(), number(after).saturating_add(1));
        while page.len() < limit {
            let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
            query = query.bind(from).bind(number(through));
            for value in &values {
                query = match value {
                    Bound::Text(text) => query.bind((*text).to_owned()),
                    Bound::Bytes(bytes) => query.bind(bytes.to_vec()),
                    Bound::Number(number) => query.bind(*number),
                };
            }
            let rows = query.fetch_all(&mut *connection).await;
            let rows = rows.map_err(trouble::failure)?;
            let Some(last) = rows.last() else {
                break;
            };
            // What is no whole number stands behind one, and is passed with it.
            let last: i64 = last.try_get(0).map_err(trouble::failure)?;
            from = last.saturating_add(1);
            page.extend(rows.iter().filter_map(|row| self.register_row(row, 1)));
            if rows.len() < PAGE || last == i64::MAX {
                break;
            }
        }
        page.truncate(limit);
        Ok(page)
    }

    /// Everything that is meant by events or hashes, in order.
    async fn named(
        &self,
        connection: &mut AnyConnection,
        selector: &Selector,
    ) -> Result<Vec<IssuedRow>, Failure> {
        let mut found = Vec::new();
        if selector.events.is_empty() {
            let keys: Vec<[u8; 16]> = selector.hashes.iter().map(|it| it.0).collect();
            for column in ["signature", "uvci", "country_uvci"] {
                found.extend(self.rows_with(connection, column, &keys).await?);
            }
        } else {
            found = self
                .rows_with(connection, "event", &selector.events)
                .await?;
        }
        let hashes: HashSet<_> = selector.hashes.iter().collect();
        let by_hash = |it: &IssuedRow| {
            let own = [&it.signature, &it.uvci, &it.country_uvci];
            hashes.is_empty() || own.iter().any(|hash| hashes.contains(hash))
        };
        found.retain(|it| by_hash(it) && selector.fits(it));
        let by_number: BTreeMap<u64, IssuedRow> =
            found.into_iter().map(|it| (it.number, it)).collect();
        Ok(by_number.into_values().collect())
    }
}

impl Selector {
    /// Whether `row` is meant, apart from events and hashes.
    fn fits(&self, row: &IssuedRow) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        is(&self.operator, &row.operator)
            && is(&self.submitted_by, &row.submitted_by)
            && is(&self.facility, &row.facility)
            && (self.lot.is_none() || self.lot == row.lot)
            && is(&self.batch, &row.batch)
            && self.kid.as_ref().is_none_or(|kid| *kid == row.kid)
            && self.from.is_none_or(|from| row.issued_at >= from)
            && self.to.is_none_or(|to| row.issued_at < to)
    }
}

/// What a condition compares with.
enum Bound<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
    Number(i64),
}

/// The conditions of `selector`, apart from events and hashes, behind two other values.
fn condition(selector: &Selector) -> (String, Vec<Bound<'_>>) {
    let all = [
        ("operator =", selector.operator.as_deref().map(Bound::Text)),
        (
            "submitted_by =",
            selector.submitted_by.as_deref().map(Bound::Text),
        ),
        ("facility =", selector.facility.as_deref().map(Bound::Text)),
        ("lot =", selector.lot.as_deref().map(Bound::Text)),
        ("batch =", selector.batch.as_deref().map(Bound::Text)),
        (
            "kid =",
            selector.kid.as_ref().map(|it| Bound::Bytes(it.as_bytes())),
        ),
        (
            "issued_at >=",
            selector.from.map(|it| Bound::Number(it.seconds())),
        ),
        (
            "issued_at <",
            selector.to.map(|it| Bound::Number(it.seconds())),
        ),
    ];
    let (mut sql, mut values) = (String::new(), Vec::new());
    for (comparison, value) in all {
        if let Some(value) = value {
            values.push(value);
            let _ = write!(sql, " AND {comparison} ${}", values.len() + 2);
        }
    }
    (sql, values)
}

fn check(selector: &Selector) -> Result<(), Failure> {
    if selector.events.len() > MAX_SELECTED || selector.hashes.len() > MAX_SELECTED {
        let reason = format!("over {MAX_SELECTED} events or hashes are selected");
        return Err(Code::InputTooLarge.because(reason));
    }
    Ok(())
}

/// Rows of the register read at once.
const PAGE: usize = 1000;
/// Pages of a walk after which its state is kept.
const PAGES_KEPT: u32 = 20;
const BEHIND: &str =
    "SELECT COUNT(*) FROM issued WHERE number > $1 AND number <= 9223372036854775807";
