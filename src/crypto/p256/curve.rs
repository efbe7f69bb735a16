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
    /// Bits in a window; divides 64.
    const WINDOW: usize;
    /// Windows in a multiplier: together they are wider than the order.
    const WINDOWS: usize;
    /// The points of one window in a table: the odd multiples under 2^[`WINDOW`](Self::WINDOW).
    const MULTIPLES: usize = 1 << (Self::WINDOW - 1);

    /// The element that `integer` stands for; `None` where it is not below the field's prime.
    fn element(integer: Words) -> Option<Self::Element>;
    /// `1 / element`, and zero for zero.
    fn inverse(element: Self::Element) -> Self::Element;
}

/// Eight elements side by side.
pub(super) trait Lanes: Field {
    /// What stands in one lane.
    type Element;
    /// The point that each of `picks` names, one a lane.
    fn gather(&self, picks: &[Pick<'_, Self::Element>; LANES]) -> Affine<Self>;
    /// One in each lane.
    fn one(&self) -> Self;
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
