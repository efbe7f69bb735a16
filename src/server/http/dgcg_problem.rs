//! The form in which gateways of the EU's kind tell what was wrong: the statuses and codes that other backends know.
//!
//! Refuses to be extended by a caller's words: what it repeats of a request is named at each constructor.
//!
//! Source: eu-dgcg, sections 1.2 and 1.3.

use crate::exchange::dgcg::Dialect;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::json;

/// What was wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemReport {
    status: StatusCode,
    code: &'static str,
    problem: &'static str,
    send_value: String,
    details: String,
}

impl ProblemReport {
    /// Nobody in particular asked.
    pub fn not_authenticated(dialect: Dialect) -> Self {
        let problem = match dialect {
            Dialect::Eu => "No thumbprint or distinguish name",
            Dialect::Tng => "No authentication information available",
        };
        Self::new(StatusCode::UNAUTHORIZED, "0x400", problem)
    }

    /// The caller's certificate names no country; its `subject` is repeated.
    pub fn no_country(subject: String) -> Self {
        let problem = "Client Certificate must contain country property";
        Self {
            send_value: subject,
            ..Self::new(StatusCode::BAD_REQUEST, "0x401", problem)
        }
    }

    /// The caller's certificate is no party's.
    pub fn no_party() -> Self {
        let problem = "Client is not authorized to access the service";
        Self::new(StatusCode::UNAUTHORIZED, "0x402", problem)
    }

    /// The party lacks the role that the endpoint needs.
    pub fn no_role() -> Self {
        let problem = "Client is not authorized to access the endpoint";
        Self::new(StatusCode::FORBIDDEN, "0x403", problem)
    }

    /// A fault of ours, or a store that does not answer.
    pub fn internal() -> Self {
        let problem = "Internal Server Error";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "0x008", problem)
    }

    /// The request cannot be read.
    pub fn unreadable() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "", "Bad Request")
    }

    /// There is nothing at this address.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "", "Not Found")
    }

    /// The address has no such method.
    pub fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "", "Method Not Allowed")
    }

    /// The body is of another type than the address takes.
    pub fn unsupported_media() -> Self {
        let problem = "Unsupported Media Type";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "", problem)
    }

    /// The answer.
    pub fn response(self) -> HttpResponse {
        HttpResponse::build(self.status).json(json!({
            "code": self.code,
            "problem": self.problem,
            "sendValue": self.send_value,
            "details": self.details,
        }))
    }

    fn new(status: StatusCode, code: &'static str, problem: &'static str) -> Self {
        Self {
            status,
            code,
            problem,
            send_value: String::new(),
            details: String::new(),
        }
    }
}
