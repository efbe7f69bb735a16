//! Taking events in: what each one means beside what was taken in before.
//!
//! Refuses to decide by a row without a good seal: where one stands in the place of an event, nothing is taken in, so that
//! nothing is taken in twice.

use super::contract::{CLAIM_AGAIN_S, MAX_CLAIM_AGAIN, MAX_WAITING, NewEvent, Standing, Taken};
use super::rows::{EventRow, HeldRow, ReceiptRow, RegisterRow, WaitingRow};
use super::seals::Issuing;
use super::table::{Stored, remove, rows_of};
use crate::failure::{Code, Failure};
use crate::issue::event::{Action, Profile};
use crate::server::store::contract::{Event, MAX_TEXT};
use crate::server::store::sql::Sql;
use crate::server::store::trouble::{self, Attempt};
use crate::server::store::write::{add_events, check_text};
use sqlx::{AnyConnection, Row};
use std::collections::{HashMap, HashSet};

impl Sql {
    pub(super) async fn try_take_in(
        &self,
        events: &[NewEvent],
        told: &[Event],
    ) -> Result<Vec<Taken>, Attempt> {
        let mut transaction = self.begin().await?;
        self.advance(&mut transaction).await?;
        let keys: HashSet<[u8; 32]> = events.iter().map(|it| it.source_key).collect();
        let newest = self.newest_versions(&mut transaction, keys.into_iter().collect());
        let newest = newest.await?;
        let changed: HashSet<[u8; 16]> = events
            .iter()
            .filter(|it| it.action != Action::New)
            .filter_map(|it| newest.get(&it.source_key)?.as_ref())
            .map(|row| row.id)
            .collect();
        let changed: Vec<_> = changed.into_iter().collect();
        let mut desk = Desk {
            issuing: &self.issuing,
            newest,
            certified: self.certified(&mut transaction, &changed).await?,
            rows: Vec::new(),
            waiting: Vec::new(),
            receipts: Vec::new(),
            dead: HashSet::new(),
        };
        let outcomes: Vec<Outcome> = events.iter().map(|it| desk.take(it)).collect();
        let dead: Vec<_> = desk.dead.iter().copied().collect();
        remove(&mut transaction, &WaitingRow::TABLE, "event", &dead).await?;
        remove(&mut transaction, &ReceiptRow::TABLE, "event", &dead).await?;
        remove(&mut transaction, &HeldRow::TABLE, "event", &dead).await?;
        desk.waiting.retain(|it| !desk.dead.contains(&it.event));
        desk.receipts.retain(|it| !desk.dead.contains(&it.event));
        self.issuing.insert(&mut transaction, &desk.rows).await?;
        self.issuing.insert(&mut transaction, &desk.waiting).await?;
        self.issuing
            .insert(&mut transaction, &desk.receipts)
            .await?;
        let receipts = self.receipts(&mut transaction, &outcomes).await?;
        add_events(&mut transaction, told).await?;
        transaction.commit().await?;
        let taken = |(outcome, event): (Outcome, &NewEvent)| match outcome {
            Outcome::New => Taken::New,
            Outcome::Cancelled => Taken::Cancelled,
            Outcome::Refused(code) => Taken::Refused(code),
            Outcome::Known(id) => Taken::Known {
                claim_again: receipts
                    .get(&id)
                    .filter(|it| event.received_at_ms / 1000 <= it.until)
                    .map(|it| it.claim_again.clone()),
            },
        };
        Ok(outcomes.into_iter().zip(events).map(taken).collect())
    }

