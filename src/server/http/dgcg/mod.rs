//! The doors for other countries' backends, which speak as the EU's gateway and those of the WHO's kind do.
//!
//! Refuses whoever cannot say who they are, and whoever is no party, before any handler is asked and at every request; every
//! address and method that is not in the table. All of it in the form that backends know.
//!
//! Source: EU DGCG, section 1; WHO TNG, differences from it.

mod asked;
mod certificates;
mod door;
mod lists;
mod migration;
mod query;
mod references;
mod revocation;
mod rules;
mod signers;
mod trust_list;
mod value_sets;

pub use door::FederationDoor;

use super::caller;
use super::dgcg_problem::report;
use super::routes::State;
use crate::exchange::dgcg::Dialect;
use crate::server::gateway::hub::{Reason, Refused};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, PathConfig, ServiceConfig};
use actix_web::{Error, HttpMessage, HttpResponse, guard};
use asked::{Asked, Known};
use std::sync::Arc;
use tracing::info;

/// A row of the table: where, for whom, and what is done there.
struct Address {
    path: &'static str,
    dialects: &'static [Dialect],
    verbs: &'static [Verb],
}

/// A method, and what answers it.
type Verb = (&'static str, fn() -> actix_web::Route);

const EU: &[Dialect] = &[Dialect::Eu];
const TNG: &[Dialect] = &[Dialect::Tng];
const BOTH: &[Dialect] = &[Dialect::Eu, Dialect::Tng];

/// Every address. The first that fits is the one that is asked.
const ADDRESSES: &[Address] = &[
    at("/trustList", BOTH, &[("GET", || get().to(trust_list::all))]),
    at(
        "/trustList/issuers",
        BOTH,
        &[("GET", || get().to(lists::issuers))],
    ),
    at(
        "/trustList/certificate",
        TNG,
        &[("GET", || get().to(certificates::list))],
    ),
    at(
        "/trustList/references",
        TNG,
        &[("GET", || get().to(references::list))],
    ),
    // On the EU's side these are no types of certificates, but addresses that are not there.
    at("/trustList/{what:certificate|references}", EU, &[]),
    at(
        "/trustList/{type}",
        BOTH,
        &[("GET", || get().to(trust_list::of_type))],
    ),
    at(
        "/trustList/{type}/{country}",
        BOTH,
        &[("GET", || get().to(trust_list::of_country))],
    ),
    at(
        "/signerCertificate",
        BOTH,
        &[
            ("POST", || web::post().to(signers::upload)),
            ("DELETE", || web::delete().to(signers::delete)),
        ],
    ),
    at(
        "/signerCertificate/delete",
        BOTH,
        &[("POST", || web::post().to(signers::delete))],
    ),
    at(
        "/trustedCertificate",
        TNG,
        &[
            ("POST", || web::post().to(certificates::upload)),
            ("DELETE", || web::delete().to(signers::delete)),
        ],
    ),
    at(
        "/trustedCertificate/delete",
        TNG,
        &[("POST", || web::post().to(signers::delete))],
    ),
    at(
        "/trust/reference",
        TNG,
        &[
            ("POST", || web::post().to(references::upload)),
            ("DELETE", || web::delete().to(references::delete)),
        ],
    ),
    at(
        "/trust/reference/{uuid}",
        TNG,
        &[("GET", || get().to(references::one))],
    ),
    at(
        "/countrylist",
        BOTH,
        &[("GET", || get().to(lists::countries))],
    ),
    at(
        "/valuesets",
        BOTH,
        &[("GET", || get().to(value_sets::list))],
    ),
    at(
        "/valuesets/{id}",
        BOTH,
        &[("GET", || get().to(value_sets::one))],
    ),
    at(
        "/rules",
        BOTH,
        &[
            ("POST", || web::post().to(rules::upload)),
            ("DELETE", || web::delete().to(rules::delete)),
        ],
    ),
    at(
        "/rules/delete",
        BOTH,
        &[("POST", || web::post().to(rules::delete))],
    ),
    at(
        "/rules/{country}",
        BOTH,
        &[("GET", || get().to(rules::of_country))],
    ),
    at(
        "/revocation-list",
        BOTH,
        &[
            ("GET", || get().to(revocation::list)),
            ("POST", || web::post().to(revocation::upload)),
            ("DELETE", || web::delete().to(revocation::delete)),
        ],
    ),
    at(
        "/revocation-list/delete",
        BOTH,
        &[("POST", || web::post().to(revocation::delete))],
    ),
    at(
        "/revocation-list/{batchId}",
        BOTH,
        &[("GET", || get().to(revocation::download))],
    ),
    at(
        "/cms-migration",
        EU,
        &[
            ("GET", || get().to(migration::list)),
            ("POST", || web::post().to(migration::update)),
        ],
    ),
];

const fn at(path: &'static str, dialects: &'static [Dialect], verbs: &'static [Verb]) -> Address {
    Address {
        path,
        dialects,
        verbs,
    }
}

/// `GET`, and `HEAD`, which is the same without a body.
fn get() -> actix_web::Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Registers what the listener behind `door` serves.
pub fn configure_federation(
    config: &mut ServiceConfig,
    state: &Data<State>,
    door: &Arc<FederationDoor>,
) {
    config.app_data(state.clone());
    config.app_data(Data::from(Arc::clone(door)));
    let dialect = door.dialect;
    config.app_data(PathConfig::default().error_handler(move |error, _| {
        let refused = Reason::Invalid.because("the address cannot be read");
        InternalError::from_response(error, report(dialect, &refused)).into()
    }));
    let mut known = web::scope("").default_service(web::to(no_address));
    let served = ADDRESSES.iter();
    for address in served.filter(|it| it.dialects.contains(&door.dialect)) {
        let mut resource = web::resource(address.path);
        for (_, verb) in address.verbs {
            resource = resource.route(verb());
        }
        known = if address.verbs.is_empty() {
            known.service(resource.default_service(web::to(no_address)))
        } else {
            let verbs = address.verbs;
            let other = move |asked: Asked| async move { other_method(&asked, verbs) };
            known.service(resource.default_service(web::to(other)))
        };
    }
    config.service(known.wrap(from_fn(admit)));
}

async fn no_address(asked: Asked) -> HttpResponse {
    asked.answer(Err(Reason::NoAddress.into()))
}

fn other_method(asked: &Asked, verbs: &[Verb]) -> HttpResponse {
    let mut response = asked.answer(Err(Reason::MethodNotAllowed.into()));
    let names = verbs.iter().flat_map(|(name, _)| match *name {
        "GET" => vec!["GET", "HEAD"],
        other => vec![other],
    });
    let names: Vec<_> = names.collect();
    if let Ok(names) = HeaderValue::from_str(&names.join(", ")) {
        response.headers_mut().insert(header::ALLOW, names);
    }
    response
}

/// Finds out who asks, takes the proxy's headers away, lets parties pass, and counts.
async fn admit(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let doors = (
        request.app_data::<Data<State>>().cloned(),
        request.app_data::<Data<FederationDoor>>().cloned(),
    );
    let (Some(state), Some(door)) = doors else {
        let refused = Reason::Unavailable.into();
        return Ok(request.into_response(report(Dialect::Eu, &refused)));
    };
    let dialect = door.dialect;
    let found = party(&request, &state, &door);
    caller::strip(&mut request);
    let answered = match found {
        Ok((credentials, party)) => {
            request.extensions_mut().insert(credentials);
            request.extensions_mut().insert(Known(party));
            next.call(request).await?.map_into_boxed_body()
        }
        Err(refused) => {
            let (dialect, reason) = (door.dialect, refused.reason);
            info!(
                dialect = dialect.name(),
                ?reason,
                "a stranger is refused: {reason:?}"
            );
            request.into_response(report(dialect, &refused))
        }
    };
    let route = answered.request().match_pattern();
    let route = route.filter(|route| !route.is_empty());
    metrics::counter!(
        "lintas_federation_requests_total",
        "dialect" => dialect.name(),
        "route" => route.unwrap_or_else(|| "unmatched".to_owned()),
        "status" => answered.status().as_u16().to_string()
    )
    .increment(1);
    Ok(answered)
}

/// Who asks.
fn party(
    request: &ServiceRequest,
    state: &State,
    door: &FederationDoor,
) -> Result<(caller::Credentials, crate::server::gateway::hub::Party), Refused> {
    let now = state.gateway.clock().now();
    let credentials = caller::credentials(request.request(), &door.vouching, now);
    let credentials = credentials.map_err(|refused| match refused {
        caller::Refused::NotAuthenticated => Reason::NotAuthenticated.into(),
        caller::Refused::NoCountry { subject } => Refused::from(Reason::NoCountry).sent(subject),
    })?;
    if state.gateway.world().incomplete {
        // A record that is missing may be the one by which a party left.
        return Err(Reason::Unavailable.because("store_incomplete"));
    }
    let hub = state.gateway.hub();
    let party = hub.caller(&credentials.fingerprint).cloned();
    Ok((credentials, party.ok_or(Reason::NoParty)?))
}
