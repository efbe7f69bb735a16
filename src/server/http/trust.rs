//! `GET /v1/trust`: the signers in force.
//!
//! Refuses nothing: who may sign is public.

use super::routes::State;
use crate::crypto::Algorithm;
use crate::model::Purpose;
use crate::server::gateway::World;
use crate::trust::Dsc;
use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

/// The handler. The list is written once a snapshot, however many ask for it.
pub(super) async fn signers(state: web::Data<State>) -> HttpResponse {
    let world = state.gateway.world();
    let body = world
        .public_list
        .get_or_init(|| list(&world).to_string().into())
        .clone();
    HttpResponse::Ok()
        .content_type("application/json")
        .body(body)
}

/// The signers in force, and how every source stands.
pub(crate) fn list(world: &World) -> Value {
    let snapshot = &world.snapshot;
    let sources = snapshot.sources().iter().map(|source| {
        let refused = world
            .report
            .refused
            .iter()
            .filter(|refusal| refusal.source == source.id);
        json!({
            "id": source.id,
            "as_of": source.as_of.to_string(),
            "readable": !world.troubles.iter().any(|it| it.source == source.id),
            "refused": refused.count(),
        })
    });
    json!({
        "environment": snapshot.environment().name(),
        "snapshot": {
            "id": snapshot.id().to_string(),
            "sequence": snapshot.sequence(),
            "as_of": snapshot.as_of().map(|at| at.to_string()),
        },
        "sources": sources.collect::<Vec<_>>(),
        "signers": snapshot.trust().signers().iter().map(|dsc| signer(dsc)).collect::<Vec<_>>(),
    })
}

fn signer(dsc: &Dsc) -> Value {
    let (algorithm, unusable) = match &dsc.key {
        Ok(key) => (Some(Algorithm::name(key.algorithm())), None),
        Err(code) => (None, Some(code.name())),
    };
    let purposes = dsc.purposes.restriction();
    json!({
        "kid": dsc.kid.to_string(),
        "countries": dsc.countries.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "algorithm": algorithm,
        "unusable": unusable,
        "not_before": dsc.validity.not_before.to_string(),
        "not_after": dsc.validity.not_after.to_string(),
        "purposes": purposes.map(|it| it.iter().map(|purpose| Purpose::name(*purpose)).collect::<Vec<_>>()),
        "thumbprint": dsc.thumbprint.to_string(),
        "sources": dsc.sources,
        "assurance": dsc.assurance.name(),
    })
}
