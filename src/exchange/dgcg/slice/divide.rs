//! How the hashes of a signer are divided: into partitions and chunks by how they begin, and by when their batches end.
//!
//! Refuses nothing that a batch may hold. Batches of one signer that end in more than [`MAX_ENDS`] different minutes are put
//! together, each with those that end a little later, so that nobody fills a list with slices of one hash.
//!
//! Source: dgca-revocation-distribution-service: modes, partitions, chunks and slices.

use crate::model::{Kid, UnixTime};
use crate::revocation::{HashKind, RevocationBatch, RevocationHash};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use std::collections::{BTreeMap, BTreeSet};

/// How finely the hashes of a signer are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One partition, its chunks by the first half-byte.
    Point,
    /// A partition for the first half-byte, its chunks by the second.
    Vector,
    /// A partition for the first two half-bytes, its chunks by the third.
    Coordinate,
}

impl Mode {
    /// That of a signer with so many hashes.
    pub fn of(hashes: usize) -> Self {
        if hashes <= MAX_POINT {
            Self::Point
        } else if hashes <= MAX_VECTOR {
            Self::Vector
        } else {
            Self::Coordinate
        }
    }

    /// The name that apps know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Point => "POINT",
            Self::Vector => "VECTOR",
            Self::Coordinate => "COORDINATE",
        }
    }

    /// How many half-bytes all hashes of a chunk have in common.
    pub fn shared(self) -> u8 {
        match self {
            Self::Point => 1,
            Self::Vector => 2,
            Self::Coordinate => 3,
        }
    }

    /// Where `hash` belongs.
    pub fn cell(self, hash: RevocationHash) -> Cell {
        let [first, second, ..] = hash.0;
        let (a, b, c) = (digit(first >> 4), digit(first & 0xf), digit(second >> 4));
        let (x, y, chunk) = match self {
            Self::Point => (None, None, a),
            Self::Vector => (Some(a), None, b),
            Self::Coordinate => (Some(a), Some(b), c),
        };
        Cell { x, y, chunk }
    }
}

/// A chunk of a partition; hexadecimal digits in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The first half-byte, where partitions go by it.
    pub x: Option<char>,
    /// The second, where they do.
    pub y: Option<char>,
    /// The half-byte after those.
    pub chunk: char,
}

/// The hashes of one signer, divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// The signer's key identifier, Base64 for URLs without padding, or the word for one that is not known.
    pub kid: String,
    /// How finely.
    pub mode: Mode,
    /// What the hashes are over.
    pub kinds: BTreeSet<HashKind>,
    /// The hashes by their place and by the minute in which they end, each once and in order.
    pub cells: BTreeMap<Cell, BTreeMap<UnixTime, Vec<RevocationHash>>>,
}

/// The hashes of `batches` by signer, in the order of their key identifiers; those whose last minute has come at `at` are left
/// out.
pub fn divide<'b>(
    batches: impl IntoIterator<Item = &'b RevocationBatch>,
    at: UnixTime,
) -> Vec<Division> {
    let mut signers: BTreeMap<String, Gathered> = BTreeMap::new();
    for batch in batches {
        let ends = minute(batch.expires_at);
        if ends > at && !batch.hashes.is_empty() {
            let signer = signers.entry(kid_text(batch.kid.as_ref())).or_default();
            signer.kinds.insert(batch.kind);
            signer
                .hashes
                .extend(batch.hashes.iter().map(|hash| (*hash, ends)));
        }
    }
    let divided = signers.into_iter();
    divided.map(|(kid, signer)| signer.divided(kid)).collect()
}

/// `kid` as it stands in lists and addresses.
fn kid_text(kid: Option<&Kid>) -> String {
    kid.map_or_else(
        || UNKNOWN_KID.to_owned(),
        |kid| BASE64_URL_SAFE_NO_PAD.encode(kid.as_bytes()),
    )
}

/// The beginning of the minute of `at`.
fn minute(at: UnixTime) -> UnixTime {
    at.plus(-at.seconds().rem_euclid(MINUTE_S))
}

/// What batches say of one signer.
#[derive(Default)]
struct Gathered {
    kinds: BTreeSet<HashKind>,
    hashes: Vec<(RevocationHash, UnixTime)>,
}

impl Gathered {
    fn divided(mut self, kid: String) -> Division {
        // Of one hash in several batches the last end counts, and comes first.
        self.hashes
            .sort_unstable_by(|left, right| left.0.cmp(&right.0).then(right.1.cmp(&left.1)));
        self.hashes.dedup_by_key(|(hash, _)| *hash);
        let ends: BTreeSet<_> = self.hashes.iter().map(|(_, ends)| *ends).collect();
        let ends: Vec<_> = ends.into_iter().collect();
        let together = ends.chunks(ends.len().div_ceil(MAX_ENDS).max(1));
        let last: Vec<_> = together.filter_map(|some| some.last().copied()).collect();
        let mode = Mode::of(self.hashes.len());
        let mut cells: BTreeMap<Cell, BTreeMap<UnixTime, Vec<RevocationHash>>> = BTreeMap::new();
        for (hash, ends) in self.hashes {
            let position = last.partition_point(|other| *other < ends);
            let ends = last.get(position).copied().unwrap_or(ends);
            let cell = cells.entry(mode.cell(hash)).or_default();
            cell.entry(ends).or_default().push(hash);
        }
        Division {
            kid,
            mode,
            kinds: self.kinds,
            cells,
        }
    }
}

