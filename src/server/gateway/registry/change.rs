//! What an act on the registry would change, and the records and events by which it does.
//!
//! Refuses a change after which no two operators could act any more, and a certificate or key that two operators would
//! share.

use super::act::Act;
use super::client::Client;
use super::operator::{Operator, OperatorRole};
use super::request::{Decision, Request, RequestState, Verdict, check_reason, signed_bytes};
use super::state::Registry;
use crate::exchange::Record;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::store::Event;
use serde_json::{Value, json};

/// Who answers for an act: one operator asked for it, another approved.
#[derive(Clone, Copy, Debug)]
pub struct Answerable<'a> {
    /// Who asked.
    pub asked_by: &'a str,
    /// Who approved.
    pub approved_by: &'a str,
    /// When it is done.
    pub at: UnixTime,
}

impl Answerable<'_> {
    /// That something was done to `subject`.
    pub fn event(&self, event: &str, subject: &str, detail: &str) -> Event {
        let approved = format!("approved by {}", self.approved_by);
        Event {
            at: self.at,
            actor: self.asked_by.to_owned(),
            event: event.to_owned(),
            subject: subject.to_owned(),
            detail: if detail.is_empty() {
                approved
            } else {
                format!("{detail}; {approved}")
            },
        }
    }
}

impl Registry {
    /// What `act` would change here.
    ///
    /// # Errors
    /// `request_invalid`, `not_found`, `entry_invalid`, `input_too_large`, `signer_key_weak`, `algorithm_unsupported`;
    /// `internal` for an act on something else.
    pub fn preview(&self, act: &Act, at: UnixTime) -> Result<Value, Failure> {
        let preview = match act {
            Act::OperatorAdd { .. } | Act::OperatorDisable { .. } => {
                let next = self.next_operator(act, at)?;
                let before = self.operator(&next.id);
                let change = match (before, next.enabled) {
                    (_, false) => "the operator can do nothing any more",
                    (None, true) => "a new operator",
                    (Some(before), true) if before.enabled => "an operator is changed",
                    (Some(_), true) => "an operator who was disabled is back",
                };
                json!({
                    "change": change,
                    "operator": next.id,
                    "name": next.name,
                    "roles": next.roles,
                    "facilities": next.facilities,
                    "fingerprint": next.fingerprint.to_string(),
                    "before": before.map(|it| json!({
                        "roles": it.roles,
                        "facilities": it.facilities,
                        "fingerprint": it.fingerprint.to_string(),
                        "enabled": it.enabled,
                    })),
                    "operators_enabled": self.with_operator(&next).enabled(),
                })
            }
            Act::ClientAdd { .. } | Act::ClientDisable { .. } => {
                let next = self.next_client(act)?;
                let before = self.client(&next.id);
                let change = match (before, next.enabled) {
                    (_, false) => "the client is let in no more",
                    (None, true) => "a new client",
                    (Some(before), true) if before.enabled => "a client is changed",
                    (Some(_), true) => "a client that was disabled is back",
                };
                json!({
                    "change": change,
                    "client": &*next.id,
                    "scopes": next.scope_names(),
                    "quota": next.rate.map(|_| next.quota()),
                    "before": before.map(|it| json!({
                        "scopes": it.scope_names(),
                        "quota": it.rate.map(|_| it.quota()),
                        "same_token": it.token == next.token,
                        "enabled": it.enabled,
                    })),
                })
            }
            Act::SignerReadmit { .. }
            | Act::FeedAcceptLess { .. }
            | Act::PartyAdd { .. }
            | Act::PartyRemove { .. }
            | Act::IssuerAdd { .. }
            | Act::IssuerRemove { .. }
            | Act::KeyAdd { .. }
            | Act::KeyRetire { .. }
            | Act::KeyCompromised { .. }
            | Act::CertificatesWithdraw { .. }
            | Act::CertificatesReinstate { .. }
            | Act::PolicyActivate { .. } => return Err(elsewhere()),
        };
        Ok(preview)
    }

