//! What operators can ask for: a closed set, each with one spelling in JSON.
//!
//! Refuses unknown acts and members, and texts and lists over their ceilings. Whether an act can be done is not asked here.

mod check;

use super::client::Quota;
use super::operator::OperatorRole;
use super::wire;
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::server::gateway::withdrawal::{Reason, Selection};
use crate::trust::Role;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that two operators do together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", deny_unknown_fields)]
pub enum Act {
    /// Somebody becomes an operator, or gets another certificate or other roles.
    #[serde(rename = "operator.add")]
    OperatorAdd {
        /// How the audit calls them.
        id: String,
        /// Who that is.
        name: String,
        /// What they may do.
        roles: Vec<OperatorRole>,
        /// For which facilities they may hand in events; `*` for all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        facilities: Vec<String>,
        /// Their certificate, DER.
        #[serde(with = "wire::base64")]
        certificate: Vec<u8>,
    },
    /// An operator is none any more.
    #[serde(rename = "operator.disable")]
    OperatorDisable {
        /// Which.
        id: String,
    },
    /// A client is let in, or gets another token or other scopes.
    #[serde(rename = "client.add")]
    ClientAdd {
        /// How the log calls it.
        id: String,
        /// SHA-256 over its token.
        #[serde(with = "wire::thumbprint")]
        token_sha256: Thumbprint,
        /// The machine names of what it may ask for.
        scopes: Vec<String>,
        /// How much it may have done.
        #[serde(default, skip_serializing_if = "Quota::is_none")]
        quota: Quota,
    },
    /// A client is let in no more.
    #[serde(rename = "client.disable")]
    ClientDisable {
        /// Which.
        id: String,
    },
    /// A signer that its feed withdrew may come back.
    #[serde(rename = "signer.readmit")]
    SignerReadmit {
        /// The feed.
        feed: String,
        /// SHA-256 over its certificate.
        #[serde(with = "wire::thumbprint")]
        thumbprint: Thumbprint,
    },
    /// A feed that says less, or something older, than before is believed once.
    #[serde(rename = "feed.accept_less")]
    FeedAcceptLess {
        /// The feed.
        feed: String,
    },
    /// A country's backend may use this gateway.
    #[serde(rename = "party.add")]
    PartyAdd {
        /// The country, as written.
        country: String,
        /// Its name, for people.
        name: String,
        /// The machine names of what it may do.
        roles: Vec<String>,
        /// Its certificates, each vouched for by our trust anchor.
        certificates: Vec<PartyCertificate>,
    },
    /// It may no more.
    #[serde(rename = "party.remove")]
    PartyRemove {
        /// The country, as written.
        country: String,
    },
    /// A country's address for keys is listed.
    #[serde(rename = "issuer.add")]
    IssuerAdd {
        /// The address.
        url: String,
        /// How it is to be read: `HTTP` or `DID`.
        #[serde(rename = "type")]
        kind: String,
        /// The country, as written: the anchor signs it so.
        country: String,
        /// The issuer's name.
        name: String,
        /// What it is trusted for.
        domain: String,
        /// The trust anchor's message over the text of the EU's dialect, CMS without its content, DER.
        #[serde(
            default,
            with = "wire::optional_base64",
            skip_serializing_if = "Option::is_none"
        )]
        signature_eu: Option<Vec<u8>>,
        /// The same over the text of the WHO's, which differs.
        #[serde(
            default,
            with = "wire::optional_base64",
            skip_serializing_if = "Option::is_none"
        )]
        signature_tng: Option<Vec<u8>>,
    },
    /// It is listed no more.
    #[serde(rename = "issuer.remove")]
    IssuerRemove {
        /// The address.
        url: String,
    },
    /// A signer of our own may sign, once it has waited.
    #[serde(rename = "key.add")]
    KeyAdd {
        /// Its certificate, DER.
        #[serde(with = "wire::base64")]
        certificate: Vec<u8>,
        /// The machine names of the kinds of certificate that it signs.
        purposes: Vec<String>,
        /// The group of regions that it is for.
        region: String,
        /// The quarter from which on it signs, such as `2026Q4`.
        quarter: String,
    },
    /// It signs no more.
    #[serde(rename = "key.retire")]
    KeyRetire {
        /// SHA-256 over its certificate.
        #[serde(with = "wire::thumbprint")]
        thumbprint: Thumbprint,
    },
    /// Somebody else may have its key.
    #[serde(rename = "key.compromised")]
    KeyCompromised {
        /// SHA-256 over its certificate.
        #[serde(with = "wire::thumbprint")]
        thumbprint: Thumbprint,
    },
    /// Certificates that were issued here are withdrawn.
    #[serde(rename = "certificates.withdraw")]
    CertificatesWithdraw {
        /// Which.
        selector: Selection,
        /// Why.
        reason: Reason,
    },
    /// A withdrawal is taken back.
    #[serde(rename = "certificates.reinstate")]
    CertificatesReinstate {
        /// The withdrawal.
        id: String,
    },
    /// A policy set is in force from an instant on.
    #[serde(rename = "policy.activate")]
    PolicyActivate {
        /// The country's signed message that holds it, CMS, DER.
        #[serde(with = "wire::base64")]
        message: Vec<u8>,
        /// From when on.
        #[serde(with = "wire::instant")]
        at: UnixTime,
    },
}

