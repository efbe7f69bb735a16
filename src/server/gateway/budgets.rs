//! Who has how many units left at this node: callers without a token together, and each client that has a quota.
//!
//! Refuses to keep anything about a client without one. Each node counts for itself, from its start on.

use super::bucket::Bucket;
use crate::server::config::{QuotaConfig, Rate};
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The buckets.
pub struct Budgets {
    anonymous: Option<Arc<Bucket>>,
    /// By the ids of clients, of which there are as many as operators let in.
    clients: ArcSwap<BTreeMap<Arc<str>, Arc<Bucket>>>,
}

impl Budgets {
    pub(super) fn new(config: &QuotaConfig, now_ms: i64) -> Self {
        let bucket = |rate| Arc::new(Bucket::new(rate, now_ms));
        Self {
            anonymous: config.anonymous.map(bucket),
            clients: ArcSwap::default(),
        }
    }

    /// That of callers without a token, where they have one.
    pub fn anonymous(&self) -> Option<Arc<Bucket>> {
        self.anonymous.clone()
    }

    /// That of the client `id`, full at `now_ms` where it is new or has another `rate` than before.
    pub fn of_client(&self, id: &Arc<str>, rate: Rate, now_ms: i64) -> Arc<Bucket> {
        let fitting = |known: &BTreeMap<_, Arc<Bucket>>| {
            let bucket = known.get(id).filter(|it| it.rate() == rate);
            bucket.cloned()
        };
        if let Some(bucket) = fitting(&self.clients.load()) {
            return bucket;
        }
        let new = Arc::new(Bucket::new(rate, now_ms));
        self.clients.rcu(|known| {
            let mut known = BTreeMap::clone(known);
            if fitting(&known).is_none() {
                known.insert(Arc::clone(id), Arc::clone(&new));
            }
            known
        });
        // Another one may have been faster.
        fitting(&self.clients.load()).unwrap_or(new)
    }
}
