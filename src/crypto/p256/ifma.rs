//! The field of P-256, eight elements at a time: AVX-512 with the 52-bit multiplier (IFMA).
//!
//! Refuses processors without it: nothing here can be reached but through [`Ifma::detect`]. This is the one file with
//! `unsafe` in it. Verification only: all of it is public, and what it costs in time may depend on it.
//!
//! An element is five limbs of 52 bits, times 2^260 modulo p, below 2p and so not unique. Every operation takes and gives
//! limbs below 2^52 and values below 2p; the bounds stand with each.
//!
//! Source: SEC 2, section 2.4.2 (the prime); Intel 64 instruction set, VPMADD52LUQ and VPMADD52HUQ; S. Gueron and
//! V. Krasnov, "Accelerating big integer arithmetic using Intel IFMA extensions" (2016), for the shape.

#![allow(unsafe_code, reason = "the one home of processor intrinsics")]
#![allow(
    clippy::as_conversions,
    reason = "words are read as signed where the processor wants them so"
)]

use super::curve::{Field, LANES, Lanes, Pick};
use super::field::{Fe, PRIME};
use super::multiply::{sum_in_lanes, sum_over_lanes};
use super::point::{Affine, Sum};
use super::words;
use core::arch::x86_64::{
    __m512i, _MM_HINT_T0, _mm_prefetch, _mm512_add_epi64, _mm512_alignr_epi64, _mm512_and_si512,
    _mm512_loadu_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_sub_epi64,
    _mm512_or_si512, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_shuffle_i64x2,
    _mm512_slli_epi64, _mm512_srai_epi64, _mm512_srli_epi64, _mm512_storeu_si512, _mm512_sub_epi64,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
};

/// The proof that this processor has the instructions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ifma(());

/// X, Y and ZZ of what came out, each lane's for itself.
pub(super) type Sums = [[Fe; 3]; LANES];

