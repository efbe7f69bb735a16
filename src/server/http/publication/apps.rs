//! What verifier apps fetch: which keys there are, one key after the other, what changed, and how the app is set up.
//!
//! Refuses resume tokens that are no numbers, bodies that are no list of key identifiers, and times in other forms. All answers
//! are of the publication that is served: a signer that is in none is in none of them.
//!
//! Source: dgca-verifier-service (`/signercertificateStatus`, `/signercertificateUpdate`, `/trustedissuers`, `/context`).

use super::cached::cached_json;
use crate::codec::json as reader;
use crate::exchange::dgcg::{Dialect, write_issuer};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::files;
use crate::server::gateway::publication::Edition;
use crate::server::http::answer::{answer, failed};
use crate::server::http::body;
use crate::server::http::routes::State;
use actix_web::http::header::{self, HeaderName, HttpDate};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// The key identifiers of all signers, in the order of their numbers.
pub(in crate::server::http) async fn kids(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    let kids = edition(&state).map(|edition| {
        let kids = edition.signers.iter().map(|it| it.kid.as_str());
        json!(kids.collect::<Vec<_>>())
    });
    answer(&request, kids)
}

/// The signer after the one whose number the caller names; nothing where that was the last.
pub(in crate::server::http) async fn update(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    let next = edition(&state).and_then(|edition| {
        let token = token(&request)?;
        let next = edition.signers.iter().find(|it| it.id > token);
        Ok(next.cloned())
    });
    match next {
        Ok(Some(signer)) => HttpResponse::Ok()
            .insert_header((RESUME, signer.id.to_string()))
            .insert_header((KID, signer.kid))
            .content_type("text/plain; charset=utf-8")
            .body(signer.certificate),
        Ok(None) => HttpResponse::NoContent().finish(),
        Err(failure) => failed(&request, &failure),
    }
}

/// The signers that the caller names by their key identifiers, by country.
pub(in crate::server::http) async fn several(
    request: HttpRequest,
    state: web::Data<State>,
    payload: web::Payload,
) -> HttpResponse {
    let wanted = wanted(&request, payload).await;
    let found = wanted.and_then(|wanted| {
        let edition = edition(&state)?;
        let mut countries = Map::new();
        let found = edition.signers.iter().filter(|it| wanted.contains(&it.kid));
        for signer in found {
            let country = countries.entry(signer.country.to_string());
            if let Value::Array(rows) = country.or_insert_with(|| json!([])) {
                rows.push(json!({ "kid": signer.kid, "rawData": signer.certificate }));
            }
        }
        Ok(Value::Object(countries))
    });
    answer(&request, found)
}

/// What came and what went since the time in `If-Modified-Since`; everything where there is none.
pub(in crate::server::http) async fn delta(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    let changes = edition(&state).and_then(|edition| {
        // A node serves a publication a little later than it was made.
        let since = since(&request)?.map(|at| at.plus(-LATE_S));
        let counts = |at: UnixTime| since.is_none_or(|since| at >= since);
        let updated = edition.signers.iter().filter(|it| counts(it.since));
        let updated: Vec<_> = updated.map(|it| it.kid.as_str()).collect();
        let standing: HashSet<_> = edition.signers.iter().map(|it| it.kid.as_str()).collect();
        let deleted = edition.gone.iter().filter(|(_, at)| counts(*at));
        let deleted = deleted.map(|(kid, _)| kid.as_str());
        let deleted: Vec<_> = deleted.filter(|kid| !standing.contains(kid)).collect();
        Ok(json!({ "updated": updated, "deleted": deleted }))
    });
    answer(&request, changes)
}

/// Where else countries publish keys, as our trust anchor signed it.
pub(in crate::server::http) async fn issuers(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    let hub = state.gateway.hub();
    let rows = hub.issuers(Dialect::Eu).map(|issuer| {
        let mut row = write_issuer(&issuer);
        if let Some(members) = row.as_object_mut() {
            // Apps of this service know neither.
            for name in ["domain", "uuid"] {
                members.shift_remove(name);
            }
        }
        row
    });
    let body = Value::Array(rows.collect()).to_string();
    json_cached(&request, body)
}

/// How a verifier app is set up: the operator's file, or what follows from where this gateway is.
pub(in crate::server::http) async fn context(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    let gateway = Arc::clone(&state.gateway);
    let text = web::block(move || {
        let path = gateway.data().join("context.json");
        let publisher = gateway.publisher()?;
        match files::read_guarded(&path)? {
            Some(bytes) => own_context(&bytes),
            None => Ok(usual_context(publisher.host(), publisher.contact()).to_string()),
        }
    });
    let text = text
        .await
        .map_err(|error| Code::Internal.caused_by("nothing was read", error))
        .and_then(|text| text);
    match text {
        Ok(body) => json_cached(&request, body),
        Err(failure) => failed(&request, &failure),
    }
}

