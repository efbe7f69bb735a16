//! Somebody who operates this gateway: an id, a certificate, and what it may be used for.
//!
//! Refuses keys by which an approval cannot be signed, and to take two spellings of one key for two keys.
//!
//! Source: RFC 5280 (certificates), RFC 5758 and RFC 8017 (signatures).

use super::{SOURCE, wire};
use crate::codec::x509;
use crate::crypto::{Algorithm, ChainAlgorithm, Hash, VerifyingKey, sha256, verify_chain};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use serde::{Deserialize, Serialize};

/// What an operator may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorRole {
    /// Ask for acts, and ask foreign feeds.
    Operate,
    /// Approve what another operator asks for.
    Approve,
    /// Look.
    Audit,
    /// Hand in events.
    Issue,
    /// Hand in corrections and cancellations of events.
    Correct,
    /// Withdraw certificates.
    Revoke,
    /// Ask for acts on signing keys.
    Keys,
    /// Ask that policy sets are activated.
    Policy,
}

impl OperatorRole {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Operate,
        Self::Approve,
        Self::Audit,
        Self::Issue,
        Self::Correct,
        Self::Revoke,
        Self::Keys,
        Self::Policy,
    ];

    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operate => "operate",
            Self::Approve => "approve",
            Self::Audit => "audit",
            Self::Issue => "issue",
            Self::Correct => "correct",
            Self::Revoke => "revoke",
            Self::Keys => "keys",
            Self::Policy => "policy",
        }
    }

    /// The role with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// An operator as the newest record of that id has it.
#[derive(Clone, Debug)]
pub struct Operator {
    /// How the audit calls them.
    pub id: String,
    /// Who that is, for people.
    pub name: String,
    /// What they may do, each once.
    pub roles: Vec<OperatorRole>,
    /// For which facilities they may hand in events and withdraw certificates, each once, or `*` alone for all; as a rule for
    /// none.
    pub facilities: Vec<String>,
    /// SHA-256 over the certificate.
    pub fingerprint: Thumbprint,
    /// Whether they may do anything at all.
    pub enabled: bool,
    certificate: Vec<u8>,
    read: x509::Certificate,
    key: VerifyingKey,
}

impl Operator {
    /// An operator with the certificate in `certificate`, DER.
    ///
    /// # Errors
    /// `request_invalid` for an id, a name or roles that cannot be; `entry_invalid`, `input_too_large`, `signer_key_weak`,
    /// `algorithm_unsupported` for such a certificate.
    pub fn new(
        id: &str,
        name: &str,
        roles: &[OperatorRole],
        certificate: &[u8],
    ) -> Result<Self, Failure> {
        wire::check_id(id)?;
        wire::check_text("name", name, MAX_NAME)?;
        let mut roles = roles.to_vec();
        roles.sort_unstable();
        roles.dedup();
        if roles.is_empty() {
            let reason = "an operator has at least one role: operate, approve, audit, issue, correct, revoke, keys, policy";
            return Err(Code::RequestInvalid.because(reason).about("roles"));
        }
        let read = x509::Certificate::read(certificate)?;
        let key = VerifyingKey::from_spki(&read.public_key)?;
        algorithm(&key)?;
        Ok(Self {
            id: id.to_owned(),
            name: name.to_owned(),
            roles,
            facilities: Vec::new(),
            fingerprint: Thumbprint(sha256(certificate)),
            enabled: true,
            certificate: certificate.to_vec(),
            read,
            key,
        })
    }

    /// The same, who works at `facilities`, or at all where that is `*`.
    ///
    /// # Errors
    /// `request_invalid` for what is no code of a facility, or too many.
    pub fn at(self, facilities: &[String]) -> Result<Self, Failure> {
        wire::check_facilities(facilities)?;
        let mut facilities = facilities.to_vec();
        facilities.sort_unstable();
        facilities.dedup();
        Ok(Self { facilities, ..self })
    }

