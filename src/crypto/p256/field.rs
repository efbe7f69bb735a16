//! The field of P-256, one element at a time.
//!
//! Refuses representations other than the one below the prime, so equal elements are equal words. Variable time.
//!
//! Addition, subtraction and conversions are those of fiat-crypto. Multiplication and squaring are written here, because
//! fiat's cost over a quarter of a whole verification more; a test holds them against fiat's.
//!
//! Source: SEC 2, section 2.4.2 (the prime); P. Montgomery, "Modular multiplication without trial division" (1985).

#![allow(
    clippy::as_conversions,
    reason = "a product of two words is cut into its halves on purpose"
)]

use super::curve::Field;
use super::inverse::Modulus;
use super::words::{self, Words};
use fiat_crypto::p256_64 as fiat;
use fiat_crypto::p256_64::fiat_p256_montgomery_domain_field_element as Montgomery;

/// The prime p = 2^256 - 2^224 + 2^192 + 2^96 - 1.
pub(super) const PRIME: Words = [u64::MAX, 0xffff_ffff, 0, 0xffff_ffff_0000_0001];

const MODULUS: Modulus = Modulus::new(PRIME);

/// An element, times 2^256 modulo p, below p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fe(pub(super) Words);

impl Fe {
    pub(super) const ZERO: Self = Self([0; 4]);
    /// 2^256 - p.
    pub(super) const ONE: Self = Self([1, 0xffff_ffff_0000_0000, u64::MAX, 0xffff_fffe]);

    /// The element that `integer` stands for; `None` where it is not below p.
    pub(super) fn of(integer: Words) -> Option<Self> {
        let below = words::minus(integer, PRIME).1;
        below.then(|| {
            let integer = fiat::fiat_p256_non_montgomery_domain_field_element(integer);
            let mut element = Montgomery([0; 4]);
            fiat::fiat_p256_to_montgomery(&mut element, &integer);
            Self(element.0)
        })
    }

    /// `1 / self`, and zero for zero.
    pub(super) fn inverse(self) -> Self {
        let mut integer = fiat::fiat_p256_non_montgomery_domain_field_element([0; 4]);
        fiat::fiat_p256_from_montgomery(&mut integer, &Montgomery(self.0));
        Self::of(MODULUS.inverse(integer.0)).unwrap_or(Self::ZERO)
    }
}

impl Field for Fe {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        let mut sum = Montgomery([0; 4]);
        fiat::fiat_p256_add(&mut sum, &Montgomery(self.0), &Montgomery(other.0));
        Self(sum.0)
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        let mut difference = Montgomery([0; 4]);
        fiat::fiat_p256_sub(&mut difference, &Montgomery(self.0), &Montgomery(other.0));
        Self(difference.0)
    }

    #[inline]
    fn times(self, other: Self) -> Self {
        let [b0, b1, b2, b3] = other.0;
        let row = |t: [u64; 4], a: u64| {
            let (r0, c) = a.carrying_mul_add(b0, t[0], 0);
            let (r1, c) = a.carrying_mul_add(b1, t[1], c);
            let (r2, c) = a.carrying_mul_add(b2, t[2], c);
            let (r3, c) = a.carrying_mul_add(b3, t[3], c);
            (r0, [r1, r2, r3, c])
        };
        let [a0, a1, a2, a3] = self.0;
        let (t0, t) = row([0; 4], a0);
        let (t1, t) = row(t, a1);
        let (t2, t) = row(t, a2);
        let (t3, [t4, t5, t6, t7]) = row(t, a3);
        reduced([t0, t1, t2, t3, t4, t5, t6, t7])
    }

    #[inline]
    fn squared(self) -> Self {
        let [a0, a1, a2, a3] = self.0;
        // The products of different words, once.
        let (t1, c) = a0.carrying_mul(a1, 0);
        let (t2, c) = a0.carrying_mul(a2, c);
        let (t3, t4) = a0.carrying_mul(a3, c);
        let (t3, c) = a1.carrying_mul_add(a2, t3, 0);
        let (t4, t5) = a1.carrying_mul_add(a3, t4, c);
        let (t5, t6) = a2.carrying_mul_add(a3, t5, 0);
        // Twice those, and the squares of the words.
        let (s0, h0) = a0.carrying_mul(a0, 0);
        let (s1, h1) = a1.carrying_mul(a1, 0);
        let (s2, h2) = a2.carrying_mul(a2, 0);
        let (s3, h3) = a3.carrying_mul(a3, 0);
        let (r1, c) = h0.carrying_add(t1 << 1, false);
        let (r2, c) = s1.carrying_add(t2 << 1 | t1 >> 63, c);
        let (r3, c) = h1.carrying_add(t3 << 1 | t2 >> 63, c);
        let (r4, c) = s2.carrying_add(t4 << 1 | t3 >> 63, c);
        let (r5, c) = h2.carrying_add(t5 << 1 | t4 >> 63, c);
        let (r6, c) = s3.carrying_add(t6 << 1 | t5 >> 63, c);
        let (r7, _) = h3.carrying_add(t6 >> 63, c);
        reduced([s0, r1, r2, r3, r4, r5, r6, r7])
    }
}

/// `wide` / 2^256 modulo p, for `wide` below p·2^256.
///
/// -1/p is 1 modulo 2^64, so each lowest word is its own quotient q, and adding q·p to it takes it away: -q of p's -1
/// cancels the word, what is left of q·p is q·2^96 + q·(p >> 192)·2^192.
#[inline(always)]
fn reduced(wide: [u64; 8]) -> Fe {
    const TOP: u64 = PRIME[3];
    let step = |q: u64, low: [u64; 3], next: u64, carry: bool| {
        let [a, b, c] = low;
        let (a, carried) = a.carrying_add(q << 32, false);
        let (b, carried) = b.carrying_add(q >> 32, carried);
        let (c, high) = q.carrying_mul_add(TOP, c, u64::from(carried));
        let (next, carry) = next.carrying_add(high, carry);
        ([a, b, c], next, carry)
    };
    let [t0, t1, t2, t3, t4, t5, t6, t7] = wide;
    let ([t1, t2, t3], t4, c) = step(t0, [t1, t2, t3], t4, false);
    let ([t2, t3, t4], t5, c) = step(t1, [t2, t3, t4], t5, c);
    let ([t3, t4, t5], t6, c) = step(t2, [t3, t4, t5], t6, c);
    let ([t4, t5, t6], t7, c) = step(t3, [t4, t5, t6], t7, c);
    let sum = [t4, t5, t6, t7];
    let (less, below) = words::minus(sum, PRIME);
    Fe(if c || !below { less } else { sum })
}
