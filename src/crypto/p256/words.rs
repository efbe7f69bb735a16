//! Integers of 256 bits in four words, the least significant first.
//!
//! Refuses to reduce: what overflows or underflows is told to the caller.

/// 256 bits, the least significant word first.
pub(super) type Words = [u64; 4];

/// The integer in 32 bytes, the most significant first.
pub(super) fn of_bytes(bytes: &[u8; 32]) -> Words {
    let mut words = [0; 4];
    for (word, chunk) in words.iter_mut().zip(bytes.rchunks_exact(8)) {
        *word = chunk
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    words
}

/// `left + right` modulo 2^256, and whether it overflowed.
pub(super) fn plus(left: Words, right: Words) -> (Words, bool) {
    let [a0, a1, a2, a3] = left;
    let [b0, b1, b2, b3] = right;
    let (s0, c) = a0.carrying_add(b0, false);
    let (s1, c) = a1.carrying_add(b1, c);
    let (s2, c) = a2.carrying_add(b2, c);
    let (s3, c) = a3.carrying_add(b3, c);
    ([s0, s1, s2, s3], c)
}

/// `left - right` modulo 2^256, and whether it underflowed, which says that `left < right`.
pub(super) fn minus(left: Words, right: Words) -> (Words, bool) {
    let [a0, a1, a2, a3] = left;
    let [b0, b1, b2, b3] = right;
    let (d0, b) = a0.borrowing_sub(b0, false);
    let (d1, b) = a1.borrowing_sub(b1, b);
    let (d2, b) = a2.borrowing_sub(b2, b);
    let (d3, b) = a3.borrowing_sub(b3, b);
    ([d0, d1, d2, d3], b)
}

/// The bits of `words` from the one numbered `from` on, as many as there are in a word; zeros beyond the last.
#[inline(always)]
pub(super) fn bits(words: Words, from: usize) -> usize {
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    let (index, shift) = (from / 64, from % 64);
    let low = word(index) >> shift;
    // Two steps, for a shift by 64 is none.
    let high = word(index + 1) << (63 - shift) << 1;
    usize::try_from(low | high).unwrap_or_default()
}

/// `words` halved, the odd bit dropped.
pub(super) fn halved(words: Words) -> Words {
    let [w0, w1, w2, w3] = words;
    [
        w0 >> 1 | w1 << 63,
        w1 >> 1 | w2 << 63,
        w2 >> 1 | w3 << 63,
        w3 >> 1,
    ]
}
