//! Batches of revocations that a party hands in and takes back.
//!
//! Refuses, in this order: a message that its key did not sign; one whose key is no upload certificate of the party; what is
//! no JSON of the form; a batch that has ended; values that are not allowed; a batch of another country. What is kept can
//! be read by everybody who reads what gateways list.
//!
//! Source: EU DGCG, `POST` and `DELETE /revocation-list`, and its nightly job.

use super::batch::Batch;
use super::message::Handed;
use super::refused::{Reason, Refused};
use super::write::Change;
use super::{HUB, Hub, Party};
use crate::codec::json;
use crate::exchange::dgcg::read_batch;
use crate::exchange::{Record, RecordKind};
use crate::model::{Country, UnixTime};
use crate::revocation::{HashKind, RevocationHash};
use crate::server::gateway::replica;
use crate::server::store::Event;
use crate::snapshot::MAX_BATCHES;
use serde_json::{Map, Value};

/// What taking in the batch in `handed` under the name `id` comes to.
///
/// # Errors
/// `TextSignatureInvalid`, `BatchUploader`, `BatchUnreadable`, `BatchEnded`, `BatchInvalid`, `BatchCountry`.
pub fn upload_batch(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    id: &str,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    signed_by(hub, party, handed)?;
    let batch = members(&handed.content)?;
    let expires_at = instant(batch.get("expires"))?;
    let wrong = values(&batch)?;
    if expires_at.is_some_and(|expires_at| expires_at <= at) {
        return Err(Reason::BatchEnded.into());
    }
    if !wrong.is_empty() {
        return Err(Reason::BatchInvalid.because(wrong.join(", ")));
    }
    let country = batch.get("country").and_then(Value::as_str);
    if country.and_then(Country::parse) != Some(party.country) {
        return Err(Reason::BatchCountry.into());
    }
    let own = hub
        .batches()
        .filter(|it| it.country == party.country && !it.is_deleted());
    if own.count() >= MAX_BATCHES {
        let details = format!("a country has {MAX_BATCHES} batches at most");
        return Err(Reason::BatchInvalid.because(details));
    }
    // Whoever reads it here or elsewhere must be able to.
    let read = read_batch(id, &handed.content);
    read.map_err(|failure| Reason::BatchInvalid.because(failure.detail()))?;
    let mut change = Change::new(party, "batch.uploaded", id);
    change.records.push(Record {
        kind: RecordKind::RevocationBatch,
        source: HUB.to_owned(),
        name: id.to_owned(),
        country: Some(party.country),
        received_at: at,
        body: handed.text.clone().into_bytes(),
    });
    Ok(change)
}

/// What taking back the batch that `handed` names comes to.
///
/// # Errors
/// `TextSignatureInvalid`, `BatchUploader`, `BatchUnreadable`, `BatchDeleteInvalid`, `BatchDeleteMissing`,
/// `BatchDeleteGone`, `BatchCountry`.
pub fn delete_batch(
    hub: &Hub,
    party: &Party,
    handed: &Handed,
    at: UnixTime,
) -> Result<Change<()>, Refused> {
    signed_by(hub, party, handed)?;
    let request = members(&handed.content)?;
    let id = match request.get("batchId") {
        Some(Value::String(id)) if is_id(id) => id,
        None | Some(Value::Null | Value::String(_)) => {
            return Err(Reason::BatchDeleteInvalid.because("batchId: a UUID in lower case"));
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(Reason::BatchUnreadable.into());
        }
    };
    let known = hub.batch(id).filter(|batch| !batch.is_forgotten(at));
    let batch = known.ok_or(Reason::BatchDeleteMissing)?;
    if batch.is_deleted() {
        return Err(Reason::BatchDeleteGone.into());
    }
    if batch.country != party.country {
        return Err(Reason::BatchCountry.into());
    }
    let mut change = Change::new(party, "batch.withdrawn", id.as_str());
    change.records.push(withdrawal(batch, at));
    Ok(change)
}

/// The batch `id`, to be downloaded at the instant `at`: the message as it came.
///
/// # Errors
/// `Invalid`, `BatchMissing`, `BatchGone`.
pub fn downloaded<'h>(hub: &'h Hub, id: &str, at: UnixTime) -> Result<&'h str, Refused> {
    if !is_id(id) {
        return Err(Reason::Invalid.because("batchId: a UUID in lower case"));
    }
    let known = hub.batch(id).filter(|batch| !batch.is_forgotten(at));
    let batch = known.ok_or(Reason::BatchMissing)?;
    Ok(batch.message.as_deref().ok_or(Reason::BatchGone)?)
}

