//! A store that fails in the middle of being read.

use crate::network::{Eu, Land};
use crate::site::Site;
use crate::support::meddled::{Meddled, Meddler};
use async_trait::async_trait;
use lintas::failure::{Code, Failure};
use lintas::server::config::Config;
use lintas::server::gateway::{Gateway, Records};
use lintas::server::store;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Lets so many more pages be read; a negative number is all.
struct Flaky(&'static AtomicI64);

#[async_trait]
impl Meddler for Flaky {
    async fn before_reading(&self) -> Result<(), Failure> {
        if self.0.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(Code::StoreUnavailable.because("the connection broke"));
        }
        Ok(())
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
    let store = Meddled {
        store: store::open(&config.store, &config.data).await.unwrap(),
        by: Flaky(pages),
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
