//! Multiples of known points without a doubling: tables of every window's odd multiples, multipliers cut into signed odd
//! digits, and the sum of what they name.
//!
//! Refuses to answer where the sum collapsed (see `point`) or is no point of the curve: another judge is to be asked.
//!
//! A multiplier u that is odd is the sum of d·2^(w·i) over its windows i, with every d odd and |d| < 2^w: the digits of
//! (u >> 1) + 2^(w·windows - 1), each b read as d = 2b + 1 - 2^w. An even u is replaced by order - u, which is odd, and the
//! sign of all its points. So no digit is zero, no step branches, and every point is known before the first addition.

use super::curve::{Curve, Field, LANES, Lanes, Pick};
use super::point::{Affine, Sum, affine};
use super::words::{self, Words};

/// The table of `point`: for each window i from the lowest, (2j + 1)·2^(w·i)·`point` for every j under 2^(w-1).
pub(super) fn table<C: Curve>(point: Affine<C::Element>) -> Vec<Affine<C::Element>> {
    let mut bases = Vec::with_capacity(2 * C::WINDOWS);
    let mut base = Sum::of(point, C::ONE);
    for _ in 0..C::WINDOWS {
        let step = base.doubled();
        bases.extend([base, step]);
        base = (1..C::WINDOW).fold(step, |sum, _| sum.doubled());
    }
    let mut sums = Vec::with_capacity(C::WINDOWS * C::MULTIPLES);
    for pair in affine::<C>(&bases).chunks_exact(2) {
        let [base, step] = pair else { continue };
        // An odd multiple under 2^w and the double differ in x: the order is larger than either.
        let first = Sum::of(*base, C::ONE);
        let multiples = std::iter::successors(Some(first), |sum| Some(sum.plus_point(*step)));
        sums.extend(multiples.take(C::MULTIPLES));
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
    picks: &mut [Pick<'t, C::Element>],
) {
    let even = multiplier[0] & 1 == 0;
    let odd = if even {
        words::minus(C::ORDER, multiplier).0
    } else {
        multiplier
    };
    let mut rest = words::halved(odd);
    let top = C::WINDOW * C::WINDOWS - 1;
    if let Some(word) = rest.get_mut(top / 64) {
        *word |= 1 << (top % 64);
    }
    let digits = (0..C::WINDOWS).map(|window| {
        let bit = window * C::WINDOW;
        let word = rest.get(bit / 64).copied().unwrap_or_default();
        usize::try_from(word >> (bit % 64)).unwrap_or_default() & (2 * C::MULTIPLES - 1)
    });
    let windows = table.chunks_exact(C::MULTIPLES);
    for ((digit, window), pick) in digits.zip(windows).zip(picks) {
        // d = 2b + 1 - 2^w: its sign is that of b - 2^(w-1), and (|d| - 1)/2 are the low bits of b or of not b.
        let negative = digit < C::MULTIPLES;
        let index = if negative { !digit } else { digit } & (C::MULTIPLES - 1);
        if let Some(point) = window.get(index) {
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
    let neutral = Sum {
        x: C::ONE,
        y: C::ONE,
        zz: C::ZERO,
        zzz: C::ZERO,
    };
    points.next().map_or(neutral, |first| {
        points.fold(Sum::of(first, C::ONE), Sum::plus_point)
    })
}

/// The sum of all `rows`, each lane for itself.
#[inline(always)]
pub(super) fn sum_in_lanes<L: Lanes>(lanes: &L, rows: &[[Pick<'_, L::Element>; LANES]]) -> Sum<L> {
    let one = lanes.one();
    let Some((first, rest)) = rows.split_first() else {
        let zero = one.minus(one);
        return Sum {
            x: one,
            y: one,
            zz: zero,
            zzz: zero,
        };
    };
    let mut sum = Sum::of(lanes.gather(first), one);
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
