//! What waits for certificates: reading it, entering what was made of it, and erasing.
//!
//! Refuses to make anything of a row without a good seal, and of one that was put back after it was erased: its event has
//! certificates by now, or another version.

use super::contract::{MAX_BATCH, MAX_HELD, Sealed, Waiting, Which};
use super::rows::{EventRow, HeldRow, RegisterRow, WaitingRow};
use super::seals::{self, End};
use super::table::{Stored, remove, rows_of};
use crate::failure::{Code, Failure};
use crate::issue::event::Action;
use crate::model::UnixTime;
use crate::server::store::contract::{Event, Lease, MAX_TEXT};
use crate::server::store::open::Dialect;
use crate::server::store::rows::unsigned;
use crate::server::store::sql::Sql;
use crate::server::store::trouble::{self, Attempt};
use crate::server::store::write::{add_events, check_event, check_fence, check_text};
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use std::collections::{HashMap, HashSet};

/// A look at a part of the queue.
struct Look {
    good: Vec<Waiting>,
    /// What is to be erased: its row in SQLite, its event in PostgreSQL.
    refused: Vec<(i64, Vec<u8>)>,
}

impl Sql {
    /// See `IssuingStore::waiting`.
    pub(super) async fn end_of_queue(
        &self,
        which: Which,
        limit: u32,
    ) -> Result<Vec<Waiting>, Failure> {
        self.check_whole()?;
        let mut connection = self.connection().await?;
        let look = self.look(&mut connection, which, limit).await;
        let look = look.map_err(trouble::failure)?;
        drop(connection);
        if look.refused.is_empty() {
            return Ok(look.good);
        }
        loop {
            let mut look = self.write(|| self.try_clean(which, limit)).await?;
            if look.refused.is_empty() {
                look.good
                    .truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                return Ok(look.good);
            }
        }
    }

    /// Erases what is refused at that end of the queue. How it looked before.
    async fn try_clean(&self, which: Which, limit: u32) -> Result<Look, Attempt> {
        let mut transaction = self.begin().await?;
        self.advance(&mut transaction).await?;
        let look = self
            .look(&mut transaction, which, limit.max(CLEANED))
            .await?;
        let (places, events): (Vec<_>, Vec<_>) = look.refused.iter().cloned().unzip();
        match self.dialect {
            Dialect::Sqlite => {
                for piece in places.chunks(256) {
                    let list: Vec<_> = piece.iter().map(ToString::to_string).collect();
                    let sql = format!("DELETE FROM waiting WHERE rowid IN ({})", list.join(", "));
                    let removed = sqlx::query(AssertSqlSafe(sql)).persistent(false);
                    removed.execute(&mut *transaction).await?;
                }
            }
            Dialect::Postgres => {
                let events = events.into_iter().filter_map(|it| it.try_into().ok());
                let events: Vec<[u8; 16]> = events.collect();
                remove(&mut transaction, &WaitingRow::TABLE, "event", &events).await?;
            }
        }
        transaction.commit().await?;
        let erased = u64::try_from(look.refused.len()).unwrap_or(u64::MAX);
        if erased > 0 {
            let why = "no good seal, or put back after they were erased; erased";
            seals::refused(&WaitingRow::TABLE, erased, why);
            self.issuing.note_erased(erased);
        }
        Ok(look)
    }

