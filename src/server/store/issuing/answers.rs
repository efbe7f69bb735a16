//! What changing requests under a key of the caller's own were answered, so that the same again is answered the same and done once.
//!
//! Refuses to let two begin at once, on whichever nodes. A row without a good seal is nobody's, and is removed by whoever begins.

use super::contract::{ANSWER_S, Attempt, Begun, MAX_ANSWER, RUNNING_S};
use super::rows::AnswerRow;
use super::table::{Stored, remove, rows_of};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::store::sql::Sql;
use crate::server::store::trouble;
use sqlx::AnyConnection;

impl Sql {
    /// See `IssuingStore::begin_answer`.
    pub(super) async fn begin_attempt(
        &self,
        attempt: &Attempt,
        now: UnixTime,
    ) -> Result<Begun, Failure> {
        self.write(|| self.try_begin(attempt, now)).await
    }

    async fn try_begin(&self, attempt: &Attempt, now: UnixTime) -> Result<Begun, trouble::Attempt> {
        let mut transaction = self.begin().await?;
        self.advance(&mut transaction).await?;
        let row = self.answer_in(&mut transaction, &attempt.slot).await?;
        if let Some(row) = row.filter(|it| now.seconds() < it.until) {
            return Ok(if row.request != attempt.request {
                Begun::Other
            } else if row.body.is_empty() {
                Begun::Running
            } else {
                Begun::Answered(row.body)
            });
        }
        let row = AnswerRow {
            slot: attempt.slot,
            request: attempt.request,
            attempt: attempt.id,
            body: Vec::new(),
            until: now.plus(RUNNING_S).seconds(),
        };
        self.put_answer(&mut transaction, attempt, Some(row))
            .await?;
        transaction.commit().await?;
        Ok(Begun::First)
    }

    /// See `IssuingStore::end_answer`.
    pub(super) async fn end_attempt(
        &self,
        attempt: &Attempt,
        answer: Option<&[u8]>,
        now: UnixTime,
    ) -> Result<(), Failure> {
        if answer.is_some_and(|it| it.is_empty() || it.len() > MAX_ANSWER) {
            let reason = format!("an answer has no bytes, or over {MAX_ANSWER}");
            return Err(Code::RequestInvalid.because(reason));
        }
        self.write(|| self.try_end(attempt, answer, now)).await
    }

    async fn try_end(
        &self,
        attempt: &Attempt,
        answer: Option<&[u8]>,
        now: UnixTime,
    ) -> Result<(), trouble::Attempt> {
        let mut transaction = self.begin().await?;
        self.advance(&mut transaction).await?;
        let row = self.answer_in(&mut transaction, &attempt.slot).await?;
        // Whoever took too long may find another attempt there, or its answer, which stands.
        let Some(row) = row.filter(|it| it.attempt == attempt.id && it.body.is_empty()) else {
            return Ok(());
        };
        let answered = answer.map(|body| AnswerRow {
            body: body.to_vec(),
            until: now.plus(ANSWER_S).seconds(),
            ..row
        });
        self.put_answer(&mut transaction, attempt, answered).await?;
        Ok(transaction.commit().await?)
    }

    async fn answer_in(
        &self,
        connection: &mut AnyConnection,
        slot: &[u8; 32],
    ) -> sqlx::Result<Option<AnswerRow>> {
        let list = AnswerRow::TABLE.list("");
        let sql = format!("SELECT {list} FROM answer WHERE slot IN ({{}})");
        let rows = rows_of(connection, &sql, &[*slot]).await?;
        let row = rows.first();
        Ok(row.and_then(|row| self.issuing.open_or_tell(row, 0)))
    }

    /// Puts `row` in place of whatever stands for `attempt`.
    async fn put_answer(
        &self,
        connection: &mut AnyConnection,
        attempt: &Attempt,
        row: Option<AnswerRow>,
    ) -> sqlx::Result<()> {
        remove(connection, &AnswerRow::TABLE, "slot", &[attempt.slot]).await?;
        self.issuing.insert(connection, row.as_slice()).await
    }
}
