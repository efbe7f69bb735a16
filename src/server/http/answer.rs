//! The form that all answers share.
//!
//! Refuses to log what a caller sent: a failure's code and trace are logged, its detail only where it is ours.

use super::problem;
use super::trace::{Trace, trace_of};
use crate::failure::{Class, Failure, Stage};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use tracing::error;

/// A JSON answer, or the failure in its place.
pub(super) fn answer(request: &HttpRequest, result: Result<Value, Failure>) -> HttpResponse {
    match result {
        Ok(body) => HttpResponse::Ok().json(body),
        Err(failure) => failed(request, &failure),
    }
}

/// The failure as problem details; faults of ours are logged with their causes.
pub(super) fn failed(request: &HttpRequest, failure: &Failure) -> HttpResponse {
    let trace = trace_of(request);
    let ours = matches!(failure.code().class(), Class::Internal | Class::Unavailable);
    if ours && failure.code().stage() != Stage::Caller {
        let causes: String = failure.causes().map(|cause| format!("; {cause}")).collect();
        error!(
            code = failure.code().name(),
            trace = trace.as_ref().map(Trace::as_str),
            "{failure}{causes}"
        );
    }
    problem::problem(failure, trace.as_ref().map(Trace::as_str))
}
