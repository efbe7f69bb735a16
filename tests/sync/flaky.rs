//! A store that fails in the middle of being read.

use crate::network::{Eu, Land};
use crate::site::Site;
use async_trait::async_trait;
use lintas::exchange::Record;
use lintas::failure::{Code, Failure};
use lintas::model::UnixTime;
use lintas::server::config::Config;
use lintas::server::gateway::{Gateway, Records};
use lintas::server::store::{self, AuditHead, AuditRow, Event, Head, Lease, Row, Store, Wholeness};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A store of which so many more pages can be read; a negative number is all.
struct Flaky {
    store: Arc<dyn Store>,
    pages: &'static AtomicI64,
}

#[async_trait]
impl Store for Flaky {
    async fn append(
        &self,
        records: &[Record],
        events: &[Event],
        fence: Option<&Lease>,
    ) -> Result<Head, Failure> {
        self.store.append(records, events, fence).await
    }

    async fn append_after(
        &self,
        head: Head,
        records: &[Record],
        events: &[Event],
    ) -> Result<Head, Failure> {
        self.store.append_after(head, records, events).await
    }

    async fn records(&self, after: u64, limit: u32) -> Result<Vec<Row>, Failure> {
        if self.pages.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(Code::StoreUnavailable.because("the connection broke"));
        }
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

#[actix_web::test]
async fn what_was_read_before_a_store_broke_off_is_in_force_at_once() {
    let eu = Eu::start().await;
    let land = Land::new("ID", &eu.anchor, 6);
    eu.lists(&[&land]);
    let first = Site::new(&[("eu", &eu, "")]);
    let one = first.open().await;
    one.asks().await.unwrap();
    let second = first.beside(&first.url());
    let mut config = Config::parse(&second.toml, second.path()).unwrap();
    config.data = second.path().to_owned();
    let pages = Box::leak(Box::new(AtomicI64::new(-1)));
    let store = Flaky {
        store: store::open(&config.store, &config.data).await.unwrap(),
        pages,
    };
    let other = Arc::new(Gateway::open(&config, second.clock()).unwrap());
    let records = Records::new(Arc::new(store), second.path()).unwrap();
    other.attach(records).await.unwrap();
    let snapshot = |gateway: &Gateway| gateway.world().snapshot.id();
    assert_eq!(snapshot(&other), one.snapshot());
    eu.said().changes = vec![land.gone(0)];
    one.asks().await.unwrap();
    // The page with the withdrawal can be read, and then no other.
    pages.store(1, Ordering::SeqCst);
    let failure = other.follow().await.unwrap_err();
    assert_eq!(failure.code().name(), "store_unavailable");
    assert_eq!(snapshot(&other), one.snapshot());
    assert!(!other.follow().await.unwrap());
    other.records().unwrap().store().close().await;
    one.ends().await;
}
