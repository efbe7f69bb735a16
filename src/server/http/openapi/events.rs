//! Events and claims, as the document describes them.
//!
//! Refuses to describe FHIR, which is specified elsewhere, and the rows of CSV, which have the manual.
//!
//! Source: OpenAPI Specification 3.1.0; docs/EVENTS.md.

use super::{answers, closed, count, instant, list, nullable, object, schema, text, with};
use crate::issue::event::{Action, Profile};
use serde_json::{Value, json};

/// `POST /v1/events`.
pub(super) fn take_in() -> Value {
    let said = answers(
        "handInEvents",
        "Hand in events, of which certificates are made.",
        "EventsAnswer",
        &["400", "401", "403", "408", "413", "415", "429", "503"],
    );
    let text = |what: &str| json!({ "schema": { "type": "string", "description": what } });
    let content = json!({
        "application/json": { "schema": { "anyOf": [schema("Event"), { "type": "object", "description": "A FHIR R4 Bundle." }] } },
        "application/fhir+json": { "schema": { "type": "object", "description": "A FHIR R4 Bundle." } },
        "application/x-ndjson": { "schema": schema("Event") },
        "text/csv": text("Rows under the documented header."),
    });
    with(
        said,
        json!({
            "description": HANDING_IN,
            "parameters": [{
                "name": "import", "in": "query", "required": false,
                "description": "Your own name for an import of several requests, by which its certificates can be withdrawn together.",
                "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
            }],
            "requestBody": { "required": true, "content": content },
        }),
    )
}

/// `POST /v1/claims`.
pub(super) fn fetch() -> Value {
    let mut said = answers(
        "fetch",
        "Fetch certificates by a claim.",
        "Holding",
        &["400", "404", "408", "413", "415", "422", "503"],
    );
    if let Some(Value::Object(content)) = said.pointer_mut("/responses/200/content") {
        for media_type in ["image/svg+xml", "image/png", "application/pdf"] {
            content.insert(media_type.into(), json!({}));
        }
    }
    if let Some(Value::Object(responses)) = said.pointer_mut("/responses") {
        let waiting = json!({
            "description": "The event waits for its certificates. Comes with Retry-After.",
            "content": { "application/json": { "schema": schema("Waiting") } },
        });
        responses.insert("202".into(), waiting);
    }
    let content = json!({ "application/json": { "schema": schema("ClaimRequest") } });
    with(
        said,
        json!({
            "description": FETCHING,
            "requestBody": { "required": true, "content": content },
        }),
    )
}

/// The schemas of both.
pub(super) fn schemas() -> Value {
    let names = |member: &str| {
        with(
            text("As written, at most 80 characters."),
            json!({ "title": member }),
        )
    };
    let profile = || json!({ "type": "string", "enum": Profile::ALL.map(Profile::name) });
    let actions = [Action::New, Action::Correct, Action::Cancel, Action::Renew];
    let person = json!({
        "family_name": names("family name"), "given_name": names("given name"),
        "family_name_icao": text("As in the passport, where it cannot be derived."),
        "given_name_icao": text("As in the passport, where it cannot be derived."),
        "birth_date": text("YYYY-MM-DD, YYYY-MM or YYYY."),
    });
    let product = json!({ "anyOf": [
        text("An id of the table of products."),
        closed(json!({ "system": text("A code system."), "code": text("A code of it.") }), &[]),
    ] });
    let vaccination = json!({
        "product": product, "dose": { "type": "integer", "minimum": 1 },
        "date": text("YYYY-MM-DD."), "lot": text("At most 20 characters."),
    });
    let test = json!({
        "test": {}, "sampled_at": instant("When the sample was taken."),
        "result": { "type": "string", "enum": ["detected", "not_detected"] },
        "centre": text("Where, as certificates say it."),
    });
    let event = json!({
        "source_id": text("Its name where it comes from; no two events share one."),
        "action": { "type": "string", "enum": actions.map(Action::name), "default": "new" },
        "person": closed(person, &["family_name", "given_name", "family_name_icao", "given_name_icao"]),
        "vaccination": closed(vaccination, &["lot"]),
        "test": { "type": "object", "properties": test },
        "recovery": closed(json!({ "first_positive": text("YYYY-MM-DD.") }), &[]),
        "facility": text("The facility's code."),
        "operator": text("Who entered it; by default whoever hands it in."),
        "profiles": list(profile()),
        "destination": text("The country of the journey, in place of profiles."),
        "problem": json!({ "description": "Passed over: what a file of rejected rows says." }),
    });
    let optional = [
        "action",
        "vaccination",
        "test",
        "recovery",
        "operator",
        "profiles",
        "destination",
        "problem",
    ];
    let row = json!({
        "row": count("Which row, from 1."),
        "status": { "type": "string", "enum": ["taken", "known", "cancelled", "refused"] },
        "claim": nullable(text("By which the holder fetches their certificates: 28 characters in groups. Null where it was given out before.")),
        "warnings": list(schema("Code")),
        "problem": object(json!({
            "code": schema("Code"), "member": nullable(text("The member of the event that it is about.")),
            "detail": text("What exactly was wrong, without any value."),
        }), &[]),
    });
    let said = object(
        json!({ "sentence": text("What is the matter."), "remedy": text("What to do about it.") }),
        &[],
    );
    let explained = object(
        json!({ "code": schema("Code"), "id": nullable(said.clone()), "en": nullable(said) }),
        &[],
    );
    let certificate = json!({
        "profile": profile(),
        "qr_text": nullable(text("The text of the QR code; null where a verifier would refuse it.")),
        "issued_at": instant("When it was issued."),
        "expires_at": instant("The last second of its period."),
        "outcome": schema("Outcome"),
        "findings": list(schema("Explained")),
    });
    json!({
        "Event": closed(event, &optional),
        "EventsAnswer": object(json!({
            "import": text("The import: 32 hexadecimal digits."),
            "taken": count("Rows that wait for their certificates."),
            "known": count("Rows that were taken in before."),
            "cancelled": count("Rows that are cancelled."),
            "refused": count("Rows that were not taken in."),
            "until": instant("Until when certificates can be fetched by these claims, at least."),
            "rows": list(schema("EventRow")),
        }), &[]),
        "EventRow": object(row, &["claim", "warnings", "problem"]),
        "ClaimRequest": closed(json!({
            "claim": text("As on the slip; case, spaces and hyphens do not matter."),
            "format": { "type": "string", "enum": ["json", "svg", "png", "pdf"], "default": "json" },
            "profile": profile(),
        }), &["format", "profile"]),
        "Waiting": object(json!({ "status": { "const": "waiting" }, "retry_after": count("Seconds.") }), &[]),
        "Explained": explained,
        "Holding": object(json!({
            "certificates": list(object(certificate, &[])),
            "warnings": list(schema("Explained")),
            "refused": nullable(schema("Explained")),
            "until": instant("The last second at which it can be fetched."),
        }), &[]),
    })
}

const HANDING_IN: &str = "For operators, by a client certificate at their own listener or by a short-lived token here. \
    Up to 10,000 rows in 8 MiB. A bad row is refused in its place, naming code and member, and keeps no other out. Handing in the \
    same again is harmless: it is `known`, and whoever handed it in within a day is told the claim again.";
const FETCHING: &str = "Anybody who has the claim fetches what is under it. Unknown, spent, wrong and mistyped claims are \
    answered alike. A picture or a sheet is asked for by `format` or Accept.";
