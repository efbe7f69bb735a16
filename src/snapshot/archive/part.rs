//! The parts of a snapshot, a row each, and what their readers share.
//!
//! Refuses rows of another shape.

use super::{acceptance, own, policies, signers, withdrawn};
use crate::codec::cbor::{self, Document, Limits, Value};
use crate::codec::item::{Item, Items, Kind};
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Country, Environment, SnapshotId, UnixTime};
use crate::revocation::{RevocationBatch, RevocationList};
use crate::rules::{Policies, RuleSet, ValueSets};
use crate::snapshot::{Acceptance, Own, Snapshot};
use crate::trust::{Listed, TrustList};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A part: how it is told from another, taken apart and put together.
pub(super) struct Part {
    pub(super) name: &'static str,
    /// SHA-256 over what it says.
    pub(super) content_hash: fn(&Snapshot) -> [u8; 32],
    /// Gives its chunks to whoever takes them, in order.
    pub(super) chunks: fn(&Snapshot, Taker<'_>) -> Result<(), Failure>,
    /// Takes the next chunk in.
    pub(super) take: fn(&mut Draft, &[u8]) -> Result<(), Failure>,
}

/// Whoever takes chunks.
pub(in crate::snapshot) type Taker<'t> = &'t mut dyn FnMut(Vec<u8>) -> Result<(), Failure>;

/// Every part, in the order of the index.
pub(super) const PARTS: [Part; 6] = [
    Part {
        name: "trust",
        content_hash: |snapshot| snapshot.trust().content_hash(),
        chunks: signers::chunks,
        take: signers::take,
    },
    Part {
        name: "revocations",
        content_hash: |snapshot| snapshot.revocations().content_hash(),
        chunks: withdrawn::chunks,
        take: withdrawn::take,
    },
    Part {
        name: "own",
        content_hash: |snapshot| snapshot.own().content_hash(),
        chunks: own::chunks,
        take: own::take,
    },
    Part {
        name: "rules",
        content_hash: |snapshot| snapshot.rules().content_hash(),
        chunks: acceptance::rules,
        take: acceptance::take_rules,
    },
    Part {
        name: "value_sets",
        content_hash: |snapshot| snapshot.value_sets().content_hash(),
        chunks: acceptance::value_sets,
        take: acceptance::take_value_sets,
    },
    Part {
        name: "policies",
        content_hash: |snapshot| snapshot.policies().content_hash(),
        chunks: policies::chunks,
        take: policies::take,
    },
];

/// A snapshot of which some chunks were read.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) signers: Vec<Listed>,
    pub(super) batches: Vec<RevocationBatch>,
    pub(super) own: Own,
    pub(super) rules: RuleSet,
    pub(super) value_sets: ValueSets,
    pub(super) policies: Policies,
}

impl Draft {
    /// The snapshot, when all chunks were read; without a number, and without sources.
    pub(super) fn finish(self, environment: Environment) -> Result<Snapshot, Failure> {
        let snapshot = Snapshot {
            environment,
            id: SnapshotId([0; 32]),
            sequence: 0,
            trust: Arc::new(TrustList::of_listed(self.signers)?),
            acceptance: Arc::new(Acceptance::new(self.rules, self.value_sets)),
            policies: Arc::new(self.policies),
            revocations: Arc::new(RevocationList::new(self.batches)),
            own: Arc::new(self.own),
            offline: Arc::default(),
            messages: Arc::default(),
            sources: Arc::default(),
        };
        Ok(snapshot.identified())
    }
}

/// An array of `rows` as bytes.
pub(in crate::snapshot) fn written(rows: Vec<Value>) -> Result<Vec<u8>, Failure> {
    cbor::write(&Value::Array(rows))
}

/// Gives `rows`, each with its name, to `taker`: those whose names have hashes with the same first byte make a chunk.
pub(super) fn spread(
    rows: impl Iterator<Item = (String, Value)>,
    taker: Taker<'_>,
) -> Result<(), Failure> {
    let mut near: BTreeMap<u8, Vec<Value>> = BTreeMap::new();
    for (name, row) in rows {
        let [first, ..] = sha256(name.as_bytes());
        near.entry(first).or_default().push(row);
    }
    near.into_values()
        .try_for_each(|rows| taker(written(rows)?))
}

/// The document in a chunk.
pub(in crate::snapshot) fn document(chunk: &[u8]) -> Result<Document<'_>, Failure> {
    cbor::read(chunk, CHUNK).map_err(|failure| invalid(failure.detail().to_owned()))
}

/// The items of an array.
pub(in crate::snapshot) fn items(item: Item<'_>) -> Result<Items<'_>, Failure> {
    item.as_array().ok_or_else(|| invalid("not an array"))
}

/// The items of an array of exactly `N`.
pub(super) fn fixed<const N: usize>(item: Item<'_>) -> Result<[Item<'_>; N], Failure> {
    let row: Vec<_> = items(item)?.take(N + 1).collect();
    row.try_into()
        .map_err(|_| invalid("a row of another length"))
}

/// The text of an item.
pub(super) fn text(item: Item<'_>) -> Result<&str, Failure> {
    item.as_text().ok_or_else(|| invalid("not text"))
}

/// The bytes of an item.
pub(super) fn bytes(item: Item<'_>) -> Result<&[u8], Failure> {
    item.as_bytes().ok_or_else(|| invalid("not bytes"))
}

/// The country in an item.
pub(super) fn country(item: Item<'_>) -> Result<Country, Failure> {
    Country::parse(text(item)?).ok_or_else(|| invalid("no country"))
}

/// The instant in an item, in seconds.
pub(super) fn instant(item: Item<'_>) -> Result<UnixTime, Failure> {
    let instant = item.as_i64().and_then(UnixTime::from_seconds);
    instant.ok_or_else(|| invalid("no instant"))
}

/// What `parse` makes of an item, or nothing where it is null.
pub(super) fn unless_null<'d, T>(
    item: Item<'d>,
    parse: impl FnOnce(Item<'d>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    if matches!(item.kind(), Kind::Null) {
        return Ok(None);
    }
    parse(item).map(Some)
}

/// Runs of bytes of one length, which `item` holds one after the other.
pub(super) fn run<const N: usize>(item: Item<'_>) -> Result<&[[u8; N]], Failure> {
    let (whole, rest) = bytes(item)?.as_chunks();
    if rest.is_empty() {
        return Ok(whole);
    }
    Err(invalid("bytes of another length"))
}

/// That an archive does not hold what it should.
pub(super) fn invalid(reason: impl Into<String>) -> Failure {
    Code::ArchiveInvalid.because(reason)
}

/// Far more than a chunk of ours has.
const CHUNK: Limits = Limits {
    depth: 5,
    items: 200_000,
};
