//! What the engine asks of a curve and of its field, so that the same code can be run on a curve small enough to try
//! everything.
//!
//! Refuses to know a particular curve. The equation is y² = x³ - 3x + b, the order is an odd prime.

use super::point::Affine;
use super::words::Words;

/// Arithmetic in the field of a curve, on one element or on one in each of several lanes.
pub(super) trait Field: Copy {
    /// `self + other`.
    fn plus(self, other: Self) -> Self;
    /// `self - other`.
    fn minus(self, other: Self) -> Self;
    /// `self · other`.
    fn times(self, other: Self) -> Self;
    /// `self²`.
    fn squared(self) -> Self;
    /// `self - once - 2·twice`.
    #[inline(always)]
    fn minus_once_and_twice(self, once: Self, twice: Self) -> Self {
        self.minus(once).minus(twice).minus(twice)
    }
}

/// A curve, its field, and how multipliers are cut into windows.
pub(super) trait Curve {
    /// An element of the field.
    type Element: Field + Eq;
    /// Zero.
    const ZERO: Self::Element;
    /// One.
    const ONE: Self::Element;
    /// b of the equation.
    const B: Self::Element;
    /// The order of the curve.
    const ORDER: Words;
    /// How multipliers of the generator are cut: its table is there once, so it may be large.
    const OF_GENERATOR: Windows;
    /// How multipliers of a key are cut.
    const OF_KEY: Windows;

    /// The element that `integer` stands for; `None` where it is not below the field's prime.
    fn element(integer: Words) -> Option<Self::Element>;
    /// `1 / element`, and zero for zero.
    fn inverse(element: Self::Element) -> Self::Element;
}

/// How multipliers are cut into windows; together these are as wide as the order, or wider.
#[derive(Clone, Copy)]
pub(super) struct Windows {
    /// Bits in a window.
    pub(super) bits: usize,
    /// How many windows there are.
    pub(super) count: usize,
}

impl Windows {
    /// The points of one window in a table: the odd multiples under 2^bits.
    pub(super) const fn multiples(self) -> usize {
        1 << (self.bits - 1)
    }

    /// The points of a table.
    pub(super) const fn points(self) -> usize {
        self.count * self.multiples()
    }
}

/// Eight elements side by side.
pub(super) trait Lanes: Field {
    /// What stands in one lane.
    type Element;
    /// The point that each of `picks` names, one a lane.
    fn gather(&self, picks: &[Pick<'_, Self::Element>; LANES]) -> Affine<Self>;
    /// Zero in each lane.
    fn zero(&self) -> Self;
    /// Each lane's element moved down by `by` lanes, around the corner.
    fn rotated(self, by: usize) -> Self;
    /// The elements, from the first lane.
    fn elements(self) -> [Self::Element; LANES];
}

/// How many lanes there are.
pub(super) const LANES: usize = 8;

/// A point of a table, or its inverse.
#[derive(Clone, Copy)]
pub(super) struct Pick<'t, E> {
    pub(super) point: &'t Affine<E>,
    pub(super) negative: bool,
}
