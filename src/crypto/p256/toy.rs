//! The engine on curves so small that everything can be tried.
//!
//! Refuses to sample: every key, every pair of multipliers, every r.

#![allow(
    clippy::as_conversions,
    clippy::print_stdout,
    reason = "small numbers; counts are shown with --nocapture"
)]

use super::curve::{Curve, Field, LANES, Lanes, Pick, Windows};
use super::multiply::{Answer, answer, pick, sum, sum_in_lanes, sum_over_lanes, table};
use super::point::{Affine, Sum};
use super::words::Words;
use std::marker::PhantomData;

/// A curve y² = x³ - 3x + b over a small prime, of prime order.
trait Small: Copy + Eq + std::fmt::Debug {
    const PRIME: u64;
    const B: u64;
    const ORDER: u64;
    /// A point other than the neutral one.
    const POINT: (u64, u64);
}

/// Order below the prime, by so much that r and r + order are both below it for many r.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Narrow;
impl Small for Narrow {
    const PRIME: u64 = 73;
    const B: u64 = 15;
    const ORDER: u64 = 61;
    const POINT: (u64, u64) = (4, 33);
}

/// Order above the prime.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Wide;
impl Small for Wide {
    const PRIME: u64 = 59;
    const B: u64 = 22;
    const ORDER: u64 = 67;
    const POINT: (u64, u64) = (0, 9);
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Element<S>(u64, PhantomData<S>);

impl<S: Small> Element<S> {
    fn new(integer: u64) -> Self {
        Self(integer % S::PRIME, PhantomData)
    }
}

impl<S: Small> Field for Element<S> {
    fn plus(self, other: Self) -> Self {
        Self::new(self.0 + other.0)
    }
    fn minus(self, other: Self) -> Self {
        Self::new(self.0 + S::PRIME - other.0)
    }
    fn times(self, other: Self) -> Self {
        Self::new(self.0 * other.0)
    }
    fn squared(self) -> Self {
        self.times(self)
    }
}

#[derive(Clone, Copy)]
struct Toy<S>(PhantomData<S>);

impl<S: Small> Curve for Toy<S> {
    type Element = Element<S>;
    const ZERO: Self::Element = Element(0, PhantomData);
    const ONE: Self::Element = Element(1, PhantomData);
    const B: Self::Element = Element(S::B, PhantomData);
    const ORDER: Words = [S::ORDER, 0, 0, 0];
    const OF_GENERATOR: Windows = Windows { bits: 3, count: 8 };
    const OF_KEY: Windows = Windows { bits: 2, count: 8 };

    fn element(integer: Words) -> Option<Self::Element> {
        let [low, a, b, c] = integer;
        ((a | b | c) == 0 && low < S::PRIME).then(|| Element::new(low))
    }

