//! The report on a breach: what was issued in a span of time, what of it is withdrawn, who did, and who approved.
//!
//! Refuses names of people: certificates are named by hashes, and the events' operators and facilities by their codes.
//! Changes nothing.

use super::Undone;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::gateway::Gateway;
use crate::server::gateway::own::Standing;
use crate::server::gateway::registry::{Registry, Verdict};
use crate::server::store::issuing::{IssuedRow, Selector};
use crate::server::store::{AuditRow, Store};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A span of time: from the first instant, before the second.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The first instant.
    pub from: UnixTime,
    /// The instant behind the last.
    pub to: UnixTime,
}

impl Span {
    /// That of the instants in `from` and `to`, RFC 3339.
    ///
    /// # Errors
    /// `request_invalid`.
    pub fn parse(from: &str, to: &str) -> Result<Self, Failure> {
        let odd = || Code::RequestInvalid.because("from and to are instants (RFC 3339), in order");
        let (from, to) = UnixTime::parse(from)
            .zip(UnixTime::parse(to))
            .ok_or_else(odd)?;
        if to <= from {
            return Err(odd());
        }
        Ok(Self { from, to })
    }

    fn holds(&self, at: UnixTime) -> bool {
        self.from <= at && at < self.to
    }
}

impl Gateway {
    /// What happened in `span`, for whoever has to report a breach.
    ///
    /// # Errors
    /// `store_unavailable`, `store_incomplete`.
    pub async fn breach_report(&self, span: Span) -> Result<Value, Failure> {
        self.read_store().await?;
        let issued = self.issued_in(span).await?;
        let own = self.own_records();
        let withdrawals = own.withdrawals().filter(|it| {
            let undone = it.undone.as_ref().is_some_and(|it| span.holds(it.at));
            span.holds(it.withdrawal.at) || undone
        });
        let registry = self.registry()?;
        let audit = self.audit_in(span).await?;
        let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for row in &audit {
            *told
                .entry((&row.event.event, &row.event.actor))
                .or_default() += 1;
        }
        let told = told.into_iter().map(
            |((event, actor), count)| json!({ "event": event, "actor": actor, "count": count }),
        );
        let alarms = audit
            .iter()
            .filter(|row| row.event.event == "unlogged_seen");
        let alarms = alarms.map(|row| {
            json!({ "at": row.event.at.to_string(), "kid": row.event.subject, "detail": row.event.detail })
        });
        Ok(json!({
            "from": span.from.to_string(),
            "to": span.to.to_string(),
            "made_at": self.clock.now().to_string(),
            "issued": issued,
            "withdrawals": withdrawals.map(|it| shown(it)).collect::<Vec<_>>(),
            "approvals": approvals(&registry, span),
            "unlogged_seen": alarms.collect::<Vec<_>>(),
            "audit": told.collect::<Vec<_>>(),
        }))
    }

    /// Every withdrawal, the newest first, for operators.
    pub fn show_withdrawals(&self) -> Value {
        let own = self.own_records();
        let mut standing: Vec<_> = own.withdrawals().collect();
        standing.sort_by_key(|it| std::cmp::Reverse(it.withdrawal.at));
        let rows = standing.into_iter().take(MAX_SHOWN);
        json!({ "withdrawals": rows.map(|it| shown(it)).collect::<Vec<_>>() })
    }

    async fn issued_in(&self, span: Span) -> Result<Value, Failure> {
        let selector = Selector {
            from: Some(span.from),
            to: Some(span.to),
            ..Selector::default()
        };
        let store = self.records()?.store();
        let own = self.own_records();
        let (mut after, mut count, mut withdrawn) = (0, 0_u64, 0_u64);
        let mut parts: BTreeMap<(String, String, String), (u64, u64)> = BTreeMap::new();
        let mut certificates = Vec::new();
        loop {
            let rows = store.select(&selector, after, PAGE).await?;
            let Some(last) = rows.last() else {
                break;
            };
            after = last.number;
            for row in &rows {
                let is_withdrawn = own.own().names(row.signature);
                let names = (
                    row.operator.clone(),
                    row.facility.clone(),
                    row.submitted_by.clone(),
                );
                let part = parts.entry(names).or_default();
                part.0 += 1;
                part.1 += u64::from(is_withdrawn);
                count += 1;
                withdrawn += u64::from(is_withdrawn);
                if certificates.len() < MAX_LISTED {
                    certificates.push(certificate(row, is_withdrawn));
                }
            }
        }
        let parts =
            parts
                .into_iter()
                .map(|((operator, facility, submitted_by), (count, withdrawn))| {
                    json!({
                        "operator": operator,
                        "facility": facility,
                        "submitted_by": submitted_by,
                        "certificates": count,
                        "withdrawn": withdrawn,
                    })
                });
        Ok(json!({
            "count": count,
            "withdrawn": withdrawn,
            "parts": parts.collect::<Vec<_>>(),
            "listed": certificates.len(),
            "certificates": certificates,
        }))
    }

