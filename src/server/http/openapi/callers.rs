//! What routes have in common that count their callers' units, or heed a key of the caller's own, as the document describes it.
//!
//! Refuses to describe either of a route whose row in the table says otherwise.
//!
//! Source: OpenAPI Specification 3.1.0; docs/OPERATING.md, Quotas and Idempotency keys.

use super::Route;
use serde_json::{Value, json};

/// `said` of `route`, and what its row says besides.
pub(super) fn told(route: &Route, mut said: Value) -> Value {
    let mut problems = Vec::new();
    if route.units > 0 {
        problems.push("429");
        let responses = said
            .pointer_mut("/responses")
            .and_then(Value::as_object_mut);
        for response in responses.into_iter().flat_map(|it| it.values_mut()) {
            if let Some(headers) = response.get_mut("headers").and_then(Value::as_object_mut) {
                for (name, description) in [("RateLimit-Policy", POLICY), ("RateLimit", LIMIT)] {
                    let header =
                        json!({ "description": description, "schema": { "type": "string" } });
                    headers.insert(name.to_owned(), header);
                }
            }
        }
        if let Some(members) = said.as_object_mut() {
            members.insert("x-units".to_owned(), json!(route.units));
        }
    }
    if route.changing {
        problems.extend(["409", "422"]);
        let key = json!({
            "name": "Idempotency-Key", "in": "header", "required": false, "description": KEY,
            "schema": { "type": "string", "minLength": 1, "maxLength": 128 },
        });
        if let Some(members) = said.as_object_mut() {
            let parameters = members.entry("parameters").or_insert_with(|| json!([]));
            if let Some(parameters) = parameters.as_array_mut() {
                parameters.push(key);
            }
        }
    }
    if let Some(Value::Object(responses)) = said.pointer_mut("/responses") {
        for status in problems {
            let problem = json!({ "$ref": "#/components/responses/Problem" });
            responses.entry(status).or_insert(problem);
        }
    }
    said
}

const POLICY: &str = "Units that come at once (q), and the seconds in which as many come again (w); only for callers with a quota.";
const LIMIT: &str = "Units that are left (r), and the seconds until all are there again (t).";
const KEY: &str = "Your own name for this request, 1 to 128 printable characters, a new one for each. The same request again \
    under the same key is answered as it was for a day, and not done again; 409 while it is being done, 422 for another request. \
    A refusal did nothing and is not kept.";
