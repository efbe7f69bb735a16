//! What a party asks: who it is, at which door, and what follows from its answer.
//!
//! Refuses whoever is no party at this instant, before any handler is asked; a handler that demands a role refuses those
//! without it. The country is the party's, never what a certificate or a header says.
//!
//! Source: EU DGCG, section on authentication.

use super::FederationDoor;
use crate::exchange::dgcg::Dialect;
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::server::gateway::Gateway;
use crate::server::gateway::hub::{Decided, Hub, Party, PartyRole, Reason, Refused};
use crate::server::http::body;
use crate::server::http::caller::Credentials;
use crate::server::http::dgcg_problem::report;
use crate::server::http::routes::State;
use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::web::{self, Bytes, Data};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse};
use std::future::{Ready, ready};
use std::sync::Arc;
use tracing::{info, warn};

/// A request of a party.
#[derive(Clone)]
pub(super) struct Asked {
    /// The request.
    pub(super) request: HttpRequest,
    /// What all handlers reach.
    pub(super) state: Data<State>,
    /// Whose form is spoken.
    pub(super) dialect: Dialect,
    /// Who asks, as known when the request came.
    pub(super) party: Party,
    fingerprint: Thumbprint,
}

/// The party that a request was found to come from.
#[derive(Clone)]
pub(super) struct Known(pub(super) Party);

impl FromRequest for Asked {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let told = request.extensions();
        let found = (
            request.app_data::<Data<State>>().cloned(),
            request.app_data::<Data<FederationDoor>>(),
            told.get::<Known>(),
            told.get::<Credentials>(),
        );
        let (Some(state), Some(door), Some(Known(party)), Some(credentials)) = found else {
            // Nothing comes here past the door.
            let refused = Reason::Unavailable.into();
            let response = report(Dialect::Eu, &refused);
            return ready(Err(
                InternalError::from_response("no caller", response).into()
            ));
        };
        ready(Ok(Self {
            request: request.clone(),
            state,
            dialect: door.dialect,
            party: party.clone(),
            fingerprint: credentials.fingerprint,
        }))
    }
}

impl Asked {
    /// The gateway.
    pub(super) fn gateway(&self) -> &Arc<Gateway> {
        &self.state.gateway
    }

    /// The country that asks.
    pub(super) fn country(&self) -> Country {
        self.party.country
    }

    /// Refuses a party without `role`.
    ///
    /// # Errors
    /// `NoRole`.
    pub(super) fn demand(&self, role: PartyRole) -> Result<(), Refused> {
        if self.party.may(role) {
            return Ok(());
        }
        Err(Reason::NoRole.into())
    }

    /// The body of the request, if it is of one of these media types.
    ///
    /// # Errors
    /// `MediaType`, `TooLarge`, `TooSlow`, `Invalid`.
    pub(super) async fn body(&self, payload: web::Payload, of: &[&str]) -> Result<Bytes, Refused> {
        if !of.iter().any(|it| body::is_of_type(&self.request, it)) {
            return Err(Reason::MediaType.because(format!("send {}", of.join(" or "))));
        }
        let read = body::read(&self.request, payload, MAX_BODY).await;
        read.map_err(|failure| unread(&failure))
    }

    /// Decides as [`Gateway::hand_in`] does, for the party as it stands then.
    ///
    /// # Errors
    /// `NoParty` where it is none any more, `Unavailable`; whatever `decide` refuses.
    pub(super) async fn hand_in<T>(
        &self,
        decide: impl Fn(&Hub, &Party, UnixTime) -> Decided<T>,
    ) -> Result<T, Refused> {
        let decided = self.gateway().hand_in(|hub, at| {
            let party = hub.caller(&self.fingerprint).ok_or(Reason::NoParty)?;
            decide(hub, party, at)
        });
        decided.await
    }

    /// The same as [`Gateway::hand_in_batches`] does. It goes to its end, whether or not the party waits for it.
    ///
    /// # Errors
    /// `NoParty` where it is none any more, `Unavailable`; whatever `decide` refuses.
    pub(super) async fn hand_in_batches<T: 'static>(
        &self,
        decide: impl Fn(&Hub, &Party, UnixTime) -> Decided<T> + 'static,
    ) -> Result<T, Refused> {
        let (gateway, fingerprint) = (Arc::clone(self.gateway()), self.fingerprint);
        let task = actix_web::rt::spawn(async move {
            let decided = gateway.hand_in_batches(|hub, at| {
                let party = hub.caller(&fingerprint).ok_or(Reason::NoParty)?;
                decide(hub, party, at)
            });
            decided.await
        });
        let broke_off = |_| Reason::Unavailable.because("it broke off");
        task.await.map_err(broke_off)?
    }

    /// Does `work` beside the workers: lists may be long.
    ///
    /// # Errors
    /// `Unavailable`.
    pub(super) async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        Ok(self.state.work.apart(work).await?)
    }

    /// The answer, or the refusal in its place, which is logged.
    pub(super) fn answer(&self, result: Result<HttpResponse, Refused>) -> HttpResponse {
        result.unwrap_or_else(|refused| {
            let (country, reason) = (self.country(), refused.reason);
            let (dialect, route) = (self.dialect.name(), self.request.match_pattern());
            let route = route.as_deref().unwrap_or_default();
            if matches!(reason, Reason::Unavailable | Reason::UploadUnavailable | Reason::DeleteUnavailable | Reason::RuleUnavailable | Reason::MigrationUnavailable) {
                warn!(%country, ?reason, dialect, route, details = refused.details, "{country} was not served: {reason:?}");
            } else {
                info!(%country, ?reason, dialect, route, "{country} is refused: {reason:?}");
            }
            report(self.dialect, &refused)
        })
    }
}

fn unread(failure: &Failure) -> Refused {
    let reason = if failure.code() == Code::InputTooLarge {
        Reason::TooLarge
    } else if failure.code() == Code::RequestTimeout {
        Reason::TooSlow
    } else {
        Reason::Invalid
    };
    reason.because(failure.detail())
}

/// `body` as JSON.
pub(super) fn json(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().content_type(body::JSON).body(body)
}

/// The media type of messages that hold a certificate, and, as good as the next, of those that hold a text.
pub(super) const CMS: &str = "application/cms";
/// The media type of messages that hold a text.
pub(super) const CMS_TEXT: &str = "application/cms-text";
/// Batches of a thousand entries have 100 KiB.
const MAX_BODY: usize = 2 * 1024 * 1024;
