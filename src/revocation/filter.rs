//! Foreign batches in a filter, for whoever has no room for the list: 36 bits a hash.
//!
//! Refuses to say that a certificate is withdrawn: of 2^32 that are not, one is taken for one that is, and nobody is to be turned
//! away by that. What the filter does not hold is not withdrawn.
//!
//! Source: Graf, Lemire, "Binary Fuse Filters" (crate `xorf`).

use super::exact::Leading;
use super::hash::{HashKind, RevocationHash};
use super::list::{RevocationList, SignedBy};
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::{Country, Kid, UnixTime};
use std::fmt;
use xorf::{BinaryFuse32, Descriptor, Filter as _};

/// Which certificates may be withdrawn.
#[derive(Clone, Default)]
pub struct Filter {
    /// Of which kinds it holds any hash.
    kinds: [bool; HashKind::ALL.len()],
    fuse: Option<BinaryFuse32>,
}

impl Filter {
    /// The filter of those batches in `list` that are in force at the instant `at`.
    ///
    /// # Errors
    /// `internal` where none can be made, which does not happen by chance.
    pub fn of(list: &RevocationList, at: UnixTime) -> Result<Self, Failure> {
        let mut kinds = [false; HashKind::ALL.len()];
        let mut keys = Vec::new();
        for batch in list.to_batches() {
            if batch.expires_at < at || batch.hashes.is_empty() {
                continue;
            }
            for (known, kind) in kinds.iter_mut().zip(HashKind::ALL) {
                *known |= kind == batch.kind;
            }
            let hashes = batch.hashes.iter();
            keys.extend(
                hashes.map(|hash| key(batch.kind, *hash, batch.country, batch.kid.as_ref())),
            );
        }
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return Ok(Self::default());
        }
        let fuse = BinaryFuse32::try_from(&keys).map_err(|why| Code::Internal.because(why))?;
        Ok(Self {
            kinds,
            fuse: Some(fuse),
        })
    }

    /// Whether it holds any hash of this kind; where not, none needs to be computed.
    pub fn has(&self, kind: HashKind) -> bool {
        let mut kinds = self.kinds.iter().zip(HashKind::ALL);
        kinds.any(|(known, other)| *known && kind == other)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.fuse.is_none()
    }

    /// Whether the certificate with this hash may be withdrawn.
    pub fn may_withdraw(&self, kind: HashKind, hash: RevocationHash, signed: SignedBy<'_>) -> bool {
        let Some(fuse) = &self.fuse else {
            return false;
        };
        let kids = || signed.kids.iter().map(|kid| Some(*kid)).chain([None]);
        let countries = signed.countries.iter();
        let mut keys =
            countries.flat_map(|country| kids().map(|kid| key(kind, hash, *country, kid)));
        self.has(kind) && keys.any(|key| fuse.contains(&key))
    }

    /// Its bytes: version, kinds, seed, length of a segment, length of all, then the fingerprints, numbers in big-endian order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        let kinds = self.kinds.iter().enumerate();
        let kinds = kinds.map(|(place, known)| u8::from(*known) << place);
        bytes.push(kinds.fold(0, |all, one| all | one));
        if let Some(fuse) = &self.fuse {
            bytes.extend(fuse.descriptor.seed.to_be_bytes());
            bytes.extend(fuse.descriptor.segment_length.to_be_bytes());
            bytes.extend(fuse.descriptor.segment_count_length.to_be_bytes());
            let fingerprints = fuse.fingerprints.iter();
            bytes.extend(fingerprints.flat_map(|fingerprint| fingerprint.to_be_bytes()));
        }
        bytes
    }

    /// The filter in `bytes`.
    ///
    /// # Errors
    /// `bundle_invalid`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let invalid = |why: &str| Code::BundleInvalid.because(format!("no filter: {why}"));
        let ([version, kinds], rest) = bytes.split_first_chunk().ok_or_else(|| invalid("cut"))?;
        if *version != VERSION || *kinds >= 1 << HashKind::ALL.len() {
            return Err(invalid("another version"));
        }
        let mut filter = Self::default();
        for (place, known) in filter.kinds.iter_mut().enumerate() {
            *known = kinds >> place & 1 == 1;
        }
        if rest.is_empty() && *kinds == 0 {
            return Ok(filter);
        }
        let cut = || invalid("cut");
        let (seed, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        let (segment, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        let (segments, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        let (segment, segments) = (u32::from_be_bytes(*segment), u32::from_be_bytes(*segments));
        let (fingerprints, []) = rest.as_chunks() else {
            return Err(invalid("a fingerprint is cut"));
        };
        // Each key is looked up in three segments that follow each other, the first of them at any place of `segments`.
        let needed = u64::from(segments) + 2 * u64::from(segment);
        let has = u64::try_from(fingerprints.len()).unwrap_or_default();
        if !segment.is_power_of_two() || segments == 0 || segments % segment != 0 || has != needed {
            return Err(invalid("its parts do not fit each other"));
        }
        let descriptor = Descriptor {
            seed: u64::from_be_bytes(*seed),
            segment_length: segment,
            segment_length_mask: segment - 1,
            segment_count_length: segments,
        };
        let fingerprints = fingerprints.iter().copied().map(u32::from_be_bytes);
        filter.fuse = Some(BinaryFuse32 {
            descriptor,
            fingerprints: fingerprints.collect(),
        });
        Ok(filter)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.fuse.as_ref().map_or(0, |fuse| fuse.fingerprints.len());
        write!(f, "Filter({length} fingerprints)")
    }
}

/// What stands for a hash of this kind that `country` withdraws, under `kid` or any.
fn key(kind: HashKind, hash: RevocationHash, country: Country, kid: Option<&Kid>) -> u64 {
    let Leading(hash) = hash.into();
    let kid = kid.map_or(&[][..], Kid::as_bytes);
    let parts = [
        kind.name().as_bytes(),
        b"\0",
        country.as_str().as_bytes(),
        b"\0",
        &hash,
        kid,
    ];
    let digest = sha256(&parts.concat());
    // SHA-256 has 32 bytes, so the empty default is never taken.
    u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}

const VERSION: u8 = 1;