    /// The records and events by which `act` is done.
    ///
    /// # Errors
    /// Those of [`Self::preview`].
    pub fn carry_out(
        &self,
        act: &Act,
        by: &Answerable<'_>,
    ) -> Result<(Vec<Record>, Vec<Event>), Failure> {
        let (record, event) = match act {
            Act::OperatorAdd { .. } | Act::OperatorDisable { .. } => {
                let next = self.next_operator(act, by.at)?;
                let name = match (self.operator(&next.id), next.enabled) {
                    (_, false) => "operator.disabled",
                    (None, true) => "operator.added",
                    (Some(_), true) => "operator.changed",
                };
                let roles: Vec<_> = next.roles.iter().map(|role| role.name()).collect();
                let places = match next.facilities.as_slice() {
                    [] => String::new(),
                    some => format!(" at {}", named(some)),
                };
                let detail = format!("{}{places} {}", roles.join(","), next.fingerprint);
                (next.record(by.at), by.event(name, &next.id, &detail))
            }
            Act::ClientAdd { .. } | Act::ClientDisable { .. } => {
                let next = self.next_client(act)?;
                let name = match (self.client(&next.id), next.enabled) {
                    (_, false) => "client.disabled",
                    (None, true) => "client.added",
                    (Some(_), true) => "client.changed",
                };
                let detail = next.scope_names().join(",");
                (next.record(by.at), by.event(name, &next.id, &detail))
            }
            Act::SignerReadmit { .. }
            | Act::FeedAcceptLess { .. }
            | Act::PartyAdd { .. }
            | Act::PartyRemove { .. }
            | Act::IssuerAdd { .. }
            | Act::IssuerRemove { .. }
            | Act::KeyAdd { .. }
            | Act::KeyRetire { .. }
            | Act::KeyCompromised { .. }
            | Act::CertificatesWithdraw { .. }
            | Act::CertificatesReinstate { .. }
            | Act::PolicyActivate { .. } => return Err(elsewhere()),
        };
        Ok((vec![record], vec![event]))
    }

    /// That `operator` may ask for `act` at `at`.
    ///
    /// # Errors
    /// `forbidden`; `request_invalid` where too many of theirs wait.
    pub fn may_ask(&self, operator: &Operator, act: &Act, at: UnixTime) -> Result<(), Failure> {
        demand(operator, act.asks())?;
        let requests = self.requests(at).into_iter();
        let own = requests
            .filter(|(it, state)| it.asked_by == operator.id && *state == RequestState::Open)
            .count();
        if own < MAX_OPEN {
            return Ok(());
        }
        let reason = format!("{MAX_OPEN} requests of this operator wait; have some refused");
        Err(Code::RequestInvalid.because(reason))
    }

    /// The approval of the request `id` by `operator`, and the request.
    ///
    /// What the act would change is for the caller to compare: it is not known here.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `approval_decided`, `approval_expired`, `approval_not_apart`, `approval_invalid`.
    pub fn approval(
        &self,
        id: &str,
        operator: &Operator,
        signature: &[u8],
        at: UnixTime,
    ) -> Result<(&Request, Decision), Failure> {
        demand(operator, OperatorRole::Approve)?;
        let request = self.undecided(id)?;
        if !request.is_open_at(at) {
            let reason = format!("it could be approved until {}", request.expires_at());
            return Err(Code::ApprovalExpired.because(reason));
        }
        let asker = self.asker(&request.asked_by)?;
        if !asker.may(request.act.asks()) {
            return Err(Code::ApprovalOutdated.because("whoever asked may ask no more"));
        }
        apart(asker, operator)?;
        let hash = request.hash();
        operator.proves(&signed_bytes(&hash), signature)?;
        let verdict = Verdict::Approved {
            hash,
            signature: signature.to_vec(),
        };
        let decision = Decision {
            request: request.id.clone(),
            by: operator.id.clone(),
            at,
            verdict,
        };
        Ok((request, decision))
    }

    /// The refusal of the request `id` by `operator`; whoever asked may take it back so.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `approval_decided`, `request_invalid`.
    pub fn refusal(
        &self,
        id: &str,
        operator: &Operator,
        reason: &str,
        at: UnixTime,
    ) -> Result<Decision, Failure> {
        if !operator.may(OperatorRole::Operate) && !operator.may(OperatorRole::Approve) {
            // Whoever asked may take it back, whatever their role.
            let own = self.request(id).is_ok_and(|it| it.asked_by == operator.id);
            if !own || !operator.enabled {
                demand(operator, OperatorRole::Approve)?;
            }
        }
        check_reason(reason)?;
        let request = self.undecided(id)?;
        let verdict = Verdict::Refused {
            reason: reason.to_owned(),
        };
        Ok(Decision {
            request: request.id.clone(),
            by: operator.id.clone(),
            at,
            verdict,
        })
    }

