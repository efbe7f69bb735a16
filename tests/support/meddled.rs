//! A store that somebody meddles with, just before it is read or written.

use async_trait::async_trait;
use lintas::exchange::Record;
use lintas::failure::Failure;
use lintas::model::UnixTime;
use lintas::revocation::RegisterMark;
use lintas::server::store::issuing::{
    Attempt, Begun, Held, IssuedRow, IssuingStore, NewEvent, Registered, Sealed, Selector,
    Standing, Survey, Taken, Tally, Waiting, Which,
};
use lintas::server::store::{AuditHead, AuditRow, Event, Head, Lease, Row, Store, Wholeness};
use std::sync::Arc;

/// What happens to a store; nothing, where a test does not say.
#[async_trait]
pub trait Meddler: Send + Sync {
    /// Before a page of records is read, which fails where this does.
    async fn before_reading(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// Before something is added to `store`.
    async fn before_adding(&self, _store: &dyn Store) {}
}

/// A real store behind a meddler.
pub struct Meddled<M> {
    pub store: Arc<dyn Store>,
    pub by: M,
}

#[async_trait]
impl<M: Meddler> Store for Meddled<M> {
    async fn append(
        &self,
        records: &[Record],
        events: &[Event],
        fence: Option<&Lease>,
    ) -> Result<Head, Failure> {
        self.by.before_adding(self.store.as_ref()).await;
        self.store.append(records, events, fence).await
    }

    async fn append_after(
        &self,
        head: Head,
        records: &[Record],
        events: &[Event],
    ) -> Result<Head, Failure> {
        self.by.before_adding(self.store.as_ref()).await;
        self.store.append_after(head, records, events).await
    }

    async fn records(&self, after: u64, limit: u32) -> Result<Vec<Row>, Failure> {
        self.by.before_reading().await?;
        self.store.records(after, limit).await
    }

    async fn head(&self) -> Result<Head, Failure> {
        self.store.head().await
    }

    async fn lease(
        &self,
        name: &str,
        holder: &str,
        now: UnixTime,
        seconds: u32,
    ) -> Result<Option<Lease>, Failure> {
        self.store.lease(name, holder, now, seconds).await
    }

    async fn release(&self, lease: &Lease, now: UnixTime) -> Result<(), Failure> {
        self.store.release(lease, now).await
    }

    async fn audit_rows(&self, after: u64, limit: u32) -> Result<Vec<AuditRow>, Failure> {
        self.store.audit_rows(after, limit).await
    }

    async fn audit_head(&self) -> Result<AuditHead, Failure> {
        self.store.audit_head().await
    }

    fn wholeness(&self) -> Wholeness {
        self.store.wholeness()
    }

    async fn accept(&self, actor: &str, at: UnixTime) -> Result<Head, Failure> {
        self.store.accept(actor, at).await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}

#[async_trait]
impl<M: Meddler> IssuingStore for Meddled<M> {
    async fn take_in(&self, events: &[NewEvent], told: &[Event]) -> Result<Vec<Taken>, Failure> {
        self.by.before_adding(self.store.as_ref()).await;
        self.store.take_in(events, told).await
    }

    async fn waiting(&self, which: Which, limit: u32) -> Result<Vec<Waiting>, Failure> {
        self.by.before_reading().await?;
        self.store.waiting(which, limit).await
    }

    async fn backlog(&self) -> Result<(u64, Option<UnixTime>), Failure> {
        self.store.backlog().await
    }

    async fn enter(&self, sealed: &[Sealed], told: &[Event], fence: &Lease) -> Result<(), Failure> {
        self.by.before_adding(self.store.as_ref()).await;
        self.store.enter(sealed, told, fence).await
    }

    async fn registered(&self, marks: &[RegisterMark]) -> Result<Vec<Registered>, Failure> {
        self.by.before_reading().await?;
        self.store.registered(marks).await
    }

    async fn tally(&self, selector: &Selector) -> Result<Tally, Failure> {
        self.store.tally(selector).await
    }

    async fn select(
        &self,
        selector: &Selector,
        after: u64,
        limit: u32,
    ) -> Result<Vec<IssuedRow>, Failure> {
        self.store.select(selector, after, limit).await
    }

    async fn held(&self, claim_key: &[u8; 32]) -> Result<Option<Held>, Failure> {
        self.store.held(claim_key).await
    }

    async fn waits(&self, claim_key: &[u8; 32]) -> Result<bool, Failure> {
        self.store.waits(claim_key).await
    }

    async fn expire(&self, now: UnixTime, waited_since: UnixTime) -> Result<(u64, u64), Failure> {
        self.store.expire(now, waited_since).await
    }

    async fn begin_answer(&self, attempt: &Attempt, now: UnixTime) -> Result<Begun, Failure> {
        self.store.begin_answer(attempt, now).await
    }

    async fn end_answer(
        &self,
        attempt: &Attempt,
        answer: Option<&[u8]>,
        now: UnixTime,
    ) -> Result<(), Failure> {
        self.store.end_answer(attempt, answer, now).await
    }

    async fn expire_answers(&self, now: UnixTime) -> Result<u64, Failure> {
        self.store.expire_answers(now).await
    }

    async fn standing(&self, source_key: &[u8; 32]) -> Result<Option<Standing>, Failure> {
        self.store.standing(source_key).await
    }

    async fn holds_events(&self) -> Result<bool, Failure> {
        self.store.holds_events().await
    }

    async fn survey(&self) -> Result<Survey, Failure> {
        self.store.survey().await
    }
}
