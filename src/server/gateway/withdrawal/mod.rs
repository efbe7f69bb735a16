//! Withdrawing what was issued here, and taking a withdrawal back.
//!
//! Refuses more than [`ALONE`] certificates a day by one operator alone: whoever wants more asks, and another approves what was
//! shown. Refuses to name a certificate otherwise than by hashes, and to withdraw what the register does not know, or what was
//! issued for facilities at which the operator does not work.

mod batches;
mod publish;
mod reason;
mod record;
mod report;
mod selection;
mod whose;

pub use publish::{OwnBatches, Publishing, UploadKey};
pub use reason::Reason;
pub use record::{Group, Undone, Withdrawal};
pub use report::Span;
pub use selection::Selection;
pub use whose::Selected;

use whose::something;

use super::registry::{Act, Answerable, Operator, OperatorRole, Request};
use super::{Gateway, Records};
use crate::exchange::Record;
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::revocation::RevocationHash;
use crate::server::store::Event;
use crate::server::store::issuing::Selector;
use crate::verify::Reached;
use serde_json::{Value, json};
use std::sync::Arc;
use tracing::info;

/// What asking for a withdrawal, or for taking one back, came to.
#[derive(Debug)]
pub enum Withdrawn {
    /// It is done, and in force here.
    Done {
        /// The withdrawal.
        id: String,
        /// How many certificates.
        certificates: usize,
    },
    /// It is more than one operator may do alone in a day, and waits for another's approval.
    Asked(Box<Request>),
}

impl Gateway {
    /// What `selection` means now, in numbers, for the operator with this certificate; nothing is withdrawn.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden`, `request_invalid`; `store_unavailable`, `store_incomplete`.
    pub async fn preview_withdrawal(
        self: &Arc<Self>,
        certificate: &Thumbprint,
        selection: &Selection,
    ) -> Result<Value, Failure> {
        let operator = self.operator(certificate)?;
        may_revoke(&operator)?;
        self.read_store().await?;
        let selected = self.selected_by(&operator, selection).await?;
        let mut shown = selected.shown();
        let spent = self.own_records().spent(&operator.id, self.clock.now());
        if let Some(shown) = shown.as_object_mut() {
            let alone = selected.rows.len() + spent <= ALONE;
            shown.insert("needs_approval".into(), (!alone).into());
            shown.insert("alone_today".into(), spent.into());
            shown.insert("snapshot".into(), self.world().snapshot.sequence().into());
        }
        Ok(shown)
    }

    /// Withdraws what `selection` means, as the operator with this certificate; where that is more than one may do alone, asks
    /// for it.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden`, `request_invalid`; `not_found` where it means nothing that is not withdrawn already;
    /// `store_unavailable`, `store_incomplete`, `store_moved`, `lease_lost`.
    pub async fn withdraw(
        self: &Arc<Self>,
        certificate: &Thumbprint,
        selection: &Selection,
        reason: Reason,
    ) -> Result<Withdrawn, Failure> {
        selection.selector()?;
        self.decide(async |records, _, head| {
            let now = self.clock.now();
            let operator = self.operator(certificate)?;
            may_revoke(&operator)?;
            let selected = self.selected_by(&operator, selection).await?;
            let certificates = something(&selected)?;
            let spent = self.own_records().spent(&operator.id, now);
            let act = || Act::CertificatesWithdraw {
                selector: selection.clone(),
                reason,
            };
            if certificates + spent > ALONE {
                let request = self.request_of(&operator, act(), now).await?;
                return self.kept_request(records, head, &operator, request).await;
            }
            let withdrawal = Withdrawal {
                id: super::admin::random_id()?,
                reason,
                by: operator.id.clone(),
                approved_by: None,
                at: now,
                selection: Some(selection.clone()),
                groups: Vec::new(),
            };
            let detail = told(&withdrawal, certificates);
            let event = did(
                now,
                &operator.id,
                "certificates.withdrawn",
                &withdrawal.id,
                detail,
            );
            let added = withdrawal.records(&selected.rows);
            records.store().append_after(head, &added, &[event]).await?;
            log(&withdrawal, certificates);
            Ok(Withdrawn::Done {
                id: withdrawal.id,
                certificates,
            })
        })
        .await
    }

