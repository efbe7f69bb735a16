//! Arithmetic modulo the order of P-256.
//!
//! Refuses to divide by zero: a signature's s is known to be in 1..n before it comes here. Variable time: all of it is
//! public.
//!
//! Source: SEC 2, section 2.4.2 (the order); crate fiat-crypto (machine-checked multiplication).

use super::inverse::Modulus;
use super::words::{self, Words};
use fiat_crypto::p256_scalar_64 as fiat;

/// The order n of P-256.
pub(super) const ORDER: Words = [
    0xf3b9_cac2_fc63_2551,
    0xbce6_faad_a717_9e84,
    0xffff_ffff_ffff_ffff,
    0xffff_ffff_0000_0000,
];

const MODULUS: Modulus = Modulus::new(ORDER);

/// An integer below n, times 2^256 modulo n.
#[derive(Clone, Copy)]
pub(super) struct Scalar(fiat::fiat_p256_scalar_montgomery_domain_field_element);

impl Scalar {
    /// The scalar that `integer`, below n, stands for.
    pub(super) fn of(integer: Words) -> Self {
        let mut scalar = Self::raw([0; 4]);
        let integer = fiat::fiat_p256_scalar_non_montgomery_domain_field_element(integer);
        fiat::fiat_p256_scalar_to_montgomery(&mut scalar.0, &integer);
        scalar
    }

    /// `self · other`.
    pub(super) fn times(&self, other: &Self) -> Self {
        let mut product = Self::raw([0; 4]);
        fiat::fiat_p256_scalar_mul(&mut product.0, &self.0, &other.0);
        product
    }

    /// `self · integer`, where `integer` is below n: one multiplication takes the 2^256 out.
    pub(super) fn times_integer(&self, integer: Words) -> Words {
        self.times(&Self::raw(integer)).0.0
    }

    /// `1 / self`; `None` where it did not come out right, for zero in particular.
    pub(super) fn inverse(&self) -> Option<Self> {
        let integer = self.times_integer([1, 0, 0, 0]);
        let inverse = Self::of(MODULUS.inverse(integer));
        (inverse.times_integer(integer) == [1, 0, 0, 0]).then_some(inverse)
    }

    fn raw(words: Words) -> Self {
        Self(fiat::fiat_p256_scalar_montgomery_domain_field_element(
            words,
        ))
    }
}

/// `1 / scalar` for each of `scalars`, for one inversion; `None` where that did not come out right.
pub(super) fn inverses(
    scalars: impl DoubleEndedIterator<Item = Scalar> + Clone,
) -> Option<Vec<Scalar>> {
    // Montgomery's trick: each is multiplied by the product of those before it.
    let mut product = Scalar::of([1, 0, 0, 0]);
    let before: Vec<_> = scalars
        .clone()
        .map(|scalar| {
            let before = product;
            product = product.times(&scalar);
            before
        })
        .collect();
    let mut inverse = product.inverse()?;
    let mut inverses: Vec<_> = scalars
        .rev()
        .zip(before.iter().rev())
        .map(|(scalar, before)| {
            let own = inverse.times(before);
            inverse = inverse.times(&scalar);
            own
        })
        .collect();
    inverses.reverse();
    Some(inverses)
}

/// Whether `integer` is in 1..n.
pub(super) fn in_range(integer: Words) -> bool {
    integer != [0; 4] && words::minus(integer, ORDER).1
}

/// `integer` modulo n; it is below 2^256, which is below 2n.
pub(super) fn reduced(integer: Words) -> Words {
    let (less, below) = words::minus(integer, ORDER);
    if below { integer } else { less }
}
