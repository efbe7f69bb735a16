//! An exact set of hashes in little more than 64 bits each, that changes cheaply: for millions of withdrawn certificates.
//!
//! Refuses to know more of a hash than its leading 80 bits: a stranger's certificate that shares them with one in a set of ten
//! millions would take 2^56 tries to make, and would harm nobody but whoever made it.
//!
//! Hashes lie in 256 shards by their first byte, and in these by their second; of each the next eight bytes are kept, in order.
//! Shards are shared between copies, each with a digest of its own, so that a change costs one shard and no more.

use super::hash::RevocationHash;
use crate::crypto::sha256;
use std::sync::{Arc, OnceLock};

/// What is known of a hash: its leading 80 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leading(pub [u8; 10]);

impl From<RevocationHash> for Leading {
    fn from(hash: RevocationHash) -> Self {
        // A hash has 16 bytes, so the empty default is never taken.
        Self(hash.0.first_chunk().copied().unwrap_or_default())
    }
}

impl From<Leading> for RevocationHash {
    /// The hash as far as it is known, and zeros behind it.
    fn from(Leading([a, b, c, d, e, f, g, h, i, j]): Leading) -> Self {
        Self([a, b, c, d, e, f, g, h, i, j, 0, 0, 0, 0, 0, 0])
    }
}

impl Leading {
    /// Its shard, its place in the shard, and the rest.
    fn parts(self) -> (usize, usize, u64) {
        let [shard, place, rest @ ..] = self.0;
        (
            usize::from(shard),
            usize::from(place),
            u64::from_be_bytes(rest),
        )
    }
}

/// An exact set of hashes.
#[derive(Clone, Debug, Default)]
pub struct ExactSet {
    /// None, or one for each first byte.
    shards: Vec<Arc<Shard>>,
    len: usize,
}

/// The hashes with one first byte.
#[derive(Clone, Debug, Default)]
struct Shard {
    /// For each second byte where its hashes begin, and where the last end: none, or 257.
    starts: Vec<u32>,
    /// The eight bytes that follow, in order within each place.
    rests: Vec<u64>,
    digest: OnceLock<[u8; 32]>,
}

impl ExactSet {
    /// Whether it holds `hash`.
    pub fn contains(&self, hash: Leading) -> bool {
        let (shard, place, rest) = hash.parts();
        let shard = self.shards.get(shard);
        shard.is_some_and(|shard| holds(shard.near(place), rest))
    }

    /// How many it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes its hashes and what finds them take.
    pub fn memory(&self) -> usize {
        let shards = self.shards.iter();
        let bytes = shards.map(|it| size_of_val(&*it.starts) + size_of_val(&*it.rests));
        bytes.sum()
    }

    /// The hashes in order, those with one first byte together.
    pub fn by_first_byte(&self) -> impl Iterator<Item = Vec<Leading>> {
        let shards = (0..=u8::MAX).zip(&self.shards);
        let hashes = shards.map(|(first, shard)| shard.hashes(first).collect::<Vec<_>>());
        hashes.filter(|hashes| !hashes.is_empty())
    }

    /// Takes `hashes` in.
    pub fn extend(&mut self, hashes: impl IntoIterator<Item = Leading>) {
        self.change(hashes, |before, new| {
            let mut after = [before.as_slice(), new].concat();
            after.sort_unstable();
            after.dedup();
            after
        });
    }

    /// Takes `hashes` out.
    pub fn remove(&mut self, hashes: impl IntoIterator<Item = Leading>) {
        self.change(hashes, |before, gone| {
            let stays = |hash: &Leading| gone.binary_search(hash).is_err();
            before.into_iter().filter(stays).collect()
        });
    }

    /// SHA-256 over what it holds.
    pub fn content_hash(&self) -> [u8; 32] {
        // A set that was emptied holds no more than one that never held anything.
        let shards = self.shards.iter().filter(|_| self.len > 0);
        let digests: Vec<[u8; 32]> = shards.map(|shard| shard.digest()).collect();
        sha256(digests.as_flattened())
    }

    /// Makes of the hashes of each shard that `hashes` touch what `change` makes of them and these, in order.
    fn change(
        &mut self,
        hashes: impl IntoIterator<Item = Leading>,
        change: impl Fn(Vec<Leading>, &[Leading]) -> Vec<Leading>,
    ) {
        let mut hashes: Vec<_> = hashes.into_iter().collect();
        hashes.sort_unstable();
        if self.shards.is_empty() && !hashes.is_empty() {
            self.shards.resize(SHARDS, Arc::default());
        }
        for near in hashes.chunk_by(|one, two| one.0.first() == two.0.first()) {
            let Some(Leading([first, ..])) = near.first() else {
                continue;
            };
            let Some(shard) = self.shards.get_mut(usize::from(*first)) else {
                continue;
            };
            let before: Vec<_> = shard.hashes(*first).collect();
            self.len -= before.len();
            let after = change(before, near);
            self.len += after.len();
            *shard = Arc::new(Shard::of(&after));
        }
    }
}

impl Shard {
    /// The shard of `hashes`, which are in order and have one first byte.
    fn of(hashes: &[Leading]) -> Self {
        let parts = hashes.iter().map(|hash| hash.parts());
        let mut starts = Vec::with_capacity(PLACES + 1);
        let mut rests = Vec::with_capacity(hashes.len());
        for (_, place, rest) in parts {
            let start = u32::try_from(rests.len()).unwrap_or(u32::MAX);
            starts.resize((place + 1).max(starts.len()), start);
            rests.push(rest);
        }
        let end = u32::try_from(rests.len()).unwrap_or(u32::MAX);
        starts.resize(PLACES + 1, end);
        Self {
            starts,
            rests,
            digest: OnceLock::new(),
        }
    }

