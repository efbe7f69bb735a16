//! A log line and one set of metrics a request, a trace id in every answer, and a caught panic.
//!
//! Refuses to log paths as they came, queries, headers and bodies: the route's pattern stands for the path.

use super::auth::Principal;
use super::dgcg::FederationDoor;
use super::dgcg_problem::report;
use super::drain::Remainder;
use super::problem;
use super::routes::State;
use crate::failure::{Code, Failure};
use crate::server::gateway::World;
use crate::server::gateway::hub::Reason;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest};
use futures_util::FutureExt;
use metrics::{Counter, Histogram, SharedString};
use std::cell::{Cell, RefCell};
use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tracing::{debug, error, info};

/// The id of one request: 32 hexadecimal digits.
#[derive(Clone, Copy)]
pub(super) struct Trace([u8; 32]);

impl Trace {
    /// One that no other request has, and that tells nobody how many there were: a count under a keyed hash, the key
    /// drawn at random by each worker.
    fn new() -> Self {
        thread_local! {
            static KEY: RandomState = RandomState::new();
            static COUNT: Cell<u64> = const { Cell::new(0) };
        }
        let count = COUNT.get().wrapping_add(1);
        COUNT.set(count);
        let half = |half: u8| KEY.with(|key| key.hash_one((count, half)).to_be_bytes());
        let mut digits = [b'0'; 32];
        let _ = base16ct::lower::encode(&[half(0), half(1)].concat(), &mut digits);
        Self(digits)
    }

    /// The digits.
    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The trace id of `request`.
pub(super) fn trace_of(request: &HttpRequest) -> Option<Trace> {
    request.extensions().get::<Trace>().copied()
}

/// The row of the route table that a request came to; set where it is served.
#[derive(Clone, Copy)]
pub(super) struct Served(pub(super) &'static str);

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
    let trace = Trace::new();
    request.extensions_mut().insert(trace);
    let method = method_name(request.method().as_str());
    let state = request.app_data::<Data<State>>().cloned();
    let door = request.app_data::<Data<FederationDoor>>();
    let spoken = door.map(|door| door.dialect);
    let remainder = Remainder::of(&mut request);
    // The request must not be held here: routing needs it for itself.
    let handled = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    remainder.drain().await;
    let state = state.as_ref();
    let failure = match handled {
        Ok(Ok(response)) => {
            let mut response = response.map_into_boxed_body();
            mark(response.headers_mut(), trace, state);
            let status = response.status().as_u16();
            let asked = response.request();
            let told = asked.extensions();
            let caller = told.get::<Principal>().and_then(Principal::id);
            let passage = Passage {
                trace,
                method,
                status,
                started,
            };
            match told.get::<Served>() {
                Some(Served(route)) => passage.note(route, caller, requests(route, status)),
                // A route of an embedding program, or none at all.
                None => {
                    let route = asked.match_pattern();
                    let route = route.unwrap_or_else(|| UNMATCHED.to_owned());
                    let counter = counter(route.clone(), status);
                    passage.note(&route, caller, counter);
                }
            }
            drop(told);
            return Ok(response);
        }
        Ok(Err(error)) => refused_by_framework(&error),
        Err(_) => {
            error!(
                code = "internal",
                trace = trace.as_str(),
                "a handler panicked"
            );
            Code::Internal.because("a handler panicked")
        }
    };
    let mut response = match spoken {
        None => problem::problem(&failure, Some(trace.as_str())),
        Some(dialect) if failure.code() == Code::Internal => {
            report(dialect, &Reason::Unavailable.into())
        }
        Some(dialect) => report(dialect, &Reason::Invalid.into()),
    };
    mark(response.headers_mut(), trace, state);
    let status = response.status().as_u16();
    let passage = Passage {
        trace,
        method,
        status,
        started,
    };
    passage.note(UNMATCHED, None, requests(UNMATCHED, status));
    Err(InternalError::from_response(failure, response).into())
}

/// Marks an answer with what its handler did not mark it with already.
fn mark(headers: &mut HeaderMap, trace: Trace, state: Option<&Data<State>>) {
    if let (false, Ok(value)) = (
        headers.contains_key(&TRACE),
        HeaderValue::from_bytes(&trace.0),
    ) {
        headers.insert(TRACE, value);
    }
    if let (false, Some(state)) = (headers.contains_key(&SNAPSHOT), state) {
        headers.insert(SNAPSHOT, snapshot_mark(&state.gateway.world()));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // What may be kept says so itself.
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// What names `world` in a header.
pub(super) fn snapshot_mark(world: &World) -> HeaderValue {
    HeaderValue::from_maybe_shared(world.id.clone()).unwrap_or(HeaderValue::from_static(""))
}

/// What is written down of a request.
struct Passage {
    trace: Trace,
    method: &'static str,
    status: u16,
    started: Instant,
}

impl Passage {
    fn note(&self, route: &str, caller: Option<&str>, requests: Counter) {
        let Self { method, status, .. } = self;
        let elapsed = self.started.elapsed();
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let (trace, caller) = (self.trace.as_str(), caller.unwrap_or("-"));
        // Answers of success are too many to be of use one by one, and cost more to write than to give.
        if *status < 400 {
            debug!(
                trace,
                method, route, status, caller, micros, "{method} {route} {status}"
            );
        } else {
            info!(
                trace,
                method, route, status, caller, micros, "{method} {route} {status}"
            );
        }
        requests.increment(1);
        SECONDS.with(|seconds| seconds.record(elapsed.as_secs_f64()));
    }
}

thread_local! {
    /// The counters this worker has used: as many as there are routes and statuses.
    static REQUESTS: RefCell<Vec<(&'static str, u16, Counter)>> = const { RefCell::new(Vec::new()) };
    static SECONDS: Histogram = metrics::histogram!("lintas_http_request_seconds");
}

/// The counter of answers with `status` on a `route` of the table, looked up once a worker.
fn requests(route: &'static str, status: u16) -> Counter {
    REQUESTS.with_borrow_mut(|known| {
        let same =
            |(other, of, _): &&(&'static str, u16, Counter)| *other == route && *of == status;
        if let Some((.., counter)) = known.iter().find(same) {
            return counter.clone();
        }
        let new = counter(route, status);
        known.push((route, status, new.clone()));
        new
    })
}

fn counter(route: impl Into<SharedString>, status: u16) -> Counter {
    metrics::counter!("lintas_http_requests_total", "route" => route.into(), "status" => status.to_string())
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

/// The header that names a request in the log.
const TRACE: HeaderName = HeaderName::from_static("lintas-trace");
/// The header that names the snapshot an answer rests on.
pub(super) const SNAPSHOT: HeaderName = HeaderName::from_static("lintas-snapshot");
/// The route of what came to none.
const UNMATCHED: &str = "unmatched";
