//! What a party handed in, to be signed anew before its upload certificate ends.
//!
//! Refuses bodies that are no JSON of the form; the rest is decided in the hub.
//!
//! Source: EU DGCG, `/cms-migration`. The WHO's gateways have no such address.

use super::asked::{Asked, json};
use crate::model::UnixTime;
use crate::server::gateway::hub::{
    Handed, Hub, Migrated, Party, Reason, Refused, migrate, migrations,
};
use crate::server::http::body;
use actix_web::HttpResponse;
use actix_web::web::Payload;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    cms: String,
    entity_id: u64,
    #[serde(rename = "type")]
    kind: String,
}

/// `GET /cms-migration`.
pub(super) async fn list(asked: Asked) -> HttpResponse {
    let result = async {
        let (hub, party) = (asked.gateway().hub_now().await, asked.party.clone());
        let written = asked.apart(move || {
            let rows = migrations(&hub, &party).into_iter().map(|it| Row {
                cms: it.message,
                entity_id: it.number,
                kind: it.kind.name().to_owned(),
            });
            // It is made of numbers and texts, which always have a JSON form.
            serde_json::to_vec(&rows.collect::<Vec<_>>()).unwrap_or_default()
        });
        Ok(json(written.await?))
    };
    let result = result.await;
    asked.answer(result)
}

/// `POST /cms-migration`.
pub(super) async fn update(asked: Asked, payload: Payload) -> HttpResponse {
    let result = async {
        let body = asked.body(payload, &[body::JSON]).await?;
        let (row, kind) = read(&body)?;
        let handed = match kind {
            Migrated::Signer => Handed::certificate(row.cms.as_bytes())?,
            Migrated::Batch | Migrated::Rule => Handed::text(row.cms.as_bytes())?,
        };
        let number = row.entity_id;
        let change = move |hub: &Hub, party: &Party, at: UnixTime| {
            migrate(hub, party, kind, number, &handed, at)
        };
        match kind {
            Migrated::Batch => asked.hand_in_batches(change).await?,
            Migrated::Signer => {
                let done = asked.hand_in(change).await;
                done.map_err(|refused| refused.within(Reason::MigrationUnavailable))?;
            }
            Migrated::Rule => asked.hand_in(change).await?,
        }
        Ok(HttpResponse::NoContent().finish())
    };
    let result = result.await;
    asked.answer(result)
}

fn read(body: &[u8]) -> Result<(Row, Migrated), Refused> {
    let unreadable = || Reason::Invalid.because("no JSON of cms, entityId and type");
    let row: Row = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let kind = Migrated::parse(&row.kind).ok_or_else(unreadable)?;
    Ok((row, kind))
}
