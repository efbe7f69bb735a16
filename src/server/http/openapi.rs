//! `GET /openapi.json`: what this node serves, told to programs, and made from the tables that serve it.
//!
//! Refuses to describe a route that this node does not have, and to list codes by hand.
//!
//! Source: OpenAPI Specification 3.1.0; JSON Schema draft 2020-12; RFC 9457 for problem details.

mod callers;
mod certificate;
mod events;
mod publication;
mod referred;
mod revocations;
mod verify;

use super::auth::Scope;
use super::routes::{ROUTES, Route, State};
use crate::failure::Code;
use crate::model::Environment;
use crate::quirk::Quirk;
use crate::server::config::Roles;
use crate::verify::Outcome;
use actix_web::{HttpResponse, web};
use certificate::{certificate, claimed, events, one_event};
use referred::referred;
use serde_json::{Map, Value, json};
use verify::signer;

/// The handler.
pub(super) async fn document(state: web::Data<State>) -> HttpResponse {
    let gateway = &state.gateway;
    HttpResponse::Ok().json(build(gateway.environment(), gateway.roles()))
}

/// The description of everything that is served in `environment` by a node with `roles`.
fn build(environment: Environment, roles: &Roles) -> Value {
    let mut paths = Map::new();
    let here = |route: &&Route| route.exists_on(environment, roles);
    for route in ROUTES.iter().filter(here) {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(route.method.to_lowercase(), operation(route));
        }
    }
    let paths = Value::Object(paths);
    let problem = response("Problem", "application/problem+json", PROBLEM);
    let schemas = referred(&[&paths, &problem], &schemas());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Lintas",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache License 2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": { "Problem": problem },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "A token of this node's operator." },
            },
        },
    })
}

/// What one route does; nothing for a route that is not described here, which a test forbids.
fn operation(route: &Route) -> Value {
    let said = match (route.method, route.path) {
        ("POST", "/v1/verify") => verify::verify(),
        ("POST", "/v1/verify/batch") => verify::batch(),
        ("POST", "/v1/issue") => with(
            answers("issue", "Issue a credential.", "IssueResponse", NOT_READ),
            json!({ "description": ISSUING, "requestBody": body("IssueRequest") }),
        ),
        ("POST", "/v1/events") => events::take_in(),
        ("POST", "/v1/claims") => events::fetch(),
        ("POST", "/v1/revocations") => revocations::withdraw(),
        ("GET", "/v1/trust") => answers("trust", "List the signers in force.", "TrustList", &[]),
        ("GET", "/codes") => answers("codes", "List the machine codes.", "Codes", &[]),
        ("GET", "/codes/{code}") => with(
            answers("code", "Explain one machine code.", "CodeRow", &["404"]),
            json!({ "parameters": [
                { "name": "code", "in": "path", "required": true, "schema": schema("Code") },
            ] }),
        ),
        ("GET", "/health/live") => answers("live", "Tell that the process runs.", "Live", &[]),
        ("GET", "/health/ready") => with(
            answers("ready", "Tell whether to send traffic.", "Ready", &["503"]),
            json!({ "description": "Ready while every pinned source can be read and a signer is known. Foreign feeds that are too old are named." }),
        ),
        ("GET", "/scan") => json!({
            "operationId": "pageShort",
            "summary": "Lead to the scanner as a page.",
            "responses": { "308": { "description": "It is at `/scan/`." } },
        }),
        ("GET", "/openapi.json") => answers("openapi", "Give this document.", "Document", &[]),
        _ => publication::operation(route),
    };
    callers::told(route, with(said, security(route.scope)))
}

/// What an operation answers: 200 with the schema `success`, a fault of ours, and the other `problems`.
fn answers(id: &str, summary: &str, success: &str, problems: &[&str]) -> Value {
    let mut responses = json!({ "200": response(success, "application/json", "The answer.") });
    for status in problems.iter().chain(&["500"]) {
        let problem = json!({ *status: { "$ref": "#/components/responses/Problem" } });
        responses = with(responses, problem);
    }
    json!({ "operationId": id, "summary": summary, "responses": responses })
}

/// Who may ask. Scopes of bearer tokens have no place in `OpenAPI`, so ours stand in a member of their own.
fn security(scope: Option<Scope>) -> Value {
    let Some(scope) = scope else {
        return json!({ "security": [] });
    };
    let security = match scope {
        Scope::VerifyResult => json!([{}, { "bearer": [] }]),
        Scope::VerifyGate
        | Scope::VerifyFull
        | Scope::VerifySimulate
        | Scope::Issue
        | Scope::Operator => json!([{ "bearer": [] }]),
    };
    json!({ "security": security, "x-scope": scope.name() })
}

fn body(name: &str) -> Value {
    json!({ "required": true, "content": { "application/json": { "schema": schema(name) } } })
}