    /// What is kept of the hashes with this second byte.
    fn near(&self, place: usize) -> &[u64] {
        let start = |place: usize| {
            let start = self.starts.get(place).copied().unwrap_or_default();
            usize::try_from(start).unwrap_or(usize::MAX)
        };
        let near = start(place)..start(place + 1);
        self.rests.get(near).unwrap_or_default()
    }

    /// Its hashes, whose first byte is `first`.
    fn hashes(&self, first: u8) -> impl Iterator<Item = Leading> {
        let places = (0..=u8::MAX).map(move |second| (second, self.near(usize::from(second))));
        places.flat_map(move |(second, rests)| {
            rests.iter().map(move |rest| {
                let [a, b, c, d, e, f, g, h] = rest.to_be_bytes();
                Leading([first, second, a, b, c, d, e, f, g, h])
            })
        })
    }

    fn digest(&self) -> [u8; 32] {
        // The first byte is that of the shard's place among the digests.
        *self.digest.get_or_init(|| {
            let bytes = self.hashes(0).flat_map(|hash| hash.0);
            sha256(&bytes.collect::<Vec<_>>())
        })
    }
}

/// Whether `rest` is among `near`, which are in order. Hashes are spread evenly, so that it stands close to its share of them, and
/// closer to where what stands there leads; where they are not, it is looked for by halves.
fn holds(near: &[u64], rest: u64) -> bool {
    let share = |part: u64| {
        let count = u128::try_from(near.len()).unwrap_or_default();
        usize::try_from((u128::from(part) * count) >> u64::BITS).unwrap_or_default()
    };
    let at = share(rest);
    let Some(there) = near.get(at) else {
        return false;
    };
    let more = share(rest.abs_diff(*there));
    let from = if *there < rest {
        at + more
    } else {
        at.saturating_sub(more)
    };
    let from = from.saturating_sub(BESIDE);
    let end = near.len().min(from + 2 * BESIDE + 1);
    match near.get(from..end) {
        Some(around @ [first, .., last]) if (*first..=*last).contains(&rest) => {
            around.contains(&rest)
        }
        _ => near.binary_search(&rest).is_ok(),
    }
}

impl FromIterator<Leading> for ExactSet {
    fn from_iter<I: IntoIterator<Item = Leading>>(hashes: I) -> Self {
        let mut set = Self::default();
        set.extend(hashes);
        set
    }
}

/// One for each first byte.
const SHARDS: usize = 256;
/// One for each second byte.
const PLACES: usize = 256;
/// How many on each side of a place are looked at together.
const BESIDE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::iter;

    fn hash(number: u64) -> Leading {
        RevocationHash(*sha256(&number.to_be_bytes()).first_chunk().unwrap()).into()
    }

    #[test]
    fn it_holds_what_a_plain_set_holds_after_every_change() {
        let (mut set, mut plain) = (ExactSet::default(), BTreeSet::new());
        for round in 0..60_u64 {
            let hashes: Vec<_> = (0..round * 7)
                .map(|it| hash((it * it + round) % 500))
                .collect();
            if round % 3 == 2 {
                set.remove(hashes.iter().copied());
                plain.retain(|it| !hashes.contains(it));
            } else {
                set.extend(hashes.iter().copied());
                plain.extend(hashes);
            }
            assert_eq!(set.len(), plain.len());
            assert!(
                (0..600)
                    .map(hash)
                    .all(|it| set.contains(it) == plain.contains(&it))
            );
            assert!(set.by_first_byte().flatten().eq(plain.iter().copied()));
            let anew: ExactSet = plain.iter().copied().collect();
            assert_eq!(set.content_hash(), anew.content_hash());
        }
    }

    #[test]
    fn whatever_lies_near_is_found_and_nothing_else() {
        let spread = |it: u64| it.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let lists: [Vec<u64>; 5] = [
            vec![],
            vec![7],
            (0..200).map(spread).collect(),
            // Crowded at either end, as nobody's hashes are.
            (0..200).collect(),
            (0..200).map(|it| u64::MAX - it).collect(),
        ];
        for mut near in lists {
            near.sort_unstable();
            let beside = |it: u64| [it.wrapping_sub(1), it, it.wrapping_add(1)];
            let asked = near.iter().copied().chain([0, u64::MAX / 2, u64::MAX]);
            for rest in asked.flat_map(beside) {
                assert_eq!(holds(&near, rest), near.contains(&rest), "{rest}");
            }
        }
    }

    #[test]
    fn a_change_costs_one_shard() {
        let set: ExactSet = (0..10_000).map(hash).collect();
        let mut changed = set.clone();
        changed.extend(iter::once(hash(10_000)));
        let shards = set.shards.iter().zip(&changed.shards);
        assert_eq!(
            shards
                .filter(|(one, other)| !Arc::ptr_eq(one, other))
                .count(),
            1
        );
        assert!(!set.contains(hash(10_000)) && changed.contains(hash(10_000)));
        assert_ne!(set.content_hash(), changed.content_hash());
        changed.remove(iter::once(hash(10_000)));
        assert_eq!(set.content_hash(), changed.content_hash());
        changed.remove((0..10_000).map(hash));
        assert_eq!(changed.content_hash(), ExactSet::default().content_hash());
    }
}
