//! P-256 itself.
//!
//! Refuses points that are not on it. Source: SEC 2, section 2.4.2.

use super::curve::{Curve, Field, Windows};
use super::field::Fe;
use super::point::Affine;
use super::scalar;
use super::words::Words;

/// The curve.
pub(super) struct P256;

impl Curve for P256 {
    type Element = Fe;
    const ZERO: Fe = Fe::ZERO;
    const ONE: Fe = Fe::ONE;
    const B: Fe = Fe([
        0xd89c_df62_29c4_bddf,
        0xacf0_05cd_7884_3090,
        0xe5a2_20ab_f721_2ed6,
        0xdc30_061d_0487_4834,
    ]);
    const ORDER: Words = scalar::ORDER;
    /// 1.5 MiB.
    const OF_GENERATOR: Windows = Windows {
        bits: 11,
        count: 24,
    };
    /// 256 KiB.
    const OF_KEY: Windows = Windows { bits: 8, count: 32 };

    fn element(integer: Words) -> Option<Fe> {
        Fe::of(integer)
    }

    fn inverse(element: Fe) -> Fe {
        element.inverse()
    }
}

/// The point (x, y), if it is on the curve.
pub(super) fn point(x: Words, y: Words) -> Option<Affine<Fe>> {
    let (x, y) = (Fe::of(x)?, Fe::of(y)?);
    let three_x = x.plus(x).plus(x);
    let right = x.squared().times(x).minus(three_x).plus(P256::B);
    (y.squared() == right).then_some(Affine { x, y })
}

/// G.
pub(super) const GENERATOR: (Words, Words) = (
    [
        0xf4a1_3945_d898_c296,
        0x7703_7d81_2deb_33a0,
        0xf8bc_e6e5_63a4_40f2,
        0x6b17_d1f2_e12c_4247,
    ],
    [
        0xcbb6_4068_37bf_51f5,
        0x2bce_3357_6b31_5ece,
        0x8ee7_eb4a_7c0f_9e16,
        0x4fe3_42e2_fe1a_7f9b,
    ],
);
