//! One log line and one set of metrics a request, a trace id in every answer, and a caught panic.
//!
//! Refuses to log paths as they came, queries, headers and bodies: the route's pattern stands for the path.

use super::drain::Remainder;
use super::problem;
use super::routes::State;
use crate::failure::{Code, Failure};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tracing::{error, info};

/// Who asked, for the log; set by authentication.
#[derive(Clone)]
pub(super) struct Caller(pub(super) String);

#[derive(Clone)]
struct Trace(String);

/// The trace id of `request`.
pub(super) fn trace_of(request: &HttpRequest) -> Option<String> {
    request
        .extensions()
        .get::<Trace>()
        .map(|trace| trace.0.clone())
}

/// Wraps every request.
///
/// # Errors
/// The answer itself, where no handler gave one: a panic, or a request that the framework cannot read.
pub async fn trace_requests<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    #[expect(clippy::disallowed_methods, reason = "the stopwatch of a request")]
    let started = Instant::now();
    let trace = new_trace();
    request.extensions_mut().insert(Trace(trace.clone()));
    let method = method_name(request.method().as_str());
    let state = request.app_data::<Data<State>>().cloned();
    let remainder = Remainder::of(&mut request);
    // The request must not be held here: routing needs it for itself.
    let handled = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    remainder.drain().await;
    let snapshot = state.map(|state| state.gateway.world().snapshot.id().to_string());
    let marks = [(TRACE, Some(trace.clone())), (SNAPSHOT, snapshot)];
    let failure = match handled {
        Ok(Ok(response)) => {
            let mut response = response.map_into_boxed_body();
            mark(response.headers_mut(), &marks);
            let route = response.request().match_pattern();
            let caller = response
                .request()
                .extensions()
                .get::<Caller>()
                .map(|caller| caller.0.clone());
            note(
                &trace,
                method,
                route,
                caller,
                response.status().as_u16(),
                started,
            );
            return Ok(response);
        }
        Ok(Err(error)) => refused_by_framework(&error),
        Err(_) => {
            error!(code = "internal", trace, "a handler panicked");
            Code::Internal.because("a handler panicked")
        }
    };
    let mut response = problem::problem(&failure, Some(&trace));
    mark(response.headers_mut(), &marks);
    note(
        &trace,
        method,
        None,
        None,
        response.status().as_u16(),
        started,
    );
    Err(InternalError::from_response(failure, response).into())
}

/// Marks an answer with what its handler did not mark it with already.
fn mark(headers: &mut HeaderMap, marks: &[(&'static str, Option<String>)]) {
    for (name, value) in marks {
        let name = HeaderName::from_static(name);
        if let (false, Some(Ok(value))) = (
            headers.contains_key(&name),
            value.as_deref().map(HeaderValue::from_str),
        ) {
            headers.insert(name, value);
        }
    }
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn note(
    trace: &str,
    method: &'static str,
    route: Option<String>,
    caller: Option<String>,
    status: u16,
    started: Instant,
) {
    let elapsed = started.elapsed();
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let caller = caller.as_deref().unwrap_or("-");
    info!(
        trace,
        method, route, status, caller, micros, "{method} {route} {status}"
    );
    let labels = [("route", route), ("status", status.to_string())];
    metrics::counter!("lintas_http_requests_total", &labels).increment(1);
    metrics::histogram!("lintas_http_request_seconds").record(elapsed.as_secs_f64());
}

/// A caller may send any word as a method; only the usual ones are written down.
fn method_name(method: &str) -> &'static str {
    const USUAL: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
    USUAL
        .into_iter()
        .find(|usual| *usual == method)
        .unwrap_or("OTHER")
}

/// What the framework refuses before any handler of ours is asked.
fn refused_by_framework(error: &Error) -> Failure {
    let status = error.as_response_error().status_code();
    if status.is_server_error() {
        Code::Internal.because("the server failed")
    } else {
        Code::RequestInvalid.because("the request cannot be read")
    }
}

fn new_trace() -> String {
    let mut bytes = [0; 16];
    // Without random numbers the trace is of no use, but the request still is.
    let _ = SystemRandom::new().fill(&mut bytes);
    base16ct::lower::encode_string(&bytes)
}

/// The header that names a request in the log.
const TRACE: &str = "lintas-trace";
/// The header that names the snapshot an answer rests on.
pub(super) const SNAPSHOT: &str = "lintas-snapshot";
