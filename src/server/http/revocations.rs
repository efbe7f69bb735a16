//! Withdrawing certificates that were issued here, for an operator whoever vouches for them: their TLS certificate, or a token.
//!
//! Refuses members that are not known, and to repeat a text, an identifier or a name in an answer.

use super::answer::failed;
use super::body::{Members, not};
use super::events::submitter;
use super::routes::State;
use super::work::to_the_end;
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, Uvci};
use crate::revocation::RevocationHash;
use crate::server::gateway::Gateway;
use crate::server::gateway::registry::OperatorRole;
use crate::server::gateway::withdrawal::{Reason, Selection, Withdrawn};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::sync::Arc;

/// `POST /v1/revocations`, by a token.
pub(super) async fn withdraw(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    let who = submitter(&request).and_then(|submitter| {
        submitter.demand(OperatorRole::Revoke)?;
        Ok(submitter.operator().fingerprint)
    });
    match who {
        Ok(who) => withdraw_as(&request, payload, &state, who).await,
        Err(failure) => failed(&request, &failure),
    }
}

/// What the body of `request` asks for, done as the operator with the certificate `who`.
///
/// The body: `{"selector": {...}, "reason": "...", "preview": true}`; in the selector `uvci`, `qr` (a QR text), `hashes`,
/// `operator`, `submitted_by`, `facility`, `lot`, `batch`, `kid`, `from`, `to`.
pub(super) async fn withdraw_as(
    request: &HttpRequest,
    payload: web::Payload,
    state: &State,
    who: Thumbprint,
) -> HttpResponse {
    let done: Result<(u16, Value), Failure> = async {
        let mut members = Members::of_body(request, payload, MAX_BODY).await?;
        let missing = || {
            Code::RequestInvalid
                .because("member `selector` is missing")
                .about("selector")
        };
        let selector = members.take("selector").ok_or_else(missing)?;
        let preview = match members.take("preview") {
            None => false,
            Some(Value::Bool(preview)) => preview,
            Some(_) => return Err(not("preview", "true or false")),
        };
        let reason = members.take_text("reason")?;
        members.finish()?;
        let gateway = &state.gateway;
        let selection = selection(gateway, selector)?;
        if preview {
            return Ok((200, gateway.preview_withdrawal(&who, &selection).await?));
        }
        let reason = reason.as_deref().and_then(Reason::parse);
        let reason = reason.ok_or_else(|| not("reason", "a reason that operators may give"))?;
        let gateway = Arc::clone(gateway);
        let done = to_the_end(async move { gateway.withdraw(&who, &selection, reason).await });
        Ok(shown(&done.await?, "withdrawn"))
    }
    .await;
    told(request, done)
}

/// The withdrawal `id` taken back, as the operator with the certificate `who`.
pub(super) async fn reinstate_as(
    request: &HttpRequest,
    state: &State,
    id: String,
    who: Thumbprint,
) -> HttpResponse {
    let gateway = Arc::clone(&state.gateway);
    let done = to_the_end(async move { gateway.reinstate(&who, &id).await }).await;
    told(request, done.map(|done| shown(&done, "reinstated")))
}

fn told(request: &HttpRequest, done: Result<(u16, Value), Failure>) -> HttpResponse {
    match done {
        Ok((202, body)) => HttpResponse::Accepted().json(body),
        Ok((_, body)) => HttpResponse::Ok().json(body),
        Err(failure) => failed(request, &failure),
    }
}

/// The status and the body of what asking came to.
fn shown(done: &Withdrawn, what: &str) -> (u16, Value) {
    match done {
        Withdrawn::Done { id, certificates } => (
            200,
            json!({ "state": what, "id": id, "certificates": certificates }),
        ),
        Withdrawn::Asked(request) => (
            202,
            json!({
                "state": "waits",
                "id": request.id,
                "hash": request.hash(),
                "preview": request.preview,
                "expires": request.expires_at().to_string(),
            }),
        ),
    }
}

/// The selection in `value`; an identifier and a QR text become hashes here.
fn selection(gateway: &Gateway, value: Value) -> Result<Selection, Failure> {
    let mut members = Members::of_value("selector", value)?;
    let mut hashes: Vec<RevocationHash> = Vec::new();
    if let Some(uvci) = members.take_text("uvci")? {
        let uvci = Uvci::parse(&uvci).ok_or_else(|| not("uvci", "an identifier"))?;
        hashes.push(RevocationHash::of_uci(&uvci));
    }
    if let Some(text) = members.take_text("qr")? {
        hashes.push(gateway.signature_hash_of(&text)?);
    }
    if hashes.len() > 1 {
        return Err(Code::RequestInvalid
            .because("give either `uvci` or `qr`")
            .about("selector"));
    }
    let rest = members.rest();
    if hashes.is_empty() {
        return Selection::parse(rest);
    }
    // Nothing else may be given beside them.
    Members::of_value("selector", rest)?.finish()?;
    Ok(Selection::of_hashes(hashes))
}

const MAX_BODY: usize = 64 * 1024;
