//! What requests cost, in units, and how callers are told what they have left.
//!
//! Refuses whoever has not enough left, before the work is done; what was paid is not given back. Who has no quota is not
//! counted at all.
//!
//! Source: draft-ietf-httpapi-ratelimit-headers-10; RFC 9651 (structured fields).

use super::auth::Principal;
use super::routes::State;
use crate::failure::{Code, Failure};
use crate::server::config::Rate;
use crate::server::gateway::Clock;
use crate::server::gateway::bucket::{Level, Refused};
use crate::server::gateway::budgets::Budget;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use std::sync::Arc;

/// To read a credential and judge it: some 12 µs of a core. Everything else is told in its terms.
pub(super) const CREDENTIAL: u32 = 1;
/// To compare a holder, or to ask the rules of a destination, for one credential.
pub(super) const ASKED: u32 = 1;
/// To sign a receipt.
pub(super) const RECEIPT: u32 = 10;
/// To sign a credential.
pub(super) const ISSUED: u32 = 20;
/// To look for what lies under a claim, and judge it.
pub(super) const CLAIM: u32 = 20;
/// To draw a picture or a sheet.
pub(super) const DRAWN: u32 = 200;
/// To send the list of signers.
pub(super) const LIST: u32 = 20;

/// Whose units are counted here, and where.
#[derive(Clone)]
pub(super) struct Meter {
    budget: Arc<Budget>,
    clock: Clock,
}

impl Meter {
    /// That of `principal`, whose own rate is `rate`; `None` where nothing is counted.
    pub(super) fn of(state: &State, principal: &Principal, rate: Option<Rate>) -> Option<Self> {
        let (budgets, clock) = (state.gateway.budgets(), state.gateway.clock());
        let budget = match principal {
            Principal::Anonymous => budgets.anonymous()?,
            Principal::Client { id, .. } => budgets.of_client(id, rate?, clock.now_ms()),
        };
        Some(Self { budget, clock })
    }

    /// Takes `units`.
    ///
    /// # Errors
    /// `rate_limited`, which takes nothing.
    pub(super) fn spend(&self, units: u64) -> Result<(), Failure> {
        let bucket = &self.budget.bucket;
        let spent = bucket.spend(units, self.clock.now_ms());
        spent.map_err(|refused| {
            metrics::counter!("lintas_quota_refused_units_total", "caller" => self.budget.class)
                .increment(units);
            let Rate { per_minute, burst } = bucket.rate();
            match refused {
                Refused::For(wait_ms) => {
                    let reason = format!("{units} units more than {per_minute} a minute allow");
                    let seconds = u32::try_from(wait_ms.div_ceil(1000)).unwrap_or(u32::MAX);
                    Code::RateLimited.because(reason).again_in_s(seconds)
                }
                Refused::Always => {
                    let reason =
                        format!("this costs {units} units, and at most {burst} come at once");
                    Code::RateLimited.because(reason)
                }
            }
        })
    }

    /// Tells in `headers` how much comes in which time, and how much is left.
    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        let Budget {
            bucket,
            class,
            policy,
        } = &*self.budget;
        let Level { left, full_in_s } = bucket.level(self.clock.now_ms());
        let now = format!(r#""{class}";r={left};t={full_in_s}"#);
        let values = [
            (POLICY, HeaderValue::from_maybe_shared(policy.clone())),
            (LIMIT, HeaderValue::try_from(now)),
        ];
        for (header, value) in values {
            if let Ok(value) = value {
                headers.insert(header, value);
            }
        }
    }
}

/// Takes `units` beyond those that were paid at the door, where the caller of `request` is counted.
///
/// # Errors
/// `rate_limited`, which takes nothing.
pub(super) fn spend(request: &HttpRequest, units: u64) -> Result<(), Failure> {
    let meter = request.extensions().get::<Meter>().cloned();
    match meter {
        Some(meter) if units > 0 => meter.spend(units),
        Some(_) | None => Ok(()),
    }
}

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