    fn inverse(element: Self::Element) -> Self::Element {
        (0..S::PRIME - 3).fold(element, |power, _| power.times(element))
    }
}

/// Eight elements, one after the other.
#[derive(Clone, Copy)]
struct Row<S>([Element<S>; LANES]);

impl<S: Small> Row<S> {
    fn zip(self, other: Self, with: impl Fn(Element<S>, Element<S>) -> Element<S>) -> Self {
        Self(std::array::from_fn(|lane| {
            with(self.0[lane], other.0[lane])
        }))
    }
}

impl<S: Small> Field for Row<S> {
    fn plus(self, other: Self) -> Self {
        self.zip(other, Field::plus)
    }
    fn minus(self, other: Self) -> Self {
        self.zip(other, Field::minus)
    }
    fn times(self, other: Self) -> Self {
        self.zip(other, Field::times)
    }
    fn squared(self) -> Self {
        self.times(self)
    }
}

impl<S: Small> Lanes for Row<S> {
    type Element = Element<S>;
    fn gather(&self, picks: &[Pick<'_, Element<S>>; LANES]) -> Affine<Self> {
        Affine {
            x: Self(picks.map(|pick| pick.point.x)),
            y: Self(picks.map(|pick| match pick.negative {
                true => Toy::<S>::ZERO.minus(pick.point.y),
                false => pick.point.y,
            })),
        }
    }
    fn zero(&self) -> Self {
        Self([Toy::<S>::ZERO; LANES])
    }
    fn rotated(self, by: usize) -> Self {
        Self(std::array::from_fn(|lane| self.0[(lane + by) % LANES]))
    }
    fn elements(self) -> [Element<S>; LANES] {
        self.0
    }
}

/// Every multiple of the curve's point by textbook arithmetic; the neutral one first.
fn multiples<S: Small>() -> Vec<Option<(u64, u64)>> {
    let p = S::PRIME;
    let divide = |a: u64, b: u64| (0..p).find(|c| b * c % p == a % p).unwrap();
    let (x1, y1) = S::POINT;
    assert_eq!(
        y1 * y1 % p,
        (x1 * x1 * x1 + S::B + (p - 3) * x1) % p,
        "not on the curve"
    );
    let mut all = vec![None];
    let mut last = Some((x1, y1));
    while let Some((x, y)) = last {
        all.push(last);
        let slope = match (x, y) {
            _ if x != x1 => divide(y + p - y1, x + p - x1),
            _ if y == y1 => divide(3 * x * x + p - 3, 2 * y),
            _ => break,
        };
        let x3 = (slope * slope + 2 * p - x - x1) % p;
        last = Some((x3, (slope * (x + p - x3) + p - y) % p));
    }
    assert_eq!(all.len() as u64, S::ORDER, "another order");
    all
}

/// What the engine must say of one pair of multipliers, by the multiples that the picks name.
struct Model<S> {
    multiples: Vec<Option<(u64, u64)>>,
    /// Which multiple stands at x and y.
    places: Vec<[u64; 128]>,
    curve: PhantomData<S>,
}

impl<S: Small> Model<S> {
    fn new() -> Self {
        let multiples = multiples::<S>();
        let mut places = vec![[0; 128]; 128];
        for (multiple, point) in multiples.iter().enumerate() {
            if let Some((x, y)) = point {
                places[*x as usize][*y as usize] = multiple as u64;
            }
        }
        Self {
            multiples,
            places,
            curve: PhantomData,
        }
    }

    fn point(&self, multiple: u64) -> Affine<Element<S>> {
        let (x, y) = self.multiples[multiple as usize].unwrap();
        Affine {
            x: Element::new(x),
            y: Element::new(y),
        }
    }

    /// Which multiple of the curve's point `pick` is.
    fn multiple(&self, pick: &Pick<'_, Element<S>>) -> u64 {
        let multiple = self.places[pick.point.x.0 as usize][pick.point.y.0 as usize];
        assert_ne!(multiple, 0, "a pick that is no point");
        if pick.negative {
            S::ORDER - multiple
        } else {
            multiple
        }
    }

    /// The sum of two multiples; `None` if the formulas do not hold for them or one has collapsed already.
    fn add(left: Option<u64>, right: Option<u64>) -> Option<u64> {
        let (left, right) = (left?, right?);
        let same_x = left == right || left + right == S::ORDER;
        (left != 0 && right != 0 && !same_x).then_some((left + right) % S::ORDER)
    }