    async fn look(
        &self,
        connection: &mut AnyConnection,
        which: Which,
        limit: u32,
    ) -> sqlx::Result<Look> {
        let (order, behind) = match which {
            Which::Newest => ("DESC", None),
            Which::Oldest => ("ASC", None),
            Which::Behind {
                received_at_ms,
                event,
            } => ("ASC", Some((received_at_ms, event))),
        };
        let condition = match behind {
            None => "",
            Some(_) => "WHERE (received_at_ms, event) > ($2, $3) ",
        };
        let place = match self.dialect {
            Dialect::Sqlite => "rowid",
            Dialect::Postgres => "CAST(0 AS BIGINT)",
        };
        let sql = format!(
            "SELECT {place}, {} FROM waiting {condition}ORDER BY received_at_ms {order}, event {order} LIMIT $1",
            WaitingRow::TABLE.list("")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(i64::from(limit));
        if let Some((received_at_ms, event)) = behind {
            query = query.bind(received_at_ms).bind(event.to_vec());
        }
        let rows = query.fetch_all(&mut *connection).await?;
        let (mut found, mut refused) = (Vec::new(), Vec::new());
        for row in &rows {
            match self.issuing.open::<WaitingRow>(row, 1) {
                Some(waiting) => found.push((place_of(row)?, waiting)),
                None => refused.push(place_of(row)?),
            }
        }
        let ids: Vec<_> = found.iter().map(|(_, it)| it.event).collect();
        let mut events = self.events_with(connection, &ids).await?;
        let mut good = Vec::with_capacity(found.len());
        for (place, waiting) in found {
            match events.remove(&waiting.event) {
                Some(event) if event.received_at_ms == waiting.received_at_ms => {
                    good.push((place, (waiting, event)));
                }
                Some(_) | None => refused.push(place),
            }
        }
        let events: Vec<&EventRow> = good.iter().map(|(_, (_, event))| event).collect();
        let spent = self.spent(connection, &events).await?;
        let mut look = Look {
            good: Vec::with_capacity(good.len()),
            refused,
        };
        for (place, (waiting, event)) in good {
            if spent.contains(&event.id) {
                look.refused.push(place);
            } else {
                look.good.push(Waiting {
                    supersedes: event.supersedes,
                    event: event.with(waiting),
                });
            }
        }
        Ok(look)
    }

    /// The good rows among those of these events, by their ids.
    async fn events_with(
        &self,
        connection: &mut AnyConnection,
        ids: &[[u8; 16]],
    ) -> sqlx::Result<HashMap<[u8; 16], EventRow>> {
        let list = EventRow::TABLE.list("");
        let sql = format!("SELECT {list} FROM event WHERE id IN ({{}})");
        let rows = rows_of(connection, &sql, ids).await?;
        let good = |row| self.issuing.open_or_tell::<EventRow>(row, 0);
        Ok(rows.iter().filter_map(good).map(|it| (it.id, it)).collect())
    }

    /// Those of these events of which nothing is to be made any more: they have certificates, or a later version.
    async fn spent(
        &self,
        connection: &mut AnyConnection,
        events: &[&EventRow],
    ) -> sqlx::Result<HashSet<[u8; 16]>> {
        let ids: Vec<_> = events.iter().map(|it| it.id).collect();
        let mut spent = self.certified(connection, &ids).await?;
        let next = |it: &&EventRow| {
            let version = it.version.saturating_add(1);
            self.issuing.event_slot(&it.source_key, version)
        };
        let slots: Vec<_> = events.iter().map(next).collect();
        let sql = "SELECT slot FROM event WHERE slot IN ({})";
        let mut taken = HashSet::new();
        for row in rows_of(connection, sql, &slots).await? {
            let slot: Vec<u8> = row.try_get(0)?;
            taken.insert(slot);
        }
        let later = events.iter().zip(&slots);
        spent.extend(
            later
                .filter(|(_, slot)| taken.contains(slot.as_slice()))
                .map(|(event, _)| event.id),
        );
        Ok(spent)
    }

    /// See `IssuingStore::backlog`.
    pub(super) async fn count_waiting(&self) -> Result<(u64, Option<UnixTime>), Failure> {
        self.check_whole()?;
        let mut connection = self.connection().await?;
        let row = sqlx::query(BACKLOG).fetch_one(&mut *connection).await;
        let row = row.map_err(trouble::failure)?;
        let rows: i64 = row.try_get(0).map_err(trouble::failure)?;
        let oldest: Option<i64> = row.try_get(1).unwrap_or_default();
        let oldest = oldest.and_then(|ms| UnixTime::from_seconds(ms.div_euclid(1000)));
        Ok((unsigned(rows), oldest))
    }

    /// See `IssuingStore::enter`.
    pub(super) async fn enter_sealed(
        &self,
        sealed: &[Sealed],
        told: &[Event],
        fence: &Lease,
    ) -> Result<(), Failure> {
        if sealed.len() > MAX_BATCH {
            let reason = format!("over {MAX_BATCH} events at once");
            return Err(Code::InputTooLarge.because(reason));
        }
        sealed.iter().try_for_each(check)?;
        told.iter().try_for_each(check_event)?;
        // However much stands behind the end, nobody else waits while it is looked at.
        let mut connection = self.connection().await?;
        let end = self.end_of_register(&mut connection).await;
        end.map_err(trouble::failure)?;
        drop(connection);
        let attempt = async || {
            let entered = self.try_enter(sealed, told, fence).await;
            if let Err(Attempt::Again) = entered {
                // A number may be taken: what was known of the end is not so.
                *self.issuing.end() = None;
                *self.issuing.walk() = None;
            }
            entered
        };
        let end = self.write(attempt).await?;
        *self.issuing.end() = Some(end);
        Ok(())
    }

    async fn try_enter(
        &self,
        sealed: &[Sealed],
        told: &[Event],
        fence: &Lease,
    ) -> Result<End, Attempt> {
        let mut transaction = self.begin().await?;
        check_fence(&mut transaction, fence).await?;
        self.advance(&mut transaction).await?;
        let ids: Vec<_> = sealed.iter().map(|it| it.event).collect();
        let events = self.events_with(&mut transaction, &ids).await?;
        let events: Vec<EventRow> = events.into_values().collect();
        let spent = self
            .spent(&mut transaction, &events.iter().collect::<Vec<_>>())
            .await?;
        let removed = remove(&mut transaction, &WaitingRow::TABLE, "event", &ids).await?;
        let all = ids.len();
        if events.len() != all || !spent.is_empty() || usize::try_from(removed) != Ok(all) {
            let reason = "one of the events does not wait any more";
            return Err(Code::StoreMoved.because(reason).into());
        }
        let cancelled: HashSet<_> = events
            .iter()
            .filter(|it| it.action == Action::Cancel)
            .map(|it| it.id)
            .collect();
        let fits = |it: &Sealed| {
            !cancelled.contains(&it.event) || (it.issued.is_empty() && it.held.is_none())
        };
        if !sealed.iter().all(fits) {
            let reason = "a cancelled event has a certificate";
            return Err(Code::RequestInvalid.because(reason).into());
        }
        let mut end = self.end_of_register(&mut transaction).await?;
        let mut certificates = Vec::new();
        for issued in sealed.iter().flat_map(|it| &it.issued) {
            let mut issued = issued.clone();
            issued.number = end.take();
            certificates.push(RegisterRow {
                slot: self.issuing.issued_slot(&issued.event, issued.profile),
                issued,
            });
        }
        self.issuing.insert(&mut transaction, &certificates).await?;
        let held = sealed.iter().filter_map(|it| {
            Some(HeldRow {
                event: it.event,
                held: it.held.clone()?,
            })
        });
        let held: Vec<HeldRow> = held.collect();
        // Nobody but this gateway has a claim before its certificates are there.
        let keys: Vec<_> = held.iter().map(|it| it.held.claim_key).collect();
        let in_the_way = remove(&mut transaction, &HeldRow::TABLE, "claim_key", &keys).await?;
        if in_the_way > 0 {
            seals::refused(&HeldRow::TABLE, in_the_way, "in the way of others; erased");
        }
        self.issuing.insert(&mut transaction, &held).await?;
        add_events(&mut transaction, told).await?;
        transaction.commit().await?;
        Ok(end)
    }
}

fn place_of(row: &sqlx::any::AnyRow) -> sqlx::Result<(i64, Vec<u8>)> {
    let event = row.try_get(1).unwrap_or_default();
    Ok((row.try_get(0)?, event))
}

fn check(sealed: &Sealed) -> Result<(), Failure> {
    let own = |(place, it): (usize, &super::IssuedRow)| {
        let before = sealed.issued.iter().take(place);
        it.event == sealed.event && before.into_iter().all(|other| other.profile != it.profile)
    };
    let held = sealed.held.as_ref().map_or(0, |it| it.body.len());
    if !sealed.issued.iter().enumerate().all(own) || held > MAX_HELD {
        let reason =
            "an event has another one's certificate, two of one form, or too much to be fetched";
        return Err(Code::RequestInvalid.because(reason));
    }
    for it in &sealed.issued {
        check_text("a certificate's facility", &it.facility, MAX_TEXT)?;
        check_text("a certificate's operator", &it.operator, MAX_TEXT)?;
        check_text("who handed an event in", &it.submitted_by, MAX_TEXT)?;
        check_text("a certificate's batch", &it.batch, MAX_TEXT)?;
        let lot = it.lot.as_deref().unwrap_or("-");
        check_text("a certificate's lot", lot, MAX_TEXT)?;
        if lot.is_empty() {
            return Err(Code::RequestInvalid.because("a certificate's lot is empty"));
        }
    }
    Ok(())
}

/// Rows that are looked at in one transaction that erases.
const CLEANED: u32 = 2000;
const BACKLOG: &str = "SELECT COUNT(*), MIN(received_at_ms) FROM waiting";
