//! The doors for operators, who present certificates of their own.
//!
//! Refuses whoever is no operator at this moment, at every request, and whoever lacks the role of a route.
//!
//! Source: docs/OPERATING.md.

mod acts;
mod look;
mod tokens;
mod view;
mod withdrawals;

pub(crate) use view::feeds_status;

use super::answer::failed;
use super::auth::Principal;
use super::events;
use super::peer::peer_of;
use super::routes::{self, State};
use super::trace::Served;
use crate::failure::{Code, Failure};
use crate::model::Thumbprint;
use crate::server::gateway::issuing::Submitter;
use crate::server::gateway::registry::{Operator, OperatorRole};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use std::sync::Arc;

/// One row of the table: path, the role it needs, its handler.
struct Door(&'static str, Option<OperatorRole>, fn() -> actix_web::Route);

const DOORS: &[Door] = &[
    Door("/admin/v1/operators", None, || {
        web::get().to(look::operators)
    }),
    Door("/admin/v1/clients", None, || web::get().to(look::clients)),
    Door("/admin/v1/requests", None, || web::get().to(look::requests)),
    // Each act has its own role.
    Door("/admin/v1/requests", None, || web::post().to(acts::ask_for)),
    Door("/admin/v1/requests/{id}", None, || {
        web::get().to(look::request)
    }),
    Door(
        "/admin/v1/requests/{id}/approve",
        Some(OperatorRole::Approve),
        || web::post().to(acts::approve),
    ),
    Door("/admin/v1/requests/{id}/refuse", None, || {
        web::post().to(acts::refuse)
    }),
    Door("/admin/v1/tokens", None, || web::post().to(tokens::make)),
    Door("/v1/events", None, || web::post().to(events::take_in)),
    Door("/admin/v1/parties", None, || web::get().to(look::parties)),
    Door("/admin/v1/keys", None, || web::get().to(look::keys)),
    Door("/admin/v1/policies", None, || web::get().to(look::policies)),
    Door("/admin/v1/feeds", None, || web::get().to(look::feeds)),
    Door(
        "/admin/v1/feeds/{id}/sync",
        Some(OperatorRole::Operate),
        || web::post().to(acts::sync),
    ),
    Door("/admin/v1/revocations", None, || {
        web::get().to(withdrawals::all)
    }),
    Door("/admin/v1/revocations", Some(OperatorRole::Revoke), || {
        web::post().to(withdrawals::withdraw)
    }),
    Door(
        "/admin/v1/revocations/{id}/undo",
        Some(OperatorRole::Revoke),
        || web::post().to(withdrawals::undo),
    ),
    Door("/admin/v1/audit/report", Some(OperatorRole::Audit), || {
        web::get().to(withdrawals::report)
    }),
];

/// Registers what operators may ask for.
pub fn configure_admin(config: &mut ServiceConfig, state: &Data<State>) {
    config.app_data(state.clone());
    let mut paths: Vec<_> = DOORS.iter().map(|Door(path, ..)| *path).collect();
    paths.dedup();
    for path in paths {
        let doors = DOORS.iter().filter(|Door(of, ..)| *of == path);
        let resource = doors.fold(web::resource(path), |resource, Door(_, role, handler)| {
            let admit = from_fn(move |request, next| admit(path, *role, request, next));
            resource.route(handler().wrap(admit))
        });
        config.service(resource.default_service(web::to(other_method)));
    }
    config.default_service(web::to(routes::not_found));
}

/// Finds out which operator asks before any handler is reached.
async fn admit(
    path: &'static str,
    role: Option<OperatorRole>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    request.extensions_mut().insert(Served(path));
    let allowed = identify(request.request()).and_then(|operator| {
        let principal = Principal::Client {
            id: operator.id.as_str().into(),
            scopes: [].into(),
        };
        request.extensions_mut().insert(principal);
        let lacking = role.filter(|role| !operator.may(*role));
        request
            .extensions_mut()
            .insert(Caller(operator.fingerprint));
        request.extensions_mut().insert(Submitter::of(operator));
        match lacking {
            None => Ok(()),
            Some(role) => Err(Code::Forbidden.because(format!("needs role {}", role.name()))),
        }
    });
    match allowed {
        Ok(()) => next
            .call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body),
        Err(failure) => {
            let answer = failed(request.request(), &failure);
            Ok(request.into_response(answer))
        }
    }
}

fn identify(request: &HttpRequest) -> Result<Arc<Operator>, Failure> {
    let nobody = || Code::Unauthenticated.because("no operator's certificate was presented");
    let peer = peer_of(request).ok_or_else(nobody)?;
    let state = request.app_data::<Data<State>>().ok_or_else(nobody)?;
    state.gateway.operator(&peer.fingerprint)
}

/// The certificate of the operator who asks, as found out before.
#[derive(Clone, Copy)]
struct Caller(Thumbprint);

fn caller(request: &HttpRequest) -> Result<Thumbprint, Failure> {
    let found = request.extensions().get::<Caller>().copied();
    let nobody = || Code::Unauthenticated.because("no operator asks");
    found
        .map(|Caller(certificate)| certificate)
        .ok_or_else(nobody)
}

async fn other_method(request: HttpRequest) -> HttpResponse {
    failed(
        &request,
        &Code::MethodNotAllowed.because("see the operating manual"),
    )
}