/// A certificate of a country's backend, with the message by which our trust anchor vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyCertificate {
    /// The part that it plays, by its name in trust lists: `AUTHENTICATION`, `UPLOAD`, `CSCA` ...
    #[serde(rename = "type", with = "role")]
    pub role: Role,
    /// The certificate, DER.
    #[serde(with = "wire::base64")]
    pub certificate: Vec<u8>,
    /// The message: CMS without its content, DER.
    #[serde(with = "wire::base64")]
    pub signature: Vec<u8>,
}

impl Act {
    /// The act that `value` states.
    ///
    /// # Errors
    /// `request_invalid`, naming no value that a caller sent.
    pub fn parse(value: Value) -> Result<Self, Failure> {
        let named = value.get("act").and_then(Value::as_str).unwrap_or_default();
        let known = Self::NAMES.iter().find(|name| **name == named);
        let Some(known) = known else {
            let reason = "member `act` names no act that is known";
            return Err(Code::RequestInvalid.because(reason).about("act"));
        };
        let act: Self = serde_json::from_value(value).map_err(|_| {
            let reason = format!("{known}: a member is missing, not known, or not of its form");
            Code::RequestInvalid.because(reason)
        })?;
        act.check()?;
        Ok(act)
    }

    /// Its one spelling.
    pub fn to_json(&self) -> Value {
        // Plain fields of text always become JSON.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Its machine name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OperatorAdd { .. } => "operator.add",
            Self::OperatorDisable { .. } => "operator.disable",
            Self::ClientAdd { .. } => "client.add",
            Self::ClientDisable { .. } => "client.disable",
            Self::SignerReadmit { .. } => "signer.readmit",
            Self::FeedAcceptLess { .. } => "feed.accept_less",
            Self::PartyAdd { .. } => "party.add",
            Self::PartyRemove { .. } => "party.remove",
            Self::IssuerAdd { .. } => "issuer.add",
            Self::IssuerRemove { .. } => "issuer.remove",
            Self::KeyAdd { .. } => "key.add",
            Self::KeyRetire { .. } => "key.retire",
            Self::KeyCompromised { .. } => "key.compromised",
            Self::CertificatesWithdraw { .. } => "certificates.withdraw",
            Self::CertificatesReinstate { .. } => "certificates.reinstate",
            Self::PolicyActivate { .. } => "policy.activate",
        }
    }

    /// The role of whoever asks for it.
    pub fn asks(&self) -> OperatorRole {
        match self {
            Self::KeyAdd { .. } | Self::KeyRetire { .. } | Self::KeyCompromised { .. } => {
                OperatorRole::Keys
            }
            Self::CertificatesWithdraw { .. } | Self::CertificatesReinstate { .. } => {
                OperatorRole::Revoke
            }
            Self::PolicyActivate { .. } => OperatorRole::Policy,
            Self::OperatorAdd { .. }
            | Self::OperatorDisable { .. }
            | Self::ClientAdd { .. }
            | Self::ClientDisable { .. }
            | Self::SignerReadmit { .. }
            | Self::FeedAcceptLess { .. }
            | Self::PartyAdd { .. }
            | Self::PartyRemove { .. }
            | Self::IssuerAdd { .. }
            | Self::IssuerRemove { .. } => OperatorRole::Operate,
        }
    }

    /// The certificates that it holds, DER, so that whoever approves can compare their fingerprints.
    pub fn certificates(&self) -> Vec<&[u8]> {
        match self {
            Self::OperatorAdd { certificate, .. } | Self::KeyAdd { certificate, .. } => {
                vec![certificate]
            }
            Self::PartyAdd { certificates, .. } => {
                let certificates = certificates.iter();
                certificates.map(|it| it.certificate.as_slice()).collect()
            }
            Self::OperatorDisable { .. }
            | Self::ClientAdd { .. }
            | Self::ClientDisable { .. }
            | Self::SignerReadmit { .. }
            | Self::FeedAcceptLess { .. }
            | Self::PartyRemove { .. }
            | Self::IssuerAdd { .. }
            | Self::IssuerRemove { .. }
            | Self::KeyRetire { .. }
            | Self::KeyCompromised { .. }
            | Self::CertificatesWithdraw { .. }
            | Self::CertificatesReinstate { .. }
            | Self::PolicyActivate { .. } => Vec::new(),
        }
    }

    /// Every machine name.
    pub const NAMES: [&str; 16] = [
        "operator.add",
        "operator.disable",
        "client.add",
        "client.disable",
        "signer.readmit",
        "feed.accept_less",
        "party.add",
        "party.remove",
        "issuer.add",
        "issuer.remove",
        "key.add",
        "key.retire",
        "key.compromised",
        "certificates.withdraw",
        "certificates.reinstate",
        "policy.activate",
    ];
}

