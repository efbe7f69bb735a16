//! Verification, as the document describes it: what is asked, for what, about whom, and the verdict.
//!
//! Refuses to describe a member that is not served: what may be asked is closed.
//!
//! Source: OpenAPI Specification 3.1.0; JSON Schema draft 2020-12.

use super::{
    NOT_READ, answers, body, closed, count, instant, list, nullable, object, open_set, schema,
    text, with,
};
use crate::rules::Colour;
use crate::server::http::auth::Scope;
use crate::verify::View;
use crate::verify::identity::{Agreement, Identity};
use serde_json::{Value, json};

/// `POST /v1/verify`.
pub(super) fn verify() -> Value {
    with(
        answers("verify", "Judge credentials.", "Verdict", NOT_READ),
        json!({ "description": VERIFYING, "requestBody": body("VerifyRequest") }),
    )
}

/// `POST /v1/verify/batch`, which comes and goes as an array or as lines.
pub(super) fn batch() -> Value {
    let both = |array: &str, line: &str| {
        json!({
            "application/json": { "schema": schema(array) },
            "application/x-ndjson": { "schema": schema(line) },
        })
    };
    let mut said = answers("verifyBatch", "Judge many.", "BatchResponse", NOT_READ);
    if let Some(content) = said.pointer_mut("/responses/200/content") {
        *content = both("BatchResponse", "BatchAnswer");
    }
    let body = json!({ "required": true, "content": both("BatchRequest", "BatchRow") });
    with(said, json!({ "description": BATCH, "requestBody": body }))
}
/// The schemas of what is asked.
pub(super) fn request() -> Value {
    let views = [View::Result, View::Gate, View::Officer, View::Holder];
    let needs = views.map(|it| format!("{} needs {}", it.name(), Scope::for_view(it).name()));
    let view = format!("How much of a certificate to show: {}.", needs.join(", "));
    let request = json!({
        "credential": text("The text of one QR code."),
        "credentials": { "type": "array", "minItems": 1, "maxItems": 8, "items": schema("Question") },
        "view": with(text(&view), json!({ "enum": views.map(View::name), "default": "result" })),
        "locale": with(text("The language of messages."), json!({ "enum": ["id", "en"], "default": "en" })),
        "at": instant(&format!("The instant to judge at; needs {}.", Scope::VerifySimulate.name())),
        "for": schema("Journey"),
        "holder": schema("Holder"),
        "include": with(list(json!({ "enum": ["rules"] })), json!({ "description": INCLUDE })),
        "minimum_sequence": count(MINIMUM),
        "receipt": { "type": "boolean", "default": false, "description": "Whether to add a signed receipt; for known clients, and without `at`." },
    });
    let question = json!({
        "credential": text("The text of one QR code."),
        "ref": { "type": "string", "minLength": 1, "maxLength": 64, "description": "Your name for it, 1 to 64 bytes." },
    });
    let optional = [
        "credential",
        "credentials",
        "view",
        "locale",
        "at",
        "for",
        "holder",
        "include",
        "minimum_sequence",
        "receipt",
        "ref",
    ];
    let either = json!({
        "description": EITHER,
        "oneOf": [{ "required": ["credential"] }, { "required": ["credentials"] }],
    });
    let named = json!({ "ref": question.get("ref") });
    let row = closed(with(request.clone(), named), &optional);
    json!({
        "VerifyRequest": with(closed(request, &optional), either.clone()),
        "Question": closed(question, &["ref"]),
        "Journey": journey(),
        "Holder": holder(),
        "BatchRow": with(row, either),
        // A row that is bad is answered in its place.
        "BatchRequest": { "type": "array", "maxItems": 1000, "items": schema("BatchRow") },
        "BatchResponse": list(schema("BatchAnswer")),
        "BatchAnswer": {
            "description": "A verdict, or problem details where the row was bad; with the row's `ref`.",
            "properties": { "ref": text("Your name for the row.") },
            "anyOf": [schema("Verdict"), schema("Problem")],
        },
    })
}

