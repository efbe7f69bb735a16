//! The form of a receipt: a CBOR map in deterministic encoding.
//!
//! Refuses members that are not known, anything that was written otherwise than it is written here, and more than the
//! ceilings. So what was read says no more than what is shown of it.
//!
//! | key | holds |
//! |---|---|
//! | 1 | 1, the version |
//! | 2 | environment |
//! | 3 | instant, in seconds |
//! | 4 | client |
//! | 5 | outcome |
//! | 6 | `[[SHA-256 of the text, [code, ...], [quirk, ...], word of the register or null], ...]` |
//! | 7 | policy: `[id, version, SHA-256]` |
//! | 8 | snapshot: `[id, number]` |
//! | 9 | sources: `[[id, as of, of revocations or null, countries whose revocations or null for all], ...]` |
//!
//! 10 (a hash over what else was asked) and 11 (how well the holder's identity agreed) are kept free.

use super::told::{PolicyName, Receipt, Told};
use crate::codec::cbor::{self, Limits, Value};
use crate::codec::item::{Entries, Item, Kind};
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment, SnapshotId, UnixTime};
use crate::quirk::{Quirk, Quirks};
use crate::trust::Source;
use crate::verify::{Outcome, Registered};

/// `receipt` as bytes.
///
/// # Errors
/// `internal` if the writer fails.
pub(super) fn write(receipt: &Receipt) -> Result<Vec<u8>, Failure> {
    let credentials = receipt.credentials.iter().map(told).collect();
    let policy = vec![
        text(&receipt.policy.id),
        receipt.policy.version.into(),
        hash(&receipt.policy.hash),
    ];
    let snapshot = vec![hash(&receipt.snapshot.0), receipt.sequence.into()];
    let members = [
        VERSION.into(),
        text(receipt.environment.name()),
        receipt.at.seconds().into(),
        text(&receipt.client),
        text(receipt.outcome.name()),
        Value::Array(credentials),
        Value::Array(policy),
        Value::Array(snapshot),
        Value::Array(receipt.sources.iter().map(source).collect()),
    ];
    let members = (1..).map(|key: i64| key.into()).zip(members);
    cbor::write(&Value::Map(members.collect()))
}

fn told(told: &Told) -> Value {
    let codes = told.codes.iter().map(|code| text(code.name()));
    let quirks = told.quirks.iter().map(|quirk| text(quirk.name()));
    Value::Array(vec![
        hash(&told.text),
        Value::Array(codes.collect()),
        Value::Array(quirks.collect()),
        told.registered.name().map_or(Value::Null, text),
    ])
}

fn source(source: &Source) -> Value {
    let revocations = source.revocation_as_of.map(|at| at.seconds().into());
    let countries = source.revocation_countries.as_ref().map(|countries| {
        let countries = countries.iter().map(|country| text(country.as_str()));
        Value::Array(countries.collect())
    });
    Value::Array(vec![
        text(&source.id),
        source.as_of.seconds().into(),
        revocations.unwrap_or(Value::Null),
        countries.unwrap_or(Value::Null),
    ])
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn hash(hash: &[u8; 32]) -> Value {
    Value::Bytes(hash.to_vec())
}

/// The receipt in `bytes`, of which nothing is proven.
///
/// # Errors
/// `receipt_invalid`.
pub(super) fn read(bytes: &[u8]) -> Result<Receipt, Failure> {
    let document = cbor::read(bytes, LIMITS).map_err(|it| invalid(it.detail()))?;
    let members = document.root().as_map();
    let members = members.ok_or_else(|| invalid("no map"))?;
    let receipt = receipt(members).ok_or_else(|| invalid("a member is missing or not known"))?;
    // This refuses members beyond those, and every other spelling.
    if write(&receipt)? != bytes {
        return Err(invalid("not as a receipt is written"));
    }
    Ok(receipt)
}

fn receipt(members: Entries<'_>) -> Option<Receipt> {
    if members.get(1)?.as_i64()? != VERSION {
        return None;
    }
    let environment = Environment::parse(members.get(2)?.as_text()?)?;
    let [id, version, policy] = fixed(members.get(7)?)?;
    let [snapshot, sequence] = fixed(members.get(8)?)?;
    let credentials = members.get(6)?.as_array()?.map(read_told);
    let sources = members.get(9)?.as_array()?;
    let sources = sources.map(|it| read_source(it, environment));
    Some(Receipt {
        environment,
        at: instant(members.get(3)?)?,
        client: members.get(4)?.as_text()?.to_owned(),
        outcome: Outcome::parse(members.get(5)?.as_text()?)?,
        credentials: credentials.collect::<Option<_>>()?,
        policy: PolicyName {
            id: id.as_text()?.into(),
            version: u32::try_from(version.as_i64()?).ok()?,
            hash: read_hash(policy)?,
        },
        snapshot: SnapshotId(read_hash(snapshot)?),
        sequence: u64::try_from(sequence.as_i64()?).ok()?,
        sources: sources.collect::<Option<_>>()?,
    })
}

fn read_told(row: Item<'_>) -> Option<Told> {
    let [text, codes, quirks, registered] = fixed(row)?;
    let codes = codes.as_array()?.map(|it| Code::named(it.as_text()?));
    let mut seen = Quirks::default();
    for quirk in quirks.as_array()? {
        seen.note(Quirk::named(quirk.as_text()?)?);
    }
    Some(Told {
        text: read_hash(text)?,
        codes: codes.collect::<Option<_>>()?,
        quirks: seen,
        registered: match unless_null(registered) {
            None => Registered::NotAsked,
            Some(word) => Registered::parse(word.as_text()?)?,
        },
    })
}

fn read_source(row: Item<'_>, environment: Environment) -> Option<Source> {
    let [id, as_of, revocations, countries] = fixed(row)?;
    let countries = match unless_null(countries) {
        None => None,
        Some(countries) => {
            let countries = countries.as_array()?;
            let countries = countries.map(|it| Country::parse(it.as_text()?));
            Some(countries.collect::<Option<_>>()?)
        }
    };
    let revocation_as_of = match unless_null(revocations) {
        None => None,
        Some(at) => Some(instant(at)?),
    };
    Some(Source {
        revocation_as_of,
        revocation_countries: countries,
        ..Source::new(id.as_text()?, environment, instant(as_of)?)
    })
}

fn unless_null(item: Item<'_>) -> Option<Item<'_>> {
    (!matches!(item.kind(), Kind::Null)).then_some(item)
}

fn instant(item: Item<'_>) -> Option<UnixTime> {
    item.as_i64().and_then(UnixTime::from_seconds)
}

fn read_hash(item: Item<'_>) -> Option<[u8; 32]> {
    item.as_bytes()?.try_into().ok()
}

/// The items of an array of exactly `N`.
fn fixed<const N: usize>(item: Item<'_>) -> Option<[Item<'_>; N]> {
    let row: Vec<_> = item.as_array()?.take(N + 1).collect();
    row.try_into().ok()
}

fn invalid(reason: &str) -> Failure {
    Code::ReceiptInvalid.because(reason)
}

const VERSION: i64 = 1;
const LIMITS: Limits = Limits {
    depth: 5,
    items: 8 * 1024,
};
