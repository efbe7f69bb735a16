//! Short lists: the countries that take part, and where else they publish keys.
//!
//! Refuses countries that are not two characters.
//!
//! Source: EU DGCG, `GET /countrylist`, `GET /trustList/issuers`; WHO TNG, the latter with more to choose by.

use super::asked::{Asked, json};
use super::query::Params;
use crate::exchange::dgcg::{DEFAULT_DOMAIN, Dialect, TrustedIssuer, write_issuer};
use crate::server::gateway::hub::Refused;
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
    let result = list_issuers(&asked).await;
    asked.answer(result)
}

async fn list_issuers(asked: &Asked) -> Result<HttpResponse, Refused> {
    let params = Params::of(&asked.request)?;
    let countries = params.countries("country")?;
    let (domains, federated) = match asked.dialect {
        Dialect::Eu => (None, false),
        Dialect::Tng => (params.owned("domain"), params.flag("withFederation")?),
    };
    let (gateway, dialect) = (asked.gateway().clone(), asked.dialect);
    // Foreign feeds are held while a world is made of them.
    let body = asked.apart(move || {
        let hub = gateway.hub();
        let mut issuers: Vec<(Option<String>, TrustedIssuer)> =
            hub.issuers(dialect).map(|it| (None, it)).collect();
        if federated {
            issuers.extend(gateway.federated_issuers());
        }
        issuers.retain(|(_, issuer)| {
            let domain = issuer.domain.as_deref().unwrap_or(DEFAULT_DOMAIN);
            let of_country = countries
                .as_ref()
                .is_none_or(|it| it.contains(&issuer.country));
            let fits = |it: &Vec<String>| it.iter().any(|it| it == domain);
            of_country && domains.as_ref().is_none_or(fits)
        });
        let rows: Vec<_> = issuers
            .into_iter()
            .map(|(source, issuer)| from(write_issuer(&issuer), source))
            .collect();
        Value::Array(rows).to_string().into_bytes()
    });
    Ok(json(body.await?))
}

/// `row` of another gateway, with its name.
pub(super) fn from(mut row: Value, source: Option<String>) -> Value {
    if let (Some(source), Some(members)) = (source, row.as_object_mut()) {
        members.insert("sourceGateway".to_owned(), source.into());
    }
    row
}