fn journey() -> Value {
    let word = |what| {
        let form = json!({ "minLength": 1, "maxLength": 32, "pattern": "^[a-z0-9_-]+$" });
        with(text(what), form)
    };
    let members = json!({
        "destination": text("The country of arrival, ISO 3166-1, two or three upper-case letters."),
        "region": with(word("The region of arrival, as the rules name it. Where no rule of the destination names it, the rules for the whole country are asked."), json!({ "maxLength": 5, "pattern": "^[A-Za-z0-9]+$" })),
        "arrival": instant("The instant of arrival, at most a day past and a year ahead; the instant of judging if left out."),
        "mode": word("How the holder travels, as the destination's policy set names it, such as air."),
        "sector": word("What the holder enters, as the destination's policy set names it, such as mall."),
        "wilayah": word("The region's code of 2, 4, 6 or 10 digits, in Indonesia."),
    });
    let optional = ["region", "arrival", "mode", "sector", "wilayah"];
    with(
        closed(members, &optional),
        json!({ "description": "For what the certificate is to be good: the destination's rules are asked. `mode`, `sector` and `wilayah` are for the policy set of the gateway's own country, which refuses those that it does not know; of another destination no rule reads them, and they change nothing." }),
    )
}

fn holder() -> Value {
    let part = |what| with(text(what), json!({ "maxLength": 800, "default": "" }));
    let parts = closed(
        json!({ "family": part("The family name."), "given": part("The given names.") }),
        &["family", "given"],
    );
    let whole = with(
        text("`Given Family`, `FAMILY/GIVEN` or `Family, Given`, at most 800 bytes and 32 words."),
        json!({ "minLength": 1, "maxLength": 800 }),
    );
    let members = json!({
        "name": { "anyOf": [whole, parts] },
        "birth_date": text("YYYY-MM-DD, YYYY-MM, YYYY or empty."),
        "mrz": with(text(ZONE), json!({ "maxLength": 120 })),
    });
    with(
        closed(members, &["name", "birth_date", "mrz"]),
        json!({
            "description": "Whom the certificate is to be about; of a name and a zone the weaker agreement counts.",
            "anyOf": [{ "required": ["name"] }, { "required": ["mrz"] }],
        }),
    )
}

/// The schemas of what is answered.
pub(super) fn verdict() -> Value {
    let judged = json!({
        "outcome": schema("Outcome"), "findings": list(schema("Finding")), "quirks": list(schema("Quirk")),
    });
    let words = json!({
        "message": text("What users read."), "remedy": text("What users can do about it."),
    });
    let whole = json!({
        "credentials": list(schema("CredentialVerdict")),
        "policy": object(json!({ "id": text("Its name."), "version": count("Its version.") }), &[]),
        "snapshot": schema("Snapshot"),
        "at": instant("The instant that the verdict is about."),
        "recheck_by": nullable(instant("When time alone could next change the verdict.")),
        "colour": schema("Colour"),
        "simulated": { "const": true, "description": "There if the caller chose the instant." },
        "receipt": text("The receipt, a COSE message in base64url, if one was asked for."),
        "trace": text("The header Lintas-Trace."),
    });
    let credential = json!({
        "ref": text("Your name for it."),
        "format": nullable(text("eu_dcc or who_ddcc, where the prefix told it; eu_dcc is said of both until they are opened.")),
        "signer": schema("Signer"),
        "assurance": text("How the signer came to be trusted, such as pinned_signer."),
        "register": text("What the register said of a certificate of ours, where it was asked: registered, not_registered or unavailable."),
        "identity": schema("Identity"),
        "rules": with(list(schema("RuleAnswer")), json!({ "description": "What every rule says, where `include` asks." })),
        "certificate": schema("Certificate"),
    });
    let finding = json!({
        "code": schema("Code"), "class": schema("Class"), "stage": schema("Stage"),
        "detail": text("The reason for engineers; no personal data."),
        "ref": text("Your name for the credential."),
        "rule": text("The identifier of the rule that is not met or cannot be told."),
        "description": text("What its country says of it, in your language or else in English."),
    });
    let verdict = with(with(judged.clone(), words.clone()), whole);
    let there = [
        "message",
        "remedy",
        "colour",
        "simulated",
        "receipt",
        "trace",
    ];
    let known = [
        "ref",
        "signer",
        "assurance",
        "register",
        "identity",
        "rules",
        "certificate",
    ];
    json!({
        "Verdict": with(object(verdict, &there), json!({ "description": VERDICT })),
        "CredentialVerdict": object(with(judged, credential), &known),
        "Finding": object(with(finding, words), &["ref", "rule", "description", "message", "remedy"]),
        "Signer": object(signer(), &[]),
        "Identity": identity(),
        "RuleAnswer": object(rule(), &["description"]),
        "Colour": colour(),
    })
}

