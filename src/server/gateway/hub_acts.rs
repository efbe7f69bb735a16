//! Acts on what this gateway is for others: parties and issuers.
//!
//! Refuses all of them where no trust anchor of ours is configured, and whatever the hub refuses.

use super::Gateway;
use super::hub::{Hub, Joining, PartyRole, StoredIssuer, leaving};
use super::registry::{Act, Answerable, PartyCertificate};
use crate::exchange::dgcg::TrustedIssuer;
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::server::store::Event;
use crate::trust::Role;
use serde_json::{Value, json};

impl Gateway {
    /// What `act` on a party or an issuer would change.
    ///
    /// # Errors
    /// `request_invalid`, `not_found`; those of certificates and signatures that the act holds.
    pub(super) fn preview_hub(&self, act: &Act) -> Result<Value, Failure> {
        let hub = self.hub();
        let done = changes(&hub, act, self.clock.now())?;
        let certificates = done.certificates.iter().map(|(role, certificate, _)| {
            let thumbprint = Thumbprint(crate::crypto::sha256(certificate));
            json!({ "type": role.name(), "thumbprint": thumbprint.to_string() })
        });
        // What a party hands in while its removal waits changes nothing of what is approved, and cannot put it off.
        let counted = !matches!(act, Act::PartyRemove { .. });
        Ok(json!({
            "change": done.words,
            "subject": done.subject,
            "certificates": certificates.collect::<Vec<_>>(),
            "records": counted.then_some(done.records.len()),
        }))
    }

    /// The parties and issuers in force, for operators.
    ///
    /// # Errors
    /// `store_incomplete`.
    pub(in crate::server) fn show_hub(&self) -> Result<Value, Failure> {
        if self.world.load().incomplete {
            return Err(
                Code::StoreIncomplete.because("records are missing, so no party is believed")
            );
        }
        let hub = self.hub();
        let parties = hub.parties().map(|party| {
            let entries = Role::ALL.into_iter().flat_map(|role| hub.of(party.country, role));
            let entries = entries.map(|it| {
                json!({ "type": it.role.name(), "thumbprint": it.thumbprint.to_string(), "since": it.created_at.to_string() })
            });
            json!({
                "country": party.country.as_str(),
                "name": party.name,
                "roles": party.roles,
                "since": party.since.to_string(),
                "certificates": entries.collect::<Vec<_>>(),
            })
        });
        let issuers = hub.documents(RecordKind::TrustedIssuer);
        let issuers = issuers
            .filter_map(|record| StoredIssuer::read(record))
            .map(|it| {
                json!({
                    "url": it.issuer.url,
                    "type": it.issuer.kind,
                    "country": it.issuer.country_text,
                    "name": it.issuer.name,
                    "dialects": [it.signature_eu.map(|_| "eu"), it.signature_tng.map(|_| "tng")],
                })
            });
        Ok(json!({
            "parties": parties.collect::<Vec<_>>(),
            "issuers": issuers.collect::<Vec<_>>(),
        }))
    }

    /// The records and events by which it is done.
    ///
    /// # Errors
    /// As [`Self::preview_hub`].
    pub(super) fn carry_out_hub(
        &self,
        act: &Act,
        by: &Answerable<'_>,
    ) -> Result<(Vec<Record>, Vec<Event>), Failure> {
        let done = changes(&self.hub(), act, by.at)?;
        let event = by.event(done.event, &done.subject, "");
        Ok((done.records, vec![event]))
    }
}

/// An act, and what it comes to.
struct Done {
    records: Vec<Record>,
    words: &'static str,
    event: &'static str,
    subject: String,
    certificates: Vec<(Role, Vec<u8>, Vec<u8>)>,
}

fn changes(hub: &Hub, act: &Act, at: UnixTime) -> Result<Done, Failure> {
    if hub.anchors().is_empty() {
        let reason = "no trust anchor of ours is configured (federation.anchors)";
        return Err(Code::RequestInvalid.because(reason));
    }
    match act {
        Act::PartyAdd {
            country,
            name,
            roles,
            certificates,
        } => {
            let role = |name: &String| {
                let unknown = || Code::RequestInvalid.because("a role that no party has");
                PartyRole::parse(name).ok_or_else(unknown)
            };
            let joining = Joining {
                country: parse(country)?,
                name: name.clone(),
                roles: roles.iter().map(role).collect::<Result<_, _>>()?,
                certificates: certificates.iter().map(parts).collect(),
            };
            Ok(Done {
                records: joining.records(hub, at)?,
                words: match hub.party(joining.country) {
                    None => "a new party",
                    Some(_) => "a party is changed; what it does not bring again goes",
                },
                event: "party.added",
                subject: country.clone(),
                certificates: joining.certificates,
            })
        }
        Act::PartyRemove { country } => Ok(Done {
            records: leaving(hub, parse(country)?, at)?,
            words: "the party can ask and hand in no more; its signers, rules and references go",
            event: "party.removed",
            subject: country.clone(),
            certificates: Vec::new(),
        }),
        Act::IssuerAdd {
            url,
            kind,
            country,
            name,
            domain,
            signature_eu,
            signature_tng,
        } => {
            let issuer = TrustedIssuer {
                url: url.clone(),
                kind: kind.clone(),
                country: parse(country)?,
                country_text: country.clone(),
                name: name.clone(),
                thumbprint: None,
                domain: Some(domain.clone()),
                taken_in_at: None,
                signature: Vec::new(),
                more: serde_json::Map::new(),
            };
            let (eu, tng) = (signature_eu.clone(), signature_tng.clone());
            let stored = StoredIssuer::new(issuer, eu, tng, hub.anchors())?;
            Ok(Done {
                records: vec![stored.record(at)],
                words: "an address at which a country publishes keys is listed",
                event: "issuer.added",
                subject: url.clone(),
                certificates: Vec::new(),
            })
        }
        Act::IssuerRemove { url } => Ok(Done {
            records: vec![hub.issuer_leaving(url, at)?],
            words: "an address is listed no more",
            event: "issuer.removed",
            subject: url.clone(),
            certificates: Vec::new(),
        }),
        Act::OperatorAdd { .. }
        | Act::OperatorDisable { .. }
        | Act::ClientAdd { .. }
        | Act::ClientDisable { .. }
        | Act::SignerReadmit { .. }
        | Act::FeedAcceptLess { .. }
        | Act::KeyAdd { .. }
        | Act::KeyRetire { .. }
        | Act::KeyCompromised { .. }
        | Act::CertificatesWithdraw { .. }
        | Act::CertificatesReinstate { .. }
        | Act::PolicyActivate { .. } => {
            let reason = format!("{} is no act on parties", act.name());
            Err(Code::Internal.because(reason))
        }
    }
}

/// Its alpha-2 code alone, which is what certificates name.
fn parse(country: &str) -> Result<Country, Failure> {
    let read = Country::parse(country).filter(|it| it.as_str() == country);
    read.ok_or_else(|| Code::RequestInvalid.because("country is no alpha-2 code"))
}

fn parts(certificate: &PartyCertificate) -> (Role, Vec<u8>, Vec<u8>) {
    let PartyCertificate {
        role,
        certificate,
        signature,
    } = certificate.clone();
    (role, certificate, signature)
}
