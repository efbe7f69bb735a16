//! A client of the API that operators added: an id, the hash of its token, its scopes.
//!
//! Refuses to hold a token, and scopes that there are not.

use super::operator::State;
use super::{SOURCE, wire};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Thumbprint, UnixTime};
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
    /// Whether it may ask for anything at all.
    pub enabled: bool,
}

impl Client {
    /// A client whose token has this hash.
    ///
    /// # Errors
    /// `request_invalid`.
    pub fn new(id: &str, token: Thumbprint, scopes: &[String]) -> Result<Self, Failure> {
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
            enabled: true,
        })
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
            ..Self::new(&body.id, body.token_sha256, &body.scopes)?
        })
    }

    /// The record that tells of it from `at` on.
    pub(super) fn record(&self, at: UnixTime) -> Record {
        let names = self.scope_names().into_iter();
        let body = Body {
            id: self.id.to_string(),
            token_sha256: self.token,
            scopes: names.map(str::to_owned).collect(),
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: String,
    #[serde(with = "wire::thumbprint")]
    token_sha256: Thumbprint,
    scopes: Vec<String>,
    state: State,
}
