//! `GET /codes` and `GET /codes/{code}`: what each machine code means; problem details point here.
//!
//! Refuses unknown codes.

use super::answer::answer;
use crate::failure::Code;
use crate::verify::{Locale, message};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

/// All codes.
pub(super) async fn all(request: HttpRequest) -> HttpResponse {
    let codes: Vec<_> = Code::ALL.iter().map(|code| row(*code)).collect();
    answer(&request, Ok(json!({ "codes": codes })))
}

/// One code.
pub(super) async fn one(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let code = Code::named(&name);
    answer(
        &request,
        code.map(row)
            .ok_or_else(|| Code::NotFound.because("no such code; see /codes")),
    )
}

fn row(code: Code) -> Value {
    let text = |locale| {
        message(code, locale).map(|it| json!({ "sentence": it.sentence, "remedy": it.remedy }))
    };
    json!({
        "code": code.name(),
        "class": code.class().name(),
        "stage": code.stage().name(),
        "meaning": code.sentence(),
        "messages": { "id": text(Locale::Id), "en": text(Locale::En) },
    })
}
