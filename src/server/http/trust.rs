//! `GET /v1/trust`: the signers in force.
//!
//! Refuses nothing: who may sign is public.

use super::answer::answer;
use super::routes::State;
use crate::crypto::Algorithm;
use crate::model::Purpose;
use crate::trust::Dsc;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// The handler.
pub(super) async fn signers(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let world = state.gateway.world();
    let snapshot = &world.snapshot;
    let sources = snapshot.sources().iter().map(|source| {
        json!({
            "id": source.id,
            "as_of": source.as_of.to_string(),
            "readable": !world.unreadable.contains(&source.id),
            "refused": world.report.refused.iter().filter(|refusal| refusal.source == source.id).count(),
        })
    });
    let body = json!({
        "environment": snapshot.environment().name(),
        "snapshot": {
            "id": snapshot.id().to_string(),
            "sequence": snapshot.sequence(),
            "as_of": snapshot.as_of().map(|at| at.to_string()),
        },
        "sources": sources.collect::<Vec<_>>(),
        "signers": snapshot.trust().signers().iter().map(|dsc| signer(dsc)).collect::<Vec<_>>(),
    });
    answer(&request, Ok(body))
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
        "source": dsc.source,
        "assurance": dsc.assurance.name(),
    })
}