/// The operator's file, byte for byte, if it is a JSON object.
fn own_context(bytes: &[u8]) -> Result<String, Failure> {
    let invalid = || Code::ConfigurationInvalid.because("context.json is no JSON object");
    let document = reader::read(bytes, MAX_VALUES).map_err(|_| invalid())?;
    let text = std::str::from_utf8(bytes).ok();
    text.filter(|_| document.is_object())
        .map(str::to_owned)
        .ok_or_else(invalid)
}

fn usual_context(host: &str, contact: Option<&str>) -> Value {
    let at = |path: &str| json!({ "url": format!("https://{host}{path}"), "pubKeys": [] });
    let privacy = contact.filter(|it| it.starts_with("https://"));
    json!({
        "origin": host,
        "versions": {
            "default": {
                "privacyUrl": privacy.unwrap_or_default(),
                "context": at("/context"),
                "endpoints": {
                    "status": at("/signercertificateStatus"),
                    "update": at("/signercertificateUpdate"),
                    "countryList": at("/countrylist"),
                    "rules": at("/rules"),
                    "valuesets": at("/valuesets"),
                },
            },
        },
    })
}

fn json_cached(request: &HttpRequest, body: String) -> HttpResponse {
    cached_json(request, body, |_| {})
}

fn edition(state: &State) -> Result<Arc<Edition>, Failure> {
    state.gateway.publisher()?.edition()
}

/// The number after which the caller goes on; 0 where it begins.
fn token(request: &HttpRequest) -> Result<u64, Failure> {
    let invalid = || Code::RequestInvalid.because("X-RESUME-TOKEN is no number");
    let Some(value) = request.headers().get(&RESUME) else {
        return Ok(0);
    };
    let text = value.to_str().map_err(|_| invalid())?.trim();
    if text.is_empty() {
        return Ok(0);
    }
    let number = text.parse::<i64>().map_err(|_| invalid())?;
    // Whoever is before the first begins.
    Ok(u64::try_from(number).unwrap_or_default())
}

/// The time in `If-Modified-Since`, ISO 8601 or as HTTP writes it.
pub(super) fn since(request: &HttpRequest) -> Result<Option<UnixTime>, Failure> {
    let invalid = || Code::RequestInvalid.because("If-Modified-Since is no time");
    let Some(value) = request.headers().get(header::IF_MODIFIED_SINCE) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| invalid())?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(at) = UnixTime::parse(text) {
        return Ok(Some(at));
    }
    let date: HttpDate = text.parse().map_err(|_| invalid())?;
    let date = std::time::SystemTime::from(date);
    let seconds = date.duration_since(UNIX_EPOCH).map_err(|_| invalid())?;
    let seconds = i64::try_from(seconds.as_secs()).map_err(|_| invalid())?;
    UnixTime::from_seconds(seconds)
        .map(Some)
        .ok_or_else(invalid)
}

/// The key identifiers in the body.
async fn wanted(request: &HttpRequest, payload: web::Payload) -> Result<HashSet<String>, Failure> {
    if !body::is_of_type(request, body::JSON) {
        return Err(Code::MediaTypeUnsupported.because("send application/json"));
    }
    let bytes = body::read(request, payload, MAX_BODY).await?;
    let Value::Array(kids) = reader::read(&bytes, MAX_VALUES)? else {
        return Err(Code::RequestInvalid.because("the body is no list"));
    };
    let kids = kids.into_iter().map(|kid| match kid {
        Value::String(kid) => Ok(kid),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(Code::RequestInvalid.because("a key identifier that is no text"))
        }
    });
    kids.collect()
}

const RESUME: HeaderName = HeaderName::from_static("x-resume-token");
const KID: HeaderName = HeaderName::from_static("x-kid");
const MAX_BODY: usize = 1024 * 1024;
const MAX_VALUES: usize = 20_001;
/// How much later than its time a publication may come into force on a node.
pub(super) const LATE_S: i64 = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_token_is_a_number_or_nothing() {
        let read = |text: &str| {
            let request = TestRequest::default().insert_header((RESUME, text));
            token(&request.to_http_request()).map_err(|failure| failure.code())
        };
        assert_eq!(token(&TestRequest::default().to_http_request()).unwrap(), 0);
        for (text, number) in [("", 0), (" 7 ", 7), ("-1", 0)] {
            assert_eq!(read(text), Ok(number), "{text}");
        }
        for odd in ["a", "1.5", "99999999999999999999"] {
            assert_eq!(read(odd), Err(Code::RequestInvalid), "{odd}");
        }
    }

    #[test]
    fn times_are_read_in_both_forms() {
        let read = |text: &str| {
            let request = TestRequest::default().insert_header((header::IF_MODIFIED_SINCE, text));
            let at = since(&request.to_http_request()).map_err(|failure| failure.code())?;
            Ok(at.map(UnixTime::seconds))
        };
        let expected = Ok(Some(1_781_481_600));
        for text in [
            "2026-06-15T00:00:00Z",
            "2026-06-15T02:00:00+02:00",
            "Mon, 15 Jun 2026 00:00:00 GMT",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("yesterday"), Err(Code::RequestInvalid));
    }
}
