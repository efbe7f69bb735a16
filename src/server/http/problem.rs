//! From a failure to an HTTP answer: the only place where a class becomes a status.
//!
//! Refuses to show a cause: the caller sees code and detail, the log sees the rest.
//!
//! Source: RFC 9457 (problem details).

use crate::failure::{Class, Code, Failure};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use serde_json::{Map, Value, json};

/// The status of a failure with this code.
fn status(code: Code) -> StatusCode {
    // The gateway is well, and this caller alone has to wait.
    if code == Code::RateLimited {
        return StatusCode::TOO_MANY_REQUESTS;
    }
    if code == Code::IdempotencyRunning {
        return StatusCode::CONFLICT;
    }
    if code == Code::PreconditionFailed {
        return StatusCode::PRECONDITION_FAILED;
    }
    match code.class() {
        Class::Malformed => StatusCode::BAD_REQUEST,
        Class::Unauthenticated => StatusCode::UNAUTHORIZED,
        Class::Forbidden => StatusCode::FORBIDDEN,
        Class::NotFound => StatusCode::NOT_FOUND,
        Class::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Class::Timeout => StatusCode::REQUEST_TIMEOUT,
        Class::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Class::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Class::Rejected => StatusCode::UNPROCESSABLE_ENTITY,
        Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Class::Indeterminate | Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// `failure` as problem details.
pub(super) fn problem(failure: &Failure, trace: Option<&str>) -> HttpResponse {
    let code = failure.code();
    let status = status(code);
    let mut answer = HttpResponse::build(status);
    answer.content_type("application/problem+json");
    if code.class() == Class::Unauthenticated {
        answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    if let Some(seconds) = retry_after_s(failure) {
        answer.insert_header((header::RETRY_AFTER, seconds));
    }
    answer.json(details(failure, trace))
}

/// The JSON `body` with the status number `status`, as it was answered before.
///
/// # Errors
/// `internal` where there is no such status.
pub(super) fn answered(status: u16, body: Vec<u8>) -> Result<HttpResponse, Failure> {
    let status = StatusCode::from_u16(status)
        .map_err(|error| Code::Internal.caused_by("no status of an answer", error))?;
    let mut answer = HttpResponse::build(status);
    Ok(answer.content_type("application/json").body(body))
}

/// After how many seconds to ask again, where asking again makes sense.
fn retry_after_s(failure: &Failure) -> Option<u32> {
    let waits = matches!(
        failure.code().class(),
        Class::Indeterminate | Class::Unavailable
    );
    failure
        .retry_after_s()
        .or_else(|| waits.then_some(RETRY_AFTER_S))
}

/// The members of problem details, where they stand in another answer or are one.
pub(super) fn details(failure: &Failure, trace: Option<&str>) -> Map<String, Value> {
    let code = failure.code();
    let status = status(code);
    // A fault of ours is told by its code alone.
    let detail = if code.class() == Class::Internal {
        code.sentence()
    } else {
        failure.detail()
    };
    let mut members = Map::new();
    members.insert("type".into(), json!(format!("/codes/{code}")));
    members.insert("title".into(), json!(code.sentence()));
    members.insert("status".into(), json!(status.as_u16()));
    members.insert("code".into(), json!(code.name()));
    members.insert("detail".into(), json!(detail));
    members.insert("trace".into(), json!(trace));
    if let Some(member) = failure.member() {
        members.insert("member".into(), json!(member));
    }
    if let Some(seconds) = retry_after_s(failure) {
        members.insert("retry_after".into(), json!(seconds));
    }
    members
}

const RETRY_AFTER_S: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;

    #[test]
    fn every_code_has_an_error_status() {
        for code in Code::ALL {
            let status = status(*code);
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{code}"
            );
        }
    }

    #[test]
    fn a_fault_of_ours_shows_no_detail() {
        let answer = problem(&Code::Internal.because("the secret path"), None);
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = answer.into_body().try_into_bytes().unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["detail"], Code::Internal.sentence());
    }
}
