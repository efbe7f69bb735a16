//! Adding rows: records with their seals, audit rows with their hashes, leases.
//!
//! Refuses what a ceiling forbids before it asks the database, and a writer whose lease somebody else has got.

use super::contract::{Event, Head, Lease, MAX_BODY, MAX_DETAIL, MAX_TEXT};
use super::open::Dialect;
use super::seal::Sealed;
use super::sql::{Ahead, Sql};
use super::trouble::Attempt;
use super::{audit, chain, rows};
use crate::exchange::Record;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use sqlx::{Any, AnyConnection, Row, Transaction};
use std::time::Duration;

impl Sql {
    pub(super) async fn add(
        &self,
        records: &[Record],
        events: &[Event],
        fence: Option<&Lease>,
        after: Option<Head>,
    ) -> Result<Head, Failure> {
        records.iter().try_for_each(check_record)?;
        events.iter().try_for_each(check_event)?;
        let _one = self.writing.lock().await;
        for attempt in 0..ATTEMPTS {
            match self.try_add(records, events, fence, after).await {
                Ok(ahead) => {
                    let head = ahead.chain.tip;
                    self.now_known(ahead);
                    self.remember(head).await;
                    return Ok(head);
                }
                Err(Attempt::Failed(failure)) => return Err(failure),
                Err(Attempt::Again) => pause(attempt).await,
            }
        }
        Err(crowded())
    }

    async fn try_add(
        &self,
        records: &[Record],
        events: &[Event],
        fence: Option<&Lease>,
        after: Option<Head>,
    ) -> Result<Ahead, Attempt> {
        let mut transaction = self.begin().await?;
        if let Some(lease) = fence {
            check_fence(&mut transaction, lease).await?;
        }
        let mut ahead = self.advance(&mut transaction).await?;
        if after.is_some_and(|after| after != ahead.chain.tip) {
            let moved = Code::StoreMoved.because("other records came meanwhile");
            return Err(moved.into());
        }
        for record in records {
            let sequence = ahead.free();
            let sealed = chain::behind(&ahead.chain.tip, sequence, record);
            let seal = self.key.seal(&sealed);
            insert_record(&mut transaction, sealed, &seal).await?;
            ahead.extend(Head { sequence, seal });
        }
        add_events(&mut transaction, events).await?;
        transaction.commit().await?;
        Ok(ahead)
    }

    /// Adds the event that says that the state was accepted, which can be written while nothing else can.
    pub(super) async fn note_accepted(&self, event: &Event) -> Result<(), Failure> {
        check_event(event)?;
        for attempt in 0..ATTEMPTS {
            let added = async {
                let mut transaction = self.begin().await?;
                add_events(&mut transaction, std::slice::from_ref(event)).await?;
                Ok::<_, Attempt>(transaction.commit().await?)
            };
            match added.await {
                Err(Attempt::Again) => pause(attempt).await,
                Err(Attempt::Failed(failure)) => return Err(failure),
                Ok(()) => return Ok(()),
            }
        }
        Err(crowded())
    }

    pub(super) async fn take_lease(
        &self,
        name: &str,
        holder: &str,
        now: UnixTime,
        seconds: u32,
    ) -> Result<Option<Lease>, Failure> {
        check_text("the lease's name", name, MAX_TEXT)?;
        check_text("the holder", holder, MAX_TEXT)?;
        let take = async || {
            let mut transaction = self.begin().await?;
            let newest = newest_lease(&mut transaction, name).await?;
            let taken = newest.as_ref().is_some_and(|it| {
                it.holder != holder
                    && (now < it.expires_at && it.expires_at < now.plus(LONGEST_LEASE_S))
            });
            if taken {
                return Ok(None);
            }
            let lease = Lease {
                name: name.to_owned(),
                token: newest.map_or(1, |it| it.token.saturating_add(1)),
                holder: holder.to_owned(),
                expires_at: now.plus(i64::from(seconds)),
            };
            insert_lease(&mut transaction, &lease).await?;
            transaction.commit().await?;
            Ok::<_, Attempt>(Some(lease))
        };
        self.write(take).await
    }