fn digit(half: u8) -> char {
    // Half a byte is a digit always.
    char::from_digit(u32::from(half), 16).unwrap_or_default()
}

/// What stands for a signer that is not known.
const UNKNOWN_KID: &str = "UNKNOWN_KID";
const MAX_POINT: usize = 100_000;
const MAX_VECTOR: usize = 1_600_000;
/// How many different ends the slices of one signer have.
const MAX_ENDS: usize = 128;
const MINUTE_S: i64 = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Country;

    fn batch(kid: Option<u8>, expires_at: i64, hashes: Vec<RevocationHash>) -> RevocationBatch {
        RevocationBatch {
            id: "id".to_owned(),
            country: Country::DEMO,
            kid: kid.and_then(|kid| Kid::from_bytes(&[kid; 8])),
            kind: HashKind::Uci,
            expires_at: UnixTime::from_seconds(expires_at).unwrap(),
            hashes,
        }
    }

    fn numbered(count: u32) -> Vec<RevocationHash> {
        let hash = |number: u32| {
            let mut hash = [0; 16];
            // Spread over all beginnings.
            hash[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_be_bytes());
            RevocationHash(hash)
        };
        (0..count).map(hash).collect()
    }

    #[test]
    fn a_signer_s_hashes_are_divided_by_how_many_there_are() {
        for (count, mode, partitions, example) in [
            (100_000, Mode::Point, 1, ""),
            (100_001, Mode::Vector, 16, "a"),
            (1_600_000, Mode::Vector, 16, "a"),
            (1_600_001, Mode::Coordinate, 256, "a3"),
        ] {
            let hashes = numbered(count);
            let division = divide([&batch(Some(1), 6000, hashes)], UnixTime::EPOCH);
            let [division] = &division[..] else {
                panic!("{} signers", division.len());
            };
            assert_eq!(division.mode, mode, "{count}");
            let ids: BTreeSet<String> = division
                .cells
                .keys()
                .map(|cell| cell.x.into_iter().chain(cell.y).collect())
                .collect();
            assert_eq!(ids.len(), partitions, "{count}");
            assert!(ids.contains(example), "{count}");
            assert_eq!(division.cells.len(), partitions * 16);
            let all = division.cells.values().flat_map(BTreeMap::values);
            assert_eq!(
                all.map(Vec::len).sum::<usize>(),
                usize::try_from(count).unwrap()
            );
        }
    }

    #[test]
    fn a_hash_is_where_its_first_half_bytes_say() {
        let mut hash = [0; 16];
        (hash[0], hash[1]) = (0xa3, 0xf0);
        let of = |mode: Mode| {
            let Cell { x, y, chunk } = mode.cell(RevocationHash(hash));
            (x, y, chunk)
        };
        assert_eq!(of(Mode::Point), (None, None, 'a'));
        assert_eq!(of(Mode::Vector), (Some('a'), None, '3'));
        assert_eq!(of(Mode::Coordinate), (Some('a'), Some('3'), 'f'));
    }

    #[test]
    fn hashes_end_in_the_minute_of_the_last_batch_that_names_them() {
        let [one, two] = [[1; 16], [2; 16]].map(RevocationHash);
        let batches = [
            batch(None, 119, vec![one, two]),
            batch(None, 200, vec![one]),
            batch(Some(9), 59, vec![one]),
        ];
        let at = |seconds| UnixTime::EPOCH.plus(seconds);
        let [division] = &divide(&batches, UnixTime::EPOCH)[..] else {
            panic!("a batch that ended counts");
        };
        assert_eq!(division.kid, "UNKNOWN_KID");
        let [cell] = &division.cells.values().collect::<Vec<_>>()[..] else {
            panic!("several chunks");
        };
        assert_eq!(
            **cell,
            BTreeMap::from([(at(60), vec![two]), (at(180), vec![one])])
        );
        assert!(divide(&batches, at(180)).is_empty());
    }

    #[test]
    fn a_signer_s_slices_have_few_ends_and_none_is_too_early() {
        let hashes = numbered(1000);
        let batches: Vec<_> = (1_i64..)
            .zip(&hashes)
            .map(|(number, hash)| batch(Some(1), number * 60, vec![*hash]))
            .collect();
        let [division] = &divide(&batches, UnixTime::EPOCH)[..] else {
            panic!("several signers");
        };
        let ends: BTreeSet<_> = division.cells.values().flat_map(BTreeMap::keys).collect();
        assert!(ends.len() <= MAX_ENDS, "{}", ends.len());
        for (batch, hash) in batches.iter().zip(&hashes) {
            let cell = &division.cells[&division.mode.cell(*hash)];
            let (ends, _) = cell.iter().find(|(_, some)| some.contains(hash)).unwrap();
            assert!(*ends >= batch.expires_at && *ends <= batch.expires_at.plus(8 * 60));
        }
    }
}