fn response(name: &str, media_type: &str, description: &str) -> Value {
    let header = |what| json!({ "description": what, "schema": { "type": "string" } });
    json!({
        "description": description,
        "headers": {
            "Lintas-Trace": header("The id of this request in the log."),
            "Lintas-Snapshot": header("The id of the snapshot in force."),
        },
        "content": { media_type: { "schema": schema(name) } },
    })
}

/// Every schema that some route speaks of.
fn schemas() -> Map<String, Value> {
    let parts = [
        sets(),
        verify::request(),
        verify::verdict(),
        certificate(),
        trust(),
        node(),
        issuing(),
        events::schemas(),
        revocations::schemas(),
        publication::schemas(),
    ];
    match parts.into_iter().fold(json!({}), with) {
        Value::Object(schemas) => schemas,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

/// The words that answers are made of. Classes and stages are found through the codes, so that none is forgotten.
fn sets() -> Value {
    let outcomes = [Outcome::Accept, Outcome::Indeterminate, Outcome::Reject];
    let codes = Code::ALL.iter();
    json!({
        "Outcome": { "type": "string", "enum": outcomes.map(Outcome::name) },
        "Code": open_set("A stable machine code. Later versions add codes: branch on the class.",
            "x-known-codes", codes.clone().map(|it| it.name())),
        "Class": open_set("The kind of a code. Clients branch on it and treat unknown classes as indeterminate.",
            "x-known-classes", codes.clone().map(|it| it.class().name())),
        "Stage": open_set("Where on its way the thing failed.",
            "x-known-stages", codes.map(|it| it.stage().name())),
        "Quirk": open_set("A harmless oddity that was tolerated.",
            "x-known-quirks", Quirk::ALL.iter().map(|it| it.name())),
    })
}

fn issuing() -> Value {
    let name = with(
        text("As written."),
        json!({ "minLength": 1, "maxLength": 80 }),
    );
    let person = json!({
        "family_name": nullable(name.clone()),
        "given_name": nullable(name),
        "birth_date": text("YYYY-MM-DD, YYYY-MM, YYYY or empty."),
    });
    let request = json!({
        "person": with(closed(person, &["family_name", "given_name"]), json!({
            "anyOf": [{ "required": ["family_name"] }, { "required": ["given_name"] }],
        })),
        "qr": { "type": "boolean", "default": false, "description": "Whether to draw the QR code." },
    });
    let request = with(request, events(claimed));
    json!({
        "IssueRequest": with(closed(request, &["vaccination", "test", "recovery", "qr"]), json!({
            "description": "A person and exactly one event.", "oneOf": one_event(),
        })),
        "IssueResponse": object(json!({
            "credential": text("The text of the QR code."),
            "issued_at": instant("When it was issued."),
            "expires_at": instant("The last second of its period."),
            "qr_svg": text("The QR code as SVG, where it was asked for."),
        }), &["qr_svg"]),
    })
}

fn trust() -> Value {
    let more = json!({
        "algorithm": nullable(text("The algorithm of its key.")),
        "unusable": nullable(schema("Code")),
        "purposes": nullable(list(text("A kind of certificate it may sign; null where it may sign all."))),
        "assurance": text("How it came to be trusted, such as pinned_signer."),
    });
    json!({
        "TrustList": object(json!({
            "environment": { "type": "string", "enum": Environment::ALL.map(Environment::name) },
            "snapshot": schema("Snapshot"),
            "sources": list(schema("Source")),
            "signers": list(schema("TrustedSigner")),
        }), &[]),
        "Snapshot": object(json!({
            "id": text("The hash of its content."),
            "sequence": count("Its number; later ones are larger."),
            "as_of": nullable(instant("The age of its oldest source.")),
        }), &[]),
        "Source": object(json!({
            "id": text("Its name."),
            "as_of": instant("When it was last known to be complete."),
            "readable": { "type": "boolean", "description": "Whether it could be read at the last attempt." },
            "refused": count("How many of its entries were not admitted."),
        }), &[]),
        "TrustedSigner": object(with(signer(), more), &[]),
    })
}

fn node() -> Value {
    let message = nullable(schema("Message"));
    json!({
        "Problem": object(json!({
            "type": { "type": "string", "format": "uri-reference", "description": "Where the code is explained." },
            "title": text("What the code means."),
            "status": count("The HTTP status."),
            "code": schema("Code"),
            "detail": text("What exactly was wrong; no personal data."),
            "trace": nullable(text("The header Lintas-Trace.")),
            "member": text("The request member it is about, where it is about one."),
            "retry_after": count("Seconds to wait, with 503, 429 and the 409 of a request that is being done."),
        }), &["member", "retry_after"]),
        "Codes": object(json!({ "codes": list(schema("CodeRow")) }), &[]),
        "CodeRow": object(json!({
            "code": schema("Code"), "class": schema("Class"), "stage": schema("Stage"),
            "meaning": text("One sentence for engineers."),
            "messages": object(json!({ "id": message, "en": message }), &[]),
        }), &[]),
        "Message": object(json!({
            "sentence": text("What is the matter."), "remedy": text("What to do about it."),
        }), &[]),
        "Live": object(json!({ "status": { "const": "live" } }), &[]),
        "Ready": object(json!({
            "status": { "const": "ready" },
            "signers": count("How many signers are known."),
            "sequence": count("The number of the snapshot in force."),
            "engine": text("Who judges signatures under known keys: known_signer, library, both, or off where the engine failed."),
            "store": text("Whether everything is in the store that was there: whole, incomplete, or unavailable."),
            "publication": nullable(text("How publication stands: current, behind, halted or off; null on nodes that do not publish.")),
            "published": nullable(count("The number of the publication that is served.")),
            "stale_feeds": json!({
                "type": "array", "items": { "type": "string" },
                "description": "The foreign feeds that are too old; each stales its own signers alone.",
            }),
            "ending": json!({
                "type": "array", "items": { "type": "string" },
                "description": "Keys and certificates of the gateway that end within a week.",
            }),
        }), &[]),
        "Document": { "type": "object", "description": "An OpenAPI 3.1 document." },
    })
}

/// An object with `members`, of which the `optional` may be missing. Later versions add members to answers.
fn object(members: Value, optional: &[&str]) -> Value {
    let names = members.as_object().into_iter().flat_map(Map::keys);
    let required: Vec<_> = names
        .filter(|it| !optional.contains(&it.as_str()))
        .collect();
    json!({ "type": "object", "required": required, "properties": members })
}

/// The same, refusing any other member.
fn closed(members: Value, optional: &[&str]) -> Value {
    with(
        object(members, optional),
        json!({ "additionalProperties": false }),
    )
}

fn open_set(description: &str, known: &str, names: impl Iterator<Item = &'static str>) -> Value {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    json!({ "type": "string", "description": format!("{description} An open set."), known: distinct })
}

fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn nullable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn instant(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": description })
}

fn day(description: &str) -> Value {
    json!({ "type": "string", "format": "date", "description": description })
}

fn count(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": description })
}

/// The object `base` and the members of the object `more`.
fn with(mut base: Value, more: Value) -> Value {
    if let (Some(members), Value::Object(more)) = (base.as_object_mut(), more) {
        members.extend(more);
    }
    base
}

/// What can be wrong with a body, its sender, or what its answer needs, the signer of receipts among it.
const NOT_READ: &[&str] = &["400", "401", "403", "408", "413", "415", "503"];

const ABOUT: &str = "A gateway for health certificates. An address that is not described here answers 404, and \
    another method than described 405; these, too, are problem details.";
const PROBLEM: &str = "Problem details (RFC 9457). The code is stable, and `type` says where it is explained. \
    401 comes with WWW-Authenticate, 409, 429 and 503 with Retry-After.";
const ISSUING: &str = "Exists in the demo environment only, and what it issues is worth nothing anywhere else. \
    A refusal names the member, never its value.";

#[cfg(test)]
mod tests {
    use super::referred::references;
    use super::*;
    use crate::server::config::Role;

    #[test]
    fn every_route_is_described_and_can_succeed() {
        let document = build(Environment::Demo, &Roles::usual(true, true));
        for route in ROUTES {
            let name = (route.method, route.path);
            let operation = &document["paths"][route.path][route.method.to_lowercase()];
            assert!(operation["summary"].is_string(), "{name:?}");
            let good = if route.path == "/scan" { "308" } else { "200" };
            assert!(operation["responses"][good].is_object(), "{name:?}");
        }
        let told = document["components"]["schemas"].as_object().unwrap();
        let told: Vec<_> = told.keys().cloned().collect();
        let written: Vec<_> = schemas().keys().cloned().collect();
        assert_eq!(told, written, "a schema that no route speaks of");
    }

    #[test]
    fn every_reference_resolves_and_every_schema_is_referred_to_on_every_node() {
        let alone = Role::ALL.map(|role| Roles::named(&[role.name()]).unwrap());
        let nodes = Environment::ALL.into_iter().flat_map(|environment| {
            let all = alone.iter().cloned().chain([Roles::usual(true, true)]);
            all.map(move |roles| (environment, roles))
        });
        for (environment, roles) in nodes {
            let document = build(environment, &roles);
            let references = references(&document);
            for reference in &references {
                assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
            }
            let schemas = document["components"]["schemas"].as_object();
            for name in schemas.unwrap().keys() {
                let reference = format!("#/components/schemas/{name}");
                assert!(references.contains(&reference.as_str()), "{reference}");
            }
        }
    }

    #[test]
    fn only_the_demo_environment_tells_of_issuing() {
        for environment in Environment::ALL {
            let document = build(environment, &Roles::usual(true, true));
            let told = document["paths"].get("/v1/issue").is_some();
            assert_eq!(told, environment == Environment::Demo, "{environment}");
        }
    }
}
