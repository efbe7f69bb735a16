//! Signing anew what a party handed in, before its upload certificate ends.
//!
//! Refuses a message that says anything else than the one it replaces, or that the party did not sign with an upload
//! certificate of its own.
//!
//! Source: EU DGCG, `/cms-migration`.

use super::message::Handed;
use super::refused::{Reason, Refused};
use super::write::Change;
use super::{HUB, Hub, Party};
use crate::codec::cms::Signed;
use crate::exchange::dgcg::{read_message, write_message, write_rule_row};
use crate::exchange::{Record, RecordKind};
use crate::model::{Thumbprint, UnixTime};
use crate::trust::Role;

/// What can be signed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrated {
    /// A signer's certificate.
    Signer,
    /// A batch of revocations.
    Batch,
    /// A version of a rule.
    Rule,
}

impl Migrated {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signer => "DSC",
            Self::Batch => "REVOCATION_LIST",
            Self::Rule => "VALIDATION_RULE",
        }
    }

    /// What has this name on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Signer, Self::Batch, Self::Rule];
        all.into_iter().find(|it| it.name() == name)
    }
}

/// A message that its party can sign anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// What it is.
    pub kind: Migrated,
    /// The number of its first record.
    pub number: u64,
    /// The message with its content, CMS in Base64.
    pub message: String,
}

/// Everything that `party` handed in and that stands.
pub fn migrations(hub: &Hub, party: &Party) -> Vec<Migration> {
    let signers = hub.of(party.country, Role::Signer).filter_map(|entry| {
        let message = Signed::read(&entry.signature).ok()?;
        Some(Migration {
            kind: Migrated::Signer,
            number: entry.sequence,
            message: write_message(&message.rewrapped(Some(&entry.certificate)).ok()?),
        })
    });
    let batches = hub.batches().filter(|it| it.country == party.country);
    let batches = batches.filter_map(|batch| {
        Some(Migration {
            kind: Migrated::Batch,
            number: batch.sequence,
            message: batch.message.clone()?,
        })
    });
    let rules = hub.rules().filter(|it| it.rule.country == party.country);
    let rules = rules.map(|rule| Migration {
        kind: Migrated::Rule,
        number: rule.sequence,
        message: rule.message.clone(),
    });
    let mut all: Vec<_> = signers.chain(batches).chain(rules).collect();
    all.sort_by_key(|it| it.number);
    all
}

/// What putting `handed` in the place of the message with this number comes to.
///
/// # Errors
/// `TextSignatureInvalid`, `UploadFailed`, and the reasons that begin with `Migrated`.
pub fn migrate(
    hub: &Hub,
    party: &Party,
    kind: Migrated,
    number: u64,
    handed: &Handed,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    if !handed.verified {
        return Err(Reason::TextSignatureInvalid.into());
    }
    let is_own = hub.is_uploader(party.country, handed);
    let (name, record) = match kind {
        Migrated::Signer => signer(hub, party, number, handed, is_own, at)?,
        Migrated::Batch => batch(hub, party, number, handed, is_own, at)?,
        Migrated::Rule => rule(hub, party, number, handed, is_own, at)?,
    };
    let mut change = Change::new(party, "message.migrated", name);
    change.records.push(record);
    Ok(change)
}

fn signer(
    hub: &Hub,
    party: &Party,
    number: u64,
    handed: &Handed,
    is_own: bool,
    at: UnixTime,
) -> Result<(String, Record), Refused> {
    if !is_own {
        let details = "Could not find upload certificate with hash";
        return Err(Reason::UploadFailed.because(format!("{details} {}", handed.signer())));
    }
    let thumbprint = Thumbprint(crate::crypto::sha256(&handed.content));
    let mut own = hub.of(party.country, Role::Signer);
    let entry = own.find(|it| it.sequence == number && it.thumbprint == thumbprint);
    let mut entry = super::Entry::clone(entry.ok_or(Reason::MigratedSignerMissing)?);
    entry.signature = handed.message.rewrapped(None)?;
    // Whoever asks for what is new has to hear of the new signature before the old one counts no more.
    entry.created_at = at;
    Ok((entry.name(), entry.record()))
}

fn batch(
    hub: &Hub,
    party: &Party,
    number: u64,
    handed: &Handed,
    is_own: bool,
    at: UnixTime,
) -> Result<(String, Record), Refused> {
    let mut batches = hub.batches().filter(|it| !it.is_deleted());
    let batch = batches.find(|it| it.sequence == number);
    let batch = batch.ok_or(Reason::MigratedBatchMissing)?;
    if batch.country != party.country || !is_own {
        return Err(Reason::MigratedBatchCountry.into());
    }
    let before = batch.message.as_deref().unwrap_or_default();
    if read_message(before.as_bytes())?.content.as_ref() != Some(&handed.content) {
        return Err(Reason::MigratedBatchDiffers.into());
    }
    let record = Record {
        kind: RecordKind::RevocationBatch,
        source: HUB.to_owned(),
        name: batch.id.clone(),
        country: Some(party.country),
        received_at: at,
        body: handed.text.clone().into_bytes(),
    };
    Ok((batch.id.clone(), record))
}

fn rule(
    hub: &Hub,
    party: &Party,
    number: u64,
    handed: &Handed,
    is_own: bool,
    at: UnixTime,
) -> Result<(String, Record), Refused> {
    let stored = hub.rules().find(|it| it.sequence == number);
    let stored = stored.ok_or(Reason::MigratedRuleMissing)?;
    if stored.rule.country != party.country || !is_own {
        return Err(Reason::MigratedRuleCountry.into());
    }
    if stored.content != handed.content {
        return Err(Reason::MigratedRuleDiffers.into());
    }
    let row = write_rule_row(&stored.rule, &handed.text);
    let record = Record {
        kind: RecordKind::Rule,
        source: HUB.to_owned(),
        name: stored.name(),
        country: Some(party.country),
        received_at: at,
        body: row.to_string().into_bytes(),
    };
    Ok((stored.name(), record))
}
