//! Inverses modulo a prime of 256 bits, by division steps in batches of 62.
//!
//! Refuses to run on for ever: 12 batches of division steps reach the end from every start. Variable time.
//!
//! Source: D. J. Bernstein and B.-Y. Yang, "Fast constant-time gcd computation and modular inversion" (2019); the batches
//! and their signed words of 62 bits are P. Wuille's (`safegcd_implementation.md`, bitcoin-core/secp256k1).

#![allow(
    clippy::as_conversions,
    reason = "words are read as signed or unsigned and cut to 62 bits on purpose"
)]

use super::words::Words;

/// A prime to invert by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Modulus {
    limbs: Signed,
    /// The inverse of the prime modulo 2^62.
    inverse: u64,
}

/// An integer as the sum of its limbs times 2^(62·i), every limb but the last in 0..2^62.
type Signed = [i64; 5];

/// How many division steps make a batch.
const BATCH: u32 = 62;
const MASK: u64 = u64::MAX >> 2;
/// 741 division steps are enough for 256 bits.
const MAX_BATCHES: usize = 12;

impl Modulus {
    /// The odd prime `words`.
    pub(super) const fn new(words: Words) -> Self {
        let low = words[0];
        // An odd number is its own inverse modulo 8; each step doubles the bits that are right.
        let mut inverse = low;
        let mut step = 0;
        while step < 5 {
            inverse = inverse.wrapping_mul(2_u64.wrapping_sub(low.wrapping_mul(inverse)));
            step += 1;
        }
        Self {
            limbs: signed(words),
            inverse: inverse & MASK,
        }
    }

    /// The inverse of `words`, which is below the prime; zero for zero.
    pub(super) fn inverse(&self, words: Words) -> Words {
        let (mut f, mut g) = (self.limbs, signed(words));
        let (mut d, mut e) = ([0; 5], [1, 0, 0, 0, 0]);
        let mut eta = -1;
        for _ in 0..MAX_BATCHES {
            if g == [0; 5] {
                break;
            }
            let matrix;
            (eta, matrix) = division_steps(eta, f[0] as u64, g[0] as u64);
            (d, e) = self.apply_modulo(matrix, d, e);
            (f, g) = apply(matrix, f, g);
        }
        // f is now 1 or -1, and d is f times the inverse, between -2 primes and 1.
        self.between(d, f[4] < 0)
    }

    /// `matrix`·(d, e) / 2^62 modulo the prime; all between -2 primes and 1.
    fn apply_modulo(&self, matrix: Matrix, d: Signed, e: Signed) -> (Signed, Signed) {
        let [u, v, q, r] = matrix;
        // A negative d or e has the prime added before, which keeps the result in range.
        let (sign_d, sign_e) = (d[4] >> 63, e[4] >> 63);
        let mut times_d = (u & sign_d) + (v & sign_e);
        let mut times_e = (q & sign_d) + (r & sign_e);
        let low = |carry: i128, times: i64| {
            let wrong = self
                .inverse
                .wrapping_mul(carry as u64)
                .wrapping_add(times as u64);
            times - (wrong & MASK) as i64
        };
        times_d = low(product(u, d[0]) + product(v, e[0]), times_d);
        times_e = low(product(q, d[0]) + product(r, e[0]), times_e);
        (
            combined((u, d), (v, e), (times_d, self.limbs)),
            combined((q, d), (r, e), (times_e, self.limbs)),
        )
    }

    /// `d`, or `-d` where `negate`, modulo the prime.
    fn between(&self, d: Signed, negate: bool) -> Words {
        let mut d = d;
        if d[4] < 0 {
            d = carried(std::array::from_fn(|limb| {
                at(&d, limb) + at(&self.limbs, limb)
            }));
        }
        if negate {
            d = carried(d.map(|limb| -limb));
        }
        if d[4] < 0 {
            d = carried(std::array::from_fn(|limb| {
                at(&d, limb) + at(&self.limbs, limb)
            }));
        }
        let [a, b, c, d, e] = d.map(|limb| limb as u64);
        [
            a | b << 62,
            b >> 2 | c << 60,
            c >> 4 | d << 58,
            d >> 6 | e << 56,
        ]
    }
}

