//! The list: every batch in force, asked by hash.
//!
//! Refuses to guess: it is exact, and a batch counts only against signers of its own country and, where it names one, of
//! its own key identifier. Two certificates whose hashes meet by chance would need 2^64 tries, even made on purpose.
//!
//! Source: EU DGCG, revocation lists.

use super::batch::RevocationBatch;
use super::hash::{HashKind, RevocationHash};
use crate::crypto::sha256;
use crate::model::{Country, Kid, UnixTime};

/// Which certificates are withdrawn.
#[derive(Clone, Debug, Default)]
pub struct RevocationList {
    batches: Vec<Terms>,
    /// For each kind of hash, the hashes in order, each with the position of its batch.
    hashes: [Vec<(RevocationHash, u32)>; HashKind::ALL.len()],
    content_hash: [u8; 32],
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
        for (position, batch) in (0..).zip(batches) {
            content.extend(batch.content_hash());
            let hashes = batch.hashes.iter().map(|hash| (*hash, position));
            list.of_kind(batch.kind).extend(hashes);
            list.batches.push(Terms {
                id: batch.id,
                country: batch.country,
                kid: batch.kid,
                kind: batch.kind,
                expires_at: batch.expires_at,
            });
        }
        for hashes in &mut list.hashes {
            hashes.sort_unstable();
            hashes.dedup();
        }
        // A list of nothing says what no list says.
        if !content.is_empty() {
            list.content_hash = sha256(&content);
        }
        list
    }

    fn of_kind(&mut self, kind: HashKind) -> &mut Vec<(RevocationHash, u32)> {
        let [signature, uci, country_code_uci] = &mut self.hashes;
        match kind {
            HashKind::Signature => signature,
            HashKind::Uci => uci,
            HashKind::CountryCodeUci => country_code_uci,
        }
    }

    fn hashes(&self, kind: HashKind) -> &[(RevocationHash, u32)] {
        let [signature, uci, country_code_uci] = &self.hashes;
        match kind {
            HashKind::Signature => signature,
            HashKind::Uci => uci,
            HashKind::CountryCodeUci => country_code_uci,
        }
    }

    /// Whether it holds any hash of this kind; where not, none needs to be computed.
    pub fn has(&self, kind: HashKind) -> bool {
        !self.hashes(kind).is_empty()
    }

    /// How many hashes it holds.
    pub fn len(&self) -> usize {
        self.hashes.iter().map(Vec::len).sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many batches there are.
    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    /// The batches it was made of, by id, each with its hashes in order.
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
        for (hash, position) in self.hashes.iter().flatten() {
            let batch = usize::try_from(*position).ok();
            if let Some(batch) = batch.and_then(|it| batches.get_mut(it)) {
                batch.hashes.push(*hash);
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
        let hashes = self.hashes(kind);
        let from = hashes.partition_point(|(other, _)| *other < hash);
        let found = hashes.get(from..).unwrap_or_default().iter();
        found
            .take_while(move |(other, _)| *other == hash)
            .filter_map(|(_, position)| self.batches.get(usize::try_from(*position).ok()?))
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
                .map(|byte| RevocationHash([*byte; 16]))
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
