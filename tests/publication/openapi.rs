//! Real answers are what the OpenAPI document says of them.

use crate::site::{Site, json, published_after};
use serde_json::{Value, json};

/// Demands that `answer` is what the document says of the schema `name`.
pub(crate) fn obeys(document: &Value, name: &str, answer: &Value) {
    let schema = json!({
        "$ref": format!("#/components/schemas/{name}"),
        "components": document["components"],
    });
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let faults: Vec<_> = validator
        .iter_errors(answer)
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "{name}: {faults:?}");
}

#[actix_web::test]
async fn every_json_answer_is_what_the_document_says() {
    let site = Site::new();
    site.pins("one");
    let gateway = site.serves().await;
    published_after(&gateway, 0).await;
    let document = json(&gateway, "/openapi.json").await;
    for (path, name) in [
        ("/.well-known/lintas", "Discovery"),
        ("/published/manifest.json", "Manifest"),
        ("/published/trustlist.json", "Foreign"),
        ("/v2/trustlist/did.json", "Foreign"),
        ("/signercertificateStatus", "Kids"),
        ("/signercertificateStatus/delta", "SignerDelta"),
        ("/trustedissuers", "Foreign"),
        ("/context", "Foreign"),
        ("/rules", "RuleHashes"),
        ("/valuesets", "ValueSetHashes"),
        ("/countrylist", "Countries"),
        ("/health/ready", "Ready"),
    ] {
        obeys(&document, name, &json(&gateway, path).await);
    }
    let kids = json(&gateway, "/signercertificateStatus").await;
    let named = gateway.post("/signercertificateUpdate", &kids).await;
    obeys(&document, "SignersByCountry", &named.json());
    let missing = gateway.get("/v2/trustlist/NONE/did.json").await;
    obeys(&document, "Problem", &missing.json());
    gateway.stop().await;
}