    /// The audit's rows in `span`, and some around it where nodes' clocks differ, cut to it.
    async fn audit_in(&self, span: Span) -> Result<Vec<AuditRow>, Failure> {
        let store = self.records()?.store();
        let mut after = first_behind(store.as_ref(), span.from.plus(-APART_S)).await?;
        let mut found = Vec::new();
        loop {
            let rows = store.audit_rows(after, AUDIT_PAGE).await?;
            let Some(last) = rows.last() else {
                return Ok(found);
            };
            after = last.sequence;
            let is_over = last.event.at > span.to.plus(APART_S);
            found.extend(rows.into_iter().filter(|row| span.holds(row.event.at)));
            if is_over || found.len() > MAX_AUDIT {
                return Ok(found);
            }
        }
    }
}

/// The number of an audit row before which all happened before `at`; the rows' times rise but for differences of clocks.
async fn first_behind(store: &dyn Store, at: UnixTime) -> Result<u64, Failure> {
    let (mut low, mut high) = (0, store.audit_head().await?.sequence);
    while low < high {
        let middle = low + (high - low) / 2;
        let row = store.audit_rows(middle, 1).await?;
        if row.first().is_some_and(|row| row.event.at < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn certificate(row: &IssuedRow, is_withdrawn: bool) -> Value {
    json!({
        "signature": row.signature.to_string(),
        "uci": row.uvci.to_string(),
        "kid": row.kid.to_string(),
        "kind": row.purpose.name(),
        "issued_at": row.issued_at.to_string(),
        "expires_at": row.expires_at.to_string(),
        "operator": row.operator,
        "facility": row.facility,
        "lot": row.lot,
        "batch": row.batch,
        "withdrawn": is_withdrawn,
    })
}

/// A withdrawal without its hashes.
fn shown(standing: &Standing) -> Value {
    let withdrawal = &standing.withdrawal;
    let undone = standing.undone.as_ref().map(|undone| {
        let Undone {
            by,
            approved_by,
            at,
            ..
        } = undone;
        json!({ "by": by, "approved_by": approved_by, "at": at.to_string() })
    });
    json!({
        "id": withdrawal.id,
        "at": withdrawal.at.to_string(),
        "reason": withdrawal.reason.name(),
        "by": withdrawal.by,
        "approved_by": withdrawal.approved_by,
        "selector": withdrawal.selection,
        "certificates": withdrawal.certificates(),
        "undone": undone,
    })
}

/// The requests that were made or decided in `span`.
fn approvals(registry: &Registry, span: Span) -> Vec<Value> {
    let requests = registry.requests(span.to).into_iter();
    let shown = requests.filter_map(|(request, _)| {
        let decision = registry.decision(&request.id);
        let decided = decision.is_some_and(|decision| span.holds(decision.at));
        (span.holds(request.asked_at) || decided).then(|| {
            let decision = decision.map(|decision| {
                let verdict = match &decision.verdict {
                    Verdict::Approved { .. } => "approved",
                    Verdict::Refused { .. } => "refused",
                };
                json!({ "decision": verdict, "by": decision.by, "at": decision.at.to_string() })
            });
            json!({
                "id": request.id,
                "act": request.act.name(),
                "asked_by": request.asked_by,
                "asked_at": request.asked_at.to_string(),
                "hash": request.hash(),
                "decision": decision,
            })
        })
    });
    shown.collect()
}

const PAGE: u32 = 5_000;
const AUDIT_PAGE: u32 = 1_000;
/// Certificates that are listed one by one; all are counted.
const MAX_LISTED: usize = 50_000;
const MAX_AUDIT: usize = 1_000_000;
const MAX_SHOWN: usize = 1_000;
/// How far nodes' clocks may be apart.
const APART_S: i64 = 600;
