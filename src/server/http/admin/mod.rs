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
use super::once::once;
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

/// One row of the table.
pub struct Door {
    /// The method.
    pub method: &'static str,
    /// The path, with `{name}` for what varies.
    pub path: &'static str,
    /// The role that it needs; `None` where any operator may ask, or the handler says who may.
    pub role: Option<OperatorRole>,
    /// Whether it changes something, and heeds an `Idempotency-Key`.
    pub changing: bool,
    handler: fn() -> actix_web::Route,
}

/// What operators may ask for.
pub const DOORS: &[Door] = &[
    look("/admin/v1/operators", || web::get().to(look::operators)),
    look("/admin/v1/clients", || web::get().to(look::clients)),
    look("/admin/v1/requests", || web::get().to(look::requests)),
    // Each act has its own role.
    change("/admin/v1/requests", || web::post().to(acts::ask_for)),
    look("/admin/v1/requests/{id}", || web::get().to(look::request)),
    Door {
        role: Some(OperatorRole::Approve),
        ..change("/admin/v1/requests/{id}/approve", || {
            web::post().to(acts::approve)
        })
    },
    change("/admin/v1/requests/{id}/refuse", || {
        web::post().to(acts::refuse)
    }),
    // A token is kept nowhere, so that whoever did not hear the answer asks for another.
    Door {
        changing: false,
        ..change("/admin/v1/tokens", || web::post().to(tokens::make))
    },
    change("/v1/events", || web::post().to(events::take_in)),
    look("/admin/v1/parties", || web::get().to(look::parties)),
    look("/admin/v1/keys", || web::get().to(look::keys)),
    look("/admin/v1/policies", || web::get().to(look::policies)),
    look("/admin/v1/feeds", || web::get().to(look::feeds)),
    Door {
        role: Some(OperatorRole::Operate),
        ..change("/admin/v1/feeds/{id}/sync", || web::post().to(acts::sync))
    },
    look("/admin/v1/revocations", || web::get().to(withdrawals::all)),
    Door {
        role: Some(OperatorRole::Revoke),
        ..change("/admin/v1/revocations", || {
            web::post().to(withdrawals::withdraw)
        })
    },
    Door {
        role: Some(OperatorRole::Revoke),
        ..change("/admin/v1/revocations/{id}/undo", || {
            web::post().to(withdrawals::undo)
        })
    },
    Door {
        role: Some(OperatorRole::Audit),
        ..look("/admin/v1/audit/report", || {
            web::get().to(withdrawals::report)
        })
    },
];

const fn look(path: &'static str, handler: fn() -> actix_web::Route) -> Door {
    Door {
        method: "GET",
        path,
        role: None,
        changing: false,
        handler,
    }
}

const fn change(path: &'static str, handler: fn() -> actix_web::Route) -> Door {
    Door {
        method: "POST",
        changing: true,
        ..look(path, handler)
    }
}

/// Registers what operators may ask for.
pub fn configure_admin(config: &mut ServiceConfig, state: &Data<State>) {
    config.app_data(state.clone());
    let mut paths: Vec<_> = DOORS.iter().map(|door| door.path).collect();
    paths.dedup();
    for path in paths {
        let doors = DOORS.iter().filter(|door| door.path == path);
        let resource = doors.fold(web::resource(path), |resource, door| {
            let mut handler = (door.handler)();
            if door.changing {
                handler = handler.wrap(from_fn(move |request, next| once(path, request, next)));
            }
            let admit = from_fn(move |request, next| admit(path, door.role, request, next));
            resource.route(handler.wrap(admit))
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
