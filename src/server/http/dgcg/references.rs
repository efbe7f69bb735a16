//! Trusted references: documents elsewhere that parties name.
//!
//! Refuses other media types; the rest is decided in the hub.
//!
//! Source: WHO TNG, `/trust/reference`, `GET /trustList/references`.

use super::asked::{Asked, CMS, CMS_TEXT, json};
use super::certificates::DOMAINS;
use super::lists::from;
use super::query::Params;
use crate::exchange::dgcg::{TrustedReference, write_reference};
use crate::server::gateway::hub::{Handed, Reason, Refused, delete_reference, upload_reference};
use actix_web::HttpResponse;
use actix_web::web::{Path, Payload};
use serde_json::Value;

/// `GET /trustList/references`.
pub(super) async fn list(asked: Asked) -> HttpResponse {
    let result = listed(&asked).await;
    asked.answer(result)
}

async fn listed(asked: &Asked) -> Result<HttpResponse, Refused> {
    let params = Params::of(&asked.request)?;
    let countries = params.countries("country")?;
    let domains = params.owned("domain");
    let (kinds, signed) = (params.owned("referenceType"), params.owned("signatureType"));
    let federated = params.flag("withFederation")?;
    let gateway = asked.gateway().clone();
    // Foreign feeds are held while a world is made of them.
    let body = asked.apart(move || {
        let mut references: Vec<(Option<String>, TrustedReference)> =
            gateway.hub().references().map(|it| (None, it)).collect();
        if federated {
            references.extend(gateway.federated_references());
        }
        let fits = |wanted: &Option<Vec<String>>, stated: &str| {
            let is_stated = |it: &Vec<String>| it.iter().any(|it| it == stated);
            wanted.as_ref().is_none_or(is_stated)
        };
        references.retain(|(_, it)| {
            let signature = it.more.get("signatureType").and_then(Value::as_str);
            let of_country = countries
                .as_ref()
                .is_none_or(|all| all.contains(&it.country));
            of_country
                && fits(&domains, it.domain.as_deref().unwrap_or_default())
                && fits(&kinds, &it.kind)
                && fits(&signed, signature.unwrap_or_default())
        });
        let rows: Vec<_> = references
            .into_iter()
            .map(|(source, it)| row(&it, source))
            .collect();
        Value::Array(rows).to_string().into_bytes()
    });
    Ok(json(body.await?))
}

fn row(reference: &TrustedReference, source: Option<String>) -> Value {
    let mut row = write_reference(reference);
    if let Some(members) = row.as_object_mut() {
        members.entry("version").or_insert_with(|| 1.into());
    }
    from(row, source)
}

/// `GET /trust/reference/{uuid}`.
pub(super) async fn one(asked: Asked, path: Path<String>) -> HttpResponse {
    let uuid = path.into_inner().to_ascii_lowercase();
    let found = asked.gateway().hub().reference(&uuid);
    let result = found.map(|it| json(row(&it, None).to_string().into_bytes()));
    asked.answer(result.ok_or_else(|| Reason::ReferenceUnknown.into()))
}

/// `POST /trust/reference`.
pub(super) async fn upload(asked: Asked, payload: Payload) -> HttpResponse {
    let result = async {
        let body = asked.body(payload, &[CMS_TEXT, CMS]).await?;
        let handed = Handed::text(&body)?;
        let done =
            asked.hand_in(|hub, party, at| upload_reference(hub, party, &handed, &DOMAINS, at));
        done.await?;
        Ok(HttpResponse::Created().finish())
    };
    let result = result.await;
    asked.answer(result)
}

/// `DELETE /trust/reference`.
pub(super) async fn delete(asked: Asked, payload: Payload) -> HttpResponse {
    let result = async {
        let body = asked.body(payload, &[CMS_TEXT, CMS]).await?;
        let handed = Handed::text(&body)?;
        let done = asked.hand_in(|hub, party, at| delete_reference(hub, party, &handed, at));
        done.await?;
        Ok(HttpResponse::NoContent().finish())
    };
    let result = result.await;
    asked.answer(result)
}
