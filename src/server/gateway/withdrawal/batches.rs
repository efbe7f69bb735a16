//! From withdrawals to batches of hashes, as other countries read them.
//!
//! Refuses to publish anything but hashes of signatures and identifiers, the key identifier of the signer and an end: a selector
//! never leaves the gateway. What should be published is compared with what is, so that an interrupted turn is simply taken
//! again.
//!
//! A pure function. Source: EU DGCG, revocation lists (batches of at most 1,000 hashes of one kind under one signer).

use super::record::Group;
use crate::model::{Country, Kid, UnixTime};
use crate::revocation::{HashKind, RevocationBatch, RevocationHash};
use std::collections::{BTreeMap, BTreeSet};

/// The hashes that should be published, by signer and kind, each with the last second at which it matters.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted(BTreeMap<Place, BTreeMap<RevocationHash, UnixTime>>);

type Place = (Kid, HashKind);

/// What is to be done so that what is published is what should be.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// Batches to publish; they have no id yet.
    pub(super) add: Vec<RevocationBatch>,
    /// The ids of batches to take back afterwards.
    pub(super) remove: Vec<String>,
}

impl Wanted {
    /// Takes in a withdrawal that holds.
    pub(super) fn add(&mut self, group: &Group) {
        let kinds = [
            (HashKind::Signature, &group.signatures),
            (HashKind::Uci, &group.uvcis),
        ];
        for (kind, hashes) in kinds {
            let place = self.0.entry((group.kid.clone(), kind)).or_default();
            for hash in hashes {
                let end = place.entry(*hash).or_insert(group.expires_at);
                *end = group.expires_at.max(*end);
            }
        }
    }

    /// What is to be done at `at` by `country`, of which `published` is published.
    ///
    /// A batch with a hash that is withdrawn no longer, or with one that matters longer than the batch, is taken back, and the
    /// rest of it published again. Where many small batches have come together, they become few large ones.
    pub(super) fn plan(
        &self,
        published: &[RevocationBatch],
        country: Country,
        at: UnixTime,
    ) -> Plan {
        let mut plan = Plan::default();
        let mut covered: BTreeMap<Place, BTreeSet<RevocationHash>> = BTreeMap::new();
        let mut small: BTreeMap<Place, Vec<&RevocationBatch>> = BTreeMap::new();
        let mut cover = |place: Place, batch: &RevocationBatch| {
            covered.entry(place).or_default().extend(&batch.hashes);
        };
        for batch in published {
            let place = batch.kid.clone().map(|kid| (kid, batch.kind));
            let wanted = place.as_ref().and_then(|place| self.0.get(place));
            let holds = |hash: &RevocationHash| {
                let end = wanted.and_then(|wanted| wanted.get(hash));
                end.is_some_and(|end| *end <= batch.expires_at)
            };
            match place.filter(|_| batch.hashes.iter().all(holds)) {
                None => plan.remove.push(batch.id.clone()),
                Some(place) if batch.hashes.len() < SMALL => {
                    small.entry(place).or_default().push(batch);
                }
                Some(place) => cover(place, batch),
            }
        }
        for (place, batches) in small {
            if batches.len() > MAX_SMALL {
                plan.remove.extend(batches.iter().map(|it| it.id.clone()));
            } else {
                batches.iter().for_each(|batch| cover(place.clone(), batch));
            }
        }
        for (place, wanted) in &self.0 {
            let covered = covered.get(place);
            let is_missing = |hash: &RevocationHash| covered.is_none_or(|it| !it.contains(hash));
            let missing = wanted
                .iter()
                .filter(|(hash, end)| is_missing(hash) && **end > at);
            // Those that end together share a batch.
            let mut missing: Vec<_> = missing.map(|(hash, end)| (*end, *hash)).collect();
            missing.sort_unstable();
            let (kid, kind) = place;
            plan.add
                .extend(missing.chunks(MAX_HASHES).map(|some| RevocationBatch {
                    id: String::new(),
                    country,
                    kid: Some(kid.clone()),
                    kind: *kind,
                    expires_at: some.last().map_or(at, |(end, _)| *end),
                    hashes: some.iter().map(|(_, hash)| *hash).collect(),
                }));
        }
        plan
    }
}

