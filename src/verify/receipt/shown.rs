//! The JSON form of a receipt.
//!
//! Refuses to be mistaken for the receipt: it has no signature.

use super::told::{Receipt, Told};
use crate::model::Thumbprint;
use crate::trust::Source;
use serde_json::{Value, json};

impl Receipt {
    /// What it says.
    pub fn to_json(&self) -> Value {
        let policy = &self.policy;
        json!({
            "environment": self.environment.name(),
            "at": self.at.to_string(),
            "client": self.client,
            "outcome": self.outcome.name(),
            "credentials": self.credentials.iter().map(told).collect::<Vec<_>>(),
            "policy": {
                "id": policy.id.as_str(),
                "version": policy.version,
                "sha256": Thumbprint(policy.hash).to_string(),
            },
            "snapshot": { "id": self.snapshot.to_string(), "sequence": self.sequence },
            "sources": self.sources.iter().map(source).collect::<Vec<_>>(),
        })
    }
}

fn told(told: &Told) -> Value {
    json!({
        "sha256": Thumbprint(told.text).to_string(),
        "findings": told.codes.iter().map(|it| it.name()).collect::<Vec<_>>(),
        "quirks": told.quirks.iter().map(|it| it.name()).collect::<Vec<_>>(),
        "registered": told.registered.name(),
    })
}

fn source(source: &Source) -> Value {
    let countries = source.revocation_countries.as_ref();
    let countries = countries.map(|it| it.iter().map(ToString::to_string).collect::<Vec<_>>());
    json!({
        "id": source.id,
        "as_of": source.as_of.to_string(),
        "revocation_as_of": source.revocation_as_of.map(|at| at.to_string()),
        "revocation_countries": countries,
    })
}
