//! `POST /v1/verify`: 200 with a verdict for every text, however bad.
//!
//! Refuses members it does not serve: an ignored demand would be a false accept.

use super::answer::failed;
use super::auth::{Principal, Scope, principal};
use super::body::{JSON, Members, not};
use super::meter;
use super::purpose;
use super::routes::State;
use super::trace::{SNAPSHOT, Trace, snapshot_mark, trace_of};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::gateway::{Gateway, Moment, Question, VerifyRequest};
use crate::verify::{self, Locale, Verdict, View};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;
use std::sync::Arc;

/// The handler.
pub(super) async fn verify(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    match verdict(&request, payload, &state).await {
        Err(failure) => failed(&request, &failure),
        Ok((body, moment)) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, JSON))
            .insert_header((SNAPSHOT, snapshot_mark(&moment.world)))
            .body(body),
    }
}

async fn verdict(
    request: &HttpRequest,
    payload: web::Payload,
    state: &State,
) -> Result<(Vec<u8>, Moment), Failure> {
    let principal = principal(request);
    let members = Members::of_body(request, payload, MAX_BODY).await?;
    let (moment, trace) = (state.gateway.moment(), trace_of(request));
    let asked = Asked::read(members, &principal, &moment)?;
    // One was paid at the door.
    let more = asked.units().saturating_sub(meter::CREDENTIAL.into());
    meter::spend(request, more)?;
    if asked.request.questions.len() == 1 {
        let opened = state.gateway.open_credentials(&asked.request, &moment);
        let answers = state.gateway.ask_register(&opened, &moment).await;
        let gateway = &state.gateway;
        let verdict = gateway.verify_opened(&asked.request, &opened, &answers, &moment);
        return answered(state, asked, verdict, moment, trace).await;
    }
    let (gateway, at) = (Arc::clone(&state.gateway), moment.clone());
    let open = move || {
        let opened = gateway.open_credentials_of(&[&asked.request], &at);
        (asked, opened)
    };
    let (asked, opened) = state.work.apart(open).await?;
    let answers = state.gateway.ask_register(&opened, &moment).await;
    let gateway = &state.gateway;
    let verdict = gateway.verify_opened(&asked.request, &opened, &answers, &moment);
    answered(state, asked, verdict, moment, trace).await
}

/// `verdict` as it was `asked` for; with a receipt beside the workers, because keys and files take their time.
async fn answered(
    state: &State,
    asked: Asked,
    verdict: Verdict,
    moment: Moment,
    trace: Option<Trace>,
) -> Result<(Vec<u8>, Moment), Failure> {
    if asked.confirmed_to.is_none() {
        return Ok((
            asked.answered(verdict, &state.gateway, &moment, trace)?,
            moment,
        ));
    }
    let (gateway, at) = (Arc::clone(&state.gateway), moment.clone());
    let answer = move || asked.answered(verdict, &gateway, &at, trace);
    Ok((state.work.apart(answer).await??, moment))
}

/// What a caller asked for, and in which form.
pub(super) struct Asked {
    /// What is to be judged.
    pub(super) request: VerifyRequest,
    view: View,
    locale: Locale,
    /// The client who gets a receipt, where one is asked for.
    confirmed_to: Option<Arc<str>>,
}

impl Asked {
    /// What `members` ask for, if `principal` may, and `moment` knows enough.
    ///
    /// # Errors
    /// `request_invalid`, `unauthenticated`, `forbidden`, `snapshot_older`.
    pub(super) fn read(
        mut members: Members,
        principal: &Principal,
        moment: &Moment,
    ) -> Result<Self, Failure> {
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
        let sequence = match members.take("minimum_sequence") {
            None => 0,
            Some(number) => {
                let number = number.as_u64();
                number.ok_or_else(|| not("minimum_sequence", "a whole number"))?
            }
        };
        let confirmed_to = confirmed_to(&mut members, principal)?;
        if confirmed_to.is_some() && at.is_some() {
            let reason =
                "a verdict at a chosen instant has no receipt: leave out `at` or `receipt`";
            return Err(Code::RequestInvalid.because(reason).about("receipt"));
        }
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
        let journey = purpose::journey(&mut members)?;
        if let Some(journey) = &journey {
            let instant = at.unwrap_or_else(|| moment.now());
            journey.check(instant, &moment.world.snapshot)?;
        }
        let holder = purpose::holder(&mut members)?;
        let with_rules = purpose::includes_rules(&mut members)?;
        members.finish()?;
        moment.demand(sequence)?;
        Ok(Self {
            request: VerifyRequest {
                questions,
                at,
                asked: verify::Asked {
                    journey,
                    holder,
                    with_rules,
                    with_colour: view >= View::Gate,
                },
            },
            view,
            locale,
            confirmed_to,
        })
    }

    /// What it costs, in units.
    pub(super) fn units(&self) -> u64 {
        let asked = &self.request.asked;
        let credentials = u64::try_from(self.request.questions.len()).unwrap_or(u64::MAX);
        let more = [asked.holder.is_some(), asked.journey.is_some()];
        let more = more.into_iter().filter(|it| *it).map(|_| meter::ASKED);
        let each = u64::from(meter::CREDENTIAL + more.sum::<u32>());
        let receipt = self.confirmed_to.as_ref().map_or(0, |_| meter::RECEIPT);
        credentials.saturating_mul(each) + u64::from(receipt)
    }

    /// The `verdict` of `gateway` as it was asked for, with a receipt where one was, JSON on one line.
    ///
    /// # Errors
    /// Those of [`Gateway::receipt`]; `internal` where it cannot be written.
    pub(super) fn answered(
        &self,
        mut verdict: Verdict,
        gateway: &Gateway,
        moment: &Moment,
        trace: Option<Trace>,
    ) -> Result<Vec<u8>, Failure> {
        if let Some(client) = &self.confirmed_to {
            let receipt = gateway.receipt(&self.request, &verdict, moment, client)?;
            verdict.receipt = Some(receipt);
        }
        let trace = trace.as_ref().map(Trace::as_str);
        verdict.write_json(self.view, Some(self.locale), trace)
    }
}

/// The client who asks for a receipt. Nobody in particular gets none: it says to whom something was said, and costs a
/// signature.
fn confirmed_to(members: &mut Members, principal: &Principal) -> Result<Option<Arc<str>>, Failure> {
    match (members.take("receipt"), principal) {
        (None | Some(Value::Bool(false)), _) => Ok(None),
        (Some(Value::Bool(true)), Principal::Client { id, .. }) => Ok(Some(Arc::clone(id))),
        (Some(Value::Bool(true)), Principal::Anonymous) => {
            let reason = "a receipt is for a known client";
            Err(Code::Unauthenticated.because(reason).about("receipt"))
        }
        (Some(_), _) => Err(not("receipt", "true or false")),
    }
}

fn question(row: Value) -> Result<Question, Failure> {
    let mut members = Members::of_value("credentials", row)?;
    let reference = reference(&mut members)?;
    let text = members
        .take("credential")
        .ok_or_else(|| not("credential", "there"))?;
    members.finish()?;
    Ok(Question {
        reference,
        text: credential(text)?,
    })
}

/// The caller's own name for something.
///
/// # Errors
/// `request_invalid`.
pub(super) fn reference(members: &mut Members) -> Result<Option<String>, Failure> {
    let reference = members.take_text("ref")?;
    let fits = |it: &String| (1..=MAX_REFERENCE).contains(&it.len());
    if reference.as_ref().is_none_or(fits) {
        return Ok(reference);
    }
    Err(not("ref", "1 to 64 bytes"))
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
