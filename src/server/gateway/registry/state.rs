//! The registry: what stands after all records, one by one.
//!
//! Refuses a second decision on a request, whatever order records came in.

use super::client::Client;
use super::operator::{Operator, OperatorRole};
use super::request::{Decision, Request, RequestState, Verdict};
use crate::crypto::sha256;
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use std::collections::BTreeMap;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Operators, clients, requests and decisions as they stand.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    operators: BTreeMap<String, Arc<Operator>>,
    clients: BTreeMap<String, Arc<Client>>,
    requests: BTreeMap<String, Arc<Request>>,
    decisions: BTreeMap<String, Arc<Decision>>,
}

impl Registry {
    /// Whether a record of this kind is told here.
    pub fn keeps(kind: RecordKind) -> bool {
        matches!(
            kind,
            RecordKind::Operator | RecordKind::Client | RecordKind::Request | RecordKind::Approval
        )
    }

    /// Takes in the next record; one of another kind changes nothing.
    ///
    /// # Errors
    /// Where the record cannot be read, which changes nothing either.
    pub fn apply(&mut self, record: &Record) -> Result<(), Failure> {
        if record.source != super::SOURCE {
            return Err(Code::Internal.because("a record of the registry from elsewhere"));
        }
        let name = record.name.clone();
        if record.kind == RecordKind::Operator {
            self.operators.insert(name, Operator::read(record)?.into());
        } else if record.kind == RecordKind::Client {
            self.clients.insert(name, Client::read(record)?.into());
        } else if record.kind == RecordKind::Request {
            let request = Request::read(record)?;
            self.requests.entry(name).or_insert_with(|| request.into());
        } else if record.kind == RecordKind::Approval {
            let decision = Decision::read(record)?;
            self.decisions
                .entry(name)
                .or_insert_with(|| decision.into());
        }
        Ok(())
    }

    /// Every operator, disabled ones too.
    pub fn operators(&self) -> impl Iterator<Item = &Arc<Operator>> {
        self.operators.values()
    }

    /// The operator who asked for an act, disabled ones too.
    ///
    /// # Errors
    /// `approval_outdated` where there is none.
    pub fn asker(&self, id: &str) -> Result<&Operator, Failure> {
        let gone = || Code::ApprovalOutdated.because("whoever asked may ask no more");
        self.operator(id).map(Arc::as_ref).ok_or_else(gone)
    }

    /// The operator with this id, disabled ones too.
    pub fn operator(&self, id: &str) -> Option<&Arc<Operator>> {
        self.operators.get(id)
    }

    /// The operator whose certificate has this fingerprint, as they may act now.
    ///
    /// # Errors
    /// `unauthenticated` where that is nobody who is enabled.
    pub fn by_fingerprint(&self, fingerprint: &Thumbprint) -> Result<&Arc<Operator>, Failure> {
        let mut enabled = self.operators.values().filter(|it| it.enabled);
        let found = enabled.find(|it| it.fingerprint == *fingerprint);
        found.ok_or_else(|| Code::Unauthenticated.because("no operator has this certificate"))
    }

