//! `GET /codes` and `GET /codes/{code}`: what each machine code means; problem details point here.
//!
//! Refuses unknown codes.

use super::answer::answer;
use super::routes::State;
use crate::failure::Code;
use crate::verify::{Locale, Messages};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// All codes.
pub(super) async fn all(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let world = state.gateway.world();
    let messages = world.snapshot.messages();
    let codes: Vec<_> = Code::ALL.iter().map(|code| row(*code, messages)).collect();
    answer(&request, Ok(json!({ "codes": codes })))
}

/// One code.
pub(super) async fn one(
    request: HttpRequest,
    state: web::Data<State>,
    name: web::Path<String>,
) -> HttpResponse {
    let world = state.gateway.world();
    let code = Code::named(&name);
    answer(
        &request,
        code.map(|code| row(code, world.snapshot.messages()))
            .ok_or_else(|| Code::NotFound.because("no such code; see /codes")),
    )
}

fn row(code: Code, messages: &Messages) -> Value {
    let text = |locale| {
        let message = messages.of(code, locale);
        message.map(|it| json!({ "sentence": it.sentence, "remedy": it.remedy }))
    };
    json!({
        "code": code.name(),
        "class": code.class().name(),
        "stage": code.stage().name(),
        "meaning": code.sentence(),
        "messages": { "id": text(Locale::Id), "en": text(Locale::En) },
    })
}
