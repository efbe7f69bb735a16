//! The list: every batch in force, asked by hash.
//!
//! Refuses to guess: it is exact, and a batch counts only against signers of its own country and, where it names one, of
//! its own key identifier. Of a hash its leading 80 bits are kept, see `exact`.
//!
//! Source: EU DGCG, revocation lists.

use super::batch::RevocationBatch;
use super::exact::Leading;
use super::hash::{HashKind, RevocationHash};
use crate::crypto::sha256;
use crate::model::{Country, Kid, UnixTime};
use std::ops::Range;

/// Which certificates are withdrawn.
#[derive(Clone, Debug, Default)]
pub struct RevocationList {
    batches: Vec<Terms>,
    /// For each kind of hash.
    hashes: [Table; HashKind::ALL.len()],
    content_hash: [u8; 32],
}

/// The hashes of one kind, each with the position of its batch.
#[derive(Clone, Debug, Default)]
struct Table {
    /// For each value of the first two bytes where its hashes begin, and where the last end: none, or 65,537.
    starts: Vec<u32>,
    /// The eight bytes that follow, in order within each value.
    rests: Vec<u64>,
    /// The batch of each.
    batches: Vec<u32>,
}

/// What holds for all of a batch.
#[derive(Clone, Debug)]
struct Terms {
    id: String,
    country: Country,
    kid: Option<Kid>,
    kind: HashKind,
    expires_at: UnixTime,
}

/// Who signed the certificate that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct SignedBy<'c> {
    /// The countries of its signer.
    pub countries: &'c [Country],
    /// The key identifiers of its signer: the one that the certificate names, and those in the trust list.
    pub kids: &'c [&'c Kid],
}

impl RevocationList {
    /// The list of `batches`; of two with one id the first counts.
    pub fn new(batches: impl IntoIterator<Item = RevocationBatch>) -> Self {
        let mut batches: Vec<_> = batches.into_iter().collect();
        batches.sort_by(|left, right| left.id.cmp(&right.id));
        batches.dedup_by(|later, earlier| later.id == earlier.id);
        let mut list = Self::default();
        let mut content = Vec::new();
        let mut rows: [Vec<(Leading, u32)>; HashKind::ALL.len()] = Default::default();
        for (position, batch) in (0..).zip(batches) {
            content.extend(batch.content_hash());
            let hashes = batch.hashes.iter();
            let of_kind = of_kind_mut(&mut rows, batch.kind);
            of_kind.extend(hashes.map(|hash| (Leading::from(*hash), position)));
            list.batches.push(Terms {
                id: batch.id,
                country: batch.country,
                kid: batch.kid,
                kind: batch.kind,
                expires_at: batch.expires_at,
            });
        }
        list.hashes = rows.map(Table::of);
        // A list of nothing says what no list says.
        if !content.is_empty() {
            list.content_hash = sha256(&content);
        }
        list
    }

    fn hashes(&self, kind: HashKind) -> &Table {
        let [signature, uci, country_code_uci] = &self.hashes;
        match kind {
            HashKind::Signature => signature,
            HashKind::Uci => uci,
            HashKind::CountryCodeUci => country_code_uci,
        }
    }

    /// Whether it holds any hash of this kind; where not, none needs to be computed.
    pub fn has(&self, kind: HashKind) -> bool {
        !self.hashes(kind).rests.is_empty()
    }

    /// How many hashes it holds.
    pub fn len(&self) -> usize {
        self.hashes.iter().map(|table| table.rests.len()).sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many batches there are.
    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    /// The batches it was made of, by id, each with its hashes in order, as far as they are known: their leading 80 bits, and
    /// zeros behind them.
    pub fn to_batches(&self) -> Vec<RevocationBatch> {
        let batches = self.batches.iter().map(|terms| RevocationBatch {
            id: terms.id.clone(),
            country: terms.country,
            kid: terms.kid.clone(),
            kind: terms.kind,
            expires_at: terms.expires_at,
            hashes: Vec::new(),
        });
        let mut batches: Vec<_> = batches.collect();
        for (hash, position) in self.hashes.iter().flat_map(Table::rows) {
            let batch = usize::try_from(position).ok();
            if let Some(batch) = batch.and_then(|it| batches.get_mut(it)) {
                batch.hashes.push(hash.into());
            }
        }
        batches
    }

    /// The last seconds of the batches that withdraw the certificate with this hash, and their ids.
    pub fn withdrawn<'l>(
        &'l self,
        kind: HashKind,
        hash: RevocationHash,
        signed: SignedBy<'l>,
    ) -> impl Iterator<Item = (UnixTime, &'l str)> {
        let found = self.hashes(kind).batches_of(hash.into()).iter();
        found
            .filter_map(|position| self.batches.get(usize::try_from(*position).ok()?))
            .filter(move |batch| signed.countries.contains(&batch.country))
            .filter(move |batch| {
                batch
                    .kid
                    .as_ref()
                    .is_none_or(|kid| signed.kids.contains(&kid))
            })
            .map(|batch| (batch.expires_at, batch.id.as_str()))
    }

    /// SHA-256 over what it says.
    pub fn content_hash(&self) -> [u8; 32] {
        self.content_hash
    }
}

impl Table {
    /// The table of `rows`, in whatever order.
    fn of(mut rows: Vec<(Leading, u32)>) -> Self {
        rows.sort_unstable();
        rows.dedup();
        let mut table = Self::default();
        for (hash, batch) in rows {
            let (place, rest) = parts(hash);
            let start = u32::try_from(table.rests.len()).unwrap_or(u32::MAX);
            table
                .starts
                .resize((place + 1).max(table.starts.len()), start);
            table.rests.push(rest);
            table.batches.push(batch);
        }
        if !table.rests.is_empty() {
            let end = u32::try_from(table.rests.len()).unwrap_or(u32::MAX);
            table.starts.resize(PLACES + 1, end);
        }
        table
    }

