//! Multiples of known points without a doubling: tables of every window's odd multiples, multipliers cut into signed odd
//! digits, and the sum of what they name.
//!
//! Refuses to answer where the sum collapsed (see `point`) or is no point of the curve: another judge is to be asked.
//!
//! A multiplier u that is odd is the sum of d·2^(w·i) over its windows i, with every d odd and |d| < 2^w: the digits of
//! (u >> 1) + 2^(w·windows - 1), each b read as d = 2b + 1 - 2^w. An even u is replaced by order - u, which is odd, and the
//! sign of all its points. So no digit is zero, no step branches, and every point is known before the first addition.

use super::curve::{Curve, Field, LANES, Lanes, Pick, Windows};
use super::point::{Affine, Sum, affine};
use super::words::{self, Words};

/// The table of `point`: for each window i from the lowest, (2j + 1)·2^(w·i)·`point` for every j under 2^(w-1).
pub(super) fn table<C: Curve>(
    point: Affine<C::Element>,
    windows: Windows,
) -> Vec<Affine<C::Element>> {
    let mut bases = Vec::with_capacity(2 * windows.count);
    let mut base = Sum::of(point, C::ONE);
    for _ in 0..windows.count {
        let step = base.doubled();
        bases.extend([base, step]);
        base = (1..windows.bits).fold(step, |sum, _| sum.doubled());
    }
    let mut sums = Vec::with_capacity(windows.points());
    for pair in affine::<C>(&bases).chunks_exact(2) {
        let [base, step] = pair else { continue };
        // An odd multiple under 2^w and the double differ in x: the order is larger than either.
        let first = Sum::of(*base, C::ONE);
        let multiples = std::iter::successors(Some(first), |sum| Some(sum.plus_point(*step)));
        sums.extend(multiples.take(windows.multiples()));
    }
    affine::<C>(&sums)
}

/// Writes the points of `table` whose sum is `multiplier` times its point to `picks`, one a window.
///
/// `multiplier` is below the order. For zero the points of the order itself are named, whose sum is neutral.
#[inline(always)]
pub(super) fn pick<'t, C: Curve>(
    multiplier: Words,
    table: &'t [Affine<C::Element>],
    windows: Windows,
    picks: &mut [Pick<'t, C::Element>],
) {
    let even = multiplier[0] & 1 == 0;
    let odd = if even {
        words::minus(C::ORDER, multiplier).0
    } else {
        multiplier
    };
    let rest = words::halved(odd);
    let (last, multiples) = (windows.count - 1, windows.multiples());
    let points = table.chunks_exact(multiples);
    for (window, (points, pick)) in points.zip(picks).enumerate() {
        let digit = words::bits(rest, window * windows.bits) & (2 * multiples - 1);
        // What is added to u >> 1 is the highest bit of the last digit.
        let digit = if window == last {
            digit | multiples
        } else {
            digit
        };
        // d = 2b + 1 - 2^w: its sign is that of b - 2^(w-1), and (|d| - 1)/2 are the low bits of b or of not b.
        let negative = digit < multiples;
        let index = if negative { !digit } else { digit } & (multiples - 1);
        if let Some(point) = points.get(index) {
            *pick = Pick {
                point,
                negative: negative != even,
            };
        }
    }
}

/// The sum of all `picks`, one after the other.
pub(super) fn sum<C: Curve>(picks: &[Pick<'_, C::Element>]) -> Sum<C::Element> {
    let mut points = picks.iter().map(|pick| {
        let Affine { x, y } = *pick.point;
        Affine {
            x,
            y: if pick.negative { C::ZERO.minus(y) } else { y },
        }
    });
    match (points.next(), points.next()) {
        (Some(first), Some(second)) => points.fold(Sum::of_two(first, second), Sum::plus_point),
        // Nothing that could be believed.
        (_, _) => Sum {
            x: C::ZERO,
            y: C::ZERO,
            zz: C::ZERO,
            zzz: C::ZERO,
        },
    }
}

/// The sum of all `rows`, each lane for itself.
#[inline(always)]
pub(super) fn sum_in_lanes<L: Lanes>(lanes: &L, rows: &[[Pick<'_, L::Element>; LANES]]) -> Sum<L> {
    let [first, second, rest @ ..] = rows else {
        // Nothing that could be believed.
        let zero = lanes.zero();
        return Sum {
            x: zero,
            y: zero,
            zz: zero,
            zzz: zero,
        };
    };
    let mut sum = Sum::of_two(lanes.gather(first), lanes.gather(second));
    for row in rest {
        sum = sum.plus_point(lanes.gather(row));
    }
    sum
}

/// The sum of all `rows` over all lanes; it stands in the first.
#[inline(always)]
pub(super) fn sum_over_lanes<L: Lanes>(
    lanes: &L,
    rows: &[[Pick<'_, L::Element>; LANES]],
) -> Sum<L> {
    let mut sum = sum_in_lanes(lanes, rows);
    for by in [LANES / 2, LANES / 4, LANES / 8] {
        sum = sum.plus(Sum {
            x: sum.x.rotated(by),
            y: sum.y.rotated(by),
            zz: sum.zz.rotated(by),
            zzz: sum.zzz.rotated(by),
        });
    }
    sum
}

/// What a sum says of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::crypto) enum Answer {
    /// It is good.
    Good,
    /// It is bad.
    Bad,
    /// Two points with the same x were added on the way, which the formulas cannot do: another judge is to be asked.
    Collapsed,
    /// No point of the curve came out: memory or arithmetic is not what it was. Another judge is to be asked.
    Broken,
}

/// Whether x of `sum` is an integer that leaves `r` modulo the order.
///
/// `r` is below the order. The integer is below the field's prime, so it is `r` or, where that is below the prime too,
/// `r` + order. Nobody is turned away by a sum that is no point of the curve: the additions never use b, so a point of
/// a table that is no longer on the curve leaves a sum that is not.
pub(super) fn answer<C: Curve>(x: C::Element, y: C::Element, zz: C::Element, r: Words) -> Answer {
    if zz == C::ZERO {
        return Answer::Collapsed;
    }
    let is = |integer| C::element(integer).is_some_and(|element| element.times(zz) == x);
    let (above, overflowed) = words::plus(r, C::ORDER);
    if is(r) || (!overflowed && is(above)) {
        return Answer::Good;
    }
    // y² = x³ - 3x + b, times ZZ³, with x = X/ZZ and y² = Y²/ZZ³.
    let zz2 = zz.squared();
    let three_x = x.plus(x).plus(x);
    let right = x
        .squared()
        .times(x)
        .minus(three_x.times(zz2))
        .plus(C::B.times(zz2).times(zz));
    if y.squared() == right {
        Answer::Bad
    } else {
        Answer::Broken
    }
}
