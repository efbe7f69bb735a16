//! The known-signer engine: ECDSA on P-256 under keys that were known before the signature came.
//!
//! Refuses secrets: verification only, all inputs are public, so time and memory access may depend on them. Never sign
//! with any of it. Refuses to guess, too: where a sum collapses or an inverse does not come out right it has no answer,
//! and another judge is asked.
//!
//! u1·G + u2·Q needs no doubling where the multiples of G and Q stand in tables: `multiply` cuts the multipliers into
//! digits that each name one point, `point` adds the points, and r is compared without a division. `field` does so one
//! element at a time on any processor, `ifma` eight at a time where the processor can. Recoding, sum and comparison are
//! generic over the `curve`; `toy` runs them for every key, multiplier and r of curves that are small enough.
//!
//! Source: FIPS 186-5, section 6.4.2; SEC 1, section 4.1.4; SEC 2, section 2.4.2.

mod curve;
mod field;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod inverse;
mod multiply;
mod nist;
mod point;
mod scalar;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod toy;
mod words;

use super::digest::sha256;
use curve::{Curve, LANES, Pick, Windows};
use field::Fe;
pub(super) use multiply::Answer;
use nist::P256;
use point::Affine;
use scalar::Scalar;
use words::Words;

/// How the engine computes.
#[derive(Clone, Copy, Debug)]
pub struct Path(Way);

#[derive(Clone, Copy, Debug)]
enum Way {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Ifma(ifma::Ifma),
}

impl Path {
    /// On any processor.
    pub const PORTABLE: Self = Self(Way::Portable);

    /// `points` as this path wants them.
    fn stored(self, points: Vec<Affine<Fe>>) -> Vec<Affine<Fe>> {
        match self.0 {
            Way::Portable => points,
            #[cfg(target_arch = "x86_64")]
            Way::Ifma(ifma) => points.into_iter().map(|it| ifma.stored(it)).collect(),
        }
    }

    /// The fastest that this processor has.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(ifma) = ifma::Ifma::detect() {
            return Self(Way::Ifma(ifma));
        }
        Self::PORTABLE
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self.0 {
            Way::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Way::Ifma(_) => "avx512_ifma",
        }
    }
}

/// The multiples of one point, as one path wants them.
pub(super) struct Table {
    points: Vec<Affine<Fe>>,
    digest: [u8; 32],
}

impl Table {
    /// How many bytes the table of a key takes.
    pub(super) const BYTES: usize = P256::OF_KEY.points() * size_of::<Affine<Fe>>();

    /// Where in memory the point at `index` stands.
    #[cfg(test)]
    pub(super) fn address(&self, index: usize) -> *const u8 {
        std::ptr::from_ref(&self.points[index]).cast()
    }

    fn new(path: Path, point: Affine<Fe>, windows: Windows) -> Self {
        let points = path.stored(multiply::table::<P256>(point, windows));
        Self {
            digest: digest(&points),
            points,
        }
    }

    /// Whether it still holds what it was made with.
    pub(super) fn is_sound(&self) -> bool {
        self.digest == digest(&self.points)
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Table")
    }
}

fn digest(points: &[Affine<Fe>]) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(size_of_val(points));
    for point in points {
        for word in point.x.0.into_iter().chain(point.y.0) {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
    }
    sha256(&bytes)
}

/// A signature to judge.
pub(super) struct Job<'t> {
    /// The multiples of the key.
    pub(super) table: &'t Table,
    /// SHA-256 of what was signed.
    pub(super) hash: [u8; 32],
    /// `r ‖ s`.
    pub(super) signature: [u8; 64],
}

/// The engine on one path, with the multiples of G.
#[derive(Debug)]
pub(super) struct Multiplier {
    path: Path,
    generator: Table,
}

impl Multiplier {
    /// The engine on `path`; `None` where its own arithmetic is so broken that G is not on the curve.
    pub(super) fn new(path: Path) -> Option<Self> {
        let generator = nist::point(nist::GENERATOR.0, nist::GENERATOR.1)?;
        let generator = Table::new(path, generator, P256::OF_GENERATOR);
        Some(Self { path, generator })
    }

    pub(super) fn path(&self) -> Path {
        self.path
    }

    /// The multiples of the point (x, y), each in 32 bytes, the most significant first; `None` where it is not on the
    /// curve.
    pub(super) fn table(&self, x: &[u8; 32], y: &[u8; 32]) -> Option<Table> {
        let point = nist::point(words::of_bytes(x), words::of_bytes(y))?;
        Some(Table::new(self.path, point, P256::OF_KEY))
    }

    /// The multiples of G.
    pub(super) fn generator(&self) -> &Table {
        &self.generator
    }

    /// Whether the signature of `job` is good.
    pub(super) fn verify(&self, job: &Job<'_>) -> Answer {
        let Some(signature) = Signature::read(job) else {
            return Answer::Bad;
        };
        match signature.s.inverse() {
            Some(inverse) => self.solve(&signature.equation(&inverse)),
            None => Answer::Broken,
        }
    }

