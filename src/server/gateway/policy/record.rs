//! The activation of a policy set as it is kept: the signed message, from when on, and who answers for it.
//!
//! Refuses a record that is not of its form, and a message that does not prove itself. Being kept proves nothing: the seal
//! says that this gateway wrote the record, the message says that the country signed the set, and both are asked every time.

use super::SOURCE;
use crate::codec::x509::Certificate;
use crate::crypto::sha256;
use crate::exchange::dgcg::{read_message, write_message};
use crate::exchange::{Record, RecordKind, read_policy_set};
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::rules::PolicySet;
use crate::server::gateway::registry::{base64 as bytes, instant};
use crate::trust::proof::proves;
use serde::{Deserialize, Serialize};

/// A policy set, and by whom it is signed.
#[derive(Clone, Debug)]
pub struct PolicyMessage {
    /// What it says.
    pub set: PolicySet,
    /// SHA-256 over the signer's certificate.
    pub signer: Thumbprint,
}

impl PolicyMessage {
    /// The set in `message`, CMS in DER, of `country` and signed by the key of one of the certificates `signers`.
    ///
    /// # Errors
    /// `cms_invalid`, `proof_invalid`, `input_too_large`; `anchor_unknown` for another signer; `policy_invalid`,
    /// `rule_invalid`; `country_mismatch` for another country's set or signer.
    pub fn read(message: &[u8], signers: &[Thumbprint], country: Country) -> Result<Self, Failure> {
        let message = read_message(write_message(message).as_bytes())?;
        let signer = Thumbprint(sha256(&message.certificate));
        if !signers.contains(&signer) {
            let reason = format!("policy.signers does not name {signer}");
            return Err(Code::AnchorUnknown.because(reason));
        }
        let empty = || Code::CmsInvalid.because("the message does not hold its content");
        let content = message.content.as_deref().ok_or_else(empty)?;
        proves(&message, content)?;
        let set = read_policy_set(content)?;
        let stated = Certificate::read(&message.certificate)?.countries;
        let strange = |named: &String| Country::parse(named) != Some(country);
        if set.country != country || stated.iter().any(strange) {
            let reason = format!("the set or its signer is not of {country}");
            return Err(Code::CountryMismatch.because(reason));
        }
        Ok(Self { set, signer })
    }

    /// What the set is called: identifier and version.
    pub fn name(&self) -> String {
        format!("{}@{}", self.set.identifier, self.set.version)
    }
}

/// That a policy set is in force from an instant on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    /// The signed message, CMS in DER.
    #[serde(with = "bytes")]
    pub message: Vec<u8>,
    /// From when on.
    #[serde(with = "instant")]
    pub from: UnixTime,
    /// The operator who asked for it.
    pub by: String,
    /// The operator who approved it.
    pub approved_by: String,
    /// When that was.
    #[serde(with = "instant")]
    pub at: UnixTime,
}

impl Activation {
    /// The record that keeps it, of the set called `name`.
    pub fn record(&self, name: String) -> Record {
        Record {
            kind: RecordKind::PolicySet,
            source: SOURCE.to_owned(),
            name,
            country: None,
            received_at: self.at,
            // Plain fields of text always become JSON.
            body: serde_json::to_vec(self).unwrap_or_default(),
        }
    }

    /// What `record` says.
    ///
    /// # Errors
    /// `internal`.
    pub fn read(record: &Record) -> Result<Self, Failure> {
        if record.source != SOURCE {
            return Err(Code::Internal.because("a record of a policy set from elsewhere"));
        }
        serde_json::from_slice(&record.body)
            .map_err(|error| Code::Internal.caused_by("a record of a policy set", error))
    }
}
