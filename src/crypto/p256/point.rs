//! The group law, in XYZZ coordinates: x = X/ZZ, y = Y/ZZZ, ZZ³ = ZZZ².
//!
//! Refuses to notice exceptional additions one by one. The formulas hold for two points with different x; where x is the
//! same (a point and itself, a point and its inverse) they give ZZ = 0, and from a point with ZZ = 0 every addition gives
//! ZZ = 0 again. So one look at ZZ, at the end and before anything is believed, finds every one of them.
//!
//! Source: the Explicit-Formulas Database, short Weierstrass curves, `xyzz` (`add-2008-s`, `madd-2008-s`,
//! `mmadd-2008-s`, `dbl-2008-s-1`); the argument about ZZ follows from ZZ3 = ZZ1·ZZ2·P², with P = 0 where the x are the same.

use super::curve::{Curve, Field};

/// A point that is not the neutral one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Affine<F> {
    pub(super) x: F,
    pub(super) y: F,
}

/// A sum of points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum<F> {
    pub(super) x: F,
    pub(super) y: F,
    pub(super) zz: F,
    pub(super) zzz: F,
}

impl<F: Field> Sum<F> {
    /// The sum that is `point` alone.
    #[inline(always)]
    pub(super) fn of(point: Affine<F>, one: F) -> Self {
        Self {
            x: point.x,
            y: point.y,
            zz: one,
            zzz: one,
        }
    }

    /// The sum of two points, for 4 multiplications and 2 squarings.
    #[inline(always)]
    pub(super) fn of_two(first: Affine<F>, second: Affine<F>) -> Self {
        let p = second.x.minus(first.x);
        let r = second.y.minus(first.y);
        let pp = p.squared();
        let ppp = p.times(pp);
        let q = first.x.times(pp);
        let x = r.squared().minus_once_and_twice(ppp, q);
        Self {
            x,
            y: r.times(q.minus(x)).minus(first.y.times(ppp)),
            zz: pp,
            zzz: ppp,
        }
    }

    /// X, Y and ZZ.
    pub(super) fn coordinates(self) -> [F; 3] {
        [self.x, self.y, self.zz]
    }

    /// `self + point`, for 8 multiplications and 2 squarings.
    #[inline(always)]
    pub(super) fn plus_point(self, point: Affine<F>) -> Self {
        let p = point.x.times(self.zz).minus(self.x);
        let r = point.y.times(self.zzz).minus(self.y);
        let pp = p.squared();
        let ppp = p.times(pp);
        let q = self.x.times(pp);
        let x = r.squared().minus_once_and_twice(ppp, q);
        Self {
            x,
            y: r.times(q.minus(x)).minus(self.y.times(ppp)),
            zz: self.zz.times(pp),
            zzz: self.zzz.times(ppp),
        }
    }

    /// `self + other`, for 12 multiplications and 2 squarings.
    #[inline(always)]
    pub(super) fn plus(self, other: Self) -> Self {
        let u = self.x.times(other.zz);
        let s = self.y.times(other.zzz);
        let p = other.x.times(self.zz).minus(u);
        let r = other.y.times(self.zzz).minus(s);
        let pp = p.squared();
        let ppp = p.times(pp);
        let q = u.times(pp);
        let x = r.squared().minus_once_and_twice(ppp, q);
        Self {
            x,
            y: r.times(q.minus(x)).minus(s.times(ppp)),
            zz: self.zz.times(other.zz).times(pp),
            zzz: self.zzz.times(other.zzz).times(ppp),
        }
    }

    /// `2·self`; the order is odd, so there is no point whose double is neutral.
    pub(super) fn doubled(self) -> Self {
        let u = self.y.plus(self.y);
        let v = u.squared();
        let w = u.times(v);
        let s = self.x.times(v);
        let slope = self.x.minus(self.zz).times(self.x.plus(self.zz));
        let m = slope.plus(slope).plus(slope);
        let x = m.squared().minus(s).minus(s);
        Self {
            x,
            y: m.times(s.minus(x)).minus(w.times(self.y)),
            zz: v.times(self.zz),
            zzz: w.times(self.zzz),
        }
    }
}

/// The affine form of all `sums`, none of which is neutral, for one inversion.
pub(super) fn affine<C: Curve>(sums: &[Sum<C::Element>]) -> Vec<Affine<C::Element>> {
    // Montgomery's trick: before[i] is the product of all zzz before i.
    let mut product = C::ONE;
    let before: Vec<_> = sums
        .iter()
        .map(|sum| {
            let before = product;
            product = product.times(sum.zzz);
            before
        })
        .collect();
    let mut inverse = C::inverse(product);
    let mut points: Vec<_> = sums
        .iter()
        .zip(&before)
        .rev()
        .map(|(sum, before)| {
            let zzz = inverse.times(*before);
            inverse = inverse.times(sum.zzz);
            let z = zzz.times(sum.zz);
            Affine {
                x: sum.x.times(z.squared()),
                y: sum.y.times(zzz),
            }
        })
        .collect();
    points.reverse();
    points
}