pub(super) fn signer() -> Value {
    json!({
        "kid": text("The key identifier, in Base64."),
        "countries": list(text("A country code.")),
        "thumbprint": text("SHA-256 of the certificate, in hexadecimal."),
        "sources": list(text("The id of a source that names it.")),
        "not_before": instant("The begin of its period."),
        "not_after": instant("The end of its period."),
    })
}

fn identity() -> Value {
    let agreements = [Agreement::Match, Agreement::Check, Agreement::Mismatch];
    let members = json!({
        "tier": open_set("How far certificate and holder agree, the strongest first.", "x-known-tiers",
            Identity::ALL.iter().map(|it| it.name())),
        "agreement": { "type": "string", "enum": agreements.map(Agreement::name) },
    });
    with(
        object(members, &[]),
        json!({ "description": "Where `holder` asks and the credential is authentic." }),
    )
}

fn rule() -> Value {
    json!({
        "rule": text("Its identifier, such as VR-DE-0001."),
        "version": text("Three numbers."),
        "country": text("The country whose rule it is."),
        "kind": { "type": "string", "enum": ["acceptance", "invalidation"] },
        "answer": { "type": "string", "enum": ["pass", "fail", "open"] },
        "description": text("What its country says of it, in your language or else in English."),
    })
}

fn colour() -> Value {
    let members = json!({
        "colour": { "type": "string", "enum": Colour::ALL.map(Colour::name) },
        "rule": text("The colour rule that gave it."),
        "open": list(text("A colour rule of which it could not be told whether it holds.")),
        "doubtful": { "type": "boolean", "description": "Whether somebody has to look: the rule that gave it, or a certificate it rests on, is not known to hold." },
        "reason": text("Why, in your language."),
        "remedy": text("What helps, in your language."),
    });
    with(
        object(members, &["reason", "remedy"]),
        json!({ "description": "Of whoever shows the credentials, from the view gate on, where a policy set is in force at the arrival, and the destination, if one is named, is its country." }),
    )
}

const VERIFYING: &str = "Answers 200 with a verdict for every text, however bad: read `outcome`, not the status. \
    Some values of `view`, and `at`, need a further scope.";
const MINIMUM: &str = "The number of a snapshot that you have seen. A node that may not know yet what that one knew judges \
    nothing and answers 503 `snapshot_older`; ask again a second later.";
const BATCH: &str = "Up to 1,000 requests of /v1/verify in 4 MiB, as an array or one a line, each with a `ref` of its \
    own if you like. The answers have the order and form of the rows. A row that is bad is answered with problem details \
    in its place and hurts no other; the scope it needs is asked row by row. All are judged at one instant.";
const EITHER: &str = "Either `credential` or `credentials`. A member that is unknown or not served is refused with 400, \
    naming the member and never its value.";
const INCLUDE: &str = "What else to tell: `rules`, every rule that was asked and its answer, and not only those that are not \
    passed.";
const ZONE: &str = "The machine-readable zone: all lines of a TD1, TD2 or TD3 document or a visa, with or without line breaks, \
    a first line, or the name field alone. With all lines it brings its own birth date, and all check digits have to be right; a \
    line or field alone may come without the fillers at its end.";
const VERDICT: &str = "The best of its credentials' outcomes: a person needs one good certificate. `accept` means authentic and \
    within its period; that the destination's rules accept it only where `for` asks, and that it is the holder's only where \
    `holder` asks. Without `for`, what it states, such as the result of a test, is not judged.";
