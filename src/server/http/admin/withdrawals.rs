//! Withdrawing certificates, and the report on a breach, for operators.
//!
//! Refuses a span of time that is none.

use super::caller;
use crate::failure::{Code, Failure};
use crate::server::gateway::withdrawal::Span;
use crate::server::http::answer::{answer, failed};
use crate::server::http::revocations::{reinstate_as, withdraw_as};
use crate::server::http::routes::State;
use actix_web::{HttpRequest, HttpResponse, web};
use std::collections::BTreeMap;

/// `POST /admin/v1/revocations`.
pub(super) async fn withdraw(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    match caller(&request) {
        Ok(who) => withdraw_as(&request, payload, &state, who).await,
        Err(failure) => failed(&request, &failure),
    }
}

/// `POST /admin/v1/revocations/{id}/undo`.
pub(super) async fn undo(
    request: HttpRequest,
    state: web::Data<State>,
    id: web::Path<String>,
) -> HttpResponse {
    match caller(&request) {
        Ok(who) => reinstate_as(&request, &state, id.into_inner(), who).await,
        Err(failure) => failed(&request, &failure),
    }
}

/// `GET /admin/v1/revocations`: the newest withdrawals.
pub(super) async fn all(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answer(&request, Ok(state.gateway.show_withdrawals()))
}

/// `GET /admin/v1/audit/report?from=...&to=...`.
pub(super) async fn report(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let reported = async {
        let span = span(request.query_string())?;
        state.gateway.breach_report(span).await
    };
    answer(&request, reported.await)
}

fn span(query: &str) -> Result<Span, Failure> {
    let odd = || Code::RequestInvalid.because("give from and to, and nothing else");
    let query = web::Query::<BTreeMap<String, String>>::from_query(query).map_err(|_| odd())?;
    match (query.len(), query.get("from"), query.get("to")) {
        (2, Some(from), Some(to)) => Span::parse(from, to),
        _ => Err(odd()),
    }
}
