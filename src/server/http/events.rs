//! `POST /v1/events`: events from operators, in their own JSON, as FHIR, as lines of JSON, or as CSV.
//!
//! Refuses callers who are no operators, and to repeat anything of a row: an answer names the row, the code and the member.

use super::answer::answer;
use super::body;
use super::routes::State;
use super::trace::{Trace, trace_of};
use super::work::to_the_end;
use crate::failure::{Class, Code, Failure};
use crate::issue::event::rows::{self, Form};
use crate::server::gateway::issuing::{Became, HandedIn, RowAnswer, Submitter, TakenIn};
use actix_web::web::{self, Bytes};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracing::error;

/// The handler, at the public listener and at that of operators.
pub(super) async fn take_in(
    request: HttpRequest,
    payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    let taken = taken(&request, payload, &state).await;
    answer(&request, taken)
}

async fn taken(
    request: &HttpRequest,
    payload: web::Payload,
    state: &State,
) -> Result<Value, Failure> {
    let submitter = submitter(request)?;
    let stated = Stated::of(request)?;
    let import = import(request.query_string())?;
    let bytes = body::read(request, payload, rows::MAX_REQUEST).await?;
    let handed_in = HandedIn {
        form: stated.form(&bytes),
        bytes,
        import,
    };
    let gateway = Arc::clone(&state.gateway);
    let taken = to_the_end(async move { gateway.take_in(&submitter, handed_in).await }).await?;
    let trace = trace_of(request);
    Ok(shown(&taken, trace.as_ref().map(Trace::as_str)))
}

/// The operator who asks, as found out before.
pub(super) fn submitter(request: &HttpRequest) -> Result<Submitter, Failure> {
    let found = request.extensions().get::<Submitter>().cloned();
    found.ok_or_else(|| Code::Unauthenticated.because("no operator asks"))
}

/// What a request says its body is.
enum Stated {
    Json,
    Lines,
    Csv,
    Fhir,
}

impl Stated {
    fn of(request: &HttpRequest) -> Result<Self, Failure> {
        let known = [
            (body::JSON, Self::Json),
            ("application/x-ndjson", Self::Lines),
            ("text/csv", Self::Csv),
            ("application/fhir+json", Self::Fhir),
        ];
        let mut stated = known
            .into_iter()
            .filter(|(it, _)| body::is_of_type(request, it));
        let unknown = || {
            let reason =
                "send application/json, application/fhir+json, application/x-ndjson or text/csv";
            Code::MediaTypeUnsupported.because(reason)
        };
        stated.next().map(|(_, form)| form).ok_or_else(unknown)
    }

    /// A resource of FHIR says that it is one; many systems send it as plain JSON.
    fn form(&self, bytes: &Bytes) -> Form {
        #[derive(Deserialize)]
        struct Resource {
            #[serde(rename = "resourceType")]
            _kind: IgnoredAny,
        }
        match self {
            Self::Lines => Form::Ndjson,
            Self::Csv => Form::Csv,
            Self::Fhir => Form::Fhir,
            Self::Json if serde_json::from_slice::<Resource>(bytes).is_ok() => Form::Fhir,
            Self::Json => Form::Json,
        }
    }
}

/// `import=NAME`, and nothing else.
fn import(query: &str) -> Result<Option<String>, Failure> {
    match query {
        "" => Ok(None),
        query => match query.strip_prefix("import=") {
            Some(name) => Ok(Some(name.to_owned())),
            None => Err(Code::RequestInvalid
                .because("nothing but `import` is asked")
                .about("import")),
        },
    }
}

fn shown(taken: &TakenIn, trace: Option<&str>) -> Value {
    let mut counts = BTreeMap::from([("taken", 0), ("known", 0), ("cancelled", 0), ("refused", 0)]);
    for row in &taken.rows {
        *counts.entry(row.became.name()).or_default() += 1;
    }
    let rows: Vec<_> = taken.rows.iter().map(|answer| row(answer, trace)).collect();
    json!({
        "import": taken.import,
        "taken": counts.get("taken"),
        "known": counts.get("known"),
        "cancelled": counts.get("cancelled"),
        "refused": counts.get("refused"),
        "until": taken.until.to_string(),
        "rows": rows,
    })
}

fn row(answer: &RowAnswer, trace: Option<&str>) -> Value {
    let mut members = Map::new();
    members.insert("row".into(), json!(answer.row));
    members.insert("status".into(), json!(answer.became.name()));
    let names = |codes: &[Code]| json!(codes.iter().map(|code| code.name()).collect::<Vec<_>>());
    match &answer.became {
        Became::Taken { claim, warnings } => {
            members.insert("claim".into(), json!(claim.text().as_str()));
            members.insert("warnings".into(), names(warnings));
        }
        Became::Known { claim, warnings } => {
            let claim = claim.as_ref().map(|claim| claim.text().to_string());
            members.insert("claim".into(), json!(claim));
            members.insert("warnings".into(), names(warnings));
        }
        Became::Cancelled => {}
        Became::Refused(failure) => {
            members.insert("problem".into(), problem(failure, trace));
        }
    }
    Value::Object(members)
}

/// What is wrong with a row: code, member, and what exactly, never a value.
fn problem(failure: &Failure, trace: Option<&str>) -> Value {
    let code = failure.code();
    let detail = if code.class() == Class::Internal {
        error!(
            code = code.name(),
            trace, "a row was not taken in: {failure}"
        );
        code.sentence()
    } else {
        failure.detail()
    };
    json!({ "code": code.name(), "member": failure.member(), "detail": detail })
}
