//! Withdrawals, as the document describes them.
//!
//! Refuses to describe the doors of the operators' listener, which the operating manual does.
//!
//! Source: OpenAPI Specification 3.1.0.

use super::{answers, body, closed, count, instant, list, nullable, object, schema, text, with};
use crate::server::gateway::withdrawal::Reason;
use serde_json::{Value, json};

/// `POST /v1/revocations`.
pub(super) fn withdraw() -> Value {
    let mut said = answers(
        "withdraw",
        "Withdraw certificates that were issued here.",
        "WithdrawalAnswer",
        &["400", "401", "403", "404", "408", "413", "415", "503"],
    );
    if let Some(Value::Object(responses)) = said.pointer_mut("/responses") {
        let waits = json!({
            "description": "There are so many that a second operator has to approve.",
            "content": { "application/json": { "schema": schema("WithdrawalWaits") } },
        });
        responses.insert("202".into(), waits);
    }
    with(
        said,
        json!({ "description": WITHDRAWING, "requestBody": body("WithdrawalRequest") }),
    )
}

/// The schemas of it.
pub(super) fn schemas() -> Value {
    let selector = json!({
        "uvci": text("The identifier of one certificate."),
        "qr": text("The text of its QR code."),
        "hashes": list(text("A hash of a signature, an identifier, or country and identifier, hexadecimal.")),
        "operator": text("Who entered the events."),
        "submitted_by": text("Who handed them in."),
        "facility": text("The facility."),
        "lot": text("The lot."),
        "batch": text("The import."),
        "kid": text("The signer's key identifier."),
        "from": instant("Issued at or after."),
        "to": instant("Issued before."),
    });
    let every = [
        "uvci",
        "qr",
        "hashes",
        "operator",
        "submitted_by",
        "facility",
        "lot",
        "batch",
        "kid",
        "from",
        "to",
    ];
    json!({
        "WithdrawalRequest": closed(json!({
            "selector": closed(selector, &every),
            "reason": { "type": "string", "enum": Reason::ALL.map(Reason::name) },
            "preview": { "type": "boolean", "default": false },
        }), &["reason", "preview"]),
        "WithdrawalAnswer": { "anyOf": [schema("WithdrawalDone"), schema("WithdrawalPreview")] },
        "WithdrawalDone": object(json!({
            "state": { "const": "withdrawn" },
            "id": text("The withdrawal."),
            "certificates": count("Certificates that are withdrawn by it."),
        }), &[]),
        "WithdrawalPreview": object(json!({
            "certificates": count("Certificates that are meant."),
            "withdrawn_already": count("Those of them that are withdrawn already."),
            "events": count("Events that they were made of."),
            "facilities": count("Facilities."),
            "operators": count("Operators who entered them."),
            "first_issued": nullable(text("When the first was issued.")),
            "last_issued": nullable(text("When the last was issued.")),
            "needs_approval": { "type": "boolean" },
        }), &["withdrawn_already", "needs_approval"]),
        "WithdrawalWaits": object(json!({
            "state": { "const": "waits" },
            "id": text("The request."),
            "hash": text("SHA-256 over the request, hexadecimal."),
        }), &[]),
    })
}

const WITHDRAWING: &str = "For operators with the role revoke, by a client certificate at their own listener or by a short-lived \
    token here. Everything in the selector has to hold. Up to 100 certificates of one operator a day are withdrawn at once, more \
    with another operator's approval. In force on every node within a second.";
