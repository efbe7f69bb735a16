//! The JSON form of a receipt.
//!
//! Refuses to be mistaken for the receipt: it has no signature.

use super::told::{Receipt, Told, ToldColour};
use crate::model::Thumbprint;
use crate::trust::Source;
use crate::verify::Journey;
use crate::verify::identity::Identity;
use serde_json::{Value, json};
use smol_str::SmolStr;

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
            "for": self.journey.as_ref().map(journey),
            "with_colour": self.with_colour,
            "colour": self.colour.as_ref().map(colour),
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

fn colour(told: &ToldColour) -> Value {
    let open: Vec<_> = told.open.iter().map(SmolStr::as_str).collect();
    json!({
        "colour": told.colour.name(),
        "rule": told.rule.as_str(),
        "open": open,
        "doubtful": told.is_doubtful,
    })
}

fn told(told: &Told) -> Value {
    let findings = told.codes.iter();
    let findings =
        findings.map(|(code, rule)| json!({ "code": code.name(), "rule": rule.as_deref() }));
    json!({
        "sha256": Thumbprint(told.text).to_string(),
        "findings": findings.collect::<Vec<_>>(),
        "quirks": told.quirks.iter().map(|it| it.name()).collect::<Vec<_>>(),
        "registered": told.registered.name(),
        "identity": told.identity.map(Identity::name),
    })
}

fn journey(journey: &Journey) -> Value {
    let circumstances = &journey.circumstances;
    json!({
        "destination": journey.destination.as_str(),
        "region": journey.region.as_deref(),
        "arrival": journey.arrival.map(|at| at.to_string()),
        "mode": circumstances.mode,
        "sector": circumstances.sector,
        "wilayah": circumstances.wilayah,
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
