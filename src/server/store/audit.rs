//! The audit: each row carries a hash over itself and the hash of the row before, and signed heads lie outside.
//!
//! Refuses nothing when verifying, but names everything that is wrong.

use super::canonical;
use super::contract::{AuditHead, AuditRow, Event, Store};
use super::heads::{Heads, SignedHead};
use crate::failure::Failure;
use std::collections::BTreeMap;

/// What a look at the whole audit came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// Rows in the database.
    pub rows: u64,
    /// Heads outside with a good signature.
    pub heads: usize,
    /// What is wrong, a sentence each, the first [`AuditReport::MAX_FINDINGS`]; none is good.
    pub findings: Vec<String>,
}

impl AuditReport {
    /// How many findings are told.
    pub const MAX_FINDINGS: usize = 100;

    fn find(&mut self, what: String) {
        if self.findings.len() < Self::MAX_FINDINGS {
            self.findings.push(what);
        }
    }

    fn find_missing(&mut self, first: u64, last: u64) {
        self.find(if first == last {
            format!("row {first} is missing")
        } else {
            format!("rows {first} to {last} are missing")
        });
    }
}

/// Holds the audit in `store` against itself and against the signed `heads`.
///
/// # Errors
/// `store_unavailable`, `input_output`: where it cannot be read, not where it is wrong.
pub async fn verify_audit(store: &dyn Store, heads: &Heads) -> Result<AuditReport, Failure> {
    let mut report = AuditReport {
        rows: 0,
        heads: 0,
        findings: Vec::new(),
    };
    let mut signed: BTreeMap<u64, SignedHead> = BTreeMap::new();
    let mut before: Option<SignedHead> = None;
    heads.each(&mut |line, head| {
        let Some(head) = head else {
            report.find(format!(
                "line {line} of the signed heads has no good signature"
            ));
            return;
        };
        if before.is_some_and(|it| head.goes_back(&it)) {
            report.find(format!("line {line} of the signed heads goes back"));
        }
        let other = signed.insert(head.head.sequence, head);
        if other.is_some_and(|it| it.head.hash != head.head.hash) {
            let sequence = head.head.sequence;
            report.find(format!("row {sequence} was signed with two hashes"));
        }
        report.heads += 1;
        before = Some(head);
    })?;
    let mut last = AuditHead::EMPTY;
    loop {
        let page = store.audit_rows(last.sequence, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            report.rows += 1;
            let expected = last.sequence.saturating_add(1);
            if row.sequence > expected {
                report.find_missing(expected, row.sequence - 1);
            } else if following(&last, &row.event) != row {
                report.find(format!("row {} was altered", row.sequence));
            }
            let head = signed.get(&row.sequence);
            if let Some(head) = head.filter(|it| it.head.hash != row.hash) {
                report.find(format!(
                    "row {} has another hash than the head signed at {}: the chain was rebuilt",
                    row.sequence, head.at
                ));
            }
            last = AuditHead {
                sequence: row.sequence,
                hash: row.hash,
            };
        }
    }
    if let Some((&newest, _)) = signed.last_key_value().filter(|it| *it.0 > last.sequence) {
        report.find_missing(last.sequence + 1, newest);
    }
    Ok(report)
}

/// The row that tells `event` and follows `head`.
pub(super) fn following(head: &AuditHead, event: &Event) -> AuditRow {
    let sequence = head.sequence.saturating_add(1);
    let hash = canonical::digest(&[
        DOMAIN,
        &head.hash,
        &sequence.to_be_bytes(),
        &event.at.seconds().to_be_bytes(),
        event.actor.as_bytes(),
        event.event.as_bytes(),
        event.subject.as_bytes(),
        event.detail.as_bytes(),
    ]);
    AuditRow {
        sequence,
        event: event.clone(),
        hash,
    }
}

const DOMAIN: &[u8] = b"lintas/audit/v1";
const PAGE: u32 = 1000;
