//! `GET /published/...` and `/v2/...`: every artefact, at an address that moves on and at one that never changes.
//!
//! Refuses names that the publication does not hold; a folder of the trust list in which nothing stands is not there.
//!
//! Source: docs/decisions/0014-publication.md; WHO smart-trust, trust list v2, for the addresses of DID documents.

use super::cached::{Lasting, cached};
use crate::failure::{Code, Failure};
use crate::server::gateway::publication::edition::name;
use crate::server::gateway::publication::{Artefact, Edition};
use crate::server::http::answer::failed;
use crate::server::http::routes::State;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

/// An artefact that stands under `/published/`, by the last step of the address.
pub(in crate::server::http) async fn plain(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    let name = request.path().rsplit('/').next().unwrap_or_default();
    moving(&request, &state, name)
}

/// The DID document of whoever signs DID documents.
pub(in crate::server::http) async fn signer(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    moving(&request, &state, name::SIGNER)
}

/// A DID document of the trust list, by its address.
pub(in crate::server::http) async fn did(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    let path = request.path();
    let steps = path.strip_suffix("/did.json").unwrap_or(path);
    let steps: Vec<_> = steps.split('/').filter(|step| !step.is_empty()).collect();
    moving(&request, &state, &name::of_did(&steps))
}

/// An artefact of the publication with this number.
pub(in crate::server::http) async fn numbered(
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (sequence, name) = path.into_inner();
    // One spelling a number, so that nothing is kept twice.
    let number = sequence.parse::<u64>().ok();
    let Some(number) = number.filter(|it| it.to_string() == sequence) else {
        return failed(&request, &missing());
    };
    let (gateway, wanted) = (state.gateway.clone(), name.clone());
    let found = web::block(move || gateway.publisher()?.artefact(number, &wanted));
    let found = found
        .await
        .map_err(|error| Code::Internal.caused_by("nothing was read", error))
        .and_then(|found| found?.ok_or_else(missing));
    match found {
        Ok(artefact) => give(&request, &name, artefact, Lasting::Immutable, |_| {}),
        Err(failure) => failed(&request, &failure),
    }
}

fn moving(request: &HttpRequest, state: &State, name: &str) -> HttpResponse {
    let edition = state.gateway.publisher().and_then(|it| it.edition());
    let found = edition.and_then(|edition| {
        let artefact = edition.artefacts.get(name).cloned();
        Ok((artefact.ok_or_else(missing)?, edition))
    });
    match found {
        Ok((artefact, edition)) => give(request, name, artefact, Lasting::Moving, |answer| {
            numbers(answer, &edition);
        }),
        Err(failure) => failed(request, &failure),
    }
}

fn give(
    request: &HttpRequest,
    name: &str,
    artefact: Artefact,
    lasting: Lasting,
    more: impl Fn(&mut HttpResponseBuilder),
) -> HttpResponse {
    let digest = artefact.digest.to_string();
    cached(
        request,
        artefact.body,
        &digest,
        media_type(name),
        lasting,
        more,
    )
}

/// Says which publication an answer is of.
pub(super) fn numbers(answer: &mut HttpResponseBuilder, edition: &Edition) {
    answer.insert_header((SEQUENCE, HeaderValue::from(edition.sequence)));
    if let Some(previous) = edition.previous {
        answer.insert_header((PREVIOUS, previous.to_string()));
    }
}

fn media_type(name: &str) -> &'static str {
    match name {
        name::LIST_CBOR => "application/cose",
        name::KEYS => "application/jwk-set+json",
        name::ARCHIVE => "application/zip",
        name::ARCHIVE_SIGNATURE => "text/plain; charset=utf-8",
        name::CERTIFICATES => "application/x-pem-file",
        _ => "application/json",
    }
}

fn missing() -> Failure {
    Code::NotFound.because("nothing of that name is published")
}

const SEQUENCE: HeaderName = HeaderName::from_static("lintas-sequence");
const PREVIOUS: HeaderName = HeaderName::from_static("lintas-previous");
