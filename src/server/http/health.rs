//! Health checks, for whoever restarts or feeds this node.
//!
//! Refuses to be ready without a fresh world: a node that would answer everybody "unknown" takes no traffic.

use super::answer::failed;
use super::routes::State;
use crate::failure::Code;
use crate::trust::Source;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

/// The process runs.
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "live" }))
}

/// Every pinned source can be read and is fresh, and there is a signer to know.
///
/// A foreign feed that does not answer stales its own signers alone, so it is told, and costs no traffic.
pub(super) async fn ready(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let gateway = &state.gateway;
    let world = gateway.world();
    if let Some(trouble) = world.troubles.first() {
        let reason = format!("source {}: {}", trouble.source, trouble.reason);
        return failed(&request, &Code::InputOutput.because(reason));
    }
    let now = gateway.clock().now();
    let stale = |source: &&Source| gateway.policy().is_stale(source, now);
    let (foreign, pinned): (Vec<_>, Vec<_>) = world
        .snapshot
        .sources()
        .iter()
        .partition(|source| world.foreign.contains(&source.id));
    if let Some(source) = pinned.into_iter().find(stale) {
        let failure =
            Code::InputOutput.because(format!("source {} is from {}", source.id, source.as_of));
        return failed(&request, &failure);
    }
    let signers = world.snapshot.trust().signers().len();
    if signers == 0 {
        return failed(&request, &Code::InputOutput.because("no signer is known"));
    }
    let sequence = world.snapshot.sequence();
    let engine = gateway.judged_by();
    let stale: Vec<_> = foreign
        .into_iter()
        .filter(stale)
        .map(|source| &source.id)
        .collect();
    let publisher = gateway.publisher().ok();
    let publication = publisher.map(|it| it.state().name());
    let published = publisher.and_then(|it| Some(it.edition().ok()?.sequence));
    HttpResponse::Ok().json(json!({
        "status": "ready", "signers": signers, "sequence": sequence, "engine": engine,
        "store": gateway.store_state(), "stale_feeds": stale,
        "ending": gateway.ending(),
        "publication": publication, "published": published,
    }))
}