    /// Whether they may hand in events of `facility`, and withdraw its certificates.
    pub fn works_at(&self, facility: &str) -> bool {
        self.works_anywhere() || self.facilities.iter().any(|it| it == facility)
    }

    /// Whether they work at every facility, and may name who entered an event.
    pub fn works_anywhere(&self) -> bool {
        self.facilities.iter().any(|it| it == wire::EVERYWHERE)
    }

    /// The operator of whom `record` tells.
    pub(super) fn read(record: &Record) -> Result<Self, Failure> {
        let body: Body = serde_json::from_slice(&record.body)
            .map_err(|error| Code::Internal.caused_by("a record of an operator", error))?;
        let operator = Self::new(&body.id, &body.name, &body.roles, &body.certificate)?;
        let operator = operator.at(&body.facilities)?;
        if operator.id != record.name {
            return Err(Code::Internal.because("a record of an operator with another name"));
        }
        Ok(Self {
            enabled: body.state == State::Enabled,
            ..operator
        })
    }

    /// The record that tells of them from `at` on.
    pub fn record(&self, at: UnixTime) -> Record {
        let body = Body {
            id: self.id.clone(),
            name: self.name.clone(),
            roles: self.roles.clone(),
            facilities: self.facilities.clone(),
            certificate: self.certificate.clone(),
            state: if self.enabled {
                State::Enabled
            } else {
                State::Disabled
            },
        };
        Record {
            kind: RecordKind::Operator,
            source: SOURCE.to_owned(),
            name: self.id.clone(),
            country: None,
            received_at: at,
            // Plain fields of text always become JSON.
            body: serde_json::to_vec(&body).unwrap_or_default(),
        }
    }

    /// The same, who may do nothing any more.
    pub(super) fn disabled(&self) -> Self {
        Self {
            enabled: false,
            ..self.clone()
        }
    }

    /// Whether they may act in `role`.
    pub fn may(&self, role: OperatorRole) -> bool {
        self.enabled && self.roles.contains(&role)
    }

    /// The last second at which their certificate holds, seconds since 1970-01-01T00:00:00Z.
    pub fn not_after(&self) -> i64 {
        self.read.not_after
    }

    /// Whether their certificate holds at `at`.
    pub fn is_current(&self, at: UnixTime) -> bool {
        (self.read.not_before..=self.read.not_after).contains(&at.seconds())
    }

    /// Whether both use one certificate or one key.
    pub fn shares_key(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint || self.key.is_same(&other.key)
    }

    /// That their key made `signature` over `message`: ECDSA in DER with the curve's hash, or RSASSA-PKCS1-v1_5 with SHA-256.
    ///
    /// # Errors
    /// `approval_invalid`.
    pub fn proves(&self, message: &[u8], signature: &[u8]) -> Result<(), Failure> {
        let proven = algorithm(&self.key)
            .and_then(|algorithm| verify_chain(&self.key, algorithm, message, signature));
        proven.map_err(|failure| {
            let reason = "it does not verify under this operator's certificate";
            Code::ApprovalInvalid.caused_by(reason, failure)
        })
    }
}

/// How an operator's key signs.
fn algorithm(key: &VerifyingKey) -> Result<ChainAlgorithm, Failure> {
    match key.algorithm() {
        Algorithm::Es256 => Ok(ChainAlgorithm::Ecdsa(Hash::Sha256)),
        Algorithm::Es384 => Ok(ChainAlgorithm::Ecdsa(Hash::Sha384)),
        Algorithm::Ps256 => Ok(ChainAlgorithm::RsaPkcs1(Hash::Sha256)),
        Algorithm::Es512 => {
            let reason = "operators' keys are on P-256 or P-384, or RSA";
            Err(Code::AlgorithmUnsupported.because(reason))
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: String,
    name: String,
    roles: Vec<OperatorRole>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    facilities: Vec<String>,
    #[serde(with = "wire::base64")]
    certificate: Vec<u8>,
    state: State,
}

/// Whether what a record tells of counts.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Enabled,
    Disabled,
}

const MAX_NAME: usize = 100;
