//! What a bundle is: which world of which gateway, when, and the names of its chunks.
//!
//! Refuses parts that are not known, and chunks without number.

use super::part::PARTS;
use super::{array, count, instant, invalid, whole};
use crate::codec::cbor::{self, Value};
use crate::codec::item::{Item, Kind as Shape};
use crate::failure::Failure;
use crate::model::{Country, Environment, SnapshotId, Thumbprint, UnixTime};
use crate::trust::Source;

/// What stands in the signed part of a bundle:
/// `[1, environment, epoch, sequence, issued at, warn after, stop after, snapshot, [source, ...], [[part, chunks], ...]]`, where
/// `chunks` are names one after the other and a source is `[id, as of, withdrawals as of, [country, ...]]`, null for what is
/// not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The world that it belongs to.
    pub environment: Environment,
    /// How often the root began anew; the first is 0.
    pub epoch: u64,
    /// Its number: of two of one epoch the higher counts.
    pub sequence: u64,
    /// When it was signed.
    pub issued_at: UnixTime,
    /// After how many seconds whoever uses it is told that it is old.
    pub warn_after_s: i64,
    /// After how many seconds it says nothing any more.
    pub stop_after_s: i64,
    /// The snapshot of the gateway that it was made of.
    pub snapshot: SnapshotId,
    /// The sources of that snapshot, with their ages.
    pub sources: Vec<Source>,
    /// The names of the chunks of each part, in the order of the parts.
    pub parts: Vec<Vec<Thumbprint>>,
}

impl Manifest {
    /// Its bytes.
    ///
    /// # Errors
    /// `internal` if the writer fails.
    pub fn write(&self) -> Result<Vec<u8>, Failure> {
        let number = |it: u64| Value::from(i64::try_from(it).unwrap_or(i64::MAX));
        let parts = PARTS.iter().zip(&self.parts).map(|(part, chunks)| {
            let names = chunks.iter().flat_map(|name| name.0);
            Value::Array(vec![
                Value::Text(part.name.to_owned()),
                Value::Bytes(names.collect()),
            ])
        });
        cbor::write(&Value::Array(vec![
            VERSION.into(),
            Value::Text(self.environment.name().to_owned()),
            number(self.epoch),
            number(self.sequence),
            self.issued_at.seconds().into(),
            self.warn_after_s.into(),
            self.stop_after_s.into(),
            Value::Bytes(self.snapshot.0.to_vec()),
            Value::Array(self.sources.iter().map(source).collect()),
            Value::Array(parts.collect()),
        ]))
    }

    /// The manifest in `bytes`.
    ///
    /// # Errors
    /// `bundle_invalid`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let document = whole(bytes, MAX_MANIFEST)?;
        let [version, environment, rest @ ..] = array::<10>(document.root())?;
        let [
            epoch,
            sequence,
            issued_at,
            warn,
            stop,
            snapshot,
            sources,
            parts,
        ] = rest;
        if version.as_i64() != Some(VERSION) {
            return Err(invalid("a bundle of another version"));
        }
        let environment = super::environment(environment)?;
        let snapshot = snapshot.as_bytes().and_then(|it| it.try_into().ok());
        let seconds = |item: Item<'_>| {
            let seconds = item.as_i64().filter(|it| (1..=MAX_AGE_S).contains(it));
            seconds.ok_or_else(|| invalid("no age of at most a month"))
        };
        let sources = sources.as_array().ok_or_else(|| invalid("no sources"))?;
        let sources = sources.map(|it| read_source(it, environment));
        let mut named = parts.as_array().ok_or_else(|| invalid("no parts"))?;
        let mut parts = Vec::new();
        for part in &PARTS {
            let Some(row) = named.next() else {
                // A bundle of an earlier program has none of what came later.
                if parts.len() < FIRST {
                    return Err(invalid("a part is missing"));
                }
                parts.push(Vec::new());
                continue;
            };
            let [name, chunks] = array(row)?;
            let (chunks, []) = chunks.as_bytes().unwrap_or_default().as_chunks() else {
                return Err(invalid("the name of a chunk is cut"));
            };
            if name.as_text() != Some(part.name) || chunks.len() > MAX_CHUNKS {
                return Err(invalid("a part that is not known, or too large"));
            }
            parts.push(chunks.iter().copied().map(Thumbprint).collect());
        }
        if named.next().is_some() {
            return Err(invalid("a part that is not known"));
        }
        Ok(Self {
            environment,
            epoch: count(epoch)?,
            sequence: count(sequence)?,
            issued_at: instant(issued_at)?,
            warn_after_s: seconds(warn)?,
            stop_after_s: seconds(stop)?,
            snapshot: SnapshotId(snapshot.ok_or_else(|| invalid("no snapshot"))?),
            sources: sources.collect::<Result<_, _>>()?,
            parts,
        })
    }

    /// The names of all chunks.
    pub fn chunks(&self) -> impl Iterator<Item = Thumbprint> {
        self.parts.iter().flatten().copied()
    }
}

fn source(source: &Source) -> Value {
    let countries = source.revocation_countries.as_ref().map(|countries| {
        let countries = countries.iter().map(|it| Value::Text(it.to_string()));
        Value::Array(countries.collect())
    });
    let withdrawals = source.revocation_as_of.map(|at| at.seconds().into());
    Value::Array(vec![
        Value::Text(source.id.clone()),
        source.as_of.seconds().into(),
        withdrawals.unwrap_or(Value::Null),
        countries.unwrap_or(Value::Null),
    ])
}

fn read_source(item: Item<'_>, environment: Environment) -> Result<Source, Failure> {
    let [id, as_of, withdrawals, countries] = array(item)?;
    let id = id.as_text().ok_or_else(|| invalid("a source without id"))?;
    let is_null = |item: Item<'_>| matches!(item.kind(), Shape::Null);
    let country = |item: Item<'_>| {
        let country = item.as_text().and_then(Country::parse);
        country.ok_or_else(|| invalid("no country"))
    };
    let countries = if is_null(countries) {
        None
    } else {
        let countries = countries
            .as_array()
            .ok_or_else(|| invalid("no countries"))?;
        Some(countries.map(country).collect::<Result<_, _>>()?)
    };
    Ok(Source {
        revocation_as_of: match is_null(withdrawals) {
            true => None,
            false => Some(instant(withdrawals)?),
        },
        revocation_countries: countries,
        ..Source::new(id, environment, instant(as_of)?)
    })
}

const VERSION: i64 = 1;
/// How many parts every bundle names.
const FIRST: usize = 6;
/// Bytes of a manifest: the names of some thousand chunks.
const MAX_MANIFEST: usize = 256 * 1024;
/// Chunks of one part.
pub(super) const MAX_CHUNKS: usize = 2048;
/// Older than a month no bundle says anything.
const MAX_AGE_S: i64 = 31 * 24 * 60 * 60;
