//! Short lists: the countries that take part, and where else they publish keys.
//!
//! Refuses countries that are not two characters.
//!
//! Source: EU DGCG, `GET /countrylist`, `GET /trustList/issuers`; WHO TNG, the latter with more to choose by.

use super::asked::{Asked, json};
use super::query::Params;
use crate::exchange::dgcg::{Dialect, TrustedIssuer, write_issuer};
use crate::server::gateway::hub::{Hub, Refused};
use actix_web::HttpResponse;
use serde_json::Value;

/// `GET /countrylist`.
pub(super) async fn countries(asked: Asked) -> HttpResponse {
    let hub = asked.gateway().hub();
    let countries = hub.parties().map(|party| party.country.as_str());
    HttpResponse::Ok().json(countries.collect::<Vec<_>>())
}

/// `GET /trustList/issuers`.
pub(super) async fn issuers(asked: Asked) -> HttpResponse {
    let result = list_issuers(&asked, &asked.gateway().hub());
    asked.answer(result)
}

fn list_issuers(asked: &Asked, hub: &Hub) -> Result<HttpResponse, Refused> {
    let params = Params::of(&asked.request)?;
    let countries = params.countries("country")?;
    let (domains, federated) = match asked.dialect {
        Dialect::Eu => (None, false),
        Dialect::Tng => (params.all("domain"), params.flag("withFederation")?),
    };
    let mut issuers: Vec<(Option<String>, TrustedIssuer)> =
        hub.issuers(asked.dialect).map(|it| (None, it)).collect();
    if federated {
        issuers.extend(asked.gateway().federated_issuers());
    }
    issuers.retain(|(_, issuer)| {
        let domain = issuer.domain.as_deref().unwrap_or("DCC");
        let of_country = countries
            .as_ref()
            .is_none_or(|it| it.contains(&issuer.country));
        of_country && domains.as_ref().is_none_or(|it| it.contains(&domain))
    });
    let rows: Vec<_> = issuers
        .into_iter()
        .map(|(source, issuer)| from(write_issuer(&issuer), source))
        .collect();
    Ok(json(Value::Array(rows).to_string().into_bytes()))
}

/// `row` of another gateway, with its name.
pub(super) fn from(mut row: Value, source: Option<String>) -> Value {
    if let (Some(source), Some(members)) = (source, row.as_object_mut()) {
        members.insert("sourceGateway".to_owned(), source.into());
    }
    row
}
