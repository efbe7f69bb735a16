//! `GET /v1/bundle`: which bundle is the newest and where it is; the bundle itself, and what follows an earlier one, at addresses
//! that never change.
//!
//! Refuses names of bundles that are not the newest: whoever has an older one asks for what follows it.
//!
//! Source: RFC 8246 (immutable).

use super::cached::{Lasting, cached, cached_json};
use crate::failure::{Code, Failure};
use crate::model::Thumbprint;
use crate::server::gateway::bundles::Pressed;
use crate::server::http::answer::failed;
use crate::server::http::routes::State;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use std::sync::Arc;

/// Which is the newest, and where.
pub(in crate::server::http) async fn newest(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    let described = state.gateway.bundle().and_then(|newest| {
        let press = state.gateway.bundle_press();
        let press = press.ok_or_else(|| Code::NotPublished.because("this node has no bundle"))?;
        let (name, manifest) = (newest.name, &newest.manifest);
        let from = newest.deltas.iter().map(|(before, bytes)| {
            json!({
                "name": before.to_string(),
                "url": format!("/v1/bundle/{name}/from/{before}"),
                "bytes": bytes.len(),
            })
        });
        Ok(json!({
            "name": name.to_string(),
            "url": format!("/v1/bundle/{name}"),
            "bytes": newest.whole.len(),
            "environment": manifest.environment.name(),
            "epoch": manifest.epoch,
            "sequence": manifest.sequence,
            "issued_at": manifest.issued_at.to_string(),
            "root": press.root().to_string(),
            "following": from.collect::<Vec<_>>(),
        }))
    });
    match described {
        Ok(described) => cached_json(&request, described.to_string(), |_| {}),
        Err(failure) => failed(&request, &failure),
    }
}

/// The whole of the bundle with this name.
pub(in crate::server::http) async fn whole(
    request: HttpRequest,
    state: web::Data<State>,
    name: web::Path<String>,
) -> HttpResponse {
    let found = named(&state, &name).map(|it| it.whole.clone());
    sent(&request, &name, found)
}

/// What the bundle with the first name has that the one with the second has not.
pub(in crate::server::http) async fn following(
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (name, before) = path.into_inner();
    let found = named(&state, &name).and_then(|it| {
        let delta = Thumbprint::parse(&before).and_then(|before| it.deltas.get(&before).cloned());
        delta.ok_or_else(|| Code::NotFound.because("nothing follows that bundle here"))
    });
    sent(&request, &format!("{name}-{before}"), found)
}

fn named(state: &State, name: &str) -> Result<Arc<Pressed>, Failure> {
    let newest = state.gateway.bundle()?;
    if Thumbprint::parse(name) == Some(newest.name) {
        return Ok(newest);
    }
    Err(Code::NotFound.because("the newest bundle has another name"))
}

fn sent(request: &HttpRequest, tag: &str, found: Result<Bytes, Failure>) -> HttpResponse {
    match found {
        Ok(bytes) => cached(request, bytes, tag, MEDIA_TYPE, Lasting::Immutable, |_| {}),
        Err(failure) => failed(request, &failure),
    }
}

const MEDIA_TYPE: &str = "application/vnd.lintas.bundle+cbor";
