//! The doors for other countries' backends, which speak as the EU's gateway and those of the WHO's kind do.
//!
//! Refuses whoever cannot say who they are before any handler is asked, in the form that backends know.
//!
//! Source: eu-dgcg, section 1.

mod door;

pub use door::FederationDoor;

use super::caller::{self, Refused};
use super::dgcg_problem::ProblemReport;
use super::routes::State;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Error, HttpMessage, HttpResponse};
use std::sync::Arc;

/// Registers what the listener behind `door` serves.
pub fn configure_federation(
    config: &mut ServiceConfig,
    state: &Data<State>,
    door: &Arc<FederationDoor>,
) {
    config.app_data(state.clone());
    config.app_data(Data::from(Arc::clone(door)));
    let known = web::scope("").default_service(web::to(not_found));
    config.service(known.wrap(from_fn(identify)));
}

/// Finds out who asks, leaves the [`caller::Credentials`] with the request, and takes the proxy's headers away.
async fn identify(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let doors = (
        request.app_data::<Data<State>>().cloned(),
        request.app_data::<Data<FederationDoor>>().cloned(),
    );
    let (Some(state), Some(door)) = doors else {
        return Ok(request.into_response(ProblemReport::internal().response()));
    };
    let now = state.gateway.clock().now();
    let found = caller::credentials(request.request(), &door.vouching, now);
    caller::strip(&mut request);
    let report = match found {
        Ok(credentials) => {
            request.extensions_mut().insert(credentials);
            let answered = next.call(request).await?;
            return Ok(answered.map_into_boxed_body());
        }
        Err(Refused::NotAuthenticated) => ProblemReport::not_authenticated(door.dialect),
        Err(Refused::NoCountry { subject }) => ProblemReport::no_country(subject),
    };
    Ok(request.into_response(report.response()))
}

async fn not_found() -> HttpResponse {
    ProblemReport::not_found().response()
}
