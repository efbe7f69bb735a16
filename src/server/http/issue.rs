//! `POST /v1/issue`: a demo credential for claims. The route exists in the demo environment only.
//!
//! Refuses callers without the scope, members it does not know, and to repeat a claim in an error.

use super::answer::answer;
use super::auth::{Scope, principal};
use super::body::{Members, not, printable};
use super::routes::State;
use crate::failure::{Code, Failure};
use crate::issue::{self, Claims};
use crate::server::gateway::IssueRequest;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// The handler.
pub(super) async fn issue(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    let result = credential(&request, payload, &state).await;
    answer(&request, result)
}

async fn credential(
    request: &HttpRequest,
    payload: web::Payload,
    state: &State,
) -> Result<Value, Failure> {
    principal(request, state)?.demand(Scope::Issue)?;
    let mut members = Members::of_body(request, payload, MAX_BODY).await?;
    let with_qr = match members.take("qr") {
        None => false,
        Some(Value::Bool(with_qr)) => with_qr,
        Some(_) => return Err(not("qr", "true or false")),
    };
    let claims = claims(members.rest())?;
    let credential = state.gateway.issue(&IssueRequest { claims })?;
    let mut body = json!({
        "credential": credential.text,
        "issued_at": credential.issued_at.to_string(),
        "expires_at": credential.expires_at.to_string(),
    });
    if let (true, Some(members)) = (with_qr, body.as_object_mut()) {
        members.insert("qr_svg".into(), json!(issue::svg(&credential.text)?));
    }
    Ok(body)
}

/// The claims in `value`; a parser's own words may quote a claim, so only a member's name is taken from them.
fn claims(value: Value) -> Result<Claims, Failure> {
    serde_json::from_value(value).map_err(|error| {
        let words = error.to_string();
        let quoted = words.split('`').nth(1).map(printable).unwrap_or_default();
        let about_members =
            words.starts_with("unknown field") || words.starts_with("missing field");
        let reason = if about_members {
            format!(
                "member `{quoted}` is {}",
                if words.starts_with("missing") {
                    "missing"
                } else {
                    "not known"
                }
            )
        } else {
            "the claims are not of the documented shape".to_owned()
        };
        Code::RequestInvalid.because(reason)
    })
}

const MAX_BODY: usize = 16 * 1024;
