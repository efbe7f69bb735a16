//! What an act would change, and the records by which it does: one place that knows whom to ask about which act.
//!
//! Refuses to take in less of a feed than before where the feed said no such thing: what is approved was seen.

use super::Gateway;
use super::registry::{Act, Answerable, Operator, Registry};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::store::Event;
use serde_json::{Value, json};

impl Gateway {
    /// What `act` would change at `at` where `asker` asks for it, in words and numbers.
    ///
    /// # Errors
    /// `request_invalid`, `not_found`; those of certificates that the act holds.
    pub(super) async fn preview(
        &self,
        registry: &Registry,
        act: &Act,
        asker: &Operator,
        at: UnixTime,
    ) -> Result<Value, Failure> {
        match act {
            Act::OperatorAdd { .. }
            | Act::OperatorDisable { .. }
            | Act::ClientAdd { .. }
            | Act::ClientDisable { .. } => registry.preview(act, at),
            Act::SignerReadmit { feed, thumbprint } => {
                self.readmission(feed, *thumbprint)?;
                let foreign = self.foreign();
                let standing = foreign.standing(feed);
                let name = thumbprint.to_string();
                let entry = standing.and_then(|it| it.record(RecordKind::TrustListEntry, &name));
                Ok(json!({
                    "change": "a signer that was withdrawn may come back",
                    "feed": feed,
                    "thumbprint": name,
                    "named_by_the_feed": entry.is_some(),
                    "country": entry.and_then(|it| it.country).map(|it| it.to_string()),
                }))
            }
            Act::FeedAcceptLess { feed } => self.preview_less(feed),
            Act::PartyAdd { .. }
            | Act::PartyRemove { .. }
            | Act::IssuerAdd { .. }
            | Act::IssuerRemove { .. } => self.preview_hub(act),
            Act::KeyAdd { .. } | Act::KeyRetire { .. } | Act::KeyCompromised { .. } => {
                self.preview_key(act, at)
            }
            Act::CertificatesWithdraw { selector, reason } => {
                self.preview_withdraw(selector, *reason, asker).await
            }
            Act::CertificatesReinstate { id } => self.preview_reinstate(id, asker).await,
            Act::PolicyActivate { message, at: from } => self.preview_policy(message, *from, at),
        }
    }

    /// The records and events by which `act` is done.
    ///
    /// # Errors
    /// Those of [`Self::preview`].
    pub(super) async fn carry_out(
        &self,
        registry: &Registry,
        act: &Act,
        by: &Answerable<'_>,
    ) -> Result<(Vec<Record>, Vec<Event>), Failure> {
        match act {
            Act::OperatorAdd { .. }
            | Act::OperatorDisable { .. }
            | Act::ClientAdd { .. }
            | Act::ClientDisable { .. } => registry.carry_out(act, by),
            Act::SignerReadmit { feed, thumbprint } => {
                let record = self.readmission(feed, *thumbprint)?;
                let event = by.event("signer_readmitted", feed, &record.name);
                Ok((vec![record], vec![event]))
            }
            // The feed is asked afterwards: what it says is kept under a lease of its own.
            Act::FeedAcceptLess { feed } => {
                Ok((Vec::new(), vec![by.event("feed_less_accepted", feed, "")]))
            }
            Act::PartyAdd { .. }
            | Act::PartyRemove { .. }
            | Act::IssuerAdd { .. }
            | Act::IssuerRemove { .. } => self.carry_out_hub(act, by),
            Act::KeyAdd { .. } | Act::KeyRetire { .. } | Act::KeyCompromised { .. } => {
                self.carry_out_key(act, by)
            }
            Act::CertificatesWithdraw { selector, reason } => {
                let asker = registry.asker(by.asked_by)?;
                self.carry_out_withdraw(selector, *reason, asker, by).await
            }
            Act::CertificatesReinstate { id } => {
                let asker = registry.asker(by.asked_by)?;
                self.carry_out_reinstate(id, asker, by).await
            }
            Act::PolicyActivate { message, at } => self.carry_out_policy(message, *at, by),
        }
    }

    fn preview_less(&self, feed: &str) -> Result<Value, Failure> {
        let foreign = self.foreign();
        let unknown = || Code::NotFound.because(format!("no feed {feed} has said anything"));
        let standing = foreign.standing(feed).ok_or_else(unknown)?;
        let refused: Vec<_> = standing
            .confirmation()
            .left_out
            .iter()
            .filter(|(_, code, _)| is_less(code))
            .map(|(place, code, detail)| json!({ "place": place, "code": code, "detail": detail }))
            .collect();
        if refused.is_empty() {
            let reason = format!("feed {feed} has said nothing less or older that was refused");
            return Err(Code::RequestInvalid.because(reason));
        }
        let signers = standing.records();
        let signers = signers.filter(|record| record.kind == RecordKind::TrustListEntry);
        Ok(json!({
            "change": "what the feed says next is believed, though it is less or older than before",
            "feed": feed,
            "entries_now": signers.count(),
            "refused": refused,
        }))
    }
}

/// Whether a document was left out because it says less, or something older.
fn is_less(code: &str) -> bool {
    matches!(
        Code::named(code),
        Some(Code::ListShrunk | Code::ListRolledBack)
    )
}