    /// The newest version of the event under each of `keys`, all of which differ: none where there is no version, and nothing
    /// where one of them was altered.
    ///
    /// Versions are asked for by their slots one after the other, so that rows put there by hand are never met.
    async fn newest_versions(
        &self,
        connection: &mut AnyConnection,
        keys: Vec<[u8; 32]>,
    ) -> sqlx::Result<HashMap<[u8; 32], Option<EventRow>>> {
        let sql = format!(
            "SELECT {} FROM event WHERE slot IN ({{}})",
            EventRow::TABLE.list("")
        );
        let (mut newest, mut asked) = (HashMap::new(), keys);
        for version in 1.. {
            let slot = |key: &[u8; 32]| (self.issuing.event_slot(key, version), *key);
            let by_slot: HashMap<_, _> = asked.iter().map(slot).collect();
            let slots: Vec<_> = by_slot.keys().copied().collect();
            let rows = rows_of(connection, &sql, &slots).await?;
            asked = Vec::new();
            for row in rows {
                let slot: Vec<u8> = row.try_get(SLOT)?;
                let key = <[u8; 32]>::try_from(slot).ok();
                let Some(key) = key.and_then(|slot| by_slot.get(&slot)) else {
                    continue;
                };
                let event: Option<EventRow> = self.issuing.open_or_tell(&row, 0);
                let event = event.filter(|it| it.source_key == *key && it.version == version);
                if event.is_some() {
                    asked.push(*key);
                }
                newest.insert(*key, event);
            }
            if asked.is_empty() {
                break;
            }
        }
        Ok(newest)
    }

    /// Those of these events that have certificates.
    ///
    /// That a row stands in a slot is enough: nobody else can find out which slot it is.
    pub(super) async fn certified(
        &self,
        connection: &mut AnyConnection,
        events: &[[u8; 16]],
    ) -> sqlx::Result<HashSet<[u8; 16]>> {
        let slots = events.iter().flat_map(|event| {
            Profile::ALL.map(|profile| (self.issuing.issued_slot(event, profile), *event))
        });
        let by_slot: HashMap<[u8; 32], [u8; 16]> = slots.collect();
        let slots: Vec<_> = by_slot.keys().copied().collect();
        let table = RegisterRow::TABLE.name;
        let sql = format!("SELECT slot FROM {table} WHERE slot IN ({{}})");
        let mut certified = HashSet::new();
        for row in rows_of(connection, &sql, &slots).await? {
            let slot: Vec<u8> = row.try_get(0)?;
            let slot = <[u8; 32]>::try_from(slot).ok();
            certified.extend(slot.and_then(|slot| by_slot.get(&slot)));
        }
        Ok(certified)
    }

    /// The claims kept for events that were known.
    async fn receipts(
        &self,
        connection: &mut AnyConnection,
        outcomes: &[Outcome],
    ) -> sqlx::Result<HashMap<[u8; 16], ReceiptRow>> {
        let known = outcomes.iter().filter_map(Outcome::known);
        let known: HashSet<[u8; 16]> = known.collect();
        let known: Vec<_> = known.into_iter().collect();
        let table = ReceiptRow::TABLE;
        let sql = format!(
            "SELECT {} FROM receipt WHERE event IN ({{}})",
            table.list("")
        );
        let rows = rows_of(connection, &sql, &known).await?;
        let opened = rows.iter().filter_map(|row| {
            let receipt: ReceiptRow = self.issuing.open_or_tell(row, 0)?;
            Some((receipt.event, receipt))
        });
        Ok(opened.collect())
    }

    /// See `IssuingStore::standing`.
    pub(super) async fn how_it_stands(
        &self,
        source_key: &[u8; 32],
    ) -> Result<Option<Standing>, Failure> {
        self.check_whole()?;
        let mut connection = self.connection().await?;
        let newest = self
            .newest_versions(&mut connection, vec![*source_key])
            .await;
        let mut newest = newest.map_err(trouble::failure)?;
        let row = match newest.remove(source_key) {
            None => return Ok(None),
            Some(None) => {
                let reason = "what was taken in under this source id was altered in the database";
                return Err(Code::SealInvalid.because(reason));
            }
            Some(Some(row)) => row,
        };
        let sql = "SELECT event FROM waiting WHERE event IN ({})";
        let waits = rows_of(&mut connection, sql, &[row.id]).await;
        Ok(Some(Standing {
            event: row.id,
            digest: row.digest,
            waits: !waits.map_err(trouble::failure)?.is_empty(),
            cancelled: row.action == Action::Cancel,
            received_at_ms: row.received_at_ms,
            facility: row.facility,
        }))
    }
}

