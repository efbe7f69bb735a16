//! Trusted references: documents elsewhere that a party of the WHO's network names.
//!
//! Refuses, in this order: a message that its key did not sign; one whose key is no upload certificate of the party; what is
//! no JSON; members out of bounds; a domain that is not served; a UUID that nothing has; another country's. Nothing is
//! fetched from any of these addresses.
//!
//! Source: WHO TNG, `POST /trust/reference`, `DELETE /trust/reference`.

use super::message::Handed;
use super::refused::{Reason, Refused};
use super::unique::random_uuid;
use super::write::Change;
use super::{HUB, Hub, Party};
use crate::exchange::dgcg::{
    TrustedReference, read_handed_reference, read_own_reference, read_reference_id, write_reference,
};
use crate::exchange::{Record, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::gateway::replica;

/// A reference as its party handed it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredReference(pub TrustedReference);

impl StoredReference {
    /// The reference in `record`, if it is one.
    pub fn read(record: &Record) -> Option<Self> {
        let mut reference = read_own_reference(&record.body).ok()?;
        reference.more.shift_remove(MESSAGE);
        Some(Self(reference))
    }

    fn record(reference: &TrustedReference, message: &str, at: UnixTime) -> Record {
        let mut body = write_reference(reference);
        if let Some(members) = body.as_object_mut() {
            members.insert(MESSAGE.to_owned(), message.into());
        }
        Record {
            kind: RecordKind::TrustedReference,
            source: HUB.to_owned(),
            name: reference.uuid.clone(),
            country: Some(reference.country),
            received_at: at,
            body: body.to_string().into_bytes(),
        }
    }
}

impl Hub {
    /// The trusted references, in the order of their UUIDs.
    pub fn references(&self) -> impl Iterator<Item = TrustedReference> {
        let records = self.documents(RecordKind::TrustedReference);
        records.filter_map(|record| Some(StoredReference::read(record)?.0))
    }

    /// The trusted reference with this UUID.
    pub fn reference(&self, uuid: &str) -> Option<TrustedReference> {
        let record = self.document(RecordKind::TrustedReference, uuid)?;
        Some(StoredReference::read(record)?.0)
    }
}

/// What taking in the reference in `handed` comes to; `domains` are those that are served.
///
/// # Errors
/// `TextSignatureInvalid`, `TextUploader`, `TextJson`, `TextValues`, `ReferenceMissing`, `TextCountry`.
pub fn upload_reference(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    domains: &[&str],
    at: UnixTime,
) -> Result<Change<String>, Refused> {
    signed_by_party(hub, party, handed)?;
    if handed.content.len() > MAX_CONTENT {
        return Err(Reason::TextValues.because("a reference over 16384 bytes"));
    }
    let mut reference = read_handed_reference(&handed.content).map_err(|it| unreadable(&it))?;
    let domain = reference.domain.get_or_insert_with(|| DOMAIN.to_owned());
    if domain != DOMAIN && !domains.contains(&domain.as_str()) {
        return Err(Reason::TextValues.because("a domain that is not served"));
    }
    let known = if reference.uuid.is_empty() {
        reference.uuid = random_uuid()?;
        None
    } else {
        reference.uuid.make_ascii_lowercase();
        let known = hub.reference(&reference.uuid);
        Some(known.ok_or_else(|| missing(&reference.uuid))?)
    };
    let is_known = known.is_some();
    let is_others = known.is_some_and(|known| known.country != party.country);
    if reference.country != party.country || is_others {
        return Err(Reason::TextCountry.because("Country does not match your authentication"));
    }
    if !is_known {
        let records = hub.documents(RecordKind::TrustedReference);
        let own = records.filter(|it| it.country == Some(party.country));
        if own.count() >= MAX_REFERENCES {
            let details = format!("a country has {MAX_REFERENCES} references at most");
            return Err(Reason::TextValues.because(details));
        }
    }
    let subject = reference.uuid.clone();
    let answer = reference.uuid.clone();
    let mut change = Change::of(party, "reference.uploaded", subject, answer);
    let record = StoredReference::record(&reference, &handed.text, at);
    // What cannot be read back would be listed nowhere, and could not be taken back either.
    if StoredReference::read(&record).is_none() {
        return Err(Reason::TextValues.because("a message that is too long"));
    }
    change.records.push(record);
    Ok(change)
}

/// What taking back the reference that `handed` names comes to.
///
/// # Errors
/// `TextSignatureInvalid`, `TextUploader`, `TextJson`, `TextValues`, `ReferenceMissing`, `TextCountry`.
pub fn delete_reference(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    signed_by_party(hub, party, handed)?;
    let uuid = read_reference_id(&handed.content).map_err(|it| unreadable(&it))?;
    let uuid = uuid.to_ascii_lowercase();
    let known = hub.reference(&uuid).ok_or_else(|| missing(&uuid))?;
    if known.country != party.country {
        return Err(Reason::TextCountry.because("Country does not match your authentication"));
    }
    let mut change = Change::new(party, "reference.withdrawn", uuid.clone());
    change.records.push(Record {
        kind: RecordKind::Tombstone,
        source: HUB.to_owned(),
        name: replica::tombstone(RecordKind::TrustedReference, &uuid),
        country: Some(party.country),
        received_at: at,
        body: b"{}".to_vec(),
    });
    Ok(change)
}

fn signed_by_party(hub: &Hub, party: &Party, handed: &Handed) -> Result<(), Refused> {
    if !handed.verified {
        return Err(Reason::TextSignatureInvalid.into());
    }
    if !hub.is_uploader(party.country, handed) {
        return Err(Reason::TextUploader.into());
    }
    Ok(())
}

fn unreadable(failure: &Failure) -> Refused {
    let reason = if failure.code() == Code::EntryInvalid {
        Reason::TextValues
    } else {
        Reason::TextJson
    };
    reason.because(failure.detail())
}

/// Nothing has this UUID, which is told back where it is one.
fn missing(uuid: &str) -> Refused {
    let is_plain = uuid.len() == 36 && uuid.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    let sent = if is_plain { uuid } else { "" };
    Refused::from(Reason::ReferenceMissing).sent(sent)
}

/// What a reference is trusted for where it says nothing.
const DOMAIN: &str = "DDCC";
const MESSAGE: &str = "cms";
/// A record of it is read again under a ceiling of 64 KiB, with the message beside the content.
const MAX_CONTENT: usize = 16 * 1024;
/// Many more than a country publishes; all of them are read for every list.
const MAX_REFERENCES: usize = 1000;
