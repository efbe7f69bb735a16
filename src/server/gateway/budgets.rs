//! Who has how many units left at this node: callers without a token together, and each client that has a quota.
//!
//! Refuses to keep anything about a client without one. Each node counts for itself, from its start on.

use super::bucket::Bucket;
use crate::server::config::{QuotaConfig, Rate};
use actix_web::web::Bytes;
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// All of them.
pub struct Budgets {
    anonymous: Option<Arc<Budget>>,
    /// By the ids of clients, of which there are as many as operators let in.
    clients: ArcSwap<BTreeMap<Arc<str>, Arc<Budget>>>,
}

/// What one client has, or all callers without a token together.
pub struct Budget {
    /// The units.
    pub bucket: Bucket,
    /// `client` or `anonymous`: nothing that a stranger chose.
    pub class: &'static str,
    /// How fast it fills and how much it holds, as it is shown: an item of structured fields.
    pub policy: Bytes,
}

impl Budget {
    fn new(class: &'static str, rate: Rate, now_ms: i64) -> Self {
        let Rate { per_minute, burst } = rate;
        let window_s = (u64::from(burst) * 60).div_ceil(u64::from(per_minute).max(1));
        let policy = format!(r#""{class}";q={burst};w={window_s};qu="verify-units""#);
        Self {
            bucket: Bucket::new(rate, now_ms),
            class,
            policy: policy.into(),
        }
    }
}

impl Budgets {
    pub(super) fn new(config: &QuotaConfig, now_ms: i64) -> Self {
        let budget = |rate| Arc::new(Budget::new("anonymous", rate, now_ms));
        Self {
            anonymous: config.anonymous.map(budget),
            clients: ArcSwap::default(),
        }
    }

    /// That of callers without a token, where they have one.
    pub fn anonymous(&self) -> Option<Arc<Budget>> {
        self.anonymous.clone()
    }

    /// That of the client `id`, full at `now_ms` where it is new or has another `rate` than before.
    pub fn of_client(&self, id: &Arc<str>, rate: Rate, now_ms: i64) -> Arc<Budget> {
        let fitting = |known: &BTreeMap<_, Arc<Budget>>| {
            let budget = known.get(id).filter(|it| it.bucket.rate() == rate);
            budget.cloned()
        };
        if let Some(budget) = fitting(&self.clients.load()) {
            return budget;
        }
        let new = Arc::new(Budget::new("client", rate, now_ms));
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