    /// Every client, disabled ones too.
    pub fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients.values()
    }

    /// The client with this id, disabled ones too.
    pub fn client(&self, id: &str) -> Option<&Arc<Client>> {
        self.clients.get(id)
    }

    /// The enabled client whose token this is; every one is compared, so that the time tells nothing.
    pub fn client_of(&self, token: &str) -> Option<&Arc<Client>> {
        if self.clients.is_empty() {
            return None;
        }
        let hash = sha256(token.as_bytes());
        let mut found = None;
        for client in self.clients.values().filter(|client| client.enabled) {
            if bool::from(client.token.0.ct_eq(&hash)) {
                found = Some(client);
            }
        }
        found
    }

    /// Every request, the oldest first, with how it stands at `at`.
    pub fn requests(&self, at: UnixTime) -> Vec<(&Arc<Request>, RequestState)> {
        let mut requests: Vec<_> = self.requests.values().collect();
        requests.sort_by(|one, two| (one.asked_at, &one.id).cmp(&(two.asked_at, &two.id)));
        let told = requests.into_iter().map(|it| (it, self.state(it, at)));
        told.collect()
    }

    /// The request with this id.
    ///
    /// # Errors
    /// `not_found`.
    pub fn request(&self, id: &str) -> Result<&Arc<Request>, Failure> {
        let unknown = || Code::NotFound.because("there is no such request");
        self.requests.get(id).ok_or_else(unknown)
    }

    /// What became of the request with this id, where somebody decided.
    pub fn decision(&self, id: &str) -> Option<&Arc<Decision>> {
        self.decisions.get(id)
    }

    /// How `request` stands at `at`.
    pub fn state(&self, request: &Request, at: UnixTime) -> RequestState {
        match self.decision(&request.id).map(|it| &it.verdict) {
            Some(Verdict::Approved { .. }) => RequestState::Approved,
            Some(Verdict::Refused { .. }) => RequestState::Refused,
            None if request.is_open_at(at) => RequestState::Open,
            None => RequestState::Expired,
        }
    }

    /// The same with `operator` as they stand now.
    pub(super) fn with_operator(&self, operator: &Operator) -> Self {
        let mut operators = self.operators.clone();
        operators.insert(operator.id.clone(), operator.clone().into());
        Self {
            operators,
            ..self.clone()
        }
    }

    /// How many operators are enabled.
    pub fn enabled(&self) -> usize {
        self.operators.values().filter(|it| it.enabled).count()
    }

    /// Whether acts can still be asked for by one operator and approved by another, at `at`.
    pub(super) fn can_act(&self, at: UnixTime) -> bool {
        let current = |role| {
            let operators = self.operators.values();
            operators.filter(move |it| it.may(role) && it.is_current(at))
        };
        current(OperatorRole::Operate)
            .any(|one| current(OperatorRole::Approve).any(|two| super::apart(one, two).is_ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::gateway::registry::Act;
    use serde_json::Value;

    fn request(id: &str, act: Act) -> Request {
        Request {
            id: id.to_owned(),
            act,
            preview: Value::Null,
            asked_by: "ana".to_owned(),
            asked_at: UnixTime::EPOCH.plus(86_400),
        }
    }

    fn decision(id: &str, by: &str) -> Record {
        let decision = Decision {
            request: id.to_owned(),
            by: by.to_owned(),
            at: UnixTime::EPOCH,
            verdict: Verdict::Refused {
                reason: "no".to_owned(),
            },
        };
        decision.record()
    }

    #[test]
    fn the_first_request_of_a_name_and_the_first_decision_stand() {
        let disable = |id: &str| Act::ClientDisable { id: id.to_owned() };
        let (one, two) = (request("0a", disable("a")), request("0a", disable("b")));
        let mut registry = Registry::default();
        for record in [
            one.record(),
            two.record(),
            decision("0a", "budi"),
            decision("0a", "citra"),
        ] {
            registry.apply(&record).unwrap();
        }
        assert_eq!(registry.request("0a").unwrap().as_ref(), &one);
        assert_eq!(registry.decision("0a").unwrap().by, "budi");
        assert_ne!(one.hash(), two.hash());
        assert_eq!(registry.state(&one, UnixTime::EPOCH), RequestState::Refused);
    }

    #[test]
    fn what_cannot_be_read_or_comes_from_elsewhere_changes_nothing() {
        let good = decision("0a", "budi");
        let elsewhere = Record {
            source: "eu".to_owned(),
            ..good.clone()
        };
        let renamed = Record {
            name: "0b".to_owned(),
            ..good.clone()
        };
        let garbage = Record {
            body: b"{}".to_vec(),
            ..good
        };
        let mut registry = Registry::default();
        for kind in RecordKind::ALL
            .iter()
            .filter(|kind| Registry::keeps(**kind))
        {
            for odd in [&elsewhere, &renamed, &garbage] {
                let record = Record {
                    kind: *kind,
                    ..odd.clone()
                };
                assert!(registry.apply(&record).is_err(), "{kind:?}");
            }
        }
        assert!(registry.decision("0a").is_none() && registry.operators().next().is_none());
    }

    #[test]
    fn a_request_is_open_for_a_day_and_not_before_it_was_made() {
        let asked = request("0a", Act::ClientDisable { id: "a".to_owned() });
        let registry = Registry::default();
        let at = |seconds: i64| registry.state(&asked, asked.asked_at.plus(seconds));
        assert_eq!(
            [at(-301), at(-300), at(0), at(86_400), at(86_401)],
            [
                RequestState::Expired,
                RequestState::Open,
                RequestState::Open,
                RequestState::Open,
                RequestState::Expired
            ]
        );
    }
}