    pub(super) async fn give_back(&self, lease: &Lease, now: UnixTime) -> Result<(), Failure> {
        let _one = self.writing.lock().await;
        let given = async {
            let mut transaction = self.begin().await?;
            let newest = newest_lease(&mut transaction, &lease.name).await?;
            if newest.as_ref() == Some(lease) {
                let over = Lease {
                    token: lease.token.saturating_add(1),
                    expires_at: now,
                    ..lease.clone()
                };
                insert_lease(&mut transaction, &over).await?;
            }
            Ok::<_, Attempt>(transaction.commit().await?)
        };
        match given.await {
            // Somebody else has it, so there is nothing left to give back.
            Ok(()) | Err(Attempt::Again) => Ok(()),
            Err(Attempt::Failed(failure)) => Err(failure),
        }
    }

    /// What `attempt` comes to, tried again while other writers are faster. Writers of this process come one by one.
    pub(super) async fn write<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Attempt>>,
    {
        let _one = self.writing.lock().await;
        attempts(attempt).await
    }

    /// A transaction that writes, once all others that do have ended.
    ///
    /// That only spares attempts. What holds is the primary key: of two writers that take the same number, one fails.
    pub(super) async fn begin(&self) -> sqlx::Result<Transaction<'static, Any>> {
        let mut transaction = self.pool.begin_with(self.dialect.begin()).await?;
        if self.dialect == Dialect::Postgres {
            let lock = sqlx::query("SELECT 1 FROM pg_advisory_xact_lock($1)").bind(WRITERS);
            lock.execute(&mut *transaction).await?;
        }
        Ok(transaction)
    }
}

pub(super) async fn check_fence(
    connection: &mut AnyConnection,
    lease: &Lease,
) -> Result<(), Attempt> {
    let newest = newest_lease(connection, &lease.name).await?;
    if newest.is_some_and(|it| it.token == lease.token && it.holder == lease.holder) {
        return Ok(());
    }
    let reason = format!("token {} of this lease is not the newest", lease.token);
    Err(Code::LeaseLost.because(reason).into())
}

/// What `attempt` comes to, tried again while other writers are faster.
pub(super) async fn attempts<T, F>(attempt: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Attempt>>,
{
    for number in 0..ATTEMPTS {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(Attempt::Failed(failure)) => return Err(failure),
            Err(Attempt::Again) => pause(number).await,
        }
    }
    Err(crowded())
}

async fn newest_lease(connection: &mut AnyConnection, name: &str) -> sqlx::Result<Option<Lease>> {
    let row = sqlx::query(NEWEST_LEASE).bind(name.to_owned());
    let Some(row) = row.fetch_optional(connection).await? else {
        return Ok(None);
    };
    let expires_at = UnixTime::from_seconds(row.try_get("expires_at")?);
    Ok(Some(Lease {
        name: name.to_owned(),
        token: rows::unsigned(row.try_get("token")?),
        holder: row.try_get("holder")?,
        expires_at: expires_at.unwrap_or(UnixTime::END),
    }))
}

pub(super) async fn insert_lease(
    connection: &mut AnyConnection,
    lease: &Lease,
) -> sqlx::Result<()> {
    let row = sqlx::query(LEASE)
        .bind(lease.name.clone())
        .bind(rows::number(lease.token))
        .bind(lease.holder.clone())
        .bind(lease.expires_at.seconds());
    row.execute(connection).await.map(|_| ())
}

pub(super) async fn insert_record(
    connection: &mut AnyConnection,
    sealed: Sealed,
    seal: &[u8; 32],
) -> sqlx::Result<()> {
    let row = sqlx::query(RECORD)
        .bind(rows::number(sealed.sequence))
        .bind(rows::number(sealed.previous))
        .bind(sealed.previous_seal.to_vec())
        .bind(sealed.kind)
        .bind(sealed.source)
        .bind(sealed.name)
        .bind(sealed.country)
        .bind(sealed.received_at)
        .bind(sealed.body)
        .bind(seal.to_vec());
    row.execute(connection).await.map(|_| ())
}

