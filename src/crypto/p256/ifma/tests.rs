//! Lanes against single elements.
//!
//! Refuses limbs that no operation leaves.

use super::{Fe8, Ifma, MASK, canonical, first_limbs, limbs, of_limbs};
use crate::crypto::p256::curve::{Field, LANES, Lanes, Pick};
use crate::crypto::p256::field::{Fe, PRIME};
use crate::crypto::p256::point::Affine;

/// 16 times `element`: a lane's product lacks 2^260, that of `Fe` only 2^256.
fn times_16(element: Fe) -> Fe {
    (0..4).fold(element, |sum, _| sum.plus(sum))
}

#[test]
fn lanes_compute_what_single_elements_do() {
    let Some(ifma) = Ifma::detect() else {
        eprintln!("skipped: this processor has no AVX-512 IFMA");
        return;
    };
    let p = limbs(PRIME);
    let mut samples = vec![[0; 5], [1, 0, 0, 0, 0], p, limbs(Fe::ONE.0)];
    // Below 2p and above p, as operations leave them.
    samples.push([0, p[1] + 1, 0, p[3], p[4] + 0xffff_ffff]);
    samples.push([p[0], p[1], MASK, 2 * p[3] - 7, 2 * p[4]]);
    samples.push([MASK - 2, (p[1] << 1) + 1, 0, 2 * p[3], 2 * p[4]]);
    samples.push([MASK, MASK, MASK, MASK, p[4]]);
    let mut state = 7_u64;
    for _ in 0..400 {
        let mut next = || {
            state = state
                .wrapping_mul(0x5851_f42d_4c95_7f2d)
                .wrapping_add(0x1405_7b7e_f767_814f);
            (state ^ state >> 29) & MASK
        };
        samples.push([next(), next(), next(), next(), next() % (2 * p[4])]);
    }
    let one = of_limbs(ifma, limbs(Fe::ONE.0));
    assert!(one.elements().iter().all(|lane| *lane == Fe::ONE));
    for (a, b) in samples.iter().zip(samples.iter().cycle().skip(3)) {
        for (a, b) in [(a, b), (b, a), (a, a)] {
            let (in_lanes, other) = (of_limbs(ifma, *a), of_limbs(ifma, *b));
            let (x, y) = (canonical(*a), canonical(*b));
            let same = |lanes: Fe8, right: Fe| {
                assert!(
                    lanes.elements().iter().all(|lane| *lane == right),
                    "{a:x?} {b:x?}"
                );
                let limbs = first_limbs(lanes);
                assert!(limbs.iter().all(|limb| *limb <= MASK), "{limbs:x?}");
                assert!(limbs[4] <= 2 * p[4] + 1, "{limbs:x?}");
            };
            same(in_lanes.plus(other), x.plus(y));
            same(in_lanes.minus(other), x.minus(y));
            same(
                in_lanes.minus_once_and_twice(other, one),
                x.minus(y).minus(Fe::ONE).minus(Fe::ONE),
            );
            let product = in_lanes.times(other);
            assert_eq!(times_16(product.elements()[3]), x.times(y), "{a:x?} {b:x?}");
            same(product, product.elements()[0]);
            let square = in_lanes.squared();
            assert_eq!(times_16(square.elements()[7]), x.squared(), "{a:x?}");
            same(square, square.elements()[0]);
        }
    }
}

#[test]
fn gathered_points_keep_their_lanes_and_signs() {
    let Some(ifma) = Ifma::detect() else { return };
    let points: Vec<_> = (1..=8_u64)
        .map(|lane| Affine {
            x: Fe([lane, lane << 8, lane << 16, lane << 24]),
            y: Fe([lane << 32, lane << 40, lane << 48, lane << 56]),
        })
        .collect();
    for negative in 0..=255_u8 {
        let picks: [_; LANES] = std::array::from_fn(|lane| Pick {
            point: &points[lane],
            negative: negative >> lane & 1 == 1,
        });
        let gathered = Fe8::start(ifma).gather(&picks);
        let (x, y) = (gathered.x.elements(), gathered.y.elements());
        let turned = gathered.x.rotated(2).elements();
        for (lane, point) in points.iter().enumerate() {
            let right = if picks[lane].negative {
                Fe::ZERO.minus(point.y)
            } else {
                point.y
            };
            assert_eq!((x[lane], y[lane]), (point.x, right));
            assert_eq!(turned[lane], points[(lane + 2) % LANES].x);
        }
    }
}
