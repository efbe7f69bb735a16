//! Withdrawn certificates as lists name them: `[id, country, kid, kind, last second, hashes]` a batch.
//!
//! Refuses kinds of hashes that no list has. Hashes stand one after the other, 16 bytes each.

use super::part::{Draft, Taker, bytes, country, document, fixed, invalid, items, run, text};
use super::part::{unless_null, written};
use crate::codec::cbor::Value;
use crate::codec::item::Item;
use crate::crypto::sha256;
use crate::failure::Failure;
use crate::model::{Kid, UnixTime};
use crate::revocation::{HashKind, RevocationBatch, RevocationHash};
use crate::snapshot::Snapshot;
use std::collections::BTreeMap;

/// Batches whose ids have hashes with the same first byte make a chunk.
pub(super) fn chunks(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let mut near: BTreeMap<u8, Vec<Value>> = BTreeMap::new();
    for batch in snapshot.revocations().to_batches() {
        let [first, ..] = sha256(batch.id.as_bytes());
        near.entry(first).or_default().push(row(batch));
    }
    near.into_values()
        .try_for_each(|rows| taker(written(rows)?))
}

fn row(batch: RevocationBatch) -> Value {
    let kid = batch.kid.map(|kid| Value::Bytes(kid.as_bytes().to_vec()));
    let hashes = batch.hashes.iter().flat_map(|hash| hash.0);
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
    let until = until.as_i64().and_then(UnixTime::from_seconds);
    Ok(RevocationBatch {
        id: text(id)?.to_owned(),
        country: country(of)?,
        kid: unless_null(kid, known)?,
        kind: HashKind::parse(text(kind)?).ok_or_else(|| invalid("no such kind of hash"))?,
        expires_at: until.ok_or_else(|| invalid("no last second"))?,
        hashes: run(hashes)?.iter().copied().map(RevocationHash).collect(),
    })
}
