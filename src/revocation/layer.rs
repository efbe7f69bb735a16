//! Withdrawn certificates of our own in the room of some bits each, exact over all that were issued until an instant.
//!
//! Refuses to be asked about others: of a certificate that was issued later, or never, it says anything. That somebody issued a
//! certificate is nowhere to be read from it.
//!
//! Layers lie on top of each other: one of all that was withdrawn until some day, and small ones of what has been since then.
//!
//! Source: Schanck, "Clubcards for the `WebPKI`" (crate `clubcard`, MPL-2.0, used as it is).

#[cfg(feature = "server")]
mod build;

use super::exact::Leading;
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use clubcard::{AsQuery, Clubcard, ClubcardIndex, ClubcardIndexEntry, Equation, Queryable};
use std::fmt;

/// Which of the certificates that were issued until an instant are withdrawn.
pub struct Layer {
    /// Before which instant they were issued, by their claims.
    pub issued_before: UnixTime,
    /// How many leading bits of a hash tell its block.
    bits: u8,
    card: Clubcard<WIDTH, (), ()>,
}

impl Layer {
    /// Whether the certificate whose signature has this hash is withdrawn, of those that it knows.
    pub fn withdraws(&self, signature: Leading) -> bool {
        let row = Row::of(signature, self.bits);
        self.card.unchecked_contains(&row)
    }

    /// Its bytes. Numbers are of eight bytes, the most significant first: version, instant, bits of a block, number of columns, of each its length
    /// and words, length and words of the last column, then the blocks, each as the rows of [`ClubcardIndexEntry`] in order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        let mut put = |number: u64| bytes.extend(number.to_be_bytes());
        put(self.issued_before.seconds().cast_unsigned());
        let column = |words: &[u64]| {
            let length = u64::try_from(words.len()).unwrap_or(u64::MAX);
            [&[length], words].concat()
        };
        put(u64::from(self.bits));
        put(number(self.card.approx_filter.len()));
        for words in &self.card.approx_filter {
            column(words).into_iter().for_each(&mut put);
        }
        column(&self.card.exact_filter)
            .into_iter()
            .for_each(&mut put);
        for (block, entry) in &self.card.index {
            put(block.first().copied().map_or(0, u64::from));
            for part in [
                entry.approx_filter_m,
                entry.exact_filter_m,
                entry.approx_filter_rank,
                entry.approx_filter_offset,
                entry.exact_filter_offset,
                usize::from(entry.inverted),
                entry.exceptions.len(),
            ] {
                put(number(part));
            }
            for exception in &entry.exceptions {
                let hash: [u8; 10] = exception.as_slice().try_into().unwrap_or_default();
                let [a, b, rest @ ..] = hash;
                put(u64::from(u16::from_be_bytes([a, b])));
                put(u64::from_be_bytes(rest));
            }
        }
        bytes
    }

    /// The layer in `bytes`.
    ///
    /// # Errors
    /// `bundle_invalid`.
    pub fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let Some((&VERSION, rest)) = bytes.split_first() else {
            return Err(invalid("another version"));
        };
        let (words, []) = rest.as_chunks() else {
            return Err(invalid("a number is cut"));
        };
        let mut words = Words(words);
        let issued_before = UnixTime::from_seconds(words.next()?.cast_signed());
        let issued_before = issued_before.ok_or_else(|| invalid("no instant"))?;
        let bits = words.count(usize::from(MAX_BLOCK_BITS))?;
        let columns = words.count(MAX_COLUMNS)?;
        let approx_filter = (0..columns).map(|_| words.column());
        let approx_filter: Vec<_> = approx_filter.collect::<Result<_, _>>()?;
        let exact_filter = words.column()?;
        let mut index = ClubcardIndex::new();
        while !words.0.is_empty() {
            let block = u8::try_from(words.next()?).map_err(|_| invalid("no block"))?;
            let entry = ClubcardIndexEntry {
                approx_filter_m: words.count(MAX_BITS)?,
                exact_filter_m: words.count(MAX_BITS)?,
                approx_filter_rank: words.count(columns)?,
                approx_filter_offset: words.count(MAX_BITS)?,
                exact_filter_offset: words.count(MAX_BITS)?,
                inverted: words.count(1)? == 1,
                exceptions: words.exceptions()?,
            };
            if entry.approx_filter_m > 0 && entry.exact_filter_m == 0 {
                return Err(invalid("half a block"));
            }
            if index.insert(vec![block], entry).is_some() {
                return Err(invalid("one block twice"));
            }
        }
        Ok(Self {
            issued_before,
            bits: u8::try_from(bits).unwrap_or_default(),
            card: Clubcard {
                universe: (),
                partition: (),
                index,
                approx_filter,
                exact_filter,
            },
        })
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blocks = self.card.index.len();
        write!(f, "Layer({blocks} blocks, until {})", self.issued_before)
    }
}

