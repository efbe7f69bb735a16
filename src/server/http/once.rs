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
            let answered = next.call(request).await?.map_into_boxed_body();
            let kept = answered.status().is_success();
            let (request, response) = answered.into_parts();
            let (head, body) = response.into_parts();
            let body = to_bytes(body).await.map_err(ErrorInternalServerError)?;
            let answer = kept.then_some((head.status().as_u16(), &*body));
            gateway.end_once(&attempt, answer).await;
            let response = head.set_body(BoxBody::new(body));
            return Ok(ServiceResponse::new(request, response));
        }
        Ok((_, Once::Again(answer))) => problem::answered(answer.status, answer.body.to_vec()),
        Err(failure) => Err(failure),
    };
    let answer = again.unwrap_or_else(|failure| failed(request.request(), &failure));
    Ok(request.into_response(answer))
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
    let key = value.and_then(|value| unquoted(value.as_bytes()));
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

/// The printable characters that `value` stands for.
fn unquoted(value: &[u8]) -> Option<Vec<u8>> {
    if !value.iter().all(|it| (b' '..=b'~').contains(it)) {
        return None;
    }
    let Some(quoted) = value.strip_prefix(b"\"") else {
        let bare = !value.iter().any(|it| b" \"\\,;".contains(it));
        return bare.then(|| value.to_vec());
    };
    let mut rest = quoted.strip_suffix(b"\"")?.iter();
    let mut key = Vec::new();
    while let Some(byte) = rest.next() {
        key.push(match byte {
            b'"' => return None,
            b'\\' => *rest.next().filter(|it| b"\"\\".contains(it))?,
            byte => *byte,
        });
    }
    Some(key)
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

    fn read(values: &[&str]) -> Option<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(KEY, HeaderValue::from_str(value).unwrap());
        }
        key(&headers).ok().map(|key| key.to_vec())
    }

    #[test]
    fn a_key_is_read_with_and_without_quotes() {
        for (value, key) in [
            ("8e03978e-40d5", "8e03978e-40d5"),
            ("\"8e03978e-40d5\"", "8e03978e-40d5"),
            ("\"a b\"", "a b"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
        ] {
            assert_eq!(read(&[value]).as_deref(), Some(key.as_bytes()), "{value}");
        }
        let longest = "k".repeat(MAX_KEY);
        assert_eq!(read(&[&longest]).unwrap().len(), MAX_KEY);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "k".repeat(MAX_KEY + 1);
        for value in [
            "", "\"\"", "\"", "\"a", "a\"", "a b", "a,b", "a;b=1", "\"a\"b\"", "\"a\";b",
            r#""a\b""#, r#""a\""#, "é", &long,
        ] {
            assert_eq!(read(&[value]), None, "{value}");
        }
        assert_eq!(read(&["a", "a"]), None);
        assert_eq!(read(&[]), None);
    }
}
