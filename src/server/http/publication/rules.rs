//! Business rules and value sets, each at the address of its hash, byte for byte as it was signed.
//!
//! Refuses country codes that are not two letters, and hashes that nothing has. What is wrong is told in the form that apps of
//! this service know.
//!
//! Source: dgca-businessrule-service (`/rules`, `/valuesets`, `/countrylist`, `/publickey`, `X-SIGNATURE`).

use super::cached::{Lasting, cached};
use crate::exchange::dgcg::write_message;
use crate::failure::Failure;
use crate::model::{Country, Thumbprint};
use crate::server::gateway::publication::{Book, Page};
use crate::server::http::answer::failed;
use crate::server::http::routes::State;
use actix_web::http::header::HeaderName;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Every rule that is shown, by its hash.
pub(in crate::server::http) async fn rules(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    with_book(&request, &state, |book| {
        listed(&request, &state, &rows(book, None))
    })
    .await
}

/// Those of one country.
pub(in crate::server::http) async fn rules_of(
    request: HttpRequest,
    state: web::Data<State>,
    country: web::Path<String>,
) -> HttpResponse {
    let Some(country) = read_country(&country) else {
        return bad_country();
    };
    with_book(&request, &state, |book| {
        listed(&request, &state, &rows(book, Some(country)))
    })
    .await
}

/// The rule of a country with this hash.
pub(in crate::server::http) async fn rule(
    request: HttpRequest,
    state: web::Data<State>,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (country, hash) = path.into_inner();
    let Some(country) = read_country(&country) else {
        return bad_country();
    };
    with_book(&request, &state, |book| {
        let mut own = book.rules.iter().filter(|it| Some(it.country) == country);
        let found = own.find(|it| it.page.hash.to_string() == hash);
        found.map_or_else(missing, |it| page(&request, &it.page))
    })
    .await
}

/// Every value set, by its hash.
pub(in crate::server::http) async fn value_sets(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    with_book(&request, &state, |book| {
        let sets = book.value_sets.iter();
        let rows = sets.map(|(id, page)| json!({ "id": id, "hash": page.hash.to_string() }));
        listed(&request, &state, &Value::Array(rows.collect()))
    })
    .await
}

/// The value set with this hash.
pub(in crate::server::http) async fn value_set(
    request: HttpRequest,
    state: web::Data<State>,
    hash: web::Path<String>,
) -> HttpResponse {
    with_book(&request, &state, |book| {
        let mut sets = book.value_sets.iter();
        let found = sets.find(|(_, page)| page.hash.to_string() == *hash);
        found.map_or_else(missing, |(_, it)| page(&request, it))
    })
    .await
}

/// The countries that have rules here, or hand in here.
pub(in crate::server::http) async fn countries(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    with_book(&request, &state, |book| {
        let hub = state.gateway.hub();
        let parties = hub.parties().map(|party| party.country);
        let rules = book.rules.iter().map(|it| it.country);
        let countries: BTreeSet<_> = parties.chain(rules).collect();
        let countries = countries.iter().map(ToString::to_string);
        listed(&request, &state, &json!(countries.collect::<Vec<_>>()))
    })
    .await
}

/// The public key under the signatures in `X-SIGNATURE`: SubjectPublicKeyInfo, DER in Base64.
pub(in crate::server::http) async fn public_key(
    request: HttpRequest,
    state: web::Data<State>,
) -> HttpResponse {
    let keys = state.gateway.publisher().and_then(|it| it.keys());
    match keys {
        Ok(keys) => HttpResponse::Ok()
            .content_type("text/plain; charset=utf-8")
            .body(write_message(keys.list.public_key())),
        Err(failure) => failed(&request, &failure),
    }
}

async fn with_book(
    request: &HttpRequest,
    state: &State,
    answer: impl FnOnce(&Book) -> HttpResponse,
) -> HttpResponse {
    let book: Result<Arc<Book>, Failure> = state.gateway.book().await;
    match book {
        Ok(book) => answer(&book),
        Err(failure) => failed(request, &failure),
    }
}

fn rows(book: &Book, of: Option<Option<Country>>) -> Value {
    let shown = |country: Country| of.is_none_or(|of| of == Some(country));
    let rules = book.rules.iter().filter(|it| shown(it.country));
    let rows = rules.map(|it| {
        json!({
            "identifier": it.identifier,
            "version": it.version,
            "country": it.country.to_string(),
            "hash": it.page.hash.to_string(),
        })
    });
    Value::Array(rows.collect())
}

/// A list, signed as documents are.
fn listed(request: &HttpRequest, state: &State, list: &Value) -> HttpResponse {
    let body = list.to_string();
    let hash = Thumbprint(crate::crypto::sha256(body.as_bytes())).to_string();
    let signature = state.gateway.signed_hash(&hash);
    match signature {
        Ok(signature) => cached(
            request,
            body.into(),
            &hash,
            JSON,
            Lasting::Moving,
            |answer| {
                answer.insert_header((SIGNATURE, signature.as_str()));
            },
        ),
        Err(failure) => failed(request, &failure),
    }
}

fn page(request: &HttpRequest, page: &Page) -> HttpResponse {
    let hash = page.hash.to_string();
    let body = page.body.clone();
    cached(request, body, &hash, JSON, Lasting::Immutable, |answer| {
        answer.insert_header((SIGNATURE, page.signature.as_str()));
    })
}

/// The country in an address: two letters of either case; a code that nobody has is no mistake.
fn read_country(text: &str) -> Option<Option<Country>> {
    let letters = text.len() == 2 && text.bytes().all(|it| it.is_ascii_alphabetic());
    letters.then(|| Country::parse(&text.to_ascii_uppercase()))
}

fn bad_country() -> HttpResponse {
    let problem = "Possible reasons: The Country Code has a wrong format. Should be 2 char length.";
    HttpResponse::BadRequest().json(report("0x004", problem))
}

fn missing() -> HttpResponse {
    let problem = "Possible reasons: The provided hash or country is not correct.";
    HttpResponse::NotFound().json(report("0x006", problem))
}

fn report(code: &str, problem: &str) -> Value {
    json!({ "code": code, "problem": problem, "sendValue": "", "details": "" })
}

const JSON: &str = "application/json";
const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");
