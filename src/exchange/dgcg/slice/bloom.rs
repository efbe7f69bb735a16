//! The Bloom filter of a slice: bits that every hash in it sets, and few others do.
//!
//! Refuses another version or hash function, bytes too few or too many, and filters over 2^25 words.
//!
//! Source: dgc-bloomfilter, version 1 of its bytes. The number of hash functions stands before which one it is.

use super::form::{VERSION, read_rate};
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::revocation::RevocationHash;

/// A Bloom filter over hashes of certificates.
#[derive(Clone, Debug, PartialEq)]
pub struct BloomFilter {
    rounds: u8,
    rate: f32,
    defined: u32,
    current: u32,
    words: Vec<u32>,
}

impl BloomFilter {
    /// The filter of `hashes`, no two of which are the same, which finds one in `1 / rate` others, too.
    ///
    /// # Errors
    /// `revocation_invalid` where there are none or too many, or `rate` is none between 0 and 1.
    pub fn of(hashes: &[RevocationHash], rate: f32) -> Result<Self, Failure> {
        let count = u32::try_from(hashes.len()).ok();
        let count = count.filter(|count| *count > 0 && (f32::MIN_POSITIVE..1.0).contains(&rate));
        let size = count.and_then(|count| Some((count, size(count, rate)?)));
        let (count, (words, rounds)) =
            size.ok_or_else(|| invalid("no filter for so many hashes"))?;
        let mut filter = Self {
            rounds,
            rate,
            defined: count,
            current: count,
            words: vec![0; words],
        };
        for hash in hashes {
            for round in 0..rounds {
                let (word, bit) = filter.place(hash, round);
                if let Some(word) = filter.words.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        Ok(filter)
    }

    /// The filter in `bytes`.
    ///
    /// # Errors
    /// `revocation_invalid`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let (head, rest) = bytes
            .split_first_chunk()
            .ok_or_else(|| invalid("a Bloom filter that is too short"))?;
        let [
            v1,
            v0,
            rounds,
            function,
            r3,
            r2,
            r1,
            r0,
            d3,
            d2,
            d1,
            d0,
            c3,
            c2,
            c1,
            c0,
            w3,
            w2,
            w1,
            w0,
        ] = *head;
        if [v1, v0] != VERSION || function != SHA_256 {
            return Err(invalid("a Bloom filter of another version"));
        }
        let rate = read_rate([r3, r2, r1, r0])?;
        let defined = u32::from_be_bytes([d3, d2, d1, d0]);
        let current = u32::from_be_bytes([c3, c2, c1, c0]);
        let is_count = |count: u32| i32::try_from(count).is_ok();
        // A filter with more in it than it was made for finds more than it says.
        if !is_count(defined) || current > defined || !(1..=MAX_ROUNDS).contains(&rounds) {
            return Err(invalid("numbers that no Bloom filter has"));
        }
        let count = usize::try_from(u32::from_be_bytes([w3, w2, w1, w0])).ok();
        let count = count.filter(|count| (1..=MAX_WORDS).contains(count));
        let (words, left) = rest.as_chunks();
        if count != Some(words.len()) || !left.is_empty() {
            return Err(invalid("a Bloom filter of another length than it says"));
        }
        Ok(Self {
            rounds,
            rate,
            defined,
            current,
            words: words.iter().map(|word| u32::from_be_bytes(*word)).collect(),
        })
    }

    /// Its bytes.
    pub fn write(&self) -> Vec<u8> {
        // No filter has more words than MAX_WORDS.
        let words = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(HEAD + 4 * self.words.len());
        bytes.extend(VERSION);
        bytes.extend([self.rounds, SHA_256]);
        bytes.extend(self.rate.to_be_bytes());
        for number in [self.defined, self.current, words] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(self.words.iter().flat_map(|word| word.to_be_bytes()));
        bytes
    }

    /// Whether `hash` may be in it; where it answers no, it is not.
    pub fn may_hold(&self, hash: RevocationHash) -> bool {
        (0..self.rounds).all(|round| {
            let (word, bit) = self.place(&hash, round);
            self.words.get(word).is_some_and(|word| word & bit != 0)
        })
    }

    /// Which word a hash marks in this round, and the bit in it.
    fn place(&self, hash: &RevocationHash, round: u8) -> (usize, u32) {
        // 2^25 words have 2^30 bits.
        let bits = u64::try_from(self.words.len()).unwrap_or_default() * 32;
        let mut element = [round; 17];
        if let Some(first) = element.first_chunk_mut() {
            *first = hash.0;
        }
        let index = index(&element, bits);
        let word = usize::try_from(index / 32).unwrap_or(usize::MAX);
        (word, FIRST_BIT >> (index % 32))
    }
}

/// SHA-256 over `element`, which ends in the round, a number with a sign, modulo `bits`, at least 1 and below 2^32.
fn index(element: &[u8], bits: u64) -> u64 {
    let digest = sha256(element);
    let (words, _) = digest.as_chunks::<4>();
    let mut rest = 0;
    for (position, word) in words.iter().enumerate() {
        let word = u32::from_be_bytes(*word);
        // What is below zero is made up for at once, since a remainder never is.
        let word = if position == 0 {
            let signed = i64::from(word.cast_signed());
            let bits = i64::try_from(bits).unwrap_or(i64::MAX);
            u64::try_from(signed.rem_euclid(bits)).unwrap_or_default()
        } else {
            u64::from(word)
        };
        rest = ((rest << 32) + word) % bits;
    }
    rest
}

/// How many words and rounds a filter of `count` hashes has; `None` where it would be too large.
///
/// The number of words is a quarter of the bytes and what is left over, one word for each byte, as the reference has it.
fn size(count: u32, rate: f32) -> Option<(usize, u8)> {
    let (hashes, rate) = (f64::from(count), f64::from(rate));
    let ln_2 = std::f64::consts::LN_2;
    let bits = whole((hashes * rate.ln() / (1.0 / 2_f64.powf(ln_2)).ln()).ceil())?;
    let bytes = bits / 8 + 1;
    let words = bytes / 4 + bytes % 4;
    let narrow = u32::try_from(words).ok()?;
    let rounds = whole((f64::from(narrow) * 32.0 / hashes * ln_2).round())?;
    let rounds = u8::try_from(rounds.clamp(1, u64::from(MAX_ROUNDS))).ok()?;
    let words = usize::try_from(words).ok()?;
    (words <= MAX_WORDS).then_some((words, rounds))
}

/// A number that is none below zero and no fraction.
fn whole(number: f64) -> Option<u64> {
    if !(1.0..MAX_WHOLE).contains(&number) {
        return (number == 0.0).then_some(0);
    }
    let bits = number.to_bits();
    let mantissa = (bits & MANTISSA) | (MANTISSA + 1);
    // 1 to 2^52, so that the exponent is that of 0 to 51 and the shift 52 to 1.
    let exponent = (bits >> MANTISSA_BITS).checked_sub(EXPONENT_OF_ONE)?;
    Some(mantissa >> MANTISSA_BITS.checked_sub(exponent)?)
}

fn invalid(reason: &str) -> Failure {
    Code::RevocationInvalid.because(reason)
}

/// The bytes before the words.
const HEAD: usize = 20;
/// The one hash function there is.
const SHA_256: u8 = 0;
const FIRST_BIT: u32 = 0x8000_0000;
/// The largest number in the byte of a signed number.
const MAX_ROUNDS: u8 = 127;
/// 128 MiB: 18 million hashes and a rate of 1e-12.
const MAX_WORDS: usize = 1 << 25;
const MANTISSA_BITS: u64 = 52;
const MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;
const EXPONENT_OF_ONE: u64 = 1023;
/// 2^52.
const MAX_WHOLE: f64 = 4_503_599_627_370_496.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_those_of_the_reference() {
        assert_eq!(index(&[0x0b, 1], 100), 75);
        assert_eq!(index(&[0x00, 0x05, 0x21, 0x2c, 0], 32), 26);
    }

