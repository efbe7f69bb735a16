//! Acts on what this gateway is for others: parties and issuers.
//!
//! Refuses all of them where no trust anchor of ours is configured, and whatever the hub refuses.

use super::Gateway;
use super::hub::{Hub, Joining, PartyRole, leaving};
use super::registry::{Act, Answerable, PartyCertificate};
use crate::exchange::Record;
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
        Ok(json!({
            "change": done.words,
            "subject": done.subject,
            "certificates": certificates.collect::<Vec<_>>(),
            "records": done.records.len(),
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
            words: "the party can ask and hand in no more, and its signers go",
            event: "party.removed",
            subject: country.clone(),
            certificates: Vec::new(),
        }),
        Act::IssuerAdd { .. }
        | Act::IssuerRemove { .. }
        | Act::OperatorAdd { .. }
        | Act::OperatorDisable { .. }
        | Act::ClientAdd { .. }
        | Act::ClientDisable { .. }
        | Act::SignerReadmit { .. }
        | Act::FeedAcceptLess { .. } => {
            let reason = format!("{} is not served", act.name());
            Err(Code::RequestInvalid.because(reason))
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
