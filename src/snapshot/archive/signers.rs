//! The trust list: `[kind, certificate or key, kid, assurance, sources, countries, purposes]` a signer, null for what is
//! not stated or not restricted.
//!
//! Refuses signers whose certificate or key cannot be read, or has another key identifier.

use super::part::{Draft, Taker, bytes, country, document, fixed, invalid, items, text};
use super::part::{unless_null, written};
use crate::codec::cbor::Value;
use crate::codec::item::Item;
use crate::failure::Failure;
use crate::model::{Kid, Purpose};
use crate::snapshot::Snapshot;
use crate::trust::{Assurance, Dsc, KeyMaterial, Listed, Purposes};
use std::sync::Arc;

/// Signers in the order of the list; those of one kind whose thumbprints have the same first byte make a chunk.
pub(super) fn chunks(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let place = |dsc: &Arc<Dsc>| {
        let [first, ..] = dsc.thumbprint.0;
        (dsc.has_certificate, first)
    };
    let signers = snapshot.trust().signers();
    for near in signers.chunk_by(|one, two| place(one) == place(two)) {
        let rows = near.iter().map(|dsc| row(dsc.listed()));
        taker(written(rows.collect())?)?;
    }
    Ok(())
}

fn row(signer: Listed) -> Value {
    let (kind, der) = match signer.key {
        KeyMaterial::Certificate(der) => (CERTIFICATE, der),
        KeyMaterial::PublicKey(der) => (PUBLIC_KEY, der),
    };
    let names = |names: Vec<String>| Value::Array(names.into_iter().map(Value::Text).collect());
    let countries = signer.countries.map(|countries| {
        let countries = countries.iter().map(ToString::to_string);
        names(countries.collect())
    });
    let purposes = signer.purposes.restriction().map(|purposes| {
        let purposes = purposes.iter().map(|it| it.name().to_owned());
        names(purposes.collect())
    });
    Value::Array(vec![
        kind.into(),
        Value::Bytes(der),
        Value::Bytes(signer.kid.as_bytes().to_vec()),
        Value::Text(signer.assurance.name().to_owned()),
        names(signer.sources),
        countries.unwrap_or(Value::Null),
        purposes.unwrap_or(Value::Null),
    ])
}

/// Takes the signers of `chunk` in.
///
/// # Errors
/// `archive_invalid`.
pub(super) fn take(draft: &mut Draft, chunk: &[u8]) -> Result<(), Failure> {
    for row in items(document(chunk)?.root())? {
        draft.signers.push(signer(row)?);
    }
    Ok(())
}

fn signer(row: Item<'_>) -> Result<Listed, Failure> {
    let [kind, der, kid, assurance, sources, countries, purposes] = fixed(row)?;
    let der = bytes(der)?.to_vec();
    let key = match kind.as_i64() {
        Some(CERTIFICATE) => KeyMaterial::Certificate(der),
        Some(PUBLIC_KEY) => KeyMaterial::PublicKey(der),
        Some(_) | None => return Err(invalid("neither certificate nor key")),
    };
    let assurance = text(assurance)?;
    let assurance = Assurance::ALL.into_iter().find(|it| it.name() == assurance);
    let sources = items(sources)?.map(|it| text(it).map(str::to_owned));
    let countries = unless_null(countries, |it| items(it)?.map(country).collect())?;
    let purposes: Option<Vec<_>> = unless_null(purposes, |it| items(it)?.map(purpose).collect())?;
    Ok(Listed {
        key,
        kid: Kid::from_bytes(bytes(kid)?).ok_or_else(|| invalid("no key identifier"))?,
        countries,
        purposes: purposes.map_or(Purposes::ALL, Purposes::only),
        assurance: assurance.ok_or_else(|| invalid("no such assurance"))?,
        sources: sources.collect::<Result<_, _>>()?,
        validity: None,
    })
}

fn purpose(item: Item<'_>) -> Result<Purpose, Failure> {
    let name = text(item)?;
    let known = Purpose::ALL.into_iter().find(|it| it.name() == name);
    known.ok_or_else(|| invalid("no such purpose"))
}

const CERTIFICATE: i64 = 0;
const PUBLIC_KEY: i64 = 1;
