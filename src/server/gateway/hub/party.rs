//! A party: a country's backend that may ask and hand in here, and what for.
//!
//! Refuses roles that do not exist. Its certificates are entries of the trust list, each with the trust anchor's signature.

use super::HUB;
use crate::exchange::{Record, RecordKind};
use crate::model::{Country, UnixTime};
use serde::{Deserialize, Serialize};

/// A country's backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The country it speaks for.
    pub country: Country,
    /// Its name, for operators.
    pub name: String,
    /// What it may do with revocations.
    pub roles: Vec<PartyRole>,
    /// Since when it stands so.
    pub since: UnixTime,
}

/// What a party may do beside what every party may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyRole {
    /// It may list and download batches of revocations.
    RevocationListReader,
    /// It may hand in batches.
    RevocationUploader,
    /// It may take back its batches.
    RevocationDeleter,
}

impl PartyRole {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::RevocationListReader,
        Self::RevocationUploader,
        Self::RevocationDeleter,
    ];

    /// The machine name.
    pub fn name(self) -> &'static str {
        match self {
            Self::RevocationListReader => "revocation_list_reader",
            Self::RevocationUploader => "revocation_uploader",
            Self::RevocationDeleter => "revocation_deleter",
        }
    }

    /// The role with this machine name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    roles: Vec<PartyRole>,
}

impl Party {
    /// The party in `record`, if it is one.
    pub(super) fn read(record: &Record) -> Option<Self> {
        let body: Body = serde_json::from_slice(&record.body).ok()?;
        Some(Self {
            country: Country::parse(&record.name)?,
            name: body.name,
            roles: body.roles,
            since: record.received_at,
        })
    }

    /// The record of this party.
    pub fn record(&self) -> Record {
        let body = Body {
            name: self.name.clone(),
            roles: self.roles.clone(),
        };
        Record {
            kind: RecordKind::Party,
            source: HUB.to_owned(),
            name: self.country.to_string(),
            country: Some(self.country),
            received_at: self.since,
            // It is made of texts, which always have a JSON form.
            body: serde_json::to_vec(&body).unwrap_or_default(),
        }
    }

    /// Whether it may do this.
    pub fn may(&self, role: PartyRole) -> bool {
        self.roles.contains(&role)
    }
}