impl Plan {
    /// The same, cut to `most` batches, and to none taken back before all others are published.
    #[must_use]
    pub(super) fn at_most(mut self, most: usize) -> Self {
        if self.add.len() > most {
            self.add.truncate(most);
            self.remove.clear();
        }
        self.remove.truncate(most);
        self
    }

    /// Whether there is nothing to be done.
    pub(super) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

const MAX_HASHES: usize = 1000;
/// A batch with fewer hashes is small, and so many may stand beside each other.
const SMALL: usize = 500;
const MAX_SMALL: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::EPOCH.plus(seconds)
    }

    fn hash(number: usize) -> RevocationHash {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&number.to_be_bytes());
        RevocationHash(bytes)
    }

    fn wanted(ranges: &[std::ops::Range<usize>]) -> Wanted {
        let mut wanted = Wanted::default();
        for range in ranges {
            wanted.add(&Group {
                kid: Kid::from_bytes(&[7; 8]).unwrap(),
                expires_at: at(1000),
                signatures: range.clone().map(hash).collect(),
                uvcis: range
                    .clone()
                    .map(|number| hash(number + 1_000_000))
                    .collect(),
            });
        }
        wanted
    }

    /// What is published once `plan` is done.
    fn done(published: &[RevocationBatch], plan: &Plan) -> Vec<RevocationBatch> {
        let added = plan
            .add
            .iter()
            .zip(published.len()..)
            .map(|(batch, number)| RevocationBatch {
                id: format!("{number}-{}", batch.hashes.len()),
                ..batch.clone()
            });
        let kept = published.iter().filter(|it| !plan.remove.contains(&it.id));
        kept.cloned().chain(added).collect()
    }

    fn hashes(published: &[RevocationBatch]) -> usize {
        published.iter().map(|it| it.hashes.len()).sum()
    }

    #[test]
    fn what_should_be_published_is_and_then_nothing_is_to_be_done() {
        let wanted_ = wanted(&[0..2500, 2500..2510]);
        let plan = wanted_.plan(&[], Country::DEMO, at(1));
        assert_eq!((plan.add.len(), plan.remove.len()), (6, 0));
        let published = done(&[], &plan);
        assert_eq!(hashes(&published), 5020);
        assert!(wanted_.plan(&published, Country::DEMO, at(1)).is_empty());
        // What has ended by itself is neither published nor taken back.
        assert!(wanted_.plan(&published, Country::DEMO, at(2000)).is_empty());
        assert!(wanted_.plan(&[], Country::DEMO, at(2000)).is_empty());
    }

    #[test]
    fn what_is_undone_goes_and_what_stood_beside_it_stays() {
        let published = done(
            &[],
            &wanted(std::slice::from_ref(&(0..1500))).plan(&[], Country::DEMO, at(1)),
        );
        let rest = wanted(&[0..700, 701..1500]);
        let plan = rest.plan(&published, Country::DEMO, at(1));
        assert_eq!(plan.remove.len(), 2);
        let published = done(&published, &plan);
        assert_eq!(hashes(&published), 2 * 1499);
        assert!(!published.iter().any(|it| it.hashes.contains(&hash(700))));
        assert!(rest.plan(&published, Country::DEMO, at(1)).is_empty());
    }

    #[test]
    fn many_small_batches_become_one() {
        let mut published = Vec::new();
        for count in 1..=22 {
            let plan =
                wanted(std::slice::from_ref(&(0..count))).plan(&published, Country::DEMO, at(1));
            published = done(&published, &plan);
            assert_eq!(hashes(&published), 2 * count);
        }
        assert!(published.len() < 2 * 22, "{}", published.len());
    }
}