/// (u, v, q, r): f becomes (u·f + v·g) / 2^62, g becomes (q·f + r·g) / 2^62.
type Matrix = [i64; 4];

/// One batch of division steps, which depends on the lowest 62 bits of f and g alone.
fn division_steps(mut eta: i32, mut f: u64, mut g: u64) -> (i32, Matrix) {
    let (mut u, mut v, mut q, mut r) = (1_u64, 0_u64, 0_u64, 1_u64);
    let mut left = BATCH;
    loop {
        let zeros = (g | u64::MAX << left).trailing_zeros();
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        eta -= zeros as i32;
        left -= zeros;
        if left == 0 {
            break;
        }
        if eta < 0 {
            eta = -eta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, u.wrapping_neg());
            (v, r) = (r, v.wrapping_neg());
        }
        // As many low bits of g at once as the next exchange is away, at most six: -g/f modulo 2^6 is how often f
        // goes into g to clear them.
        let bits = (eta as u32 + 1).min(left);
        let mask = (u64::MAX >> (64 - bits)) & 63;
        let times = f
            .wrapping_mul(g)
            .wrapping_mul(f.wrapping_mul(f).wrapping_sub(2))
            & mask;
        g = g.wrapping_add(f.wrapping_mul(times));
        q = q.wrapping_add(u.wrapping_mul(times));
        r = r.wrapping_add(v.wrapping_mul(times));
    }
    (eta, [u as i64, v as i64, q as i64, r as i64])
}

/// `matrix`·(f, g) / 2^62, which divides without rest.
fn apply(matrix: Matrix, f: Signed, g: Signed) -> (Signed, Signed) {
    let [u, v, q, r] = matrix;
    let nothing = (0, [0; 5]);
    (
        combined((u, f), (v, g), nothing),
        combined((q, f), (r, g), nothing),
    )
}

/// The sum of three integers times a factor each, without its lowest 62 bits, which are zero.
#[inline(always)]
fn combined(first: (i64, Signed), second: (i64, Signed), third: (i64, Signed)) -> Signed {
    let (u, [a0, a1, a2, a3, a4]) = first;
    let (v, [b0, b1, b2, b3, b4]) = second;
    let (w, [c0, c1, c2, c3, c4]) = third;
    let sum = |a, b, c| product(u, a) + product(v, b) + product(w, c);
    let low = |carry: i128| (carry as u64 & MASK) as i64;
    let t0 = sum(a0, b0, c0) >> BATCH;
    let t1 = t0 + sum(a1, b1, c1);
    let t2 = (t1 >> BATCH) + sum(a2, b2, c2);
    let t3 = (t2 >> BATCH) + sum(a3, b3, c3);
    let t4 = (t3 >> BATCH) + sum(a4, b4, c4);
    [low(t1), low(t2), low(t3), low(t4), (t4 >> BATCH) as i64]
}

#[inline(always)]
fn product(left: i64, right: i64) -> i128 {
    i128::from(left) * i128::from(right)
}

fn at(limbs: &Signed, limb: usize) -> i64 {
    limbs.get(limb).copied().unwrap_or_default()
}

/// The same integer with every limb but the last in 0..2^62.
fn carried(limbs: Signed) -> Signed {
    let mut carry = 0;
    let mut next = limbs.map(|limb| {
        let sum = limb + carry;
        carry = sum >> BATCH;
        sum & MASK as i64
    });
    // What the last limb carries is its own.
    next[4] += carry << BATCH;
    next
}

const fn signed(words: Words) -> Signed {
    let [a, b, c, d] = words;
    [
        (a & MASK) as i64,
        ((a >> 62 | b << 2) & MASK) as i64,
        ((b >> 60 | c << 4) & MASK) as i64,
        ((c >> 58 | d << 6) & MASK) as i64,
        (d >> 56) as i64,
    ]
}
