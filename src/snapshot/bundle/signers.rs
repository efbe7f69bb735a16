//! The trust list in little room: `[[[country, ...] or null, ...], [[source, ...], ...], signer, ...]`, where a signer is
//! `[kid, key, place of its countries, place of its sources, not before, not after, purposes, assurance]`. A key on P-256 is the
//! 33 bytes of its point, any other its SPKI; purposes are the sum of 1, 2, 4 for those of [`Purpose::ALL`], all where they are not
//! restricted.
//!
//! Refuses places that are none, and points that are not on the curve. Certificates are not kept: they were judged when the list
//! was made.

use super::part::{Draft, Taker};
use super::{array, count, instant, invalid};
use crate::codec::cbor::Value;
use crate::codec::item::{Item, Kind as Shape};
use crate::failure::Failure;
use crate::model::{Country, Kid, Purpose, Validity};
use crate::snapshot::Snapshot;
use crate::snapshot::archive::{document, items, written};
use crate::trust::{Assurance, Dsc, KeyMaterial, Listed, Purposes, TrustList};
use p256::PublicKey;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::{DecodePublicKey, EncodePublicKey};
use std::sync::Arc;

/// Signers whose kids begin with the same two bits make a chunk, those of one country together; those without a key that is of any use are left out.
pub(super) fn chunks(snapshot: &Snapshot, taker: Taker<'_>) -> Result<(), Failure> {
    let usable = |dsc: &&Arc<Dsc>| dsc.key.is_ok();
    let mut signers: Vec<_> = snapshot.trust().signers().iter().filter(usable).collect();
    let near = |dsc: &Arc<Dsc>| dsc.kid.as_bytes().first().map(|byte| byte >> 6);
    signers.sort_by_key(|dsc| (near(dsc), &dsc.countries, dsc.validity.not_after));
    for signers in signers.chunk_by(|one, two| near(one) == near(two)) {
        let (mut countries, mut sources, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for dsc in signers {
            let says = speaking(snapshot.trust(), dsc);
            let of = says.country_stated.then(|| says.countries.clone());
            let (of, from) = (
                place(&mut countries, of),
                place(&mut sources, says.sources.clone()),
            );
            rows.push(row(&dsc.kid, says, of, from)?);
        }
        let countries = countries.iter().map(|countries| match countries {
            None => Value::Null,
            Some(countries) => texts(countries.iter().map(ToString::to_string)),
        });
        let sources = sources
            .into_iter()
            .map(|sources| texts(sources.into_iter()));
        let mut chunk = vec![
            Value::Array(countries.collect()),
            Value::Array(sources.collect()),
        ];
        chunk.extend(rows);
        taker(written(chunk)?)?;
    }
    Ok(())
}

/// Whose period and purposes hold for `dsc`: its own; of a bare key that a certificate displaces, that certificate's, see
/// [`TrustList::holders`]. Without their certificates nothing else would tell the two apart.
pub(super) fn speaking<'l>(trust: &'l TrustList, dsc: &'l Arc<Dsc>) -> &'l Arc<Dsc> {
    let Ok(key) = &dsc.key else {
        return dsc;
    };
    let mut holders = trust.holders(key.spki_digest());
    if holders.clone().any(|it| Arc::ptr_eq(it, dsc)) {
        return dsc;
    }
    let displaces = |it: &&Arc<Dsc>| {
        let anywhere = it.countries.is_empty() || dsc.countries.is_empty();
        it.has_certificate && (anywhere || it.shares_country(dsc))
    };
    holders.find(displaces).unwrap_or(dsc)
}

/// Where `item` stands among those that are `known`, behind them if it is new.
fn place<T: PartialEq>(known: &mut Vec<T>, item: T) -> usize {
    let place = known.iter().position(|it| *it == item);
    place.unwrap_or_else(|| {
        known.push(item);
        known.len() - 1
    })
}

fn row(kid: &Kid, dsc: &Dsc, countries: usize, sources: usize) -> Result<Value, Failure> {
    let number = |it: usize| Value::from(i64::try_from(it).unwrap_or(i64::MAX));
    let purposes = dsc.purposes.restriction().map_or(ALL_PURPOSES, |allowed| {
        let places = (0..)
            .zip(Purpose::ALL)
            .filter(|(_, it)| allowed.contains(it));
        places.map(|(place, _)| 1_i64 << place).sum()
    });
    let assurance = Assurance::ALL.iter().position(|it| *it == dsc.assurance);
    Ok(Value::Array(vec![
        Value::Bytes(kid.as_bytes().to_vec()),
        Value::Bytes(short(dsc)?),
        number(countries),
        number(sources),
        dsc.validity.not_before.seconds().into(),
        dsc.validity.not_after.seconds().into(),
        purposes.into(),
        number(assurance.unwrap_or_default()),
    ]))
}

/// The point of a key on P-256, the SPKI of any other.
fn short(dsc: &Dsc) -> Result<Vec<u8>, Failure> {
    let spki = dsc.spki()?;
    Ok(match PublicKey::from_public_key_der(&spki) {
        Ok(key) => key.to_sec1_point(true).as_bytes().to_vec(),
        Err(_) => spki,
    })
}

fn texts(texts: impl Iterator<Item = String>) -> Value {
    Value::Array(texts.map(Value::Text).collect())
}

/// Takes the signers of `chunk` in.
///
/// # Errors
/// `bundle_invalid`, `archive_invalid`.
pub(super) fn take(draft: &mut Draft, chunk: &[u8]) -> Result<(), Failure> {
    let document = document(chunk)?;
    let mut rows = items(document.root())?;
    let mut head = || rows.next().ok_or_else(|| invalid("signers without a head"));
    let (countries, sources) = (head()?, head()?);
    let countries = items(countries)?.map(|it| {
        if matches!(it.kind(), Shape::Null) {
            return Ok(None);
        }
        let countries = items(it)?.map(|it| {
            let country = it.as_text().and_then(Country::parse);
            country.ok_or_else(|| invalid("no country"))
        });
        countries.collect::<Result<Vec<_>, Failure>>().map(Some)
    });
    let countries = countries.collect::<Result<Vec<_>, Failure>>()?;
    let sources = items(sources)?.map(|it| {
        let sources = items(it)?.map(|it| {
            let source = it.as_text().map(str::to_owned);
            source.ok_or_else(|| invalid("no source"))
        });
        sources.collect::<Result<Vec<_>, Failure>>()
    });
    let sources = sources.collect::<Result<Vec<_>, Failure>>()?;
    for row in rows {
        draft.signers.push(signer(row, &countries, &sources)?);
    }
    Ok(())
}

fn signer(
    row: Item<'_>,
    countries: &[Option<Vec<Country>>],
    sources: &[Vec<String>],
) -> Result<Listed, Failure> {
    let [
        kid,
        key,
        of,
        from,
        not_before,
        not_after,
        purposes,
        assurance,
    ] = array(row)?;
    let at = |item: Item<'_>| {
        let place = count(item)?;
        usize::try_from(place).map_err(|_| invalid("no place"))
    };
    let (of, from) = (countries.get(at(of)?), sources.get(at(from)?));
    let key = key.as_bytes().ok_or_else(|| invalid("no key"))?;
    let spki = if key.len() == POINT {
        let point = PublicKey::from_sec1_bytes(key).map_err(|_| invalid("no point"))?;
        let spki = point.to_public_key_der();
        spki.map_err(|_| invalid("no point"))?.into_vec()
    } else {
        key.to_vec()
    };
    let purposes = match purposes.as_i64() {
        Some(ALL_PURPOSES) => Purposes::ALL,
        Some(sum @ 0..ALL_PURPOSES) => {
            let allowed = (0..)
                .zip(Purpose::ALL)
                .filter(|(place, _)| sum >> place & 1 == 1);
            Purposes::only(allowed.map(|(_, purpose)| purpose))
        }
        Some(_) | None => return Err(invalid("no purposes")),
    };
    let kid = kid.as_bytes().and_then(Kid::from_bytes);
    let assurance = Assurance::ALL.get(at(assurance)?).copied();
    Ok(Listed {
        key: KeyMaterial::PublicKey(spki),
        kid: kid.ok_or_else(|| invalid("no key identifier"))?,
        countries: of.ok_or_else(|| invalid("no countries"))?.clone(),
        purposes,
        assurance: assurance.ok_or_else(|| invalid("no assurance"))?,
        sources: from.ok_or_else(|| invalid("no sources"))?.clone(),
        validity: Some(Validity {
            not_before: instant(not_before)?,
            not_after: instant(not_after)?,
        }),
    })
}

/// Bytes of a point on P-256, compressed.
const POINT: usize = 33;
/// A sum that no purposes have.
const ALL_PURPOSES: i64 = 1 << Purpose::ALL.len();
