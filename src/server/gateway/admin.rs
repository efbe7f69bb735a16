//! What operators do here: ask for an act, approve one, refuse one, have a feed asked.
//!
//! Refuses an act of one operator alone, an approval of what has changed since, and to do an act apart from its approval:
//! both are kept in one transaction, behind all records that they were decided by, so that of two decisions one fails and
//! no party hands in meanwhile.

use super::registry::{
    Act, Answerable, Client, Operator, OperatorRole, Registry, Request, canonical,
};
use super::{Gateway, Records, Synchronised};
use crate::exchange::Record;
use crate::failure::{Class, Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::server::federation::{Feed, open_feed};
use crate::server::store::{Event, Head, Lease};
use std::sync::Arc;
use std::time::Duration;
use tracing::{error, info, warn};

/// What an approval came to.
#[derive(Debug)]
pub struct Done {
    /// The request.
    pub request: Request,
    /// What its feed answered, where the act was to ask one.
    pub synchronised: Option<Result<Synchronised, Failure>>,
}

impl Gateway {
    /// Operators, clients and requests as they stand.
    ///
    /// # Errors
    /// `store_incomplete`: a record that is missing may be the one that disables somebody.
    pub fn registry(&self) -> Result<Arc<Registry>, Failure> {
        if self.world.load().incomplete {
            let reason = "records are missing, so nobody is believed to be an operator";
            return Err(Code::StoreIncomplete.because(reason));
        }
        Ok(self.registry.load_full())
    }

    /// The client of the registry whose token this is.
    ///
    /// # Errors
    /// `store_incomplete`.
    pub fn registered_client(&self, token: &str) -> Result<Option<Arc<Client>>, Failure> {
        Ok(self.registry()?.client_of(token).cloned())
    }

    /// The operator whose certificate has this fingerprint.
    ///
    /// # Errors
    /// `unauthenticated`, also where the certificate is out of its period; `store_incomplete`.
    pub fn operator(&self, fingerprint: &Thumbprint) -> Result<Arc<Operator>, Failure> {
        known(self.registry()?.as_ref(), fingerprint, self.clock.now())
    }

    /// Takes records of the registry in.
    pub(super) fn register(&self, records: &[Record]) {
        if records.is_empty() {
            return;
        }
        let mut registry = Registry::clone(&self.registry.load());
        for record in records {
            if let Err(failure) = registry.apply(record) {
                let (kind, code) = (record.kind.name(), failure.code().name());
                error!(
                    code,
                    kind, "a record of kind {kind} is not obeyed: {failure}"
                );
            }
        }
        self.registry.store(Arc::new(registry));
    }

    /// Asks for `act`, as the operator with this certificate; it waits for another's approval.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden`, `request_invalid`, `not_found`; those of certificates in the act; `store_unavailable`,
    /// `store_incomplete`, `lease_lost`.
    pub async fn ask_for(
        self: &Arc<Self>,
        certificate: &Thumbprint,
        act: Act,
    ) -> Result<Request, Failure> {
        self.decide(async |records, lease, _| {
            let (registry, now) = (self.registry()?, self.clock.now());
            let operator = known(&registry, certificate, now)?;
            let request = self.request_of(&operator, act.clone(), now).await?;
            let detail = format!("{} {}", request.act.name(), request.hash());
            let event = told(now, &operator, "request.made", &request.id, detail);
            let store = records.store();
            store
                .append(&[request.record()], &[event], Some(lease))
                .await?;
            info!(
                operator = operator.id,
                request = request.id,
                "{} asks for {}",
                operator.id,
                request.act.name()
            );
            Ok(request)
        })
        .await
    }

    /// A request of `operator` for `act`, with what it would change now.
    pub(super) async fn request_of(
        &self,
        operator: &Operator,
        act: Act,
        now: UnixTime,
    ) -> Result<Request, Failure> {
        let registry = self.registry()?;
        registry.may_ask(operator, &act, now)?;
        Ok(Request {
            id: random_id()?,
            preview: self.preview(&registry, &act, operator, now).await?,
            act,
            asked_by: operator.id.clone(),
            asked_at: now,
        })
    }

    /// Approves the request `id`, as the operator with this certificate, and does it.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden`, `not_found`, `approval_decided`, `approval_expired`, `approval_not_apart`,
    /// `approval_invalid`, `approval_outdated`; `store_unavailable`, `store_incomplete`, `store_moved`, `lease_lost`.
    pub async fn approve(
        self: &Arc<Self>,
        certificate: &Thumbprint,
        id: &str,
        signature: &[u8],
    ) -> Result<Done, Failure> {
        self.look_again(certificate, id).await?;
        let request = self
            .decide(async |records, _, head| {
                let (registry, now) = (self.registry()?, self.clock.now());
                let operator = known(&registry, certificate, now)?;
                let (request, decision) = registry.approval(id, &operator, signature, now)?;
                let asker = registry.asker(&request.asked_by)?;
                let preview = self.preview(&registry, &request.act, asker, now).await;
                let preview = preview.map_err(outdated)?;
                if canonical(&preview) != canonical(&request.preview) {
                    let reason = "the act would now change something else; ask for it anew";
                    return Err(Code::ApprovalOutdated.because(reason));
                }
                let by = Answerable {
                    asked_by: &request.asked_by,
                    approved_by: &operator.id,
                    at: now,
                };
                let (more, done) = self.carry_out(&registry, &request.act, &by).await?;
                let mut added = vec![decision.record()];
                added.extend(more);
                let detail = format!(
                    "{} {}, asked for by {}",
                    request.act.name(),
                    request.hash(),
                    request.asked_by
                );
                let mut events = vec![told(now, &operator, "request.approved", id, detail)];
                events.extend(done);
                records.store().append_after(head, &added, &events).await?;
                info!(
                    operator = operator.id,
                    request = request.id,
                    "{} approved {}, which {} asked for",
                    operator.id,
                    request.act.name(),
                    request.asked_by
                );
                Ok(request.clone())
            })
            .await?;
        let synchronised = match &request.act {
            Act::FeedAcceptLess { feed } => Some(self.accept_less(feed).await),
            Act::OperatorAdd { .. }
            | Act::OperatorDisable { .. }
            | Act::ClientAdd { .. }
            | Act::ClientDisable { .. }
            | Act::SignerReadmit { .. }
            | Act::PartyAdd { .. }
            | Act::PartyRemove { .. }
            | Act::IssuerAdd { .. }
            | Act::IssuerRemove { .. }
            | Act::KeyAdd { .. }
            | Act::KeyRetire { .. }
            | Act::KeyCompromised { .. }
            | Act::CertificatesWithdraw { .. }
            | Act::CertificatesReinstate { .. }
            | Act::PolicyActivate { .. } => None,
        };
        Ok(Done {
            request,
            synchronised,
        })
    }

    /// Refuses the request `id`, as the operator with this certificate; whoever asked may take it back so.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden`, `not_found`, `request_invalid`, `approval_decided`; `store_unavailable`,
    /// `store_incomplete`, `lease_lost`.
    pub async fn refuse(
        self: &Arc<Self>,
        certificate: &Thumbprint,
        id: &str,
        reason: &str,
    ) -> Result<(), Failure> {
        self.decide(async |records, lease, _| {
            let (registry, now) = (self.registry()?, self.clock.now());
            let operator = known(&registry, certificate, now)?;
            let decision = registry.refusal(id, &operator, reason, now)?;
            let event = told(now, &operator, "request.refused", id, reason.to_owned());
            let store = records.store();
            store
                .append(&[decision.record()], &[event], Some(lease))
                .await
                .map(|_| ())
        })
        .await
    }

    /// Asks the feed `id` now, as the operator with this certificate.
    ///
    /// # Errors
    /// `unauthenticated`, `forbidden`, `not_found`; those of [`Self::synchronise`].
    pub async fn ask_feed_now(
        self: &Arc<Self>,
        certificate: &Thumbprint,
        id: &str,
    ) -> Result<Synchronised, Failure> {
        let operator = self.operator(certificate)?;
        if !operator.may(OperatorRole::Operate) {
            return Err(Code::Forbidden.because("needs role operate"));
        }
        let feed = self.open_feed(id)?;
        self.tell(&operator.id, "feed_asked", id).await?;
        self.synchronise(feed.as_ref(), false).await
    }

    /// Has the feed asked that the request `id` would believe, so that what it says now is what is compared.
    async fn look_again(
        self: &Arc<Self>,
        certificate: &Thumbprint,
        id: &str,
    ) -> Result<(), Failure> {
        let operator = self.operator(certificate)?;
        let registry = self.registry()?;
        let request = registry.request(id).ok();
        let waits = operator.may(OperatorRole::Approve) && registry.decision(id).is_none();
        if let (true, Some(Act::FeedAcceptLess { feed })) = (waits, request.map(|it| &it.act)) {
            let feed = self.open_feed(feed)?;
            self.synchronise(feed.as_ref(), false).await?;
        }
        Ok(())
    }

    fn open_feed(&self, id: &str) -> Result<Box<dyn Feed>, Failure> {
        let mut named = self.feeds.iter().filter(|feed| feed.id == id);
        let feed = named.next().map(|feed| open_feed(feed, &self.data));
        let unknown = || Code::NotFound.because("no such feed is enabled");
        feed.transpose()?.flatten().ok_or_else(unknown)
    }

    /// Asks the feed `id` and believes what it says, though it is less; waits for its turn where it is being asked.
    async fn accept_less(self: &Arc<Self>, id: &str) -> Result<Synchronised, Failure> {
        let feed = self.open_feed(id)?;
        for _ in 0..TRIES {
            match self.synchronise(feed.as_ref(), true).await? {
                Synchronised::Elsewhere => tokio::time::sleep(PAUSE).await,
                kept @ Synchronised::Kept(_) => return Ok(kept),
            }
        }
        Ok(Synchronised::Elsewhere)
    }

    /// Does `work` with everything read up to the head that it is given, while nobody else decides anything, here or on
    /// another node, and no party hands in here. It is done again where another node wrote meanwhile and `work` heeds that.
    pub(super) async fn decide<T>(
        self: &Arc<Self>,
        work: impl AsyncFn(&Records, &Lease, Head) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let records = self.records()?;
        let _one = self.deciding.lock().await;
        let lease = self.turn_to_decide(records).await?;
        let done = {
            let _none = self.handing_in.lock().await;
            self.decided(records, &lease, work).await
        };
        if let Err(failure) = records.store().release(&lease, self.clock.now()).await {
            let code = failure.code().name();
            warn!(code, "a lease was not given back: {failure}");
        }
        // What was kept is in force here before anybody is told that it is.
        if done.is_ok() {
            self.follow().await?;
        }
        done
    }

    async fn decided<T>(
        self: &Arc<Self>,
        records: &Records,
        lease: &Lease,
        work: impl AsyncFn(&Records, &Lease, Head) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut head = records.store().head().await?;
        self.follow().await?;
        for _ in 0..ATTEMPTS {
            match work(records, lease, head).await {
                Err(failure) if failure.code() == Code::StoreMoved => {}
                done => return done,
            }
            // No new world: whoever keeps writing elsewhere would always be done before it is.
            head = records.store().head().await?;
            self.read_store().await?;
        }
        Err(Code::StoreMoved.because("others kept writing meanwhile"))
    }

    async fn turn_to_decide(&self, records: &Records) -> Result<Lease, Failure> {
        for _ in 0..TRIES {
            let (name, now) = (records.node(), self.clock.now());
            if let Some(lease) = records.store().lease(DECIDING, name, now, LEASE_S).await? {
                return Ok(lease);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Code::LeaseLost.because("another node is deciding; try again"))
    }
}

fn known(
    registry: &Registry,
    certificate: &Thumbprint,
    at: UnixTime,
) -> Result<Arc<Operator>, Failure> {
    let operator = registry.by_fingerprint(certificate)?;
    if operator.is_current(at) {
        return Ok(Arc::clone(operator));
    }
    Err(Code::Unauthenticated.because("the operator's certificate is out of its period"))
}

fn told(at: UnixTime, by: &Operator, event: &str, subject: &str, detail: String) -> Event {
    Event {
        at,
        actor: by.id.clone(),
        event: event.to_owned(),
        subject: subject.to_owned(),
        detail,
    }
}

/// What could be done when it was asked for and cannot be done any more.
fn outdated(failure: Failure) -> Failure {
    match failure.code().class() {
        Class::Internal | Class::Unavailable | Class::Indeterminate => failure,
        Class::Malformed
        | Class::TooLarge
        | Class::Rejected
        | Class::Unauthenticated
        | Class::Forbidden
        | Class::NotFound
        | Class::MethodNotAllowed
        | Class::UnsupportedMedia
        | Class::Timeout => {
            let reason = format!("it cannot be done any more: {}", failure.detail());
            Code::ApprovalOutdated.caused_by(reason, failure)
        }
    }
}

pub(super) fn random_id() -> Result<String, Failure> {
    let mut random = [0; ID_BYTES];
    aws_lc_rs::rand::fill(&mut random)
        .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
    Ok(base16ct::lower::encode_string(&random))
}

/// The lease under which operators' decisions are kept.
pub(super) const DECIDING: &str = "admin";
pub(super) const LEASE_S: u32 = 30;
const ID_BYTES: usize = 16;
const TRIES: u32 = 150;
/// How often a decision is taken anew where others write, too.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(200);
