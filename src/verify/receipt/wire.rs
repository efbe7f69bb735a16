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
//! | 6 | `[[SHA-256 of the text, [code or [code, rule], ...], [quirk, ...], word of the register or null], ...]` |
//! | 7 | policy: `[id, version, SHA-256]` |
//! | 8 | snapshot: `[id, number]` |
//! | 9 | sources: `[[id, as of, of revocations or null, countries whose revocations or null for all], ...]` |
//! | 10 | what else was asked: `[journey or null, whether the colour]`, a journey being `[destination, region, arrival, mode, sector, wilayah]`, null for what was not said |
//! | 11 | what was answered to that: `[[how far it is about the holder, or null, ...], [colour, rule, [rule that was open, ...], whether in doubt] or null]` |

use super::told::{PolicyName, Receipt, Told, ToldColour};
use crate::codec::cbor::{self, Limits, Value};
use crate::codec::item::{Entries, Item, Kind};
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment, SnapshotId, UnixTime};
use crate::quirk::{Quirk, Quirks};
use crate::rules::{Circumstances, Colour};
use crate::trust::Source;
use crate::verify::identity::Identity;
use crate::verify::{Journey, Outcome, Registered};
use smol_str::SmolStr;

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
    let identities = receipt.credentials.iter().map(|told| {
        let identity = told.identity.map(|it| text(it.name()));
        identity.unwrap_or(Value::Null)
    });
    let colour = receipt.colour.as_ref().map(|told| {
        let open = told.open.iter().map(|rule| text(rule)).collect();
        Value::Array(vec![
            text(told.colour.name()),
            text(&told.rule),
            Value::Array(open),
            told.is_doubtful.into(),
        ])
    });
    let asked = vec![
        receipt.journey.as_ref().map_or(Value::Null, journey),
        receipt.with_colour.into(),
    ];
    let answered = vec![
        Value::Array(identities.collect()),
        colour.unwrap_or(Value::Null),
    ];
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
        Value::Array(asked),
        Value::Array(answered),
    ];
    let members = (1..).map(|key: i64| key.into()).zip(members);
    cbor::write(&Value::Map(members.collect()))
}

fn told(told: &Told) -> Value {
    let codes = told.codes.iter().map(|(code, rule)| match rule {
        None => text(code.name()),
        Some(rule) => Value::Array(vec![text(code.name()), text(rule)]),
    });
    let quirks = told.quirks.iter().map(|quirk| text(quirk.name()));
    Value::Array(vec![
        hash(&told.text),
        Value::Array(codes.collect()),
        Value::Array(quirks.collect()),
        told.registered.name().map_or(Value::Null, text),
    ])
}

fn journey(journey: &Journey) -> Value {
    let said = |said: &Option<String>| said.as_deref().map_or(Value::Null, text);
    let arrival = journey.arrival.map(|at| at.seconds().into());
    let circumstances = &journey.circumstances;
    Value::Array(vec![
        text(journey.destination.as_str()),
        journey.region.as_deref().map_or(Value::Null, text),
        arrival.unwrap_or(Value::Null),
        said(&circumstances.mode),
        said(&circumstances.sector),
        said(&circumstances.wilayah),
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
    let [journey, with_colour] = fixed(members.get(10)?)?;
    let Kind::Bool(with_colour) = with_colour.kind() else {
        return None;
    };
    let [identities, colour] = fixed(members.get(11)?)?;
    // Where one is longer, what is written is not what was read.
    let credentials = members.get(6)?.as_array()?.zip(identities.as_array()?);
    let credentials = credentials.map(|(row, identity)| read_told(row, identity));
    let sources = members.get(9)?.as_array()?;
    let sources = sources.map(|it| read_source(it, environment));
    Some(Receipt {
        environment,
        at: instant(members.get(3)?)?,
        client: members.get(4)?.as_text()?.to_owned(),
        outcome: Outcome::parse(members.get(5)?.as_text()?)?,
        credentials: credentials.collect::<Option<_>>()?,
        journey: or_null(journey, read_journey)?,
        with_colour,
        colour: or_null(colour, read_colour)?,
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

fn read_told(row: Item<'_>, identity: Item<'_>) -> Option<Told> {
    let [text, codes, quirks, registered] = fixed(row)?;
    let codes = codes.as_array()?.map(read_code);
    let mut seen = Quirks::default();
    for quirk in quirks.as_array()? {
        seen.note(Quirk::named(quirk.as_text()?)?);
    }
    Some(Told {
        text: read_hash(text)?,
        codes: codes.collect::<Option<_>>()?,
        quirks: seen,
        registered: or_null(registered, |it| Registered::parse(it.as_text()?))?.unwrap_or_default(),
        identity: or_null(identity, |it| Identity::parse(it.as_text()?))?,
    })
}

fn read_colour(row: Item<'_>) -> Option<ToldColour> {
    let [colour, rule, open, doubtful] = fixed(row)?;
    let Kind::Bool(is_doubtful) = doubtful.kind() else {
        return None;
    };
    let open = open.as_array()?.map(|it| it.as_text().map(SmolStr::from));
    Some(ToldColour {
        colour: Colour::parse(colour.as_text()?)?,
        rule: rule.as_text()?.into(),
        open: open.collect::<Option<_>>()?,
        is_doubtful,
    })
}

/// A code, and the rule that it comes from.
fn read_code(item: Item<'_>) -> Option<(Code, Option<SmolStr>)> {
    if let Some(name) = item.as_text() {
        return Some((Code::named(name)?, None));
    }
    let [name, rule] = fixed(item)?;
    let rule = rule.as_text()?.into();
    Some((Code::named(name.as_text()?)?, Some(rule)))
}

fn read_journey(row: Item<'_>) -> Option<Journey> {
    let [destination, region, arrival, mode, sector, wilayah] = fixed(row)?;
    let word = |item| or_null(item, |it| it.as_text().map(str::to_owned));
    Some(Journey {
        destination: Country::parse(destination.as_text()?)?,
        region: or_null(region, |it| it.as_text().map(SmolStr::from))?,
        arrival: or_null(arrival, instant)?,
        circumstances: Circumstances {
            mode: word(mode)?,
            sector: word(sector)?,
            wilayah: word(wilayah)?,
        },
    })
}

fn read_source(row: Item<'_>, environment: Environment) -> Option<Source> {
    let [id, as_of, revocations, countries] = fixed(row)?;
    let read = |it: Item<'_>| {
        it.as_array()?
            .map(|it| Country::parse(it.as_text()?))
            .collect()
    };
    Some(Source {
        revocation_as_of: or_null(revocations, instant)?,
        revocation_countries: or_null(countries, read)?,
        ..Source::new(id.as_text()?, environment, instant(as_of)?)
    })
}

/// What `read` makes of an item, which may be null; `None` where it makes nothing of it.
fn or_null<'d, T>(item: Item<'d>, read: impl FnOnce(Item<'d>) -> Option<T>) -> Option<Option<T>> {
    if matches!(item.kind(), Kind::Null) {
        return Some(None);
    }
    read(item).map(Some)
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
    depth: 6,
    items: 16 * 1024,
};
