//! `Idempotency-Key`: what a caller sends again under its key is answered again, and done once.
//!
//! Refuses what is no key, and a key that came with another request. What was refused did nothing, so nothing is kept of it and the
//! same again is a new attempt; so it is where the program ended between the work and the answer, or the answer was too large.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header-07; RFC 9651, section 3.3.3 (strings).

use super::answer::failed;
use super::auth::Principal;
use super::body;
use super::problem;
use super::routes::State;
use crate::codec::field;
use crate::failure::{Code, Failure};
use crate::issue::event::rows;
use crate::server::gateway::Gateway;
use crate::server::gateway::issuing::{Keyed, Once, Submitter};
use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes, Data};
use actix_web::{Error, HttpMessage};
use futures_util::stream;
use std::future::ready;
use std::sync::Arc;

/// Wraps a changing route. Without a key it changes nothing.
///
/// # Errors
/// Those of the handler.
pub(super) async fn once(
    route: &'static str,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !request.headers().contains_key(&KEY) {
        let answered = next.call(request).await;
        return answered.map(ServiceResponse::map_into_boxed_body);
    }
    // It goes on where the caller hangs up, so that the answer is kept for when it asks again.
    let done = actix_web::rt::spawn(done_once(route, request, next)).await;
    done.map_err(ErrorInternalServerError)?
}

async fn done_once(
    route: &'static str,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let gateway = request.app_data::<Data<State>>();
    let gateway = gateway.map(|state| Arc::clone(&state.gateway));
    let begun = match gateway {
        Some(gateway) => begin(&gateway, route, &mut request)
            .await
            .map(|once| (gateway, once)),
        None => Err(Code::Internal.because("a route without a gateway")),
    };
    let again = match begun {
        Ok((gateway, Once::First(attempt))) => {
            let answered = read(next.call(request).await).await;
            let kept = answered.as_ref().ok().and_then(|(answer, body)| {
                let done = answer.status().is_success();
                done.then_some((answer.status().as_u16(), &**body))
            });
            gateway.end_once(&attempt, kept).await;
            return answered.map(|(answer, _)| answer);
        }
        Ok((_, Once::Again(answer))) => problem::answered(answer.status, answer.body.to_vec()),
        Err(failure) => Err(failure),
    };
    let answer = again.unwrap_or_else(|failure| failed(request.request(), &failure));
    Ok(request.into_response(answer))
}

/// `answered`, with its body read.
async fn read(
    answered: Result<ServiceResponse<impl MessageBody + 'static>, Error>,
) -> Result<(ServiceResponse<BoxBody>, Bytes), Error> {
    let (request, response) = answered?.map_into_boxed_body().into_parts();
    let (head, body) = response.into_parts();
    let body = to_bytes(body).await.map_err(ErrorInternalServerError)?;
    let response = head.set_body(BoxBody::new(body.clone()));
    Ok((ServiceResponse::new(request, response), body))
}

/// Reads the request, which the handler can read again.
async fn begin(
    gateway: &Arc<Gateway>,
    route: &'static str,
    request: &mut ServiceRequest,
) -> Result<Once, Failure> {
    let key = key(request.headers())?;
    let caller = caller(request)?;
    let unreadable = |_| Code::RequestInvalid.because("the body broke off");
    let payload = request.extract::<web::Payload>().await;
    let payload = payload.map_err(unreadable)?;
    let body = body::read(request.request(), payload, MAX_BODY).await?;
    let stated = request.headers().get(CONTENT_TYPE);
    let said: [&[u8]; 4] = [
        request.path().as_bytes(),
        request.query_string().as_bytes(),
        stated.map_or(&[], |it| it.as_bytes()),
        &body,
    ];
    let keyed = Keyed {
        caller: &caller,
        route,
        key: &key,
        said: &said,
    };
    let begun = gateway.begin_once(&keyed).await?;
    request.set_payload(Payload::Stream {
        payload: Box::pin(stream::once(ready(Ok(body)))),
    });
    Ok(begun)
}

/// Who asks, in which roles: whoever has others is somebody else, and so is who has got another certificate.
fn caller(request: &ServiceRequest) -> Result<String, Failure> {
    let told = request.extensions();
    if let Some(submitter) = told.get::<Submitter>() {
        let (id, certificate) = (submitter.id(), submitter.operator().fingerprint);
        let roles: Vec<_> = submitter.roles().map(|role| role.name()).collect();
        return Ok(format!("operator {id} {certificate} {}", roles.join(",")));
    }
    let id = told.get::<Principal>().and_then(Principal::id);
    let nobody = || Code::Unauthenticated.because("a key needs a known caller");
    id.map(|id| format!("client {id}")).ok_or_else(nobody)
}

/// The one key in `headers`: a string of structured fields, or the same without its quotes.
fn key(headers: &HeaderMap) -> Result<Bytes, Failure> {
    let mut values = headers.get_all(&KEY);
    let (first, second) = (values.next(), values.next());
    let value = first.filter(|_| second.is_none());
    let key = value.and_then(|value| field::string(value.as_bytes()));
    let odd = || {
        let reason =
            format!("Idempotency-Key is one string of 1 to {MAX_KEY} printable characters");
        Code::RequestInvalid
            .because(reason)
            .about("Idempotency-Key")
    };
    let fits = |key: &Vec<u8>| (1..=MAX_KEY).contains(&key.len());
    key.filter(fits).map(Bytes::from).ok_or_else(odd)
}

/// The header.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Characters of a key.
const MAX_KEY: usize = 128;
/// The ceiling of a body: that of the route which takes most. Each route has one of its own besides.
const MAX_BODY: usize = rows::MAX_REQUEST;

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn key_in(values: &[&str]) -> Option<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(KEY, HeaderValue::from_str(value).unwrap());
        }
        key(&headers).ok().map(|key| key.to_vec())
    }

    #[test]
    fn a_key_stands_once_and_is_neither_empty_nor_long() {
        let longest = "k".repeat(MAX_KEY);
        assert_eq!(key_in(&[&longest]).unwrap().len(), MAX_KEY);
        assert_eq!(key_in(&["\"a b\""]).unwrap(), b"a b");
        for odd in ["", "\"\"", "a b", &"k".repeat(MAX_KEY + 1)] {
            assert_eq!(key_in(&[odd]), None, "{odd}");
        }
        assert_eq!(key_in(&["a", "a"]), None);
        assert_eq!(key_in(&[]), None);
    }
}
