//! Which schemas a document speaks of, so that a node describes what it serves and no more.
//!
//! Refuses nothing: a reference that leads nowhere names no schema.
//!
//! Source: OpenAPI Specification 3.1.0, Reference Object.

use serde_json::{Map, Value};

/// Those of `schemas` that one of `parts` refers to, by itself or through another.
pub(super) fn referred(parts: &[&Value], schemas: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    let mut waiting: Vec<&str> = parts.iter().flat_map(|part| references(part)).collect();
    while let Some(reference) = waiting.pop() {
        let name = reference.strip_prefix(SCHEMAS).unwrap_or_default();
        if let (Some(schema), false) = (schemas.get(name), kept.contains_key(name)) {
            waiting.extend(references(schema));
            kept.insert(name.to_owned(), schema.clone());
        }
    }
    // In the order in which they were written.
    let known = schemas.iter().filter(|(name, _)| kept.contains_key(*name));
    known
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect()
}

/// Everything that `value` refers to.
pub(super) fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            let within = members.values().flat_map(references);
            own.into_iter().chain(within).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

const SCHEMAS: &str = "#/components/schemas/";