    /// Where the hashes with these first two bytes are.
    fn near(&self, place: usize) -> Range<usize> {
        let start = |place: usize| {
            let start = self.starts.get(place).copied().unwrap_or_default();
            usize::try_from(start).unwrap_or(usize::MAX)
        };
        start(place)..start(place + 1)
    }

    /// The batches that name `hash`.
    fn batches_of(&self, hash: Leading) -> &[u32] {
        let (place, rest) = parts(hash);
        let near = self.near(place);
        let rests = self.rests.get(near.clone()).unwrap_or_default();
        let from = rests.partition_point(|other| *other < rest);
        let count = rests.get(from..).unwrap_or_default();
        let count = count.iter().take_while(|other| **other == rest).count();
        let from = near.start + from;
        self.batches.get(from..from + count).unwrap_or_default()
    }

    /// Every hash in order, with its batch.
    fn rows(&self) -> impl Iterator<Item = (Leading, u32)> {
        (0..=u16::MAX).flat_map(|place| {
            let near = self.near(usize::from(place));
            let rests = self.rests.get(near.clone()).unwrap_or_default();
            let batches = self.batches.get(near).unwrap_or_default();
            let rows = rests.iter().zip(batches);
            rows.map(move |(rest, batch)| (whole(place, *rest), *batch))
        })
    }
}

fn of_kind_mut<T>(rows: &mut [T; HashKind::ALL.len()], kind: HashKind) -> &mut T {
    let [signature, uci, country_code_uci] = rows;
    match kind {
        HashKind::Signature => signature,
        HashKind::Uci => uci,
        HashKind::CountryCodeUci => country_code_uci,
    }
}

/// The first two bytes as a number, and the rest.
fn parts(hash: Leading) -> (usize, u64) {
    let [first, second, rest @ ..] = hash.0;
    let place = u16::from_be_bytes([first, second]);
    (usize::from(place), u64::from_be_bytes(rest))
}

fn whole(place: u16, rest: u64) -> Leading {
    let ([first, second], [a, b, c, d, e, f, g, h]) = (place.to_be_bytes(), rest.to_be_bytes());
    Leading([first, second, a, b, c, d, e, f, g, h])
}

/// One for each value of the first two bytes.
const PLACES: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(id: &str, country: &str, kid: Option<&[u8]>, hashes: &[u8]) -> RevocationBatch {
        RevocationBatch {
            id: id.to_owned(),
            country: Country::parse(country).unwrap(),
            kid: kid.and_then(Kid::from_bytes),
            kind: HashKind::Uci,
            expires_at: UnixTime::EPOCH.plus(1000),
            hashes: hashes
                .iter()
                .map(|byte| Leading([*byte; 10]).into())
                .collect(),
        }
    }

    fn ids(list: &RevocationList, kind: HashKind, hash: u8, country: &str, kid: u8) -> Vec<String> {
        let (countries, kid) = (
            [Country::parse(country).unwrap()],
            Kid::from_bytes(&[kid; 8]),
        );
        let signed = SignedBy {
            countries: &countries,
            kids: &[kid.as_ref().unwrap()],
        };
        let found = list.withdrawn(kind, RevocationHash([hash; 16]), signed);
        found.map(|(_, id)| id.to_owned()).collect()
    }

    #[test]
    fn a_batch_withdraws_what_its_own_country_and_signer_signed() {
        let list = RevocationList::new([
            batch("a", "ID", Some(&[1; 8]), &[1, 2]),
            batch("b", "ID", None, &[2, 3]),
            batch("c", "FR", None, &[2]),
        ]);
        assert_eq!(ids(&list, HashKind::Uci, 1, "ID", 1), ["a"]);
        assert_eq!(ids(&list, HashKind::Uci, 2, "ID", 1), ["a", "b"]);
        assert_eq!(ids(&list, HashKind::Uci, 2, "ID", 9), ["b"]);
        assert_eq!(ids(&list, HashKind::Uci, 2, "FR", 9), ["c"]);
        assert!(ids(&list, HashKind::Uci, 1, "FR", 1).is_empty());
        assert!(ids(&list, HashKind::Uci, 4, "ID", 1).is_empty());
        assert!(ids(&list, HashKind::Signature, 1, "ID", 1).is_empty());
        assert!(list.has(HashKind::Uci) && !list.has(HashKind::Signature));
        assert_eq!((list.len(), list.batches()), (5, 3));
    }

    #[test]
    fn the_hash_is_that_of_the_content_in_any_order() {
        let (one, two) = (
            batch("a", "ID", None, &[1, 2]),
            batch("b", "ID", None, &[3]),
        );
        let turned = RevocationBatch {
            hashes: one.hashes.iter().rev().copied().collect(),
            ..one.clone()
        };
        let hash = |batches: &[&RevocationBatch]| {
            RevocationList::new(batches.iter().copied().cloned()).content_hash()
        };
        assert_eq!(hash(&[&one, &two]), hash(&[&two, &turned]));
        let list = RevocationList::new([two.clone(), one.clone()]);
        assert_eq!(list.to_batches(), [one.clone(), two.clone()]);
        assert_eq!(hash(&[]), RevocationList::default().content_hash());
        assert_ne!(hash(&[&one, &two]), hash(&[&one]));
        let later = RevocationBatch {
            expires_at: UnixTime::END,
            ..one.clone()
        };
        assert_ne!(hash(&[&one]), hash(&[&later]));
    }
}
