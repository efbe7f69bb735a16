//! Withdrawn certificates as lists name them: `[id, country, kid, kind, last second, hashes]` a batch.
//!
//! Refuses kinds of hashes that no list has. The leading 80 bits of
//! hashes stand one after the other.

use super::part::{Draft, Taker, bytes, country, document, fixed, instant, invalid, items, run};
use super::part::{spread, text, unless_null};
use crate::codec::cbor::Value;
use crate::codec::item::Item;
use crate::failure::Failure;
use crate::model::Kid;
use crate::revocation::{HashKind, Leading, RevocationBatch};
use crate::snapshot::Snapshot;

/// Batches whose ids have hashes with the same first byte make a chunk.
pub(super) fn chunks(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let batches = snapshot.revocations().to_batches().into_iter();
    spread(batches.map(|batch| (batch.id.clone(), row(batch))), taker)
}

fn row(batch: RevocationBatch) -> Value {
    let kid = batch.kid.map(|kid| Value::Bytes(kid.as_bytes().to_vec()));
    let hashes = batch.hashes.iter().flat_map(|hash| Leading::from(*hash).0);
    Value::Array(vec![
        Value::Text(batch.id),
        Value::Text(batch.country.to_string()),
        kid.unwrap_or(Value::Null),
        Value::Text(batch.kind.name().to_owned()),
        batch.expires_at.seconds().into(),
        Value::Bytes(hashes.collect()),
    ])
}

/// Takes the batches of `chunk` in.
///
/// # Errors
/// `archive_invalid`.
pub(super) fn take(draft: &mut Draft, chunk: &[u8]) -> Result<(), Failure> {
    for row in items(document(chunk)?.root())? {
        draft.batches.push(batch(row)?);
    }
    Ok(())
}

fn batch(row: Item<'_>) -> Result<RevocationBatch, Failure> {
    let [id, of, kid, kind, until, hashes] = fixed(row)?;
    let known = |kid| Kid::from_bytes(bytes(kid)?).ok_or_else(|| invalid("no key identifier"));
    Ok(RevocationBatch {
        id: text(id)?.to_owned(),
        country: country(of)?,
        kid: unless_null(kid, known)?,
        kind: HashKind::parse(text(kind)?).ok_or_else(|| invalid("no such kind of hash"))?,
        expires_at: instant(until)?,
        hashes: run(hashes)?
            .iter()
            .map(|hash| Leading(*hash).into())
            .collect(),
    })
}
