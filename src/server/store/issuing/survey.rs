//! A look at every row that issuing keeps: each seal, and whether what belongs together is there.
//!
//! Refuses nothing: it tells.

use super::contract::Survey;
use super::rows::{AnswerRow, EventRow, HeldRow, ReceiptRow, RegisterRow, WaitingRow};
use super::table::Stored;
use crate::failure::Failure;
use crate::server::store::sql::Sql;
use crate::server::store::trouble;
use futures_util::TryStreamExt;
use sqlx::{AnyConnection, AssertSqlSafe};

impl Sql {
    /// See `IssuingStore::survey`.
    pub(super) async fn look_at_all(&self) -> Result<Survey, Failure> {
        let mut connection = self.connection().await?;
        let mut survey = Survey::default();
        survey.events = self
            .walk_table::<EventRow>(&mut connection, &mut survey)
            .await?;
        survey.waiting = self
            .walk_table::<WaitingRow>(&mut connection, &mut survey)
            .await?;
        survey.receipts = self
            .walk_table::<ReceiptRow>(&mut connection, &mut survey)
            .await?;
        survey.held = self
            .walk_table::<HeldRow>(&mut connection, &mut survey)
            .await?;
        survey.certificates = self
            .walk_table::<RegisterRow>(&mut connection, &mut survey)
            .await?;
        survey.answers = self
            .walk_table::<AnswerRow>(&mut connection, &mut survey)
            .await?;
        for (sql, what) in QUESTIONS {
            let found = sqlx::query_scalar(sql).fetch_one(&mut *connection).await;
            let found: i64 = found.map_err(trouble::failure)?;
            if found > 0 {
                survey.findings.push(format!("{found} {what}"));
            }
        }
        survey.findings.truncate(Survey::MAX_FINDINGS);
        Ok(survey)
    }

    /// How many rows of the table are good; the others are told.
    async fn walk_table<T: Stored>(
        &self,
        connection: &mut AnyConnection,
        survey: &mut Survey,
    ) -> Result<u64, Failure> {
        let table = T::TABLE;
        let sql = format!("SELECT {} FROM {}", table.list(""), table.name);
        let (mut good, mut refused) = (0, 0);
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(connection);
        while let Some(row) = rows.try_next().await.map_err(trouble::failure)? {
            if self.issuing.open::<T>(&row, 0).is_some() {
                good += 1;
            } else {
                refused += 1;
            }
        }
        if refused > 0 {
            let finding = format!("{refused} rows of {} have no good seal", table.name);
            survey.findings.push(finding);
        }
        Ok(good)
    }
}

const QUESTIONS: [(&str, &str); 5] = [
    (
        "SELECT COUNT(*) FROM issued i WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.id = i.event)",
        "certificates in the register belong to no event",
    ),
    (
        "SELECT COUNT(*) FROM waiting w WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.id = w.event)",
        "rows that wait belong to no event",
    ),
    (
        "SELECT COUNT(*) FROM held h WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.id = h.event)",
        "rows that holders can fetch belong to no event",
    ),
    (
        "SELECT COUNT(*) FROM waiting w WHERE EXISTS (SELECT 1 FROM issued i WHERE i.event = w.event)",
        "events wait that have certificates",
    ),
    (
        "SELECT COUNT(*) FROM waiting w WHERE EXISTS (SELECT 1 FROM held h WHERE h.event = w.event)",
        "events wait of which holders can fetch something",
    ),
];