/// The part of a certificate by its name in trust lists.
mod role {
    use crate::trust::Role;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(role: &Role, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(role.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Role, D::Error> {
        let name = String::deserialize(from)?;
        Role::parse(&name).ok_or_else(|| D::Error::custom("no such part"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_act_has_one_spelling_and_reads_as_it_is_written() {
        let hash = "0a".repeat(32);
        for act in [
            json!({ "act": "operator.add", "id": "a", "name": "A", "roles": ["operate", "audit"], "certificate": "AAEC" }),
            json!({ "act": "operator.add", "id": "a", "name": "A", "roles": ["issue"], "facilities": ["3174001"],
                "certificate": "AAEC" }),
            json!({ "act": "operator.disable", "id": "a" }),
            json!({ "act": "client.add", "id": "c", "token_sha256": hash, "scopes": ["issue"] }),
            json!({ "act": "client.add", "id": "c", "token_sha256": hash, "scopes": [],
                "quota": { "units_per_minute": 60, "burst": 10 } }),
            json!({ "act": "client.disable", "id": "c" }),
            json!({ "act": "signer.readmit", "feed": "eu", "thumbprint": hash }),
            json!({ "act": "feed.accept_less", "feed": "eu" }),
            json!({ "act": "party.add", "country": "TH", "name": "Thailand", "roles": ["revocation_uploader"],
                "certificates": [{ "type": "CSCA", "certificate": "AAEC", "signature": "AAEC" }] }),
            json!({ "act": "party.remove", "country": "EL" }),
            json!({ "act": "issuer.add", "url": "https://a.example", "type": "HTTP", "country": "TH", "name": "N",
                "domain": "DCC", "signature_eu": "AAEC" }),
            json!({ "act": "issuer.remove", "url": "https://a.example" }),
            json!({ "act": "key.add", "certificate": "AAEC", "purposes": ["test"], "region": "all", "quarter": "2026Q4" }),
            json!({ "act": "key.retire", "thumbprint": hash }),
            json!({ "act": "key.compromised", "thumbprint": hash }),
            json!({ "act": "certificates.withdraw", "selector": { "operator": "clerk-17" }, "reason": "fraud" }),
            json!({ "act": "certificates.reinstate", "id": "0a" }),
            json!({ "act": "policy.activate", "message": "AAEC", "at": "2026-12-01T00:00:00Z" }),
        ] {
            let read = Act::parse(act.clone()).unwrap();
            assert_eq!(read.to_json(), act);
            assert_eq!(act["act"], read.name());
        }
    }

    #[test]
    fn what_is_no_act_is_refused_without_being_quoted() {
        for act in [
            json!({}),
            json!(1),
            json!({ "act": "SECRET" }),
            json!({ "act": "operator.disable" }),
            json!({ "act": "operator.disable", "id": "a", "SECRET": 1 }),
            json!({ "act": "operator.disable", "id": "SECRET SECRET" }),
            json!({ "act": "operator.add", "id": "a", "name": "A", "roles": ["SECRET"], "certificate": "AAEC" }),
            json!({ "act": "operator.add", "id": "a", "name": "A", "roles": ["operate"], "certificate": "SECRET" }),
            json!({ "act": "operator.add", "id": "a", "name": "A", "roles": ["issue"], "facilities": ["SECRET SECRET"],
                "certificate": "AAEC" }),
            json!({ "act": "party.remove", "country": "SECRET" }),
            json!({ "act": "certificates.withdraw", "selector": { "operator": "a" }, "reason": "SECRET" }),
            json!({ "act": "certificates.withdraw", "selector": { "operator": "a" }, "reason": "superseded" }),
            json!({ "act": "certificates.withdraw", "selector": { "SECRET": "a" }, "reason": "fraud" }),
            json!({ "act": "certificates.withdraw", "selector": {}, "reason": "fraud" }),
            json!({ "act": "issuer.add", "url": "https://a.example", "type": "HTTP", "country": "TH", "name": "N",
                "domain": "DCC" }),
            json!({ "act": "issuer.add", "url": "https://a.example", "type": "HTTP", "country": "TH", "name": "N",
                "domain": "DCC", "signature_eu": "AAEC", "SECRET": 1 }),
        ] {
            let failure = Act::parse(act.clone()).unwrap_err();
            assert_eq!(failure.code(), Code::RequestInvalid, "{act}");
            assert!(!failure.detail().contains("SECRET"), "{failure}");
        }
    }
}
