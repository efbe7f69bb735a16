//! Erasing what is over: what holders could fetch, claims, answers, and events that waited for too long.
//!
//! Refuses to erase a cancellation that waits: it holds nobody's data, and certificates are still to be withdrawn by it.

use crate::failure::Failure;
use crate::model::UnixTime;
use crate::server::store::contract::Event;
use crate::server::store::open::Dialect;
use crate::server::store::sql::Sql;
use crate::server::store::trouble::{self, Attempt};
use crate::server::store::write::add_events;

impl Sql {
    /// See `IssuingStore::expire`.
    pub(super) async fn erase(
        &self,
        now: UnixTime,
        waited_since: UnixTime,
    ) -> Result<(u64, u64), Failure> {
        let held = self.erase_all(HELD, now.seconds(), None).await?;
        self.erase_all(RECEIPTS, now.seconds(), None).await?;
        let since = waited_since.seconds().saturating_mul(1000);
        let waited = self.erase_all(WAITED, since, Some(now)).await?;
        self.tell_erased(now).await?;
        if self.dialect == Dialect::Sqlite {
            self.empty_log().await?;
        }
        Ok((held, waited))
    }

    /// See `IssuingStore::expire_answers`.
    pub(super) async fn erase_answers(&self, now: UnixTime) -> Result<u64, Failure> {
        let erased = self.erase_all(ANSWERS, now.seconds(), None).await?;
        if erased > 0 && self.dialect == Dialect::Sqlite {
            self.empty_log().await?;
        }
        Ok(erased)
    }

    /// Erases piece by piece by `sql`; each piece is told in the audit where `told_at` says when.
    async fn erase_all(
        &self,
        sql: &'static str,
        before: i64,
        told_at: Option<UnixTime>,
    ) -> Result<u64, Failure> {
        let mut erased = 0;
        loop {
            let piece = self.write(|| self.try_erase(sql, before, told_at)).await?;
            erased += piece;
            if piece < PIECE {
                return Ok(erased);
            }
        }
    }

    async fn try_erase(
        &self,
        sql: &'static str,
        before: i64,
        told_at: Option<UnixTime>,
    ) -> Result<u64, Attempt> {
        let mut transaction = self.begin().await?;
        self.advance(&mut transaction).await?;
        let done = sqlx::query(sql)
            .bind(before)
            .bind(crate::server::store::rows::number(PIECE));
        let erased = done.execute(&mut *transaction).await?.rows_affected();
        if let Some(at) = told_at.filter(|_| erased > 0) {
            let detail = format!("{erased} waited too long for certificates and were erased");
            add_events(&mut transaction, &[note(at, "issuing.expired", detail)]).await?;
        }
        transaction.commit().await?;
        Ok(erased)
    }

    /// Tells in the audit how many rows were erased from the queue because nobody of this gateway put them there.
    async fn tell_erased(&self, at: UnixTime) -> Result<(), Failure> {
        let erased = self.issuing.take_erased();
        if erased == 0 {
            return Ok(());
        }
        let detail = format!("{erased} rows without a good seal, or put back, were erased");
        let event = note(at, "issuing.refused", detail);
        let told = self.append_events(std::slice::from_ref(&event)).await;
        if told.is_err() {
            self.issuing.note_erased(erased);
        }
        told
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), Failure> {
        let add = async || {
            let mut transaction = self.begin().await?;
            add_events(&mut transaction, events).await?;
            Ok::<_, Attempt>(transaction.commit().await?)
        };
        self.write(add).await
    }

    /// Moves everything from SQLite's write-ahead log into its file and cuts the log to nothing. Where somebody reads
    /// meanwhile, that is left for the next time.
    async fn empty_log(&self) -> Result<(), Failure> {
        let _one = self.writing.lock().await;
        let mut connection = self.connection().await?;
        let emptied = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)");
        let emptied = emptied.execute(&mut *connection).await;
        emptied.map(|_| ()).map_err(trouble::failure)
    }
}

fn note(at: UnixTime, event: &str, detail: String) -> Event {
    Event {
        at,
        actor: "gateway".to_owned(),
        event: event.to_owned(),
        subject: "waiting".to_owned(),
        detail,
    }
}

/// Rows erased in one transaction.
const PIECE: u64 = 5000;
const HELD: &str = "DELETE FROM held WHERE claim_key IN \
     (SELECT claim_key FROM held WHERE until < $1 ORDER BY until LIMIT $2)";
const RECEIPTS: &str = "DELETE FROM receipt WHERE event IN \
     (SELECT event FROM receipt WHERE until < $1 ORDER BY until LIMIT $2)";
const ANSWERS: &str = "DELETE FROM answer WHERE slot IN \
     (SELECT slot FROM answer WHERE until <= $1 ORDER BY until LIMIT $2)";
const WAITED: &str = "DELETE FROM waiting WHERE event IN (SELECT event FROM waiting \
     WHERE received_at_ms < $1 AND length(body) > 0 ORDER BY received_at_ms LIMIT $2)";
