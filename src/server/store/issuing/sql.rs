//! The one implementation of [`IssuingStore`], for SQLite and PostgreSQL.
//!
//! Refuses to wait for a database longer than it may take.

use super::contract::{
    Attempt, Begun, Held, IssuedRow, IssuingStore, NewEvent, Registered, Sealed, Selector,
    Standing, Survey, Taken, Tally, Waiting, Which,
};
use super::rows::{EventRow, HeldRow};
use super::table::{Stored, rows_of};
use crate::failure::Failure;
use crate::model::UnixTime;
use crate::revocation::RegisterMark;
use crate::server::store::contract::{Event, Lease};
use crate::server::store::sql::{LONG, SHORT, Sql, within};
use crate::server::store::trouble;
use async_trait::async_trait;
use sqlx::{AnyConnection, AssertSqlSafe};

#[async_trait]
impl IssuingStore for Sql {
    async fn take_in(&self, events: &[NewEvent], told: &[Event]) -> Result<Vec<Taken>, Failure> {
        within(LONG, self.take_events_in(events, told)).await
    }

    async fn waiting(&self, which: Which, limit: u32) -> Result<Vec<Waiting>, Failure> {
        within(LONG, self.end_of_queue(which, limit)).await
    }

    async fn backlog(&self) -> Result<(u64, Option<UnixTime>), Failure> {
        within(SHORT, self.count_waiting()).await
    }

    async fn enter(&self, sealed: &[Sealed], told: &[Event], fence: &Lease) -> Result<(), Failure> {
        within(LONG, self.enter_sealed(sealed, told, fence)).await
    }

    async fn registered(&self, marks: &[RegisterMark]) -> Result<Vec<Registered>, Failure> {
        within(SHORT, self.look_up(marks)).await
    }

    async fn tally(&self, selector: &Selector) -> Result<Tally, Failure> {
        within(LONG, self.count_selected(selector)).await
    }

    async fn select(
        &self,
        selector: &Selector,
        after: u64,
        limit: u32,
    ) -> Result<Vec<IssuedRow>, Failure> {
        within(LONG, self.selected(selector, after, limit)).await
    }

    async fn held(&self, claim_key: &[u8; 32]) -> Result<Option<Held>, Failure> {
        within(SHORT, self.fetch_held(claim_key)).await
    }

    async fn waits(&self, claim_key: &[u8; 32]) -> Result<bool, Failure> {
        let asked = async {
            self.check_whole()?;
            let mut connection = self.connection().await?;
            let found = sqlx::query_scalar("SELECT COUNT(*) FROM waiting WHERE claim_key = $1")
                .bind(claim_key.to_vec())
                .fetch_one(&mut *connection)
                .await;
            let found: i64 = found.map_err(trouble::failure)?;
            Ok(found > 0)
        };
        within(SHORT, asked).await
    }

    async fn expire(&self, now: UnixTime, waited_since: UnixTime) -> Result<(u64, u64), Failure> {
        self.erase(now, waited_since).await
    }

    async fn begin_answer(&self, attempt: &Attempt, now: UnixTime) -> Result<Begun, Failure> {
        within(LONG, self.begin_attempt(attempt, now)).await
    }

    async fn end_answer(
        &self,
        attempt: &Attempt,
        answer: Option<&[u8]>,
        now: UnixTime,
    ) -> Result<(), Failure> {
        within(LONG, self.end_attempt(attempt, answer, now)).await
    }

    async fn expire_answers(&self, now: UnixTime) -> Result<u64, Failure> {
        self.erase_answers(now).await
    }

    async fn standing(&self, source_key: &[u8; 32]) -> Result<Option<Standing>, Failure> {
        within(SHORT, self.how_it_stands(source_key)).await
    }

    async fn holds_events(&self) -> Result<bool, Failure> {
        let asked = async {
            let mut connection = self.connection().await?;
            let holds = holds_events(&mut connection).await;
            holds.map_err(trouble::failure)
        };
        within(SHORT, asked).await
    }

    async fn survey(&self) -> Result<Survey, Failure> {
        self.look_at_all().await
    }
}

impl Sql {
    /// Whether there are events, and none of the first ones bears a good seal: then the key is another one, and whatever waits
    /// would be taken for nobody's.
    pub(in crate::server::store) async fn events_are_all_foreign(
        &self,
        connection: &mut AnyConnection,
    ) -> sqlx::Result<bool> {
        let list = EventRow::TABLE.list("");
        let sql = AssertSqlSafe(format!("SELECT {list} FROM event LIMIT 1000"));
        let rows = sqlx::query(sql).fetch_all(connection).await?;
        let good = |row| self.issuing.open::<EventRow>(row, 0).is_some();
        Ok(!rows.is_empty() && !rows.iter().any(good))
    }

    async fn fetch_held(&self, claim_key: &[u8; 32]) -> Result<Option<Held>, Failure> {
        self.check_whole()?;
        let mut connection = self.connection().await?;
        let list = HeldRow::TABLE.list("");
        let sql = format!("SELECT {list} FROM held WHERE claim_key IN ({{}})");
        let rows = rows_of(&mut connection, &sql, &[*claim_key]).await;
        let rows = rows.map_err(trouble::failure)?;
        let Some(row) = rows.first() else {
            // The work of looking at a seal, so that a miss takes as long as a hit.
            let nothing = HeldRow {
                event: [0; 16],
                held: Held {
                    claim_key: *claim_key,
                    body: vec![0; USUAL_HELD],
                    until: UnixTime::EPOCH,
                },
            };
            let seal = self.issuing.seal(&HeldRow::TABLE, &nothing.values());
            std::hint::black_box(seal);
            return Ok(None);
        };
        let row: Option<HeldRow> = self.issuing.open_or_tell(row, 0);
        Ok(row.map(|it| it.held))
    }
}

/// Whether an event was ever taken in, or a row looks so.
pub(in crate::server::store) async fn holds_events(
    connection: &mut AnyConnection,
) -> sqlx::Result<bool> {
    let row = sqlx::query("SELECT 1 FROM event LIMIT 1");
    Ok(row.fetch_optional(connection).await?.is_some())
}

/// Bytes of what a holder mostly fetches.
const USUAL_HELD: usize = 2048;
