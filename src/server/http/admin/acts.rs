//! What changes something: asking for an act, deciding on one, having a feed asked.
//!
//! Refuses members that are not known, and bodies over their ceiling.

use super::{caller, view};
use crate::failure::{Code, Failure};
use crate::server::gateway::registry::Act;
use crate::server::http::answer::{answer, failed};
use crate::server::http::body::{Members, not};
use crate::server::http::routes::State;
use crate::server::http::work::to_the_end;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::sync::Arc;

/// `POST /admin/v1/requests`: an act, which then waits for an approval.
pub(super) async fn ask_for(
    request: HttpRequest,
    state: web::Data<State>,
    body: web::Payload,
) -> HttpResponse {
    let asked = async {
        let act = Members::of_body(&request, body, MAX_ACT).await?.rest();
        let (who, act) = (caller(&request)?, Act::parse(act)?);
        let gateway = Arc::clone(&state.gateway);
        to_the_end(async move { gateway.ask_for(&who, act).await }).await
    };
    match asked.await {
        Ok(asked) => HttpResponse::Created().json(json!({
            "id": asked.id,
            "hash": asked.hash(),
            "preview": asked.preview,
            "expires": asked.expires_at().to_string(),
        })),
        Err(failure) => failed(&request, &failure),
    }
}

/// `POST /admin/v1/requests/{id}/approve`: the second operator's signature.
pub(super) async fn approve(
    request: HttpRequest,
    state: web::Data<State>,
    id: web::Path<String>,
    body: web::Payload,
) -> HttpResponse {
    let approved = async {
        let mut members = Members::of_body(&request, body, MAX_DECISION).await?;
        let signature = needed(&mut members, "signature")?;
        members.finish()?;
        let signature = BASE64_STANDARD.decode(signature);
        let signature = signature.map_err(|_| not("signature", "Base64"))?;
        let (who, id) = (caller(&request)?, id.into_inner());
        let gateway = Arc::clone(&state.gateway);
        to_the_end(async move { gateway.approve(&who, &id, &signature).await }).await
    };
    answer(&request, approved.await.map(|done| view::done(&done)))
}

/// `POST /admin/v1/requests/{id}/refuse`.
pub(super) async fn refuse(
    request: HttpRequest,
    state: web::Data<State>,
    id: web::Path<String>,
    body: web::Payload,
) -> HttpResponse {
    let refused = async {
        let mut members = Members::of_body(&request, body, MAX_DECISION).await?;
        let reason = needed(&mut members, "reason")?;
        members.finish()?;
        let (who, id) = (caller(&request)?, id.into_inner());
        let gateway = Arc::clone(&state.gateway);
        to_the_end(async move {
            gateway.refuse(&who, &id, &reason).await?;
            Ok(json!({ "id": id, "state": "refused" }))
        })
        .await
    };
    answer(&request, refused.await)
}

/// `POST /admin/v1/feeds/{id}/sync`: what a feed answers now.
pub(super) async fn sync(
    request: HttpRequest,
    state: web::Data<State>,
    id: web::Path<String>,
) -> HttpResponse {
    let asked: Result<Value, Failure> = async {
        let (who, id) = (caller(&request)?, id.into_inner());
        let gateway = Arc::clone(&state.gateway);
        let kept = to_the_end(async move { gateway.ask_feed_now(&who, &id).await }).await?;
        Ok(view::synchronised(&kept))
    }
    .await;
    answer(&request, asked)
}

fn needed(members: &mut Members, name: &str) -> Result<String, Failure> {
    let missing = || {
        let reason = format!("member `{name}` is missing");
        Code::RequestInvalid.because(reason).about(name)
    };
    members.take_text(name)?.ok_or_else(missing)
}

/// Bytes of an act: 32 certificates with their messages, or a policy set in Base64.
const MAX_ACT: usize = 1024 * 1024;
const MAX_DECISION: usize = 8 * 1024;
