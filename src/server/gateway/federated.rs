//! What other gateways list, for those of our parties who ask for it: certificates, trusted issuers and references.
//!
//! Refuses what has not proven itself, what nobody needs (certificates for TLS are another gateway's business), what was
//! withdrawn, and everything where records are missing.
//!
//! Source: WHO TNG, federation between gateways (`withFederation`, `sourceGateway`).

use super::Gateway;
use super::hub::uuid_of;
use crate::codec::cms::Signed;
use crate::crypto::sha256;
use crate::exchange::dgcg::{
    DEFAULT_DOMAIN, TrustedCertificate, TrustedIssuer, TrustedReference, read_issuer,
    read_reference, read_statement,
};
use crate::exchange::{Record, RecordKind};
use crate::model::{Country, Thumbprint};
use crate::snapshot::FeedProof;
use crate::trust::proof::proves;
use crate::trust::{KeyMaterial, Place, Role, Statement, vouched_by};
use serde_json::Value;
use std::collections::HashSet;

impl Gateway {
    /// The certificates that other gateways list, each with the id of the feed it came from.
    pub fn federated_certificates(&self) -> Vec<TrustedCertificate> {
        let foreign = self.foreign();
        let mut listed = Vec::new();
        for (feed, proof) in foreign.gateways() {
            let FeedProof::Gateway { anchors, .. } = proof else {
                continue;
            };
            let records = foreign.records_of(RecordKind::TrustListEntry);
            let records = records.filter(|(id, _)| *id == feed);
            let stated: Vec<_> = records
                .filter_map(|(_, record)| Some((statement(record)?, record)))
                .collect();
            let admitted: HashSet<Thumbprint> = foreign
                .said_by(feed)
                .filter_map(|entry| match &entry.key {
                    KeyMaterial::Certificate(der) => Some(Thumbprint(sha256(der))),
                    KeyMaterial::PublicKey(_) => None,
                })
                .collect();
            let vouched = |it: &Statement| vouched_by(it, anchors).is_ok();
            let uploads: Vec<_> = stated
                .iter()
                .filter(|(it, _)| it.role == Role::Upload && vouched(it))
                .map(|(it, _)| (it.country.clone(), it.certificate.clone()))
                .collect();
            for (statement, record) in stated {
                let holds = match statement.role {
                    Role::Signer => admitted.contains(&Thumbprint(sha256(&statement.certificate))),
                    Role::Csca | Role::Upload | Role::Deca => vouched(&statement),
                    Role::Desc => is_handed_in(&statement, &uploads),
                    Role::Authentication | Role::TrustAnchor => false,
                };
                if let (true, Some(row)) = (holds, row(feed, statement, record)) {
                    listed.push(row);
                }
            }
        }
        listed
    }

    /// The trusted issuers that other gateways list, each with the id of the feed it came from.
    pub fn federated_issuers(&self) -> Vec<(Option<String>, TrustedIssuer)> {
        let foreign = self.foreign();
        let records = foreign.records_of(RecordKind::TrustedIssuer);
        let gateways: Vec<_> = foreign.gateways().collect();
        let proven = |(id, record): (&str, &Record)| {
            let (_, proof) = gateways.iter().find(|(feed, _)| *feed == id)?;
            let FeedProof::Gateway { dialect, anchors } = proof else {
                return None;
            };
            let issuer = read_issuer(&record.body).ok()?;
            issuer.proven(*dialect, anchors).ok()?;
            Some((Some(id.to_owned()), issuer))
        };
        records.filter_map(proven).collect()
    }

    /// The trusted references that other gateways list, each with the id of the feed it came from.
    pub fn federated_references(&self) -> Vec<(Option<String>, TrustedReference)> {
        let foreign = self.foreign();
        let records = foreign.records_of(RecordKind::TrustedReference);
        let read = |(id, record): (&str, &Record)| {
            let reference = read_reference(&record.body).ok()?;
            Some((Some(id.to_owned()), reference))
        };
        records.filter_map(read).collect()
    }
}

fn statement(record: &Record) -> Option<Statement> {
    let place = Place {
        document: record.name.clone(),
        position: 1,
    };
    read_statement(place, &record.body).ok()
}

/// Whether an upload certificate of its country vouches for `statement`.
fn is_handed_in(statement: &Statement, uploads: &[(String, Vec<u8>)]) -> bool {
    let Ok(message) = Signed::read(&statement.signature) else {
        return false;
    };
    let mut uploads = uploads.iter();
    let known = |(country, certificate): &(String, Vec<u8>)| {
        *country == statement.country && *certificate == message.certificate
    };
    uploads.any(known) && proves(&message, &statement.certificate).is_ok()
}

fn row(feed: &str, statement: Statement, record: &Record) -> Option<TrustedCertificate> {
    let stated: Value = serde_json::from_slice(&record.body).ok()?;
    let text = |name: &str| stated.get(name).and_then(Value::as_str).map(str::to_owned);
    let signature = Signed::read(&statement.signature).ok()?;
    Some(TrustedCertificate {
        signature: signature.rewrapped(None).ok()?,
        kid: text("kid")?,
        role: statement.role,
        country: Country::parse(&statement.country.to_ascii_uppercase())?,
        properties: stated
            .get("properties")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
        uuid: uuid_of(format!("{feed}/{}", record.name).as_bytes()),
        domain: text("domain").unwrap_or_else(|| DEFAULT_DOMAIN.to_owned()),
        source: Some(feed.to_owned()),
        certificate: statement.certificate,
    })
}