    fn undecided(&self, id: &str) -> Result<&Request, Failure> {
        let request = self.request(id)?;
        match self.decision(id) {
            None => Ok(request),
            Some(decision) => {
                let reason = format!("decided by {} at {}", decision.by, decision.at);
                Err(Code::ApprovalDecided.because(reason))
            }
        }
    }

    /// The operator as `act` leaves them.
    fn next_operator(&self, act: &Act, at: UnixTime) -> Result<Operator, Failure> {
        let next = if let Act::OperatorAdd {
            id,
            name,
            roles,
            facilities,
            certificate,
        } = act
        {
            let next = Operator::new(id, name, roles, certificate)?.at(facilities)?;
            if !next.is_current(at) {
                let reason = "the certificate is not valid now";
                return Err(Code::RequestInvalid.because(reason).about("certificate"));
            }
            let mut others = self.operators().filter(|other| other.id != next.id);
            if let Some(other) = others.find(|other| other.shares_key(&next)) {
                let reason = format!("operator {} has this certificate or key", other.id);
                return Err(Code::RequestInvalid.because(reason).about("certificate"));
            }
            next
        } else if let Act::OperatorDisable { id } = act {
            let known = self.operator(id).filter(|operator| operator.enabled);
            let unknown = || Code::NotFound.because("there is no such operator");
            known.ok_or_else(unknown)?.disabled()
        } else {
            return Err(Code::Internal.because("not an act on operators"));
        };
        if self.with_operator(&next).can_act(at) {
            return Ok(next);
        }
        let reason = "no two operators would be left of whom one may ask and the other approve";
        Err(Code::RequestInvalid.because(reason))
    }

    fn next_client(&self, act: &Act) -> Result<Client, Failure> {
        if let Act::ClientAdd {
            id,
            token_sha256,
            scopes,
            quota,
        } = act
        {
            let next = Client::new(id, *token_sha256, scopes, *quota)?;
            let mut others = self.clients().filter(|other| other.id != next.id);
            if others.any(|other| other.token == next.token) {
                let reason = "another client has this token";
                return Err(Code::RequestInvalid.because(reason).about("token_sha256"));
            }
            Ok(next)
        } else if let Act::ClientDisable { id } = act {
            let known = self.client(id).filter(|client| client.enabled);
            let unknown = || Code::NotFound.because("there is no such client");
            Ok(Client {
                enabled: false,
                ..known.ok_or_else(unknown)?.as_ref().clone()
            })
        } else {
            Err(Code::Internal.because("not an act on clients"))
        }
    }
}

/// That two operators are not one under two names: another id, another certificate, another key.
///
/// # Errors
/// `approval_not_apart`.
pub fn apart(one: &Operator, two: &Operator) -> Result<(), Failure> {
    if one.id == two.id {
        return Err(Code::ApprovalNotApart.because("the same operator"));
    }
    if one.shares_key(two) {
        return Err(Code::ApprovalNotApart.because("the same certificate or key"));
    }
    Ok(())
}

/// Facilities as the audit names them: the first ones, and how many more there are.
fn named(facilities: &[String]) -> String {
    let (shown, more) = facilities.split_at(facilities.len().min(MAX_NAMED));
    let shown = shown.join(",");
    if more.is_empty() {
        return shown;
    }
    format!("{shown} and {} more", more.len())
}

fn elsewhere() -> Failure {
    Code::Internal.because("not an act on the registry")
}

/// Refuses an operator who may not act in `role`.
fn demand(operator: &Operator, role: OperatorRole) -> Result<(), Failure> {
    if operator.may(role) {
        return Ok(());
    }
    Err(Code::Forbidden.because(format!("needs role {}", role.name())))
}

/// Requests of one operator that wait.
const MAX_OPEN: usize = 100;
/// Facilities that one audit row names.
const MAX_NAMED: usize = 20;
