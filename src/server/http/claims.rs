//! `POST /v1/claims`: what a holder gets for the claim on their slip. Nobody needs to be known for this, and nobody is asked
//! for an identity number.
//!
//! Refuses every claim under which nothing lies alike, and to draw what a verifier would refuse.

use super::answer::failed;
use super::body::{Members, not};
use super::meter::{self, DRAWN};
use super::routes::State;
use crate::failure::{Code, Failure};
use crate::issue::{self, event::Profile};
use crate::server::document;
use crate::server::gateway::Gateway;
use crate::server::gateway::issuing::{Fetched, HeldCertificate, Holding};
use crate::verify::{Locale, Messages, Outcome};
use actix_web::http::header::{ACCEPT, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::sync::Arc;

/// The handler.
pub(super) async fn fetch(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    match fetched(&request, payload, &state).await {
        Ok(answer) => answer,
        Err(failure) => failed(&request, &failure),
    }
}

async fn fetched(
    request: &HttpRequest,
    payload: web::Payload,
    state: &State,
) -> Result<HttpResponse, Failure> {
    let mut members = Members::of_body(request, payload, MAX_BODY).await?;
    let missing = || {
        Code::RequestInvalid
            .because("member `claim` is missing")
            .about("claim")
    };
    let claim = members.take_text("claim")?.ok_or_else(missing)?;
    let form = match members.take_text("format")? {
        None => Form::accepted(request),
        Some(name) => Form::named(&name).ok_or_else(|| not("format", "json, svg, png or pdf"))?,
    };
    let profile = match members.take_text("profile")? {
        None => None,
        Some(name) => {
            let profile = Profile::parse(&name);
            Some(profile.ok_or_else(|| not("profile", "eu_dcc or who_ddcc"))?)
        }
    };
    members.finish()?;
    if form != Form::Json {
        meter::spend(request, DRAWN.into())?;
    }
    let holding = match state.gateway.under_claim(&claim).await? {
        Fetched::Waits => {
            return Ok(HttpResponse::Accepted()
                .insert_header((RETRY_AFTER, WAIT_S))
                .json(json!({ "status": "waiting", "retry_after": WAIT_S })));
        }
        Fetched::Held(holding) => holding,
    };
    if form == Form::Json {
        let world = state.gateway.world();
        let messages = world.snapshot.messages();
        return Ok(HttpResponse::Ok().json(shown(&holding, profile, messages)));
    }
    let gateway = Arc::clone(&state.gateway);
    let drawing = move || drawn(&gateway, &holding, form, profile);
    let body = state.work.apart(drawing).await??;
    Ok(HttpResponse::Ok()
        .content_type(form.media_type())
        .body(body))
}

/// In which form certificates are fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Svg,
    Png,
    Pdf,
}

impl Form {
    const ALL: [Self; 4] = [Self::Json, Self::Svg, Self::Png, Self::Pdf];

    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Pdf => "pdf",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// The first form that the caller accepts by its own name; JSON for everybody else.
    fn accepted(request: &HttpRequest) -> Self {
        let accepted = request
            .headers()
            .get(ACCEPT)
            .and_then(|it| it.to_str().ok());
        let types = accepted.unwrap_or_default().split(',');
        let mut essences = types.filter_map(|it| it.split(';').next());
        let form = |essence: &str| {
            Self::ALL
                .into_iter()
                .find(|form| form.media_type().eq_ignore_ascii_case(essence.trim()))
        };
        essences.find_map(form).unwrap_or(Self::Json)
    }
}

fn shown(holding: &Holding, profile: Option<Profile>, messages: &Messages) -> Value {
    let explained = |code: Code| explained(code, messages);
    let certificates = holding.certificates.iter();
    let certificates =
        certificates.filter(|it| profile.is_none_or(|profile| it.profile == profile));
    let certificates = certificates.map(|it| {
        let good = it.outcome != Outcome::Reject;
        json!({
            "profile": it.profile.name(),
            "qr_text": good.then_some(&it.text),
            "issued_at": it.issued_at.to_string(),
            "expires_at": it.expires_at.to_string(),
            "outcome": it.outcome.name(),
            "findings": it.findings.iter().map(|code| explained(*code)).collect::<Vec<_>>(),
        })
    });
    json!({
        "certificates": certificates.collect::<Vec<_>>(),
        "warnings": holding.warnings.iter().map(|code| explained(*code)).collect::<Vec<_>>(),
        "refused": holding.refused.map(explained),
        "until": holding.until.to_string(),
    })
}

/// A code in the words of people.
fn explained(code: Code, messages: &Messages) -> Value {
    let said = |locale| {
        let message = messages.of(code, locale);
        message.map(|it| json!({ "sentence": it.sentence, "remedy": it.remedy }))
    };
    json!({ "code": code.name(), "id": said(Locale::Id), "en": said(Locale::En) })
}

fn drawn(
    gateway: &Gateway,
    holding: &Holding,
    form: Form,
    profile: Option<Profile>,
) -> Result<Vec<u8>, Failure> {
    if let Some(code) = holding.refused {
        return Err(Code::NotFound.because(format!("no certificate could be made: {code}")));
    }
    let mut certificates = holding.certificates.iter();
    let chosen = certificates.find(|it| profile.is_none_or(|profile| it.profile == profile));
    let none = || {
        Code::NotFound
            .because("there is no certificate in this form")
            .about("profile")
    };
    let chosen = chosen.ok_or_else(none)?;
    if chosen.outcome == Outcome::Reject {
        let code = chosen.findings.first().copied().unwrap_or(Code::Revoked);
        return Err(code.because("what a verifier would refuse is not drawn"));
    }
    match form {
        // Answered before.
        Form::Json => Err(Code::Internal.because("JSON is not drawn")),
        Form::Svg => Ok(issue::svg(&chosen.text)?.into_bytes()),
        Form::Png => document::png(&chosen.text, PIXELS),
        Form::Pdf => sheet(gateway, holding, chosen),
    }
}

fn sheet(
    gateway: &Gateway,
    holding: &Holding,
    chosen: &HeldCertificate,
) -> Result<Vec<u8>, Failure> {
    let unread = || Code::ReadBackFailed.because("a certificate that was held does not read");
    document::pdf(&document::Sheet {
        certificate: chosen.certificate.as_ref().ok_or_else(unread)?,
        text: &chosen.text,
        profile: chosen.profile,
        issued_at: chosen.issued_at,
        expires_at: chosen.expires_at,
        issuer: &gateway.issuer().name,
        product: chosen.product.as_deref(),
        warnings: &holding.warnings,
    })
}

const MAX_BODY: usize = 1024;
/// Seconds until a holder whose event waits should ask again.
const WAIT_S: u64 = 1;
/// Pixels of a module.
const PIXELS: u32 = 8;
