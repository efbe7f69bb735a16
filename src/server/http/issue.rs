//! `POST /v1/issue`: a demo credential for claims. The route exists in the demo environment only.
//!
//! Refuses callers without the scope, members it does not know, and to repeat a claim in an error.

use super::answer::answer;
use super::body::{Members, not};
use super::routes::State;
use crate::failure::Failure;
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
    let mut members = Members::of_body(request, payload, MAX_BODY).await?;
    let with_qr = match members.take("qr") {
        None => false,
        Some(Value::Bool(with_qr)) => with_qr,
        Some(_) => return Err(not("qr", "true or false")),
    };
    let claims = Claims::from_json(members.rest())?;
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

const MAX_BODY: usize = 16 * 1024;