    /// Takes the withdrawal `id` back, as the operator with this certificate; asks for it as [`Self::withdraw`] does.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden`, `not_found`; `request_invalid` where it was taken back before, or an event took the
    /// place of theirs; `store_unavailable`, `store_incomplete`, `store_moved`, `lease_lost`.
    pub async fn reinstate(
        self: &Arc<Self>,
        certificate: &Thumbprint,
        id: &str,
    ) -> Result<Withdrawn, Failure> {
        self.decide(async |records, _, head| {
            let now = self.clock.now();
            let operator = self.operator(certificate)?;
            may_revoke(&operator)?;
            let certificates = self.to_be_reinstated(id, &operator).await?;
            if certificates + self.own_records().spent(&operator.id, now) > ALONE {
                let act = Act::CertificatesReinstate { id: id.to_owned() };
                let request = self.request_of(&operator, act, now).await?;
                return self.kept_request(records, head, &operator, request).await;
            }
            let undone = Undone {
                id: id.to_owned(),
                by: operator.id.clone(),
                approved_by: None,
                at: now,
            };
            let detail = format!("{certificates} certificates");
            let event = did(now, &operator.id, "certificates.reinstated", id, detail);
            let (store, undone) = (records.store(), undone.record());
            store.append_after(head, &[undone], &[event]).await?;
            Ok(Withdrawn::Done {
                id: id.to_owned(),
                certificates,
            })
        })
        .await
    }

    /// Withdraws every certificate that was made of these events, because others take their place; how many.
    ///
    /// Does it again without harm: those that are withdrawn already for this reason are left out. One that an operator withdrew is
    /// withdrawn once more, so that it stays so when the operator takes that back.
    ///
    /// # Errors
    /// `store_unavailable`, `store_incomplete`.
    pub async fn withdraw_superseded(
        self: &Arc<Self>,
        events: &[[u8; 16]],
    ) -> Result<u64, Failure> {
        if events.is_empty() {
            return Ok(0);
        }
        let records = self.records()?;
        self.read_store().await?;
        let mut rows = Vec::new();
        for some in events.chunks(EVENTS_AT_ONCE) {
            let selector = Selector {
                events: some.to_vec(),
                ..Selector::default()
            };
            // An event has one certificate in each form at most, so a page holds them all.
            rows.extend(records.store().select(&selector, 0, PAGE).await?);
        }
        let superseded = self
            .own_records()
            .superseded(rows.iter().map(|it| it.signature));
        rows.retain(|row| !superseded.contains(&row.signature));
        if rows.is_empty() {
            return Ok(0);
        }
        let withdrawal = Withdrawal {
            id: super::admin::random_id()?,
            reason: Reason::Superseded,
            by: GATEWAY.to_owned(),
            approved_by: None,
            at: self.clock.now(),
            selection: None,
            groups: Vec::new(),
        };
        let detail = told(&withdrawal, rows.len());
        let event = self.event("certificates.withdrawn", &withdrawal.id, detail);
        let added = withdrawal.records(&rows);
        records.store().append(&added, &[event], None).await?;
        self.read_store().await?;
        log(&withdrawal, rows.len());
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    /// The hash of the signature of the credential in `text`, which must be a good one.
    ///
    /// # Errors
    /// `request_invalid`, which says nothing of the text.
    pub fn signature_hash_of(&self, text: &str) -> Result<RevocationHash, Failure> {
        let moment = self.moment();
        let opened = self.opening.open(text, &moment.world.snapshot);
        match &opened.reached {
            Reached::Signed(signed) => Ok(signed.signature_hash),
            Reached::Unsigned { .. } | Reached::Unread(_) => {
                let reason =
                    "member `qr` is no credential with a good signature of a listed signer";
                Err(Code::RequestInvalid.because(reason).about("qr"))
            }
        }
    }

    /// What a withdrawal that two operators do would change.
    pub(super) async fn preview_withdraw(
        &self,
        selection: &Selection,
        reason: Reason,
        asker: &Operator,
    ) -> Result<Value, Failure> {
        let selected = self.selected_by(asker, selection).await?;
        something(&selected)?;
        let mut shown = selected.shown();
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("change".into(), "certificates are withdrawn".into());
            shown.insert("reason".into(), reason.name().into());
        }
        Ok(shown)
    }

    /// What taking the withdrawal `id` back would change.
    pub(super) async fn preview_reinstate(
        &self,
        id: &str,
        asker: &Operator,
    ) -> Result<Value, Failure> {
        let certificates = self.to_be_reinstated(id, asker).await?;
        let own = self.own_records();
        let withdrawal = &own.withdrawal(id)?.withdrawal;
        Ok(json!({
            "change": "certificates that were withdrawn are good again, unless another withdrawal names them",
            "withdrawal": id,
            "certificates": certificates,
            "reason_of_then": withdrawal.reason.name(),
            "withdrawn_by": withdrawal.by,
            "withdrawn_at": withdrawal.at.to_string(),
        }))
    }

