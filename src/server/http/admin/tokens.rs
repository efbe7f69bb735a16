//! `POST /admin/v1/tokens`: a short-lived token, by which an operator acts at the public listener.
//!
//! Refuses to keep one: it is shown this once.

use super::caller;
use crate::failure::{Code, Failure};
use crate::server::gateway::registry::OperatorRole;
use crate::server::http::answer::answer;
use crate::server::http::body::{Members, not};
use crate::server::http::routes::State;
use crate::server::http::work::to_the_end;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use std::sync::Arc;

/// The handler.
pub(super) async fn make(
    request: HttpRequest,
    state: web::Data<State>,
    body: web::Payload,
) -> HttpResponse {
    let made = made(&request, &state, body).await;
    answer(&request, made)
}

async fn made(request: &HttpRequest, state: &State, body: web::Payload) -> Result<Value, Failure> {
    let mut members = Members::of_body(request, body, MAX_BODY).await?;
    let minutes = match members.take("minutes") {
        None => USUAL_MINUTES,
        Some(minutes) => {
            let minutes = minutes.as_u64().and_then(|it| u32::try_from(it).ok());
            minutes.ok_or_else(|| not("minutes", "a number of minutes"))?
        }
    };
    let Some(Value::Array(names)) = members.take("roles") else {
        return Err(not("roles", "a list of roles"));
    };
    members.finish()?;
    let role = |name: &Value| name.as_str().and_then(OperatorRole::parse);
    let roles: Option<Vec<_>> = names.iter().map(role).collect();
    let unknown = || {
        Code::RequestInvalid
            .because("a role is not known")
            .about("roles")
    };
    let roles = roles.ok_or_else(unknown)?;
    let (who, gateway) = (caller(request)?, Arc::clone(&state.gateway));
    let token = to_the_end(async move { gateway.make_token(&who, &roles, minutes).await }).await?;
    let roles: Vec<_> = token.roles.iter().map(|role| role.name()).collect();
    Ok(json!({
        "token": token.text.as_str(),
        "roles": roles,
        "until": token.until.to_string(),
    }))
}

const MAX_BODY: usize = 1024;
const USUAL_MINUTES: u32 = 60;
