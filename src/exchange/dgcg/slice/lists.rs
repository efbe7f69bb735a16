//! All slices of all signers, as one set that does not change, and the lists that lead to them.
//!
//! Refuses to call the same another: a set's tag follows from what is in it, and what is as it was before keeps its time.
//!
//! Source: dgca-revocation-distribution-service: `/lists`, partitions and slices.

use super::archive::write_archive;
use super::bloom::BloomFilter;
use super::divide::{Division, Mode, divide};
use super::form::FilterType;
use super::var_hash::VarHashList;
use crate::crypto::sha256;
use crate::failure::Failure;
use crate::model::{Thumbprint, UnixTime};
use crate::revocation::{HashKind, RevocationBatch, RevocationHash};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All slices of all signers.
#[derive(Clone, Debug)]
pub struct SliceLists {
    /// In the order of their key identifiers as text.
    lists: Vec<SliceList>,
    tag: String,
    made_at: UnixTime,
}

/// The slices of one signer.
#[derive(Clone, Debug)]
pub struct SliceList {
    /// The signer's key identifier, Base64 for URLs without padding, or the word for one that is not known.
    pub kid: String,
    /// How they are divided.
    pub mode: Mode,
    /// What the hashes are over.
    pub kinds: Vec<HashKind>,
    /// Since when it is as it is.
    pub since: UnixTime,
    /// The partitions, in order.
    pub partitions: Vec<Partition>,
    content: [u8; 32],
}

/// A part of a signer's slices: those of hashes that begin alike.
#[derive(Clone, Debug)]
pub struct Partition {
    /// The first half-byte of its hashes, where partitions go by it.
    pub x: Option<char>,
    /// The second, where they do.
    pub y: Option<char>,
    /// Since when it is as it is.
    pub since: UnixTime,
    /// Its slices by chunk and by end.
    pub chunks: BTreeMap<char, BTreeMap<UnixTime, Arc<Slice>>>,
    content: [u8; 32],
}

/// The hashes of a chunk that end together, as a filter of either kind.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Since when it is there.
    pub since: UnixTime,
    bloom: Filter,
    var_hash_list: Filter,
    content: [u8; 32],
}

/// The bytes of a filter.
#[derive(Clone, Debug)]
pub struct Filter {
    /// SHA-256 over them, by which apps ask for them.
    pub id: Thumbprint,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl SliceLists {
    /// The slices of `batches` that are in force at `at`; `earlier` is the set before, whose slices are not made again.
    ///
    /// # Errors
    /// `revocation_invalid` where more hashes begin alike than a filter can hold.
    pub fn of<'b>(
        batches: impl IntoIterator<Item = &'b RevocationBatch>,
        earlier: Option<&Self>,
        at: UnixTime,
    ) -> Result<Self, Failure> {
        // Two sets never have the same time.
        let made_at = earlier.map_or(at, |earlier| at.max(earlier.made_at.plus(1)));
        let before = Before::of(earlier);
        let divided = divide(batches, at).into_iter();
        let lists = divided.map(|division| before.list(division, made_at));
        let lists = lists.collect::<Result<Vec<_>, _>>()?;
        let contents: Vec<_> = lists.iter().map(|list| list.content).collect();
        Ok(Self {
            tag: tag(sha256(contents.as_flattened())),
            lists,
            made_at,
        })
    }

    /// What it is called: a UUID that follows from what is in it.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The slices of each signer.
    pub fn lists(&self) -> &[SliceList] {
        &self.lists
    }

    /// Those of the signer that is called `kid`, in either alphabet of Base64 and padded or not.
    pub fn list(&self, kid: &str) -> Option<&SliceList> {
        let plain = kid.trim_end_matches('=');
        let plain = plain.replace('+', "-").replace('/', "_");
        let found = self.lists.binary_search_by(|list| list.kid.cmp(&plain));
        self.lists.get(found.ok()?)
    }

    /// The first instant at which one of its slices has ended.
    pub fn ends(&self) -> Option<UnixTime> {
        self.lists.iter().flat_map(SliceList::ends).min()
    }

    /// One row for each signer.
    pub fn write(&self) -> Value {
        let rows = self.lists.iter().map(|list| {
            let kinds: Vec<_> = list.kinds.iter().map(|kind| kind.name()).collect();
            json!({
                "kid": list.kid,
                "mode": list.mode.name(),
                "hashTypes": kinds,
                "expires": list.ends().max().map(|it| it.to_string()),
                "lastUpdated": list.since.to_string(),
            })
        });
        Value::Array(rows.collect())
    }
}

impl SliceList {
    /// The partition that is called `id`.
    pub fn partition(&self, id: &str) -> Option<&Partition> {
        self.partitions.iter().find(|it| it.id_in_path() == id)
    }

    /// `partition` with the names of its filters of one kind.
    pub fn write(&self, partition: &Partition, filter_type: FilterType) -> Value {
        let chunk = |slices: &BTreeMap<UnixTime, Arc<Slice>>| {
            let rows = slices.iter().map(|(ends, slice)| {
                let row = json!({
                    "type": filter_type.name(),
                    "version": VERSION,
                    "hash": slice.filter(filter_type).id.to_string(),
                });
                (ends.to_string(), row)
            });
            Value::Object(rows.collect())
        };
        let chunks = partition.chunks.iter();
        let chunks = chunks.map(|(id, slices)| (id.to_string(), chunk(slices)));
        json!({
            "kid": self.kid,
            "id": partition.id(),
            "x": partition.x,
            "y": partition.y,
            "lastUpdated": with_microseconds(partition.since),
            "expired": partition.ends().max().map(|it| it.to_string()),
            "chunks": chunks.collect::<Map<_, _>>(),
        })
    }