    /// Holds what came out against what must, for every r.
    fn check(&self, sum: [Element<S>; 3], expected: Option<u64>, total: u64) -> u64 {
        assert_eq!(expected, expected.map(|_| total), "the picks do not add up");
        for r in 0..S::ORDER {
            let right = expected.map_or(Answer::Collapsed, |multiple| {
                let x = self.multiples[multiple as usize].unwrap().0;
                if x % S::ORDER == r {
                    Answer::Good
                } else {
                    Answer::Bad
                }
            });
            let [x, y, zz] = sum;
            assert_eq!(answer::<Toy<S>>(x, y, zz, [r, 0, 0, 0]), right);
        }
        S::ORDER
    }
}

/// Tries every key, both multipliers and r, in the three ways of summing; how often each was tried, and collapsed.
fn everything<S: Small>() -> (u64, u64) {
    const PICKS: usize = 16;
    type Picks<'t, S> = [Pick<'t, Element<S>>; PICKS];
    let model = Model::<S>::new();
    let generator = table::<Toy<S>>(model.point(1), Toy::<S>::OF_GENERATOR);
    let (mut tried, mut collapsed) = (0, 0);
    for key in 1..S::ORDER {
        let of_key = table::<Toy<S>>(model.point(key), Toy::<S>::OF_KEY);
        let picks = |u1: u64, u2: u64| -> Picks<'_, S> {
            let mut picks = [Pick {
                point: &generator[0],
                negative: false,
            }; PICKS];
            let (left, right) = picks.split_at_mut(PICKS / 2);
            pick::<Toy<S>>([u1, 0, 0, 0], &generator, Toy::<S>::OF_GENERATOR, left);
            pick::<Toy<S>>([u2, 0, 0, 0], &of_key, Toy::<S>::OF_KEY, right);
            picks
        };
        for u1 in 0..S::ORDER {
            let all: Vec<_> = (0..S::ORDER).map(|u2| (u2, picks(u1, u2))).collect();
            for (u2, picks) in &all {
                let total = (u1 + u2 * key) % S::ORDER;
                let multiples = picks.each_ref().map(|pick| Some(model.multiple(pick)));
                // One after the other.
                let expected = multiples.into_iter().reduce(Model::<S>::add).unwrap();
                let Sum { x, y, zz, .. } = sum::<Toy<S>>(picks);
                tried += model.check([x, y, zz], expected, total);
                collapsed += u64::from(expected.is_none());
                // Over the lanes.
                let mut lanes: Vec<_> = (0..LANES)
                    .map(|lane| Model::<S>::add(multiples[lane], multiples[lane + LANES]))
                    .collect();
                while lanes.len() > 1 {
                    let upper = lanes.split_off(lanes.len() / 2);
                    lanes = lanes
                        .into_iter()
                        .zip(upper)
                        .map(|(a, b)| Model::<S>::add(a, b))
                        .collect();
                }
                let row = Row([Toy::<S>::ONE; LANES]);
                let Sum { x, y, zz, .. } = sum_over_lanes(&row, picks.as_chunks().0);
                tried += model.check([x.0[0], y.0[0], zz.0[0]], lanes[0], total);
                collapsed += u64::from(lanes[0].is_none());
            }
            // Each in a lane of its own, in company of others.
            for group in all
                .windows(LANES)
                .step_by(LANES)
                .chain(all.windows(LANES).last())
            {
                let rows: Vec<[Pick<'_, Element<S>>; LANES]> = (0..PICKS)
                    .map(|at| std::array::from_fn(|lane| group[lane].1[at]))
                    .collect();
                let Sum { x, y, zz, .. } = sum_in_lanes(&Row([Toy::<S>::ONE; LANES]), &rows);
                for (lane, (u2, picks)) in group.iter().enumerate() {
                    let multiples = picks.each_ref().map(|pick| Some(model.multiple(pick)));
                    let expected = multiples.into_iter().reduce(Model::<S>::add).unwrap();
                    let total = (u1 + u2 * key) % S::ORDER;
                    tried += model.check([x.0[lane], y.0[lane], zz.0[lane]], expected, total);
                }
            }
        }
    }
    (tried, collapsed)
}

#[test]
fn every_key_multiplier_and_r_of_small_curves_comes_out_right() {
    let (narrow, narrow_collapsed) = everything::<Narrow>();
    let (wide, wide_collapsed) = everything::<Wide>();
    println!("order below the prime: {narrow} tried, {narrow_collapsed} sums collapsed");
    println!("order above the prime: {wide} tried, {wide_collapsed} sums collapsed");
    // keys · u1 · u2 · r, one after the other and over lanes; each once or more in a lane of its own.
    assert!(narrow >= 3 * 60 * 61 * 61 * 61 && narrow_collapsed > 0);
    assert!(wide >= 3 * 66 * 67 * 67 * 67 && wide_collapsed > 0);
}

#[test]
fn a_table_holds_the_odd_multiples_of_every_window() {
    let model = Model::<Narrow>::new();
    for (index, point) in table::<Toy<Narrow>>(model.point(7), Toy::<Narrow>::OF_KEY)
        .iter()
        .enumerate()
    {
        let (window, multiple) = (index / 2, index as u64 % 2 * 2 + 1);
        assert_eq!(*point, model.point(7 * (multiple << (2 * window)) % 61));
    }
}