/// Events of one call, as they are gone through.
struct Desk<'a> {
    issuing: &'a Issuing,
    /// The newest version under each source key, by now; nothing where one was altered.
    newest: HashMap<[u8; 32], Option<EventRow>>,
    /// Events of before that have certificates.
    certified: HashSet<[u8; 16]>,
    rows: Vec<EventRow>,
    waiting: Vec<WaitingRow>,
    receipts: Vec<ReceiptRow>,
    /// Events that another takes the place of.
    dead: HashSet<[u8; 16]>,
}

/// What became of one event; a known one by its id.
enum Outcome {
    New,
    Known([u8; 16]),
    Cancelled,
    Refused(Code),
}

impl Outcome {
    fn known(&self) -> Option<[u8; 16]> {
        match self {
            Self::Known(id) => Some(*id),
            Self::New | Self::Cancelled | Self::Refused(_) => None,
        }
    }
}

impl Desk<'_> {
    fn take(&mut self, event: &NewEvent) -> Outcome {
        let newest = match self.newest.get(&event.source_key) {
            None if event.action == Action::New => None,
            None => return Outcome::Refused(Code::EventUnknown),
            Some(None) => return Outcome::Refused(Code::SealInvalid),
            Some(Some(newest)) => Some(newest),
        };
        if let Some(newest) = newest {
            let is_theirs = |within: &[String]| within.contains(&newest.facility);
            if event.action != Action::New && !event.within.as_deref().is_none_or(is_theirs) {
                // Alike for a facility that is not theirs and an event that there is not.
                return Outcome::Refused(Code::EventUnknown);
            }
            let cancelled = newest.action == Action::Cancel;
            let same = newest.digest == event.digest && !cancelled;
            match event.action {
                Action::New | Action::Correct if same => return Outcome::Known(newest.id),
                Action::Cancel if cancelled => return Outcome::Cancelled,
                Action::New => return Outcome::Refused(Code::EventConflict),
                Action::Renew if !same => return Outcome::Refused(Code::EventConflict),
                Action::Correct | Action::Cancel | Action::Renew => {}
            }
        }
        // An event without certificates leaves those of the one before it to be withdrawn.
        let supersedes = newest.and_then(|it| {
            if self.certified.contains(&it.id) {
                Some(it.id)
            } else {
                it.supersedes
            }
        });
        self.dead.extend(newest.map(|it| it.id));
        let version = newest.map_or(1, |it| it.version.saturating_add(1));
        let slot = self.issuing.event_slot(&event.source_key, version);
        let row = EventRow::of(event, slot, version, supersedes);
        self.rows.push(row.clone());
        self.newest.insert(event.source_key, Some(row));
        if event.action == Action::Cancel {
            if supersedes.is_some() {
                self.waiting.push(waiting(event, Vec::new()));
            }
            return Outcome::Cancelled;
        }
        self.waiting.push(waiting(event, event.body.clone()));
        self.receipts.push(ReceiptRow {
            event: event.id,
            claim_again: event.claim_again.clone(),
            until: (event.received_at_ms / 1000).saturating_add(CLAIM_AGAIN_S),
        });
        Outcome::New
    }
}

fn waiting(event: &NewEvent, body: Vec<u8>) -> WaitingRow {
    WaitingRow {
        event: event.id,
        received_at_ms: event.received_at_ms,
        body,
        claim_key: event.claim_key,
    }
}

pub(super) fn check(event: &NewEvent) -> Result<(), Failure> {
    check_text("an event's facility", &event.facility, MAX_TEXT)?;
    check_text("an event's operator", &event.operator, MAX_TEXT)?;
    check_text("who handed an event in", &event.submitted_by, MAX_TEXT)?;
    check_text("an event's batch", &event.batch, MAX_TEXT)?;
    check_text(
        "an event's lot",
        event.lot.as_deref().unwrap_or("-"),
        MAX_TEXT,
    )?;
    if event.lot.as_deref() == Some("")
        || event.body.len() > MAX_WAITING
        || event.claim_again.len() > MAX_CLAIM_AGAIN
    {
        let reason = "an event's lot is empty, or its body or claim exceeds its ceiling";
        return Err(Code::RequestInvalid.because(reason));
    }
    Ok(())
}

/// The place of the slot among the columns of an event.
const SLOT: usize = 1;
