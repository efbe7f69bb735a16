//! `GET /.well-known/lintas`: what is published here, where, and by whose keys.
//!
//! Refuses to list what is not there; the manifest names every artefact with its hash.
//!
//! Source: RFC 8615.

use super::artefacts::numbers;
use super::cached::cached_json;
use crate::failure::Failure;
use crate::server::gateway::Gateway;
use crate::server::gateway::publication::edition::name;
use crate::server::http::answer::failed;
use crate::server::http::routes::State;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// The handler.
pub(in crate::server::http) async fn discovery(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    let edition = state.gateway.publisher().and_then(|it| it.edition());
    match edition.and_then(|edition| Ok((describe(&state.gateway)?, edition))) {
        Ok((document, edition)) => cached_json(&request, document.to_string(), |answer| {
            numbers(answer, &edition);
        }),
        Err(failure) => failed(&request, &failure),
    }
}

fn describe(gateway: &Gateway) -> Result<Value, Failure> {
    let publisher = gateway.publisher()?;
    let edition = publisher.edition()?;
    let base = format!("https://{}", publisher.host());
    let sequence = edition.sequence;
    let artefact = |name: &str, moving: String| {
        let artefact = edition.artefacts.get(name)?;
        Some(json!({
            "url": format!("{base}{moving}"),
            "immutable_url": format!("{base}/published/{sequence}/{name}"),
            "sha256": artefact.digest.to_string(),
            "bytes": artefact.body.len(),
        }))
    };
    let mut artefacts = Map::new();
    for name in name::PLAIN {
        let told = artefact(name, format!("/published/{name}"));
        artefacts.extend(told.map(|it| (name.to_owned(), it)));
    }
    let signer = artefact(name::SIGNER, "/published/signer/did.json".to_owned());
    artefacts.extend(signer.map(|it| (name::SIGNER.to_owned(), it)));
    for list in ["trustlist", "trustlist-ref"] {
        let name = name::of_did(&["v2", list]);
        let told = artefact(&name, format!("/v2/{list}/did.json"));
        artefacts.extend(told.map(|it| (name, it)));
    }
    let keys = publisher.keys()?.all();
    let keys =
        keys.map(|(purpose, key)| (purpose.to_owned(), json!(key.fingerprint().to_string())));
    let receipts = gateway.receipt_keys().iter().map(|(certificate, key)| {
        json!({
            "kid": key.kid.to_string(),
            "certificate": BASE64_STANDARD.encode(certificate),
        })
    });
    let hub = gateway.hub();
    let anchors = hub.anchors().iter().map(ToString::to_string);
    Ok(json!({
        "environment": gateway.environment().name(),
        "sequence": sequence,
        "created": edition.created.to_string(),
        "previous": edition.previous.map(|it| it.to_string()),
        "manifest": edition.manifest.to_string(),
        "formats": [
            "dgcg_trust_list", "jwks", "lintas_trust_list", "dcc_archive", "did_web_v2", "signer_certificate_update",
            "business_rules",
        ],
        "artefacts": artefacts,
        "changes": format!("{base}/signercertificateStatus/delta"),
        "roots": {
            "publication": Value::Object(keys.into_iter().collect()),
            "trust_anchors": anchors.collect::<Vec<_>>(),
        },
        "receipt_keys": receipts.collect::<Vec<_>>(),
        "contact": publisher.contact(),
    }))
}
