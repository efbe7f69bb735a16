//! A withdrawal as it is kept: who, why, which certificates were meant, and by which hashes they are named.
//!
//! Refuses a record that is not of its form. Neither an identifier nor a name stands in it. It is one of the sealed records, so
//! that one put there by hand is told and not obeyed, and one that is taken away is noticed.

use super::reason::Reason;
use super::selection::Selection;
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Kid, UnixTime};
use crate::revocation::RevocationHash;
use crate::server::gateway::own::OWN;
use crate::server::gateway::registry::{base64 as bytes, instant};
use crate::server::store::issuing::IssuedRow;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Certificates that were withdrawn together, or a part of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Its id: 32 hexadecimal digits.
    pub id: String,
    /// Why.
    pub reason: Reason,
    /// The operator who asked for it; the gateway itself where an event took another's place.
    pub by: String,
    /// The operator who approved it, where it needed one.
    pub approved_by: Option<String>,
    /// When.
    pub at: UnixTime,
    /// Which certificates were meant; nothing where an event took another's place.
    pub selection: Option<Selection>,
    /// The certificates, by signer.
    pub groups: Vec<Group>,
}

/// Certificates of one signer that are withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The signer's key identifier.
    pub kid: Kid,
    /// The last second of the last of them to expire.
    pub expires_at: UnixTime,
    /// The hashes of their signatures.
    pub signatures: Vec<RevocationHash>,
    /// The hashes of their identifiers.
    pub uvcis: Vec<RevocationHash>,
}

impl Withdrawal {
    /// How many certificates.
    pub fn certificates(&self) -> usize {
        self.groups.iter().map(|group| group.signatures.len()).sum()
    }

    /// The hashes of their signatures.
    pub fn signatures(&self) -> impl Iterator<Item = RevocationHash> {
        let groups = self.groups.iter();
        groups.flat_map(|group| group.signatures.iter().copied())
    }

    /// Whether an operator did it alone, so that it counts against what operators may do in a day.
    pub fn is_alone(&self) -> bool {
        self.approved_by.is_none() && self.reason != Reason::Superseded
    }

    /// The records that keep it, each with a part of the certificates in `rows`.
    pub fn records(&self, rows: &[IssuedRow]) -> Vec<Record> {
        let parts = rows.chunks(MAX_PART).zip(1..);
        let parts = parts.map(|(rows, part)| {
            let part_of = Self {
                groups: groups(rows),
                ..self.clone()
            };
            part_of.record(part)
        });
        parts.collect()
    }

    fn record(&self, part: u32) -> Record {
        let groups = self.groups.iter().map(|group| GroupBody {
            kid: group.kid.as_bytes().to_vec(),
            expires_at: group.expires_at,
            signatures: flat(&group.signatures),
            uvcis: flat(&group.uvcis),
        });
        let body = Body {
            id: self.id.clone(),
            reason: self.reason,
            by: self.by.clone(),
            approved_by: self.approved_by.clone(),
            at: self.at,
            selector: self.selection.clone(),
            certificates: groups.collect(),
        };
        Record {
            kind: RecordKind::Withdrawal,
            source: OWN.to_owned(),
            name: format!("{}/{part}", self.id),
            country: None,
            received_at: self.at,
            // Plain fields of text and numbers always become JSON.
            body: serde_json::to_vec(&body).unwrap_or_default(),
        }
    }

    /// The part of a withdrawal in `record`.
    ///
    /// # Errors
    /// `internal`.
    pub fn read(record: &Record) -> Result<Self, Failure> {
        let odd = || Code::Internal.because("a record of a withdrawal that cannot be read");
        let body: Body = serde_json::from_slice(&record.body)
            .map_err(|error| Code::Internal.caused_by("a record of a withdrawal", error))?;
        if record.name.split_once('/').map(|(id, _)| id) != Some(body.id.as_str()) {
            return Err(odd());
        }
        let groups = body.certificates.into_iter().map(|group| {
            let (signatures, uvcis) = (split(&group.signatures)?, split(&group.uvcis)?);
            (signatures.len() == uvcis.len()).then_some(())?;
            Some(Group {
                kid: Kid::from_bytes(&group.kid)?,
                expires_at: group.expires_at,
                signatures,
                uvcis,
            })
        });
        Ok(Self {
            id: body.id,
            reason: body.reason,
            by: body.by,
            approved_by: body.approved_by,
            at: body.at,
            selection: body.selector,
            groups: groups.collect::<Option<_>>().ok_or_else(odd)?,
        })
    }
}

/// That a withdrawal holds no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undone {
    /// The withdrawal.
    pub id: String,
    /// The operator who asked for it.
    pub by: String,
    /// The operator who approved it, where it needed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When.
    #[serde(with = "instant")]
    pub at: UnixTime,
}

impl Undone {
    /// The record that keeps it.
    pub fn record(&self) -> Record {
        Record {
            kind: RecordKind::WithdrawalUndone,
            source: OWN.to_owned(),
            name: self.id.clone(),
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
        let undone: Self = serde_json::from_slice(&record.body)
            .map_err(|error| Code::Internal.caused_by("a record of an undone withdrawal", error))?;
        if undone.id != record.name {
            return Err(Code::Internal.because("a record of an undone withdrawal, misnamed"));
        }
        Ok(undone)
    }
}

/// `rows` by signer.
fn groups(rows: &[IssuedRow]) -> Vec<Group> {
    let mut groups: BTreeMap<&Kid, Group> = BTreeMap::new();
    for row in rows {
        let group = groups.entry(&row.kid).or_insert_with(|| Group {
            kid: row.kid.clone(),
            expires_at: row.expires_at,
            signatures: Vec::new(),
            uvcis: Vec::new(),
        });
        group.expires_at = group.expires_at.max(row.expires_at);
        group.signatures.push(row.signature);
        group.uvcis.push(row.uvci);
    }
    groups.into_values().collect()
}

fn flat(hashes: &[RevocationHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

fn split(bytes: &[u8]) -> Option<Vec<RevocationHash>> {
    let (hashes, rest) = bytes.as_chunks::<16>();
    let hashes = hashes.iter().map(|hash| RevocationHash(*hash)).collect();
    rest.is_empty().then_some(hashes)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: String,
    reason: Reason,
    by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approved_by: Option<String>,
    #[serde(with = "instant")]
    at: UnixTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    selector: Option<Selection>,
    certificates: Vec<GroupBody>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupBody {
    #[serde(with = "bytes")]
    kid: Vec<u8>,
    #[serde(with = "instant")]
    expires_at: UnixTime,
    #[serde(with = "bytes")]
    signatures: Vec<u8>,
    #[serde(with = "bytes")]
    uvcis: Vec<u8>,
}

/// Certificates in one record: about half a megabyte.
const MAX_PART: usize = 10_000;