/// The words of a layer that were not read yet.
struct Words<'b>(&'b [[u8; 8]]);

impl Words<'_> {
    fn next(&mut self) -> Result<u64, Failure> {
        let (first, rest) = self.0.split_first().ok_or_else(|| invalid("cut"))?;
        self.0 = rest;
        Ok(u64::from_be_bytes(*first))
    }

    /// A number of at most `ceiling`.
    fn count(&mut self, ceiling: usize) -> Result<usize, Failure> {
        let count = usize::try_from(self.next()?).ok();
        let count = count.filter(|count| *count <= ceiling);
        count.ok_or_else(|| invalid("a number over its ceiling"))
    }

    fn column(&mut self) -> Result<Vec<u64>, Failure> {
        let length = self.count(self.0.len())?;
        let (column, rest) = self
            .0
            .split_at_checked(length)
            .ok_or_else(|| invalid("cut"))?;
        self.0 = rest;
        Ok(column.iter().copied().map(u64::from_be_bytes).collect())
    }

    fn exceptions(&mut self) -> Result<Vec<Vec<u8>>, Failure> {
        let count = self.count(MAX_EXCEPTIONS)?;
        let exceptions = (0..count).map(|_| {
            let first = u16::try_from(self.next()?).map_err(|_| invalid("no hash"))?;
            Ok([&first.to_be_bytes()[..], &self.next()?.to_be_bytes()].concat())
        });
        exceptions.collect()
    }
}

fn invalid(why: &str) -> Failure {
    Code::BundleInvalid.because(format!("no layer of withdrawn certificates: {why}"))
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A certificate that is asked about.
struct Row {
    hash: [u8; 10],
    block: [u8; 1],
    coefficients: [u64; WIDTH],
}

impl Row {
    fn of(Leading(hash): Leading, bits: u8) -> Self {
        let digest = sha256(&hash);
        let (words, _) = digest.as_chunks();
        let mut coefficients = [0; WIDTH];
        for (coefficient, word) in coefficients.iter_mut().zip(words) {
            *coefficient = u64::from_be_bytes(*word);
        }
        if let Some(first) = coefficients.first_mut() {
            // An equation begins where it says.
            *first |= 1;
        }
        Self {
            hash,
            block: block(Leading(hash), bits),
            coefficients,
        }
    }
}

/// The block of `hash`, which its leading `bits` tell.
fn block(Leading([first, ..]): Leading, bits: u8) -> [u8; 1] {
    let away = u32::from(MAX_BLOCK_BITS.saturating_sub(bits));
    [first.checked_shr(away).unwrap_or_default()]
}

impl AsQuery<WIDTH> for Row {
    fn as_query(&self, m: usize) -> Equation<WIDTH> {
        let [_, _, rest @ ..] = self.hash;
        let scaled = u128::from(u64::from_be_bytes(rest)) * u128::from(number(m));
        // Below `m`, which is one.
        let place = usize::try_from(scaled >> u64::BITS).unwrap_or_default();
        Equation::homogeneous(place, self.coefficients)
    }

    fn block(&self) -> &[u8] {
        &self.block
    }

    fn discriminant(&self) -> &[u8] {
        &self.hash
    }
}

impl Queryable<WIDTH> for Row {
    type UniverseMetadata = ();
    type PartitionMetadata = ();

    fn in_universe(&self, (): &()) -> bool {
        true
    }
}

/// 256 blocks at most.
const MAX_BLOCK_BITS: u8 = 8;
/// Words of an equation.
const WIDTH: usize = 4;
const VERSION: u8 = 1;
/// One withdrawn of 2^40 that were issued.
const MAX_COLUMNS: usize = 40;
const MAX_BITS: usize = 1 << 31;
/// Each is looked at whenever its block is asked.
const MAX_EXCEPTIONS: usize = 1000;