    /// The records and events by which two operators withdraw what `selection` means.
    pub(super) async fn carry_out_withdraw(
        &self,
        selection: &Selection,
        reason: Reason,
        asker: &Operator,
        by: &Answerable<'_>,
    ) -> Result<(Vec<Record>, Vec<Event>), Failure> {
        let selected = self.selected_by(asker, selection).await?;
        let certificates = something(&selected)?;
        let withdrawal = Withdrawal {
            id: super::admin::random_id()?,
            reason,
            by: by.asked_by.to_owned(),
            approved_by: Some(by.approved_by.to_owned()),
            at: by.at,
            selection: Some(selection.clone()),
            groups: Vec::new(),
        };
        let detail = told(&withdrawal, certificates);
        let event = by.event("certificates.withdrawn", &withdrawal.id, &detail);
        log(&withdrawal, certificates);
        Ok((withdrawal.records(&selected.rows), vec![event]))
    }

    /// The record and event by which two operators take the withdrawal `id` back.
    pub(super) async fn carry_out_reinstate(
        &self,
        id: &str,
        asker: &Operator,
        by: &Answerable<'_>,
    ) -> Result<(Vec<Record>, Vec<Event>), Failure> {
        let certificates = self.to_be_reinstated(id, asker).await?;
        let undone = Undone {
            id: id.to_owned(),
            by: by.asked_by.to_owned(),
            approved_by: Some(by.approved_by.to_owned()),
            at: by.at,
        };
        let detail = format!("{certificates} certificates");
        let event = by.event("certificates.reinstated", id, &detail);
        Ok((vec![undone.record()], vec![event]))
    }

    /// How many certificates `operator` would reinstate by taking the withdrawal `id` back.
    async fn to_be_reinstated(&self, id: &str, operator: &Operator) -> Result<usize, Failure> {
        let own = self.own_records();
        let standing = own.withdrawal(id)?;
        if standing.undone.is_some() {
            return Err(Code::RequestInvalid.because("this withdrawal was taken back before"));
        }
        if standing.withdrawal.reason == Reason::Superseded {
            let reason =
                "another event took the place of theirs; correct or renew that one instead";
            return Err(Code::RequestInvalid.because(reason));
        }
        self.all_of(operator, &standing.withdrawal).await?;
        Ok(standing.withdrawal.certificates())
    }

    async fn kept_request(
        &self,
        records: &Records,
        head: crate::server::store::Head,
        operator: &Operator,
        request: Request,
    ) -> Result<Withdrawn, Failure> {
        let now = request.asked_at;
        let detail = format!("{} {}", request.act.name(), request.hash());
        let event = did(now, &operator.id, "request.made", &request.id, detail);
        let (store, record) = (records.store(), request.record());
        store.append_after(head, &[record], &[event]).await?;
        Ok(Withdrawn::Asked(Box::new(request)))
    }
}

fn may_revoke(operator: &Operator) -> Result<(), Failure> {
    if operator.may(OperatorRole::Revoke) {
        return Ok(());
    }
    Err(Code::Forbidden.because("needs role revoke"))
}

fn told(withdrawal: &Withdrawal, certificates: usize) -> String {
    let selection = withdrawal.selection.as_ref().map(Selection::told);
    let meant = selection.unwrap_or_else(|| "events that others took the place of".to_owned());
    let reason = withdrawal.reason.name();
    format!("{certificates} certificates, reason {reason}: {meant}")
}

fn did(at: UnixTime, actor: &str, event: &str, subject: &str, detail: String) -> Event {
    Event {
        at,
        actor: actor.to_owned(),
        event: event.to_owned(),
        subject: subject.to_owned(),
        detail,
    }
}

fn log(withdrawal: &Withdrawal, certificates: usize) {
    let (id, reason, by) = (&withdrawal.id, withdrawal.reason.name(), &withdrawal.by);
    metrics::counter!("lintas_withdrawn_total", "reason" => reason)
        .increment(u64::try_from(certificates).unwrap_or(u64::MAX));
    info!(
        withdrawal = id,
        operator = by,
        reason,
        certificates,
        "{by} withdraws {certificates} certificates: {reason}"
    );
}

/// Certificates that one operator may withdraw or reinstate alone in a day, UTC.
pub const ALONE: usize = 100;
/// Certificates of one withdrawal.
pub const MAX_SELECTED: usize = 200_000;
const EVENTS_AT_ONCE: usize = 500;
/// Who does what no operator asked for.
const GATEWAY: &str = "gateway";