impl Ifma {
    /// The proof, on a processor and under an operating system that have the instructions.
    pub(super) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma");
        has.then_some(Self(()))
    }

    /// `point` as a table for these instructions holds it: times 16, which makes 2^256 of `Fe` the 2^260 of this file.
    pub(super) fn stored(self, point: Affine<Fe>) -> Affine<Fe> {
        let times_16 = |element| (0..4).fold(element, |sum: Fe, _| sum.plus(sum));
        Affine {
            x: times_16(point.x),
            y: times_16(point.y),
        }
    }

    /// The sums of the lanes of `rows`.
    pub(super) fn sum_in_lanes(self, rows: &[[Pick<'_, Fe>; LANES]]) -> Sums {
        // SAFETY: `self` proves that the processor has the features.
        unsafe { in_lanes(self, rows) }
    }

    /// The sum of all `rows`, over all lanes.
    pub(super) fn sum_over_lanes(self, rows: &[[Pick<'_, Fe>; LANES]]) -> [Fe; 3] {
        // SAFETY: `self` proves that the processor has the features.
        let [first, ..] = unsafe { over_lanes(self, rows) };
        first
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn in_lanes(ifma: Ifma, rows: &[[Pick<'_, Fe>; LANES]]) -> Sums {
    prefetch(rows);
    elements(sum_in_lanes::<Fe8>(&Fe8::start(ifma), rows))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn over_lanes(ifma: Ifma, rows: &[[Pick<'_, Fe>; LANES]]) -> Sums {
    prefetch(rows);
    elements(sum_over_lanes::<Fe8>(&Fe8::start(ifma), rows))
}

/// Asks for all points before the first is needed: they stand all over tables of many megabytes.
#[target_feature(enable = "avx512f,avx512ifma")]
fn prefetch(rows: &[[Pick<'_, Fe>; LANES]]) {
    for pick in rows.iter().flatten() {
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(pick.point).cast());
    }
}

/// X, Y and ZZ as `Fe` has them: a multiplication by 2^256 leaves 2^256 of the 2^260.
#[target_feature(enable = "avx512f,avx512ifma")]
fn elements(sum: Sum<Fe8>) -> Sums {
    let factor = everywhere(limbs(Fe::ONE.0));
    let [x, y, zz] = [sum.x, sum.y, sum.zz].map(|element| mul(element, factor).elements());
    std::array::from_fn(|lane| {
        [&x, &y, &zz].map(|elements| elements.get(lane).copied().unwrap_or(Fe::ZERO))
    })
}

/// Eight elements, limb by limb. One exists only after [`Ifma::detect`]: it is made of another, or of the proof.
#[derive(Clone, Copy)]
struct Fe8([__m512i; 5]);

/// The limbs of p.
const P: [u64; 5] = limbs(PRIME);
const MASK: u64 = (1 << 52) - 1;

/// Four words as five limbs.
const fn limbs(words: [u64; 4]) -> [u64; 5] {
    let [a, b, c, d] = words;
    [
        a & MASK,
        (a >> 52 | b << 12) & MASK,
        (b >> 40 | c << 24) & MASK,
        (c >> 28 | d << 36) & MASK,
        d >> 16,
    ]
}

impl Fe8 {
    /// The first of all: zero in each lane.
    fn start(_: Ifma) -> Self {
        // SAFETY: the argument proves that the processor has the features.
        Self([unsafe { _mm512_setzero_si512() }; 5])
    }
}

/// An operation as a method: calls the function of the processor with these instructions.
macro_rules! lanewise {
    ($(fn $name:ident($($argument:ident),*) = $function:ident;)*) => {$(
        #[inline(always)]
        fn $name(self $(, $argument: Self)*) -> Self {
            // SAFETY: an `Fe8` exists only after the features were detected.
            unsafe { $function(self $(, $argument)*) }
        }
    )*};
}

impl Field for Fe8 {
    lanewise! {
        fn plus(other) = add;
        fn minus(other) = sub;
        fn times(other) = mul;
        fn squared() = sqr;
        fn minus_once_and_twice(once, twice) = sub_once_and_twice;
    }
}

impl Lanes for Fe8 {
    type Element = Fe;

    #[inline(always)]
    fn gather(&self, picks: &[Pick<'_, Fe>; LANES]) -> Affine<Self> {
        // SAFETY: an `Fe8` exists only after the features were detected.
        unsafe { gather(picks) }
    }

    #[inline(always)]
    fn zero(&self) -> Self {
        self.minus(*self)
    }

    #[inline(always)]
    fn rotated(self, by: usize) -> Self {
        // SAFETY: an `Fe8` exists only after the features were detected.
        unsafe { rotated(self, by) }
    }

    fn elements(self) -> [Fe; LANES] {
        // SAFETY: an `Fe8` exists only after the features were detected.
        let limbs = unsafe { stored(self) };
        let at = |lane: usize| limbs.map(|limb| limb.get(lane).copied().unwrap_or_default());
        std::array::from_fn(|lane| canonical(at(lane)))
    }
}

/// Limbs of a value below 2p as the one element that they stand for.
fn canonical(limbs: [u64; 5]) -> Fe {
    let [a, b, c, d, e] = limbs;
    let sum = [
        a | b << 52,
        b >> 12 | c << 40,
        c >> 24 | d << 28,
        d >> 36 | e << 16,
    ];
    let (less, below) = words::minus(sum, PRIME);
    // Bit 256 is the 49th of the last limb.
    Fe(if e >> 48 != 0 || !below { less } else { sum })
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn splat(word: u64) -> __m512i {
    _mm512_set1_epi64(word as i64)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn everywhere(limbs: [u64; 5]) -> Fe8 {
    let [a, b, c, d, e] = limbs;
    Fe8([splat(a), splat(b), splat(c), splat(d), splat(e)])
}

/// The lanes of each limb.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn stored(element: Fe8) -> [[u64; LANES]; 5] {
    element.0.map(|limb| {
        let mut lanes = [0; LANES];
        // SAFETY: 64 bytes go to an array of 64 bytes.
        unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), limb) };
        lanes
    })
}

/// Signed limbs of a value in 0..2^260 as limbs below 2^52.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn carried(limbs: [__m512i; 5]) -> Fe8 {
    let mask = splat(MASK);
    let [a, b, c, d, e] = limbs;
    let b = _mm512_add_epi64(b, _mm512_srai_epi64::<52>(a));
    let c = _mm512_add_epi64(c, _mm512_srai_epi64::<52>(b));
    let d = _mm512_add_epi64(d, _mm512_srai_epi64::<52>(c));
    let e = _mm512_add_epi64(e, _mm512_srai_epi64::<52>(d));
    Fe8([
        _mm512_and_si512(a, mask),
        _mm512_and_si512(b, mask),
        _mm512_and_si512(c, mask),
        _mm512_and_si512(d, mask),
        e,
    ])
}

/// Signed limbs, each within 2^56 of zero, of a value in 0..8p as an element.
///
/// With t the value's top limb over 2^48 before the carries, rounded down, the value is above t·2^256 - 2^213 and below
/// (t + 1)·2^256 + 2^213, and t is -1 to 7. So the value less t·p is above -2^213 + t·(2^256 - p), that is, above zero
/// for t from 1, and zero or above for t = 0 because the value is, and for t = -1 because p is added; and it is below
/// 2^256 + 2^213 + 7·2^224, which is below 2p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn settled(limbs: [__m512i; 5]) -> Fe8 {
    let [a, b, c, d, e] = limbs;
    let t = _mm512_srai_epi64::<48>(e);
    // -t·p = t·(2^224 + 1) - t·(2^256 + 2^192 + 2^96)
    let a = _mm512_add_epi64(a, t);
    let b = _mm512_sub_epi64(b, _mm512_slli_epi64::<44>(t));
    let d = _mm512_sub_epi64(d, _mm512_slli_epi64::<36>(t));
    let e = _mm512_sub_epi64(e, _mm512_slli_epi64::<48>(t));
    let e = _mm512_add_epi64(e, _mm512_slli_epi64::<16>(t));
    carried([a, b, c, d, e])
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn zip(
    left: [__m512i; 5],
    right: [__m512i; 5],
    with: impl Fn(__m512i, __m512i) -> __m512i,
) -> [__m512i; 5] {
    let [a0, a1, a2, a3, a4] = left;
    let [b0, b1, b2, b3, b4] = right;
    [
        with(a0, b0),
        with(a1, b1),
        with(a2, b2),
        with(a3, b3),
        with(a4, b4),
    ]
}

/// Below 2p + 2p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add(left: Fe8, right: Fe8) -> Fe8 {
    settled(zip(left.0, right.0, |a, b| _mm512_add_epi64(a, b)))
}

/// 2p is added, so above zero and below 4p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sub(left: Fe8, right: Fe8) -> Fe8 {
    let left = zip(left.0, everywhere(P.map(|limb| 2 * limb)).0, |a, b| {
        _mm512_add_epi64(a, b)
    });
    settled(zip(left, right.0, |a, b| _mm512_sub_epi64(a, b)))
}

/// 6p is added, so above zero and below 8p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sub_once_and_twice(left: Fe8, once: Fe8, twice: Fe8) -> Fe8 {
    let left = zip(left.0, everywhere(P.map(|limb| 6 * limb)).0, |a, b| {
        _mm512_add_epi64(a, b)
    });
    let left = zip(left, once.0, |a, b| _mm512_sub_epi64(a, b));
    settled(zip(left, twice.0, |a, b| {
        _mm512_sub_epi64(a, _mm512_slli_epi64::<1>(b))
    }))
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn low(sum: __m512i, left: __m512i, right: __m512i) -> __m512i {
    _mm512_madd52lo_epu64(sum, left, right)
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn high(sum: __m512i, left: __m512i, right: __m512i) -> __m512i {
    _mm512_madd52hi_epu64(sum, left, right)
}

/// A column is a sum of at most nine halves of products, below 9·2^52.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul(left: Fe8, right: Fe8) -> Fe8 {
    let [a0, a1, a2, a3, a4] = left.0;
    let [b0, b1, b2, b3, b4] = right.0;
    let z = _mm512_setzero_si512();
    let c0 = low(z, a0, b0);
    let c1 = low(low(high(z, a0, b0), a0, b1), a1, b0);
    let c2 = low(
        low(low(high(high(z, a0, b1), a1, b0), a0, b2), a1, b1),
        a2,
        b0,
    );
    let c3 = high(high(high(z, a0, b2), a1, b1), a2, b0);
    let c3 = low(low(low(low(c3, a0, b3), a1, b2), a2, b1), a3, b0);
    let c4 = high(high(high(high(z, a0, b3), a1, b2), a2, b1), a3, b0);
    let c4 = low(
        low(low(low(low(c4, a0, b4), a1, b3), a2, b2), a3, b1),
        a4,
        b0,
    );
    let c5 = high(
        high(high(high(high(z, a0, b4), a1, b3), a2, b2), a3, b1),
        a4,
        b0,
    );
    let c5 = low(low(low(low(c5, a1, b4), a2, b3), a3, b2), a4, b1);
    let c6 = high(high(high(high(z, a1, b4), a2, b3), a3, b2), a4, b1);
    let c6 = low(low(low(c6, a2, b4), a3, b3), a4, b2);
    let c7 = high(high(high(z, a2, b4), a3, b3), a4, b2);
    let c7 = low(low(c7, a3, b4), a4, b3);
    let c8 = low(high(high(z, a3, b4), a4, b3), a4, b4);
    let c9 = high(z, a4, b4);
    reduced([c0, c1, c2, c3, c4, c5, c6, c7, c8, c9])
}

/// The products of different limbs once, doubled, and the squares: the same columns as `mul`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sqr(element: Fe8) -> Fe8 {
    let [a0, a1, a2, a3, a4] = element.0;
    let z = _mm512_setzero_si512();
    let twice = |column| _mm512_slli_epi64::<1>(column);
    let c1 = low(z, a0, a1);
    let c2 = low(high(z, a0, a1), a0, a2);
    let c3 = low(low(high(z, a0, a2), a0, a3), a1, a2);
    let c4 = low(low(high(high(z, a0, a3), a1, a2), a0, a4), a1, a3);
    let c5 = low(low(high(high(z, a0, a4), a1, a3), a1, a4), a2, a3);
    let c6 = low(high(high(z, a1, a4), a2, a3), a2, a4);
    let c7 = low(high(z, a2, a4), a3, a4);
    let c8 = high(z, a3, a4);
    reduced([
        low(z, a0, a0),
        high(twice(c1), a0, a0),
        low(twice(c2), a1, a1),
        high(twice(c3), a1, a1),
        low(twice(c4), a2, a2),
        high(twice(c5), a2, a2),
        low(twice(c6), a3, a3),
        high(twice(c7), a3, a3),
        low(twice(c8), a4, a4),
        high(z, a4, a4),
    ])
}

/// `columns` / 2^260 modulo p: for a product of two values below 2p, below 4p²/2^260 + p, which is below 1.25p.
///
/// As in `field`, -1/p is 1 modulo 2^52, so each lowest limb is its own quotient q: with -q cancelling it, what is left
/// of q·p is q·2^96 + q·2^192 + q·(2^256 - 2^224).
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduced(columns: [__m512i; 10]) -> Fe8 {
    let [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9] = columns;
    let [c1, c2, c3, c4, c5] = cancelled(c0, [c1, c2, c3, c4, c5]);
    let [c2, c3, c4, c5, c6] = cancelled(c1, [c2, c3, c4, c5, c6]);
    let [c3, c4, c5, c6, c7] = cancelled(c2, [c3, c4, c5, c6, c7]);
    let [c4, c5, c6, c7, c8] = cancelled(c3, [c4, c5, c6, c7, c8]);
    let [c5, c6, c7, c8, c9] = cancelled(c4, [c5, c6, c7, c8, c9]);
    carried([c5, c6, c7, c8, c9])
}

/// The columns above the lowest, with the lowest carried and its quotient times p added.
///
/// The multiplier reads 52 bits of its operands, so the column itself is the quotient.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn cancelled(q: __m512i, columns: [__m512i; 5]) -> [__m512i; 5] {
    let [c1, c2, c3, c4, c5] = columns;
    // 2^96 is 2^44 in the next limb; 2^192 and 2^256 - 2^224 are what p has in its last two.
    let p1 = splat(1 << 44);
    let [_, _, _, p3, p4] = everywhere(P).0;
    [
        _mm512_add_epi64(low(c1, q, p1), _mm512_srli_epi64::<52>(q)),
        high(c2, q, p1),
        low(c3, q, p3),
        low(high(c4, q, p3), q, p4),
        high(c5, q, p4),
    ]
}

/// The lanes moved down by `by`, one of 1, 2 and 4.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn rotated(element: Fe8, by: usize) -> Fe8 {
    Fe8(element.0.map(|limb| match by {
        4 => _mm512_alignr_epi64::<4>(limb, limb),
        2 => _mm512_alignr_epi64::<2>(limb, limb),
        _ => _mm512_alignr_epi64::<1>(limb, limb),
    }))
}

/// Loads eight points, a cache line each, and turns rows of words into lanes of limbs.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn gather(picks: &[Pick<'_, Fe>; LANES]) -> Affine<Fe8> {
    let load = |pick: &Pick<'_, Fe>| {
        const _: () = assert!(
            size_of::<Affine<Fe>>() == 64,
            "x, then y, of four words each"
        );
        // SAFETY: the reference is to a point, which is 64 bytes, all of them words.
        unsafe { _mm512_loadu_si512(std::ptr::from_ref(pick.point).cast()) }
    };
    let negative = picks
        .iter()
        .rev()
        .fold(0_u8, |mask, pick| mask << 1 | u8::from(pick.negative));
    let [p0, p1, p2, p3, p4, p5, p6, p7] = picks;
    let pair = |left, right| {
        let (left, right) = (load(left), load(right));
        (
            _mm512_unpacklo_epi64(left, right),
            _mm512_unpackhi_epi64(left, right),
        )
    };
    // Words 0, 2, 4, 6 and words 1, 3, 5, 7 of two points.
    let ((e01, o01), (e23, o23)) = (pair(p0, p1), pair(p2, p3));
    let ((e45, o45), (e67, o67)) = (pair(p4, p5), pair(p6, p7));
    // Words w and w + 4 of all eight, for w even or odd, 0 or 2 up.
    let words = |a, b, c, d| {
        let (near, far) = (
            _mm512_shuffle_i64x2::<0x88>(a, b),
            _mm512_shuffle_i64x2::<0x88>(c, d),
        );
        let (near2, far2) = (
            _mm512_shuffle_i64x2::<0xdd>(a, b),
            _mm512_shuffle_i64x2::<0xdd>(c, d),
        );
        [
            _mm512_shuffle_i64x2::<0x88>(near, far),
            _mm512_shuffle_i64x2::<0x88>(near2, far2),
            _mm512_shuffle_i64x2::<0xdd>(near, far),
            _mm512_shuffle_i64x2::<0xdd>(near2, far2),
        ]
    };
    let [x0, x2, y0, y2] = words(e01, e23, e45, e67);
    let [x1, x3, y1, y3] = words(o01, o23, o45, o67);
    let y = in_limbs([y0, y1, y2, y3]);
    // p - y where the inverse is meant; y is below p.
    let [y0, y1, y2, y3, y4] = y.0;
    let [q0, q1, q2, q3, q4] = everywhere(P).0;
    let inverted = |y, p| _mm512_mask_sub_epi64(y, negative, p, y);
    Affine {
        x: in_limbs([x0, x1, x2, x3]),
        y: carried([
            inverted(y0, q0),
            inverted(y1, q1),
            inverted(y2, q2),
            inverted(y3, q3),
            inverted(y4, q4),
        ]),
    }
}

/// `limbs` of each lane.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn in_limbs(words: [__m512i; 4]) -> Fe8 {
    let mask = splat(MASK);
    let [a, b, c, d] = words;
    let or = |low, high| _mm512_and_si512(_mm512_or_si512(low, high), mask);
    Fe8([
        _mm512_and_si512(a, mask),
        or(_mm512_srli_epi64::<52>(a), _mm512_slli_epi64::<12>(b)),
        or(_mm512_srli_epi64::<40>(b), _mm512_slli_epi64::<24>(c)),
        or(_mm512_srli_epi64::<28>(c), _mm512_slli_epi64::<36>(d)),
        _mm512_srli_epi64::<16>(d),
    ])
}

/// Lanes that all hold `limbs`, for tests.
#[cfg(test)]
fn of_limbs(_: Ifma, limbs: [u64; 5]) -> Fe8 {
    // SAFETY: the argument proves that the processor has the features.
    unsafe { everywhere(limbs) }
}

/// The limbs of the first lane, for tests.
#[cfg(test)]
fn first_limbs(element: Fe8) -> [u64; 5] {
    // SAFETY: an `Fe8` exists only after the features were detected.
    unsafe { stored(element) }.map(|limb| limb[0])
}

#[cfg(test)]
mod tests;
