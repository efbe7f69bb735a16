//! The list of a slice: the leading bytes of every hash in it, as many as it takes.
//!
//! Refuses another version, lengths that do not fit, and lists of over 2^24 hashes.
//!
//! Source: dgca-partialvarhashfilter, version 1 of its bytes.

use super::form::{VERSION, read_rate};
use crate::failure::{Code, Failure};
use crate::revocation::RevocationHash;

/// The leading bytes of hashes.
#[derive(Clone, Debug, PartialEq)]
pub struct VarHashList {
    rate: f32,
    size: u8,
    /// In the order of numbers with a sign, each once, zeros behind the leading bytes.
    prefixes: Vec<[u8; 16]>,
}

impl VarHashList {
    /// The list of `hashes`, all of which begin with the same `shared` half-bytes.
    ///
    /// It has as many bytes of each as it takes so that of others with that beginning it finds no more than `rate`, and four
    /// at least.
    ///
    /// # Errors
    /// `revocation_invalid` where there are none or too many, or `rate` is none between 0 and 1.
    pub fn of(hashes: &[RevocationHash], shared: u8, rate: f32) -> Result<Self, Failure> {
        let count = u32::try_from(hashes.len()).map_or(f64::MAX, f64::from);
        let found = count * 16_f64.powi(i32::from(shared));
        let enough = |size: &u8| found <= f64::from(rate) * 256_f64.powi(i32::from(*size));
        let size = (MIN_SIZE..MAX_SIZE).find(enough).unwrap_or(MAX_SIZE);
        Self::of_size(hashes, size, rate)
    }

    /// The list of the first `size` bytes of `hashes`.
    ///
    /// # Errors
    /// `revocation_invalid` where there are none or too many, or `size` is none of 1 to 16, or `rate` none between 0 and 1.
    pub fn of_size(hashes: &[RevocationHash], size: u8, rate: f32) -> Result<Self, Failure> {
        let fits = (1..=MAX_SIZE).contains(&size) && (1..=MAX_HASHES).contains(&hashes.len());
        if !fits || !(f32::MIN_POSITIVE..1.0).contains(&rate) {
            return Err(invalid("no list of so many hashes or bytes"));
        }
        let prefixes = hashes.iter().map(|hash| prefix(&hash.0, size));
        Ok(Self::sorted(rate, size, prefixes.collect()))
    }

    /// The list in `bytes`. Its order does not count, and two hashes may begin alike.
    ///
    /// # Errors
    /// `revocation_invalid`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let (head, rest) = bytes
            .split_first_chunk()
            .ok_or_else(|| invalid("a list of hashes that is too short"))?;
        let [v1, v0, r3, r2, r1, r0, n3, n2, n1, n0, size] = *head;
        if [v1, v0] != VERSION {
            return Err(invalid("a list of hashes of another version"));
        }
        let rate = read_rate([r3, r2, r1, r0])?;
        let count = usize::try_from(u32::from_be_bytes([n3, n2, n1, n0])).ok();
        let count = count.filter(|count| (1..=MAX_HASHES).contains(count));
        let count = count.filter(|_| (1..=MAX_SIZE).contains(&size));
        let length = count.map(|count| count * usize::from(size));
        if length != Some(rest.len()) {
            return Err(invalid("a list of hashes of another length than it says"));
        }
        let prefixes = rest.chunks(usize::from(size)).map(|it| prefix(it, size));
        Ok(Self::sorted(rate, size, prefixes.collect()))
    }

    /// Its bytes.
    pub fn write(&self) -> Vec<u8> {
        // No list has more than MAX_HASHES.
        let count = u32::try_from(self.prefixes.len()).unwrap_or(u32::MAX);
        let size = usize::from(self.size);
        let mut bytes = Vec::with_capacity(HEAD + size * self.prefixes.len());
        bytes.extend(VERSION);
        bytes.extend(self.rate.to_be_bytes());
        bytes.extend(count.to_be_bytes());
        bytes.push(self.size);
        let written = self.prefixes.iter().flat_map(|it| it.iter().take(size));
        bytes.extend(written);
        bytes
    }

    /// Whether `hash` may be in it; where it answers no, it is not.
    pub fn may_hold(&self, hash: RevocationHash) -> bool {
        let wanted = order(&prefix(&hash.0, self.size));
        self.prefixes.binary_search_by_key(&wanted, order).is_ok()
    }

    fn sorted(rate: f32, size: u8, mut prefixes: Vec<[u8; 16]>) -> Self {
        prefixes.sort_unstable_by_key(order);
        prefixes.dedup();
        Self {
            rate,
            size,
            prefixes,
        }
    }
}

/// The first `size` bytes of `bytes`, and zeros.
fn prefix(bytes: &[u8], size: u8) -> [u8; 16] {
    let mut prefix = [0; 16];
    for (to, from) in prefix.iter_mut().zip(bytes).take(usize::from(size)) {
        *to = *from;
    }
    prefix
}

/// Where it stands among numbers of as many bytes, whose first bit is their sign.
fn order(prefix: &[u8; 16]) -> i128 {
    i128::from_be_bytes(*prefix)
}

fn invalid(reason: &str) -> Failure {
    Code::RevocationInvalid.because(reason)
}

/// The bytes before the hashes.
const HEAD: usize = 11;
const MIN_SIZE: u8 = 4;
const MAX_SIZE: u8 = 16;
/// 256 MiB while it is read.
const MAX_HASHES: usize = 1 << 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_as_many_bytes_as_its_rate_demands() {
        let hashes = |count: u16| -> Vec<_> {
            let hash = |number: u16| {
                let mut hash = [0; 16];
                hash[..2].copy_from_slice(&number.to_be_bytes());
                RevocationHash(hash)
            };
            (0..count).map(hash).collect()
        };
        for (count, shared, rate, size) in [
            (1, 0, 1e-12, 5),
            (3, 0, 1e-12, 6),
            (6250, 1, 1e-12, 8),
            (1, 0, 0.5, 4),
            (1, 0, f32::MIN_POSITIVE, 16),
        ] {
            let list = VarHashList::of(&hashes(count), shared, rate).unwrap();
            assert_eq!(list.size, size, "{count} {shared} {rate}");
        }
    }

    #[test]
    fn hashes_whose_first_bits_are_all_one_are_found() {
        let hashes = [[0xff; 16], [0; 16], [0x80; 16]].map(RevocationHash);
        let list = VarHashList::of_size(&hashes, 4, 1e-12).unwrap();
        let read = VarHashList::read(&list.write()).unwrap();
        assert_eq!(read, list);
        assert!(hashes.iter().all(|hash| read.may_hold(*hash)));
        assert!(!read.may_hold(RevocationHash([1; 16])));
    }

    #[test]
    fn odd_bytes_are_refused() {
        let good = VarHashList::of(&[RevocationHash([7; 16])], 0, 1e-12).unwrap();
        let good = good.write();
        let changed = |at: usize, to: u8| {
            let mut bytes = good.clone();
            bytes[at] = to;
            bytes
        };
        for odd in [
            Vec::new(),
            good[..good.len() - 1].to_vec(),
            [&good[..], &[0]].concat(),
            changed(1, 2),
            changed(2, 0xff),
            changed(6, 0xff),
            changed(9, 0),
            changed(10, 0),
            changed(10, 17),
        ] {
            let failure = VarHashList::read(&odd).unwrap_err();
            assert_eq!(failure.code(), Code::RevocationInvalid, "{odd:x?}");
        }
        assert!(VarHashList::of(&[], 0, 1e-12).is_err());
    }
}
