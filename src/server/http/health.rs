//! Health checks, for whoever restarts or feeds this node.
//!
//! Refuses to be ready without a fresh world: a node that would answer everybody "unknown" takes no traffic.

use super::answer::failed;
use super::routes::State;
use crate::failure::Code;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

/// The process runs.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "live" }))
}

/// Every source can be read and is fresh, and there is a signer to know.
pub(super) async fn ready(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let world = state.gateway.world();
    if let Some(trouble) = world.troubles.first() {
        let reason = format!("source {}: {}", trouble.source, trouble.reason);
        return failed(&request, &Code::InputOutput.because(reason));
    }
    let now = state.gateway.clock().now();
    if let Some(source) = world
        .snapshot
        .sources()
        .iter()
        .find(|it| state.gateway.policy().is_stale(it, now))
    {
        let failure =
            Code::InputOutput.because(format!("source {} is from {}", source.id, source.as_of));
        return failed(&request, &failure);
    }
    let signers = world.snapshot.trust().signers().len();
    if signers == 0 {
        return failed(&request, &Code::InputOutput.because("no signer is known"));
    }
    let sequence = world.snapshot.sequence();
    let engine = state.gateway.judged_by();
    HttpResponse::Ok().json(json!({
        "status": "ready", "signers": signers, "sequence": sequence, "engine": engine,
    }))
}