pub(super) async fn add_events(
    connection: &mut AnyConnection,
    events: &[Event],
) -> Result<(), Attempt> {
    if events.is_empty() {
        return Ok(());
    }
    let mut head = rows::audit_head(connection).await?;
    for event in events {
        let row = audit::following(&head, event);
        insert_audit(connection, &row).await?;
        (head.sequence, head.hash) = (row.sequence, row.hash);
    }
    Ok(())
}

pub(super) async fn insert_audit(
    connection: &mut AnyConnection,
    row: &super::contract::AuditRow,
) -> sqlx::Result<()> {
    let added = sqlx::query(AUDIT)
        .bind(rows::number(row.sequence))
        .bind(row.event.at.seconds())
        .bind(row.event.actor.clone())
        .bind(row.event.event.clone())
        .bind(row.event.subject.clone())
        .bind(row.event.detail.clone())
        .bind(row.hash.to_vec());
    added.execute(connection).await.map(|_| ())
}

fn check_record(record: &Record) -> Result<(), Failure> {
    if record.body.len() > MAX_BODY {
        let reason = format!("a record's body has over {MAX_BODY} bytes");
        return Err(Code::RequestInvalid.because(reason));
    }
    check_text("a record's source", &record.source, MAX_TEXT)?;
    check_text("a record's name", &record.name, MAX_TEXT)
}

pub(super) fn check_event(event: &Event) -> Result<(), Failure> {
    check_text("an event's actor", &event.actor, MAX_TEXT)?;
    check_text("an event's name", &event.event, MAX_TEXT)?;
    check_text("an event's subject", &event.subject, MAX_TEXT)?;
    check_text("an event's detail", &event.detail, MAX_DETAIL)
}

/// PostgreSQL keeps no zero byte, and SQLite's own tools stop reading at one.
pub(super) fn check_text(what: &str, text: &str, bytes: usize) -> Result<(), Failure> {
    if text.len() > bytes || text.contains('\0') {
        let reason = format!("{what} has over {bytes} bytes or a zero byte");
        return Err(Code::RequestInvalid.because(reason));
    }
    Ok(())
}

/// Waits longer from attempt to attempt, and never exactly as long as the others.
async fn pause(attempt: u32) {
    let longest = FIRST_PAUSE_MS << attempt.min(MAX_DOUBLINGS);
    let mut random = [0; 2];
    // Without random numbers everybody waits alike, which is no worse than waiting.
    let _ = SystemRandom::new().fill(&mut random);
    let jitter = u64::from(u16::from_be_bytes(random)) * longest / u64::from(u16::MAX);
    tokio::time::sleep(Duration::from_millis(longest / 2 + jitter / 2)).await;
}

fn crowded() -> Failure {
    let reason = format!("other writers were faster {ATTEMPTS} times");
    Code::StoreUnavailable.because(reason)
}

const ATTEMPTS: u32 = 12;
const FIRST_PAUSE_MS: u64 = 4;
const MAX_DOUBLINGS: u32 = 7;
/// The number of the lock under which PostgreSQL lets one transaction write at a time: `LINTAS` and a version.
const WRITERS: i64 = 0x4c49_4e54_4153_0001;
const RECORD: &str = "INSERT INTO records (sequence, previous, previous_seal, kind, source, name, country, received_at, \
     body, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const AUDIT: &str = "INSERT INTO audit (sequence, at, actor, event, subject, detail, hash) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
/// Further ahead than this nobody was given a lease: whoever wrote it had another clock, or was not a gateway.
const LONGEST_LEASE_S: i64 = 86_400;
const LEASE: &str = "INSERT INTO lease (name, token, holder, expires_at) VALUES ($1, $2, $3, $4)";
const NEWEST_LEASE: &str =
    "SELECT token, holder, expires_at FROM lease WHERE name = $1 ORDER BY token DESC LIMIT 1";