    #[test]
    fn whole_numbers_are_read_from_floats() {
        for number in [0_u32, 1, 2, 3, 7, 1000, u32::MAX] {
            assert_eq!(whole(f64::from(number)), Some(u64::from(number)));
        }
        assert_eq!(whole(1e15), Some(1_000_000_000_000_000));
        for odd in [-1.0, f64::NAN, f64::INFINITY, 1e16] {
            assert_eq!(whole(odd), None);
        }
    }

    #[test]
    fn a_filter_has_the_size_of_the_reference_s() {
        assert_eq!(size(3, 1e-12), Some((7, 52)));
        assert_eq!(size(1, 0.01), Some((2, 44)));
        assert_eq!(size(u32::MAX, 1e-12), None);
    }

    #[test]
    fn no_filter_is_made_of_nothing_or_with_an_odd_rate() {
        let hash = [RevocationHash([7; 16])];
        for (hashes, rate) in [
            (&[][..], 1e-12),
            (&hash[..], 0.0),
            (&hash, 1.0),
            (&hash, f32::NAN),
        ] {
            assert!(BloomFilter::of(hashes, rate).is_err(), "{rate}");
        }
    }

    #[test]
    fn odd_bytes_are_refused() {
        let good = BloomFilter::of(&[RevocationHash([7; 16])], 1e-12).unwrap();
        let good = good.write();
        assert!(BloomFilter::read(&good).is_ok());
        let changed = |at: usize, to: u8| {
            let mut bytes = good.clone();
            bytes[at] = to;
            bytes
        };
        let longer = [&good[..], &[0]].concat();
        for odd in [
            Vec::new(),
            good[..good.len() - 1].to_vec(),
            longer,
            changed(1, 2),
            changed(2, 0),
            changed(2, 128),
            changed(3, 1),
            changed(4, 0xff),
            changed(8, 0x80),
            changed(15, 2),
            changed(16, 0xff),
            changed(19, 0),
        ] {
            let failure = BloomFilter::read(&odd).unwrap_err();
            assert_eq!(failure.code(), Code::RevocationInvalid, "{odd:x?}");
        }
    }
}