    /// What [`verify`](Self::verify) answers to each of `jobs`, in their order.
    pub(super) fn verify_batch(&self, jobs: &[Job<'_>]) -> Vec<Answer> {
        // What is out of range is answered before anything is multiplied together: one bad row spoils no other.
        let mut answers = vec![Answer::Bad; jobs.len()];
        let read = jobs.iter().zip(&mut answers);
        let (signatures, mut open): (Vec<_>, Vec<_>) = read
            .filter_map(|(job, answer)| Some((Signature::read(job)?, answer)))
            .unzip();
        let Some(inverses) = scalar::inverses(signatures.iter().map(|signature| signature.s))
        else {
            open.iter_mut().for_each(|answer| **answer = Answer::Broken);
            return answers;
        };
        let equations: Vec<_> = signatures
            .iter()
            .zip(&inverses)
            .map(|(signature, inverse)| signature.equation(inverse))
            .collect();
        for (answers, equations) in open.chunks_mut(LANES).zip(equations.chunks(LANES)) {
            let solved = self.solve_all(equations);
            for (answer, solved) in answers.iter_mut().zip(solved) {
                **answer = solved;
            }
        }
        answers
    }

    fn solve(&self, equation: &Equation<'_>) -> Answer {
        let picks = equation.picks(&self.generator);
        let [x, y, zz] = match self.path.0 {
            Way::Portable => multiply::sum::<P256>(&picks).coordinates(),
            #[cfg(target_arch = "x86_64")]
            Way::Ifma(ifma) => ifma.sum_over_lanes(picks.as_chunks().0),
        };
        multiply::answer::<P256>(x, y, zz, equation.r)
    }

    /// The answers to at most eight `equations`.
    fn solve_all(&self, equations: &[Equation<'_>]) -> [Answer; LANES] {
        let mut answers = [Answer::Broken; LANES];
        #[cfg(target_arch = "x86_64")]
        if let (Way::Ifma(ifma), MIN_FOR_LANES.., Some(first)) =
            (self.path.0, equations.len(), equations.first())
        {
            // Lanes without an equation of their own repeat the first.
            let lanes: [_; LANES] = std::array::from_fn(|lane| {
                equations.get(lane).unwrap_or(first).picks(&self.generator)
            });
            let rows: [_; PICKS] = std::array::from_fn(|row| {
                lanes
                    .each_ref()
                    .map(|picks| picks.get(row).copied().unwrap_or(NOTHING))
            });
            let sums = ifma.sum_in_lanes(&rows);
            for ((answer, equation), [x, y, zz]) in answers.iter_mut().zip(equations).zip(sums) {
                *answer = multiply::answer::<P256>(x, y, zz, equation.r);
            }
            return answers;
        }
        for (answer, equation) in answers.iter_mut().zip(equations) {
            *answer = self.solve(equation);
        }
        answers
    }
}

/// r and s in 1..n, and what else the equation of a signature is made of.
struct Signature<'t> {
    r: Words,
    s: Scalar,
    hash: Words,
    table: &'t Table,
}

impl<'t> Signature<'t> {
    /// The signature of `job`; `None` where r or s is out of range.
    fn read(job: &Job<'t>) -> Option<Self> {
        let (halves, _) = job.signature.as_chunks::<32>();
        let [r, s] = halves else { return None };
        let (r, s) = (words::of_bytes(r), words::of_bytes(s));
        let in_range = scalar::in_range(r) && scalar::in_range(s);
        in_range.then(|| Self {
            r,
            s: Scalar::of(s),
            hash: scalar::reduced(words::of_bytes(&job.hash)),
            table: job.table,
        })
    }

    /// The equation, with `inverse` = 1 / s.
    fn equation(&self, inverse: &Scalar) -> Equation<'t> {
        Equation {
            u1: inverse.times_integer(self.hash),
            u2: inverse.times_integer(self.r),
            r: self.r,
            table: self.table,
        }
    }
}

/// That the x of u1·G + u2·Q leaves r.
struct Equation<'t> {
    u1: Words,
    u2: Words,
    r: Words,
    table: &'t Table,
}

impl<'t> Equation<'t> {
    /// The points whose sum is u1·G + u2·Q.
    fn picks(&self, generator: &'t Table) -> [Pick<'t, Fe>; PICKS] {
        let mut picks = [NOTHING; PICKS];
        let (of_generator, of_key) = picks.split_at_mut(P256::OF_GENERATOR.count);
        let windows = P256::OF_GENERATOR;
        multiply::pick::<P256>(self.u1, &generator.points, windows, of_generator);
        multiply::pick::<P256>(self.u2, &self.table.points, P256::OF_KEY, of_key);
        picks
    }
}

/// A pick before it is made: of a point on no curve, so that nothing adds up with it.
const NOTHING: Pick<'static, Fe> = Pick {
    point: &Affine {
        x: Fe::ZERO,
        y: Fe::ZERO,
    },
    negative: false,
};
/// One point for each window of both multipliers.
const PICKS: usize = P256::OF_GENERATOR.count + P256::OF_KEY.count;
/// From how many signatures on eight lanes of their own are quicker than one after the other.
#[cfg(target_arch = "x86_64")]
const MIN_FOR_LANES: usize = 5;