    /// The archive of `filters`, each with its chunk, out of `partition`.
    ///
    /// # Errors
    /// `internal`.
    pub fn archive<'s>(
        &self,
        partition: &Partition,
        filters: impl IntoIterator<Item = (char, &'s Filter)>,
    ) -> Result<Vec<u8>, Failure> {
        let id = partition.id_in_path();
        let entries = filters.into_iter().map(|(chunk, filter)| {
            let name = format!("{}/{id}/{chunk}/{}", self.kid, filter.id);
            (name, filter.bytes.as_slice())
        });
        write_archive(entries)
    }

    fn ends(&self) -> impl Iterator<Item = UnixTime> {
        self.partitions.iter().flat_map(Partition::ends)
    }
}

impl Partition {
    /// What it is called, where there are several.
    pub fn id(&self) -> Option<String> {
        self.x.map(|x| std::iter::once(x).chain(self.y).collect())
    }

    /// What it is called in addresses and archives.
    fn id_in_path(&self) -> String {
        self.id().unwrap_or_else(|| "null".to_owned())
    }

    fn ends(&self) -> impl Iterator<Item = UnixTime> {
        self.chunks.values().flat_map(BTreeMap::keys).copied()
    }
}

impl Slice {
    /// Its filter of this kind.
    pub fn filter(&self, filter_type: FilterType) -> &Filter {
        match filter_type {
            FilterType::Bloom => &self.bloom,
            FilterType::VarHashList => &self.var_hash_list,
        }
    }
}

/// What was there before.
struct Before<'e> {
    lists: HashMap<[u8; 32], UnixTime>,
    partitions: HashMap<[u8; 32], UnixTime>,
    slices: HashMap<[u8; 32], &'e Arc<Slice>>,
}

impl<'e> Before<'e> {
    fn of(earlier: Option<&'e SliceLists>) -> Self {
        let lists = || earlier.into_iter().flat_map(|it| &it.lists);
        let partitions = || lists().flat_map(|list| &list.partitions);
        let chunks = partitions().flat_map(|partition| partition.chunks.values());
        let slices = chunks.flat_map(BTreeMap::values);
        Self {
            lists: lists().map(|it| (it.content, it.since)).collect(),
            partitions: partitions().map(|it| (it.content, it.since)).collect(),
            slices: slices.map(|it| (it.content, it)).collect(),
        }
    }

    fn list(&self, division: Division, at: UnixTime) -> Result<SliceList, Failure> {
        let Division {
            kid,
            mode,
            kinds,
            cells,
        } = division;
        let kinds: Vec<_> = kinds.into_iter().collect();
        let mut partitions: Vec<Partition> = Vec::new();
        for (cell, by_end) in cells {
            let mut slices = BTreeMap::new();
            for (ends, hashes) in by_end {
                let place = format!("{kid} {} {cell:?} {ends}", mode.name());
                slices.insert(ends, self.slice(&place, &hashes, mode, at)?);
            }
            // Cells come in order, so those of a partition one after the other.
            match partitions.last_mut() {
                Some(last) if (last.x, last.y) == (cell.x, cell.y) => {
                    last.chunks.insert(cell.chunk, slices);
                }
                _ => partitions.push(Partition {
                    x: cell.x,
                    y: cell.y,
                    since: at,
                    chunks: BTreeMap::from([(cell.chunk, slices)]),
                    content: [0; 32],
                }),
            }
        }
        for partition in &mut partitions {
            let slices = partition.chunks.values().flat_map(BTreeMap::values);
            let contents: Vec<_> = slices.map(|slice| slice.content).collect();
            partition.content = sha256(contents.as_flattened());
            let known = self.partitions.get(&partition.content);
            partition.since = known.copied().unwrap_or(at);
        }
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        let mut contents = vec![sha256(format!("{kid} {names:?}").as_bytes())];
        contents.extend(partitions.iter().map(|it| it.content));
        let content = sha256(contents.as_flattened());
        Ok(SliceList {
            since: self.lists.get(&content).copied().unwrap_or(at),
            kid,
            mode,
            kinds,
            partitions,
            content,
        })
    }

    /// The slice of `hashes` at `place`.
    fn slice(
        &self,
        place: &str,
        hashes: &[RevocationHash],
        mode: Mode,
        at: UnixTime,
    ) -> Result<Arc<Slice>, Failure> {
        let bytes: Vec<_> = hashes.iter().map(|hash| hash.0).collect();
        let parts = [sha256(place.as_bytes()), sha256(bytes.as_flattened())];
        let content = sha256(parts.as_flattened());
        if let Some(known) = self.slices.get(&content) {
            return Ok(Arc::clone(known));
        }
        let filter = |bytes: Vec<u8>| Filter {
            id: Thumbprint(sha256(&bytes)),
            bytes,
        };
        Ok(Arc::new(Slice {
            since: at,
            bloom: filter(BloomFilter::of(hashes, RATE)?.write()),
            var_hash_list: filter(VarHashList::of(hashes, mode.shared(), RATE)?.write()),
            content,
        }))
    }
}

/// A UUID of the kind that anybody may define, from `digest`.
fn tag(digest: [u8; 32]) -> String {
    let number = u128::from_be_bytes(digest.first_chunk().copied().unwrap_or_default());
    let number = number & !(0xf << 76) | (8 << 76);
    let number = number & !(0b11 << 62) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let mut text = String::new();
    for (position, digit) in hex.char_indices() {
        if matches!(position, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

fn with_microseconds(at: UnixTime) -> String {
    at.to_string().replace('Z', ".000000Z")
}

/// How many certificates that nobody withdrew a filter may find: one in so many.
const RATE: f32 = 1e-12;
/// Of the bytes of both kinds of filter, as lists write it.
const VERSION: &str = "1.0";
