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
        let mut carry_d = product(u, d[0]) + product(v, e[0]);
        let mut carry_e = product(q, d[0]) + product(r, e[0]);
        times_d = low(carry_d, times_d);
        times_e = low(carry_e, times_e);
        carry_d = (carry_d + product(self.limbs[0], times_d)) >> BATCH;
        carry_e = (carry_e + product(self.limbs[0], times_e)) >> BATCH;
        let mut next = ([0; 5], [0; 5]);
        for (limb, ((d, e), prime)) in d.iter().zip(&e).zip(&self.limbs).enumerate().skip(1) {
            carry_d += product(u, *d) + product(v, *e) + product(*prime, times_d);
            carry_e += product(q, *d) + product(r, *e) + product(*prime, times_e);
            carry_d = put(&mut next.0, limb - 1, carry_d);
            carry_e = put(&mut next.1, limb - 1, carry_e);
        }
        next.0[4] = carry_d as i64;
        next.1[4] = carry_e as i64;
        next
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
    let mut carry_f = (product(u, f[0]) + product(v, g[0])) >> BATCH;
    let mut carry_g = (product(q, f[0]) + product(r, g[0])) >> BATCH;
    let mut next = ([0; 5], [0; 5]);
    for (limb, (f, g)) in f.iter().zip(&g).enumerate().skip(1) {
        carry_f += product(u, *f) + product(v, *g);
        carry_g += product(q, *f) + product(r, *g);
        carry_f = put(&mut next.0, limb - 1, carry_f);
        carry_g = put(&mut next.1, limb - 1, carry_g);
    }
    next.0[4] = carry_f as i64;
    next.1[4] = carry_g as i64;
    next
}

#[inline(always)]
fn product(left: i64, right: i64) -> i128 {
    i128::from(left) * i128::from(right)
}

/// Puts the lowest 62 bits of `carry` into a limb and gives what is above them.
#[inline(always)]
fn put(limbs: &mut Signed, limb: usize, carry: i128) -> i128 {
    if let Some(limb) = limbs.get_mut(limb) {
        *limb = (carry as u64 & MASK) as i64;
    }
    carry >> BATCH
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
