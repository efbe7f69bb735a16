//! What operators may look at.
//!
//! Refuses a state of requests that there is not.

use super::view;
use crate::failure::{Code, Failure};
use crate::server::gateway::registry::RequestState;
use crate::server::http::answer::answer;
use crate::server::http::routes::State;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// `GET /admin/v1/operators`.
pub(super) async fn operators(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let registry = state.gateway.registry();
    let shown = registry.map(|registry| {
        let operators = registry.operators().map(|it| view::operator(it));
        json!({ "operators": operators.collect::<Vec<_>>() })
    });
    answer(&request, shown)
}

/// `GET /admin/v1/clients`: those that operators added.
pub(super) async fn clients(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let registry = state.gateway.registry();
    let file = state.clients.load();
    let shown = registry.map(|registry| {
        let clients = registry.clients();
        let clients = clients.map(|it| view::client(it, file.names(&it.id)));
        json!({ "clients": clients.collect::<Vec<_>>() })
    });
    answer(&request, shown)
}

/// `GET /admin/v1/requests`: the newest ones, those in one state where it is named.
pub(super) async fn requests(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let shown = || -> Result<Value, Failure> {
        let wanted = match request.query_string() {
            "" => None,
            query => Some(wanted(query)?),
        };
        let registry = state.gateway.registry()?;
        let now = state.gateway.clock().now();
        let requests = registry.requests(now).into_iter().rev();
        let requests = requests.filter(|(_, state)| wanted.is_none_or(|it| it == *state));
        let shown = requests
            .take(MAX_SHOWN)
            .map(|(it, _)| view::request_line(&registry, it, now));
        Ok(json!({ "requests": shown.collect::<Vec<_>>() }))
    };
    answer(&request, shown())
}

/// `GET /admin/v1/requests/{id}`.
pub(super) async fn request(
    request: HttpRequest,
    state: web::Data<State>,
    id: web::Path<String>,
) -> HttpResponse {
    let shown = || -> Result<Value, Failure> {
        let registry = state.gateway.registry()?;
        let now = state.gateway.clock().now();
        Ok(view::request(&registry, registry.request(&id)?, now))
    };
    answer(&request, shown())
}

/// `GET /admin/v1/parties`.
pub(super) async fn parties(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&request, state.gateway.show_hub())
}

/// `GET /admin/v1/keys`.
pub(super) async fn keys(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&request, state.gateway.show_keys())
}

/// `GET /admin/v1/policies`.
pub(super) async fn policies(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&request, state.gateway.show_policies())
}

/// `GET /admin/v1/feeds`.
pub(super) async fn feeds(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&request, Ok(view::feeds_status(&state.gateway)))
}

fn wanted(query: &str) -> Result<RequestState, Failure> {
    let name = query.strip_prefix("state=");
    let unknown = || {
        let reason = "state is open, approved, refused or expired, and nothing else is asked";
        Code::RequestInvalid.because(reason).about("state")
    };
    name.and_then(RequestState::parse).ok_or_else(unknown)
}

const MAX_SHOWN: usize = 500;
