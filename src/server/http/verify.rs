//! `POST /v1/verify`: 200 with a verdict for every text, however bad.
//!
//! Refuses members it does not serve: an ignored demand would be a false accept.

use super::answer::failed;
use super::auth::{Principal, Scope, principal};
use super::body::{Members, not};
use super::routes::State;
use super::trace::{SNAPSHOT, trace_of};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::gateway::{Question, VerifyRequest};
use crate::verify::{Locale, Verdict, View};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

/// The handler.
pub(super) async fn verify(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    match verdict(&request, payload, &state).await {
        Err(failure) => failed(&request, &failure),
        Ok((verdict, view, locale)) => {
            let body = verdict.to_json(view, Some(locale), trace_of(&request).as_deref());
            HttpResponse::Ok()
                .insert_header((SNAPSHOT, verdict.snapshot_id().to_string()))
                .json(body)
        }
    }
}

async fn verdict(
    request: &HttpRequest,
    payload: web::Payload,
    state: &State,
) -> Result<(Verdict, View, Locale), Failure> {
    let principal = principal(request);
    let members = Members::of_body(request, payload, MAX_BODY).await?;
    let asked = Asked::read(members, &principal)?;
    Ok((
        state.gateway.verify(&asked.request),
        asked.view,
        asked.locale,
    ))
}

struct Asked {
    request: VerifyRequest,
    view: View,
    locale: Locale,
}

impl Asked {
    fn read(mut members: Members, principal: &Principal) -> Result<Self, Failure> {
        let view = match members.take_text("view")? {
            None => View::Result,
            Some(name) => {
                View::parse(&name).ok_or_else(|| not("view", "result, gate, officer or holder"))?
            }
        };
        principal.demand(Scope::for_view(view))?;
        let at = match members.take_text("at")? {
            None => None,
            Some(text) => {
                principal.demand(Scope::VerifySimulate)?;
                Some(UnixTime::parse(&text).ok_or_else(|| not("at", "RFC 3339 with a zone"))?)
            }
        };
        let locale = match members.take_text("locale")? {
            None => Locale::En,
            Some(tag) => Locale::parse(&tag).ok_or_else(|| not("locale", "id or en"))?,
        };
        let questions = match (members.take("credential"), members.take("credentials")) {
            (Some(text), None) => vec![Question {
                reference: None,
                text: credential(text)?,
            }],
            (None, Some(Value::Array(rows))) => {
                if rows.is_empty() || rows.len() > MAX_CREDENTIALS {
                    return Err(not("credentials", "a list of 1 to 8"));
                }
                rows.into_iter().map(question).collect::<Result<_, _>>()?
            }
            (None, Some(_)) => return Err(not("credentials", "a list of 1 to 8")),
            (None, None) | (Some(_), Some(_)) => {
                return Err(
                    Code::RequestInvalid.because("give either `credential` or `credentials`")
                );
            }
        };
        members.finish()?;
        Ok(Self {
            request: VerifyRequest { questions, at },
            view,
            locale,
        })
    }
}

fn question(row: Value) -> Result<Question, Failure> {
    let mut members = Members::of_value("credentials", row)?;
    let reference = members.take_text("ref")?;
    if reference
        .as_ref()
        .is_some_and(|it| it.is_empty() || it.len() > MAX_REFERENCE)
    {
        return Err(not("ref", "1 to 64 bytes"));
    }
    let text = members
        .take("credential")
        .ok_or_else(|| not("credential", "there"))?;
    members.finish()?;
    Ok(Question {
        reference,
        text: credential(text)?,
    })
}

fn credential(value: Value) -> Result<String, Failure> {
    let Value::String(text) = value else {
        return Err(not("credential", "text"));
    };
    Ok(text)
}

/// The ceiling of a request: eight texts of any supported format, and their frame.
const MAX_BODY: usize = 64 * 1024;
const MAX_CREDENTIALS: usize = 8;
const MAX_REFERENCE: usize = 64;
