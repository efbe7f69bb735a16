//! A client of the API that operators added: an id, the hash of its token, its scopes.
//!
//! Refuses to hold a token, and scopes that there are not.

use super::operator::State;
use super::{SOURCE, wire};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
use crate::server::config::Rate;
use crate::server::http::auth::Scope;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A client as the newest record of that id has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// How the log calls it.
    pub id: Arc<str>,
    /// SHA-256 over its token.
    pub token: Thumbprint,
    /// What it may ask for, each once.
    pub scopes: Arc<[Scope]>,
    /// How much it may have done, where that is limited.
    pub rate: Option<Rate>,
    /// Whether it may ask for anything at all.
    pub enabled: bool,
}

impl Client {
    /// A client whose token has this hash, and who may have done as much as `quota` says.
    ///
    /// # Errors
    /// `request_invalid`.
    pub fn new(
        id: &str,
        token: Thumbprint,
        scopes: &[String],
        quota: Quota,
    ) -> Result<Self, Failure> {
        wire::check_id(id)?;
        let scope = |name: &String| {
            let unknown = || {
                let reason = "a scope that is not known";
                Code::RequestInvalid.because(reason).about("scopes")
            };
            Scope::parse(name).ok_or_else(unknown)
        };
        let mut known = Vec::new();
        for name in scopes {
            let scope = scope(name)?;
            if !known.contains(&scope) {
                known.push(scope);
            }
        }
        Ok(Self {
            id: id.into(),
            token,
            scopes: known.into(),
            rate: quota.rate()?,
            enabled: true,
        })
    }

    /// How much it may have done, as acts say it.
    pub fn quota(&self) -> Quota {
        Quota::of(self.rate)
    }

    /// The machine names of its scopes.
    pub fn scope_names(&self) -> Vec<&'static str> {
        self.scopes.iter().map(|scope| scope.name()).collect()
    }

    /// The client of which `record` tells.
    pub(super) fn read(record: &Record) -> Result<Self, Failure> {
        let body: Body = serde_json::from_slice(&record.body)
            .map_err(|error| Code::Internal.caused_by("a record of a client", error))?;
        if body.id != record.name {
            return Err(Code::Internal.because("a record of a client with another name"));
        }
        Ok(Self {
            enabled: body.state == State::Enabled,
            ..Self::new(&body.id, body.token_sha256, &body.scopes, body.quota)?
        })
    }

    /// The record that tells of it from `at` on.
    pub(super) fn record(&self, at: UnixTime) -> Record {
        let names = self.scope_names().into_iter();
        let body = Body {
            id: self.id.to_string(),
            token_sha256: self.token,
            scopes: names.map(str::to_owned).collect(),
            quota: Quota::of(self.rate),
            state: if self.enabled {
                State::Enabled
            } else {
                State::Disabled
            },
        };
        Record {
            kind: RecordKind::Client,
            source: SOURCE.to_owned(),
            name: body.id.clone(),
            country: None,
            received_at: at,
            // Plain fields of text always become JSON.
            body: serde_json::to_vec(&body).unwrap_or_default(),
        }
    }
}

/// How much a client may have done, as acts and records say it; nothing where that is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Units in a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units_per_minute: Option<u32>,
    /// Units at once; by default those of a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
}

impl Quota {
    fn of(rate: Option<Rate>) -> Self {
        Self {
            units_per_minute: rate.map(|it| it.per_minute),
            burst: rate.map(|it| it.burst),
        }
    }

    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn rate(self) -> Result<Option<Rate>, Failure> {
        let rate = Rate::of(self.units_per_minute, self.burst);
        rate.map_err(|what| Code::RequestInvalid.because(what).about("quota"))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: String,
    #[serde(with = "wire::thumbprint")]
    token_sha256: Thumbprint,
    scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Quota::is_none")]
    quota: Quota,
    state: State,
}
