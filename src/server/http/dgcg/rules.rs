//! Rules: shown, handed in, deleted.
//!
//! Refuses other media types and countries that are not two characters; the rest is decided in the hub.
//!
//! Source: EU DGCG, `/rules`; WHO TNG, the same.

use super::asked::{Asked, CMS, CMS_TEXT, json};
use super::query;
use crate::exchange::dgcg::write_rule_row;
use crate::server::gateway::hub::{Handed, Reason, Refused, delete_rule, shown_rules, upload_rule};
use actix_web::HttpResponse;
use actix_web::web::{Path, Payload};
use serde_json::{Map, Value};

/// `GET /rules/{country}`.
pub(super) async fn of_country(asked: Asked, country: Path<String>) -> HttpResponse {
    let result = async {
        let hub = asked.gateway().hub_now().await;
        let at = asked.gateway().clock().now();
        let country = query::country(&country)?;
        let written = asked.apart(move || {
            let rules = country.map(|country| shown_rules(&hub, country, at));
            let rules = rules.unwrap_or_default().into_iter();
            let rules: Map<String, Value> = rules
                .map(|(identifier, versions)| {
                    let rows = versions.iter();
                    let rows = rows.map(|it| write_rule_row(&it.rule, &it.message));
                    (identifier, rows.collect())
                })
                .collect();
            Value::Object(rules).to_string().into_bytes()
        });
        Ok(json(written.await?))
    };
    let result = result.await;
    asked.answer(result)
}

/// `POST /rules`.
pub(super) async fn upload(asked: Asked, payload: Payload) -> HttpResponse {
    let result = async {
        let handed = handed(&asked, payload).await?;
        let done = asked.hand_in(|hub, party, at| upload_rule(hub, party, &handed, at));
        done.await
            .map_err(|refused| refused.within(Reason::RuleUnavailable))?;
        Ok(HttpResponse::Created().finish())
    };
    let result = result.await;
    asked.answer(result)
}

/// `DELETE /rules`, and its other address.
pub(super) async fn delete(asked: Asked, payload: Payload) -> HttpResponse {
    let result = async {
        let handed = handed(&asked, payload).await?;
        let done = asked.hand_in(|hub, party, at| delete_rule(hub, party, &handed, at));
        done.await
            .map_err(|refused| refused.within(Reason::RuleUnavailable))?;
        Ok(HttpResponse::NoContent().finish())
    };
    let result = result.await;
    asked.answer(result)
}

async fn handed(asked: &Asked, payload: Payload) -> Result<Handed, Refused> {
    Handed::text(&asked.body(payload, &[CMS_TEXT, CMS]).await?)
}
