//! What this gateway said of its own certificates: first a head, `[country, whether records were missing, [[key, standing],
//! ...]]`, then the leading 80 bits of the hashes of withdrawn ones, those with one first byte together.
//!
//! Refuses standings that no key has. How often a certificate was withdrawn is not kept: no verdict depends on it.

use super::part::{Draft, Taker, country, document, fixed, invalid, items, run, text};
use super::part::{unless_null, written};
use crate::codec::cbor::Value;
use crate::codec::item::{Item, Kind};
use crate::failure::Failure;
use crate::revocation::Leading;
use crate::snapshot::{Own, OwnKey, Snapshot};

/// The head, and a chunk for each first byte.
pub(super) fn chunks(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let own = snapshot.own();
    let keys = own.keys().map(|(key, standing)| {
        let standing = Value::Text(standing.name().to_owned());
        Value::Array(vec![Value::Bytes(key.to_vec()), standing])
    });
    let country = own.country().map(|it| Value::Text(it.to_string()));
    taker(written(vec![
        country.unwrap_or(Value::Null),
        own.is_incomplete().into(),
        Value::Array(keys.collect()),
    ])?)?;
    own.hashes().try_for_each(|near| {
        let hashes = near.iter().flat_map(|hash| hash.0);
        taker(written(vec![Value::Bytes(hashes.collect())])?)
    })
}

/// Takes `chunk` in: the head where it is one.
///
/// # Errors
/// `archive_invalid`.
pub(super) fn take(draft: &mut Draft, chunk: &[u8]) -> Result<(), Failure> {
    let document = document(chunk)?;
    if let Ok([hashes]) = fixed(document.root()) {
        draft
            .own
            .withdraw(run(hashes)?.iter().copied().map(Leading));
        return Ok(());
    }
    let [of, incomplete, keys] = fixed(document.root())?;
    let Kind::Bool(incomplete) = incomplete.kind() else {
        return Err(invalid("neither true nor false"));
    };
    draft.own = unless_null(of, country)?.map_or_else(Own::default, Own::of);
    draft.own.set_incomplete(incomplete);
    for row in items(keys)? {
        let [key, standing] = fixed(row)?;
        let [key] = run(key)? else {
            return Err(invalid("no SHA-256"));
        };
        draft.own.stands(*key, named(standing)?);
    }
    Ok(())
}

fn named(item: Item<'_>) -> Result<OwnKey, Failure> {
    let name = text(item)?;
    let known = OwnKey::ALL.into_iter().find(|it| it.name() == name);
    known.ok_or_else(|| invalid("no such standing"))
}
