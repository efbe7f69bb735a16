//! An act that an operator asks for, and what another made of it.
//!
//! Refuses an approval that could be of something else: what is signed is a hash over the act, what it was seen to change,
//! who asked, and when.

use super::act::Act;
use super::{SOURCE, wire};
use crate::codec::json;
use crate::crypto::sha256;
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An act that an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its name: 32 hexadecimal digits, drawn at random.
    pub id: String,
    /// What is asked for.
    pub act: Act,
    /// What it would have changed when it was asked for.
    pub preview: Value,
    /// The id of the operator who asks.
    pub asked_by: String,
    /// When.
    pub asked_at: UnixTime,
}

impl Request {
    /// The request that `value` states: `{id, act, preview, asked_by, asked_at}`.
    ///
    /// # Errors
    /// `request_invalid`.
    pub fn parse(value: Value) -> Result<Self, Failure> {
        let body: Body = serde_json::from_value(value)
            .map_err(|_| Code::RequestInvalid.because("not a request that an operator made"))?;
        Ok(Self {
            id: body.id,
            act: Act::parse(body.act)?,
            preview: body.preview,
            asked_by: body.asked_by,
            asked_at: body.asked_at,
        })
    }

    /// Its one spelling.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "act": self.act.to_json(),
            "preview": self.preview,
            "asked_by": self.asked_by,
            "asked_at": self.asked_at.to_string(),
        })
    }

    /// SHA-256 over its spelling, in hexadecimal.
    pub fn hash(&self) -> String {
        let text = wire::canonical(&self.to_json());
        base16ct::lower::encode_string(&sha256(text.as_bytes()))
    }

    /// The last second at which it can be approved.
    pub fn expires_at(&self) -> UnixTime {
        self.asked_at.plus(APPROVE_WITHIN_S)
    }

    /// Whether it can be approved at `at`: not later than a day after it was made, and not before.
    pub fn is_open_at(&self, at: UnixTime) -> bool {
        at <= self.expires_at() && self.asked_at <= at.plus(AHEAD_S)
    }

    pub(super) fn read(record: &Record) -> Result<Self, Failure> {
        let request = Self::parse(json::read(&record.body, MAX_VALUES)?)?;
        if request.id != record.name {
            return Err(Code::Internal.because("a record of a request with another name"));
        }
        Ok(request)
    }

    /// The record that keeps it.
    pub fn record(&self) -> Record {
        Record {
            kind: RecordKind::Request,
            source: SOURCE.to_owned(),
            name: self.id.clone(),
            country: None,
            received_at: self.asked_at,
            body: wire::canonical(&self.to_json()).into_bytes(),
        }
    }
}

/// What an operator signs to approve the request with this hash.
pub fn signed_bytes(hash: &str) -> Vec<u8> {
    format!("{DOMAIN}{hash}").into_bytes()
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The request's name.
    pub request: String,
    /// The id of the operator who decided.
    pub by: String,
    /// When.
    pub at: UnixTime,
    /// What.
    pub verdict: Verdict,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case", deny_unknown_fields)]
pub enum Verdict {
    /// It was done.
    Approved {
        /// The hash of the request.
        hash: String,
        /// The operator's signature over it, see [`signed_bytes`].
        #[serde(with = "wire::base64")]
        signature: Vec<u8>,
    },
    /// It will not be done.
    Refused {
        /// Why, for people.
        reason: String,
    },
}

impl Decision {
    pub(super) fn read(record: &Record) -> Result<Self, Failure> {
        let body: DecisionBody = serde_json::from_slice(&record.body)
            .map_err(|error| Code::Internal.caused_by("a record of a decision", error))?;
        if body.request != record.name {
            return Err(Code::Internal.because("a record of a decision with another name"));
        }
        Ok(Self {
            request: body.request,
            by: body.by,
            at: body.at,
            verdict: body.verdict,
        })
    }

    /// The record that keeps it.
    pub fn record(&self) -> Record {
        let body = DecisionBody {
            request: self.request.clone(),
            by: self.by.clone(),
            at: self.at,
            verdict: self.verdict.clone(),
        };
        Record {
            kind: RecordKind::Approval,
            source: SOURCE.to_owned(),
            name: self.request.clone(),
            country: None,
            received_at: self.at,
            // Plain fields of text always become JSON.
            body: serde_json::to_vec(&body).unwrap_or_default(),
        }
    }
}

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// It can be approved.
    Open,
    /// It was done.
    Approved,
    /// It was refused.
    Refused,
    /// Nobody decided in time.
    Expired,
}

impl RequestState {
    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Expired => "expired",
        }
    }

    /// The state with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Open, Self::Approved, Self::Refused, Self::Expired]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// Refuses a reason that people could not read.
///
/// # Errors
/// `request_invalid`.
pub(super) fn check_reason(reason: &str) -> Result<(), Failure> {
    wire::check_text("reason", reason, MAX_REASON)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: String,
    act: Value,
    preview: Value,
    asked_by: String,
    #[serde(with = "wire::instant")]
    asked_at: UnixTime,
}

#[derive(Serialize, Deserialize)]
struct DecisionBody {
    request: String,
    by: String,
    #[serde(with = "wire::instant")]
    at: UnixTime,
    verdict: Verdict,
}

const DOMAIN: &str = "lintas/approval/v1\n";
const APPROVE_WITHIN_S: i64 = 86_400;
/// How far ahead another node's clock may be.
const AHEAD_S: i64 = 300;
const MAX_REASON: usize = 300;
/// JSON values in one request, what it would change included.
const MAX_VALUES: usize = 4096;
