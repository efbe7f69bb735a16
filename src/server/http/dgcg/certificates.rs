//! Certificates of the WHO's network, with what their parties say beside them.
//!
//! Refuses groups, domains, key identifiers and properties that are not allowed here; the rest is decided in the hub.
//! Signatures are detached in every list, though the reference gateway is said to give attached ones at this address.
//!
//! Source: WHO TNG, `/trustedCertificate`, `GET /trustList/certificate`.

use super::asked::{Asked, json};
use super::query::Params;
use super::signers;
use crate::exchange::dgcg::{
    DEFAULT_DOMAIN, HandedCertificate, TrustedCertificate, read_handed_certificate,
};
use crate::failure::Code;
use crate::server::gateway::hub::{Handed, Reason, Refused, Tng};
use crate::server::http::body::JSON;
use crate::trust::Role;
use actix_web::HttpResponse;
use actix_web::web::Payload;

/// `POST /trustedCertificate`.
pub(super) async fn upload(asked: Asked, payload: Payload) -> HttpResponse {
    let result = async {
        let body = asked.body(payload, &[JSON]).await?;
        let read = read_handed_certificate(&body).map_err(|failure| {
            if failure.code() == Code::EntryInvalid {
                Reason::ValueNotAllowed.because(failure.detail())
            } else {
                Reason::Invalid.because(failure.detail())
            }
        })?;
        let handed = Handed::certificate(read.cms.as_bytes())
            .map_err(|_| Refused::from(Reason::InnerMessageInvalid))?;
        if !handed.verified {
            return Err(Reason::InnerSignatureInvalid.into());
        }
        let more = allowed(read)?;
        signers::take_in(&asked, &handed, Some(&more)).await
    };
    let result = result.await;
    asked.answer(result)
}

/// What is said of a certificate, if all of it is allowed.
fn allowed(said: HandedCertificate) -> Result<Tng, Refused> {
    let not_allowed =
        |member: &str| Reason::ValueNotAllowed.because(format!("{member} is not allowed"));
    let group = said.group.as_deref().unwrap_or("DSC");
    let role = match group {
        "DESC" => Role::Desc,
        "DSC" | "SIGN" | "AUTH" | "CUSTOM" => Role::Signer,
        _ => return Err(not_allowed("group")),
    };
    let domain = said.domain.unwrap_or_else(|| DEFAULT_DOMAIN.to_owned());
    if !DOMAINS.contains(&domain.as_str()) {
        return Err(not_allowed("domain"));
    }
    if said
        .properties
        .keys()
        .any(|name| !PROPERTIES.contains(&name.as_str()))
    {
        return Err(not_allowed("a property"));
    }
    let is_plain = |kid: &String| {
        (1..=MAX_KID).contains(&kid.len()) && kid.bytes().all(|it| it.is_ascii_graphic())
    };
    // Without letters it is as good as none.
    let kid = said.kid.filter(|kid| !kid.is_empty());
    if kid.as_ref().is_some_and(|kid| !is_plain(kid)) {
        return Err(not_allowed("kid"));
    }
    Ok(Tng {
        role,
        kid,
        domain,
        properties: said.properties,
        names_country: group == "DSC",
    })
}

/// `GET /trustList/certificate`.
pub(super) async fn list(asked: Asked) -> HttpResponse {
    let result = listed(&asked).await;
    asked.answer(result)
}

async fn listed(asked: &Asked) -> Result<HttpResponse, Refused> {
    let params = Params::of(&asked.request)?;
    let countries = params.countries("country")?;
    let words = |name: &str| {
        let words = params.all(name)?;
        Some(
            words
                .into_iter()
                .map(str::to_ascii_uppercase)
                .collect::<Vec<_>>(),
        )
    };
    let (groups, domains) = (words("group"), words("domain"));
    let federated = params.flag("withFederation")?;
    let gateway = asked.gateway().clone();
    let body = asked.apart(move || {
        let hub = gateway.hub();
        let own = hub.all().filter(|entry| entry.stands());
        let mut rows: Vec<_> = own.map(|entry| entry.trusted_certificate()).collect();
        if federated {
            rows.extend(gateway.federated_certificates());
        }
        rows.retain(|row| {
            countries
                .as_ref()
                .is_none_or(|it| it.contains(&row.country))
                && groups
                    .as_ref()
                    .is_none_or(|it| it.iter().any(|it| it == row.role.name()))
                && domains.as_ref().is_none_or(|it| it.contains(&row.domain))
        });
        rows.sort_by(|left, right| (&left.kid, &left.uuid).cmp(&(&right.kid, &right.uuid)));
        TrustedCertificate::write(&rows)
    });
    Ok(json(body.await?))
}

/// What certificates may be trusted for here.
pub(super) const DOMAINS: [&str; 4] = [DEFAULT_DOMAIN, "IPS-PILGRIMAGE", "DICVP", "PH4H"];
const PROPERTIES: [&str; 10] = [
    "purpose",
    "usergroup",
    "scope",
    "standard",
    "displayName",
    "displayLogo",
    "validFrom",
    "validUntil",
    "pubkey",
    "displayURL",
];
const MAX_KID: usize = 64;