/// What taking back batches that have ended comes to; not more than `most`. The answer is how many.
///
/// # Errors
/// None; it has them so that it can be handed in.
pub fn expire_batches(hub: &Hub, most: usize, at: UnixTime) -> Result<Change<usize>, Refused> {
    let ended = hub
        .batches()
        .filter(|it| !it.is_deleted() && it.expires_at < at);
    let ended: Vec<_> = ended.take(most).collect();
    let event = |batch: &Batch| Event {
        at,
        actor: "gateway".to_owned(),
        event: "batch.ended".to_owned(),
        subject: batch.id.clone(),
        detail: String::new(),
    };
    Ok(Change {
        records: ended.iter().map(|batch| withdrawal(batch, at)).collect(),
        events: ended.iter().map(|batch| event(batch)).collect(),
        answer: ended.len(),
    })
}

fn withdrawal(batch: &Batch, at: UnixTime) -> Record {
    Record {
        kind: RecordKind::Tombstone,
        source: HUB.to_owned(),
        name: replica::tombstone(RecordKind::RevocationBatch, &batch.id),
        country: Some(batch.country),
        received_at: at,
        body: b"{}".to_vec(),
    }
}

fn signed_by(hub: &Hub, party: &Party, handed: &Handed) -> Result<(), Refused> {
    if !handed.verified {
        return Err(Reason::TextSignatureInvalid.into());
    }
    if !hub.is_uploader(party.country, handed) {
        return Err(Reason::BatchUploader.into());
    }
    Ok(())
}

fn members(content: &[u8]) -> Result<Map<String, Value>, Refused> {
    match json::read(content, MAX_VALUES) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) | Err(_) => Err(Reason::BatchUnreadable.into()),
    }
}

fn instant(member: Option<&Value>) -> Result<Option<UnixTime>, Refused> {
    let Some(text) = text(member)? else {
        return Ok(None);
    };
    let instant = UnixTime::parse(text).ok_or(Reason::BatchUnreadable)?;
    Ok(Some(instant))
}

/// A text or nothing.
fn text(member: Option<&Value>) -> Result<Option<&str>, Refused> {
    match member {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(Reason::BatchUnreadable.into())
        }
    }
}

/// The members of a batch whose values are not allowed.
fn values(batch: &Map<String, Value>) -> Result<Vec<String>, Refused> {
    let mut wrong = Vec::new();
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    let country = text(batch.get("country"))?;
    demand(
        country.is_some_and(|country| country.chars().count() == 2),
        "country: 2 characters",
    );
    demand(
        !matches!(batch.get("expires"), None | Some(Value::Null)),
        "expires: an instant",
    );
    let kid = text(batch.get("kid"))?;
    let length = kid.map(|kid| kid.chars().count());
    demand(
        length.is_none_or(|length| (11..=12).contains(&length)),
        "kid: 11 or 12 characters",
    );
    let kind = text(batch.get("hashType"))?;
    if kind.is_some_and(|kind| HashKind::parse(kind).is_none()) {
        return Err(Reason::BatchUnreadable.into());
    }
    demand(kind.is_some(), "hashType: a kind of hash");
    match batch.get("entries") {
        None | Some(Value::Null) => demand(false, "entries: 1 to 1000"),
        Some(Value::Array(entries)) => {
            demand(
                (1..=MAX_HASHES).contains(&entries.len()),
                "entries: 1 to 1000",
            );
            for (position, entry) in entries.iter().enumerate() {
                let hash = match entry.as_object() {
                    Some(entry) => text(entry.get("hash"))?,
                    None => text(Some(entry))?,
                };
                if hash.and_then(RevocationHash::parse).is_none() {
                    demand(
                        false,
                        &format!("entries[{position}].hash: 16 bytes in Base64"),
                    );
                    break;
                }
            }
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            return Err(Reason::BatchUnreadable.into());
        }
    }
    Ok(wrong)
}

/// Whether `text` is a UUID in lower case.
fn is_id(text: &str) -> bool {
    let mut groups = text.split('-');
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = |length: usize, group: &str| group.len() == length && group.bytes().all(hex);
    let good = [8, 4, 4, 4, 12]
        .into_iter()
        .all(|length| groups.next().is_some_and(|group| fits(length, group)));
    good && groups.next().is_none()
}

const MAX_HASHES: usize = 1000;
/// Many more than a batch has, so that a long one is told that it is too long.
const MAX_VALUES: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_in_lower_case() {
        let id = crate::server::gateway::hub::random_uuid().unwrap();
        assert!(is_id(&id) && id.as_bytes()[14] == b'4', "{id}");
        for odd in [
            "",
            "A0000000-0000-4000-8000-000000000000",
            "a0000000-0000-4000-8000-00000000000",
            "a0000000000040008000000000000000",
            "a0000000-0000-4000-8000-000000000000-",
        ] {
            assert!(!is_id(odd), "{odd}");
        }
    }
}
