//! Value sets, byte for byte as they are kept.
//!
//! Refuses names that nothing has.
//!
//! Source: EU DGCG, `GET /valuesets`, `GET /valuesets/{id}`.

use super::asked::{Asked, json};
use crate::server::gateway::hub::{Reason, Refused};
use actix_web::HttpResponse;
use actix_web::web::Path;

/// `GET /valuesets`.
pub(super) async fn list(asked: Asked) -> HttpResponse {
    let gateway = asked.gateway().clone();
    let ids = asked.apart(move || gateway.value_set_ids()).await;
    asked.answer(ids.map(|ids| HttpResponse::Ok().json(ids)))
}

/// `GET /valuesets/{id}`.
pub(super) async fn one(asked: Asked, path: Path<String>) -> HttpResponse {
    let id = path.into_inner();
    let (gateway, name) = (asked.gateway().clone(), id.clone());
    let found = asked.apart(move || gateway.value_set(&name)).await;
    let missing = || {
        let shown: String = id
            .chars()
            .filter(|it| !it.is_control())
            .take(MAX_SHOWN)
            .collect();
        Refused::from(Reason::ValueSetMissing).sent(format!("Requested valueset id {shown}"))
    };
    let result = found.and_then(|it| it.ok_or_else(missing));
    asked.answer(result.map(|it| json(it.to_vec())))
}

/// Characters of a name that are told back.
const MAX_SHOWN: usize = 100;
