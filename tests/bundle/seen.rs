//! What a scanner remembers.

use crate::ground::{DAY_S, Press, day, first, proven};
use lintas::failure::Code;
use lintas::model::Environment;
use lintas::snapshot::bundle::{Age, Seen};

#[test]
fn nobody_goes_back_behind_what_was_seen() {
    let (press, signer, one) = first();
    let two = press.made(&signer.snapshot, 2, day(1));
    let again = press.made(&signer.snapshot, 2, day(2));
    let anew = Press {
        epoch: 1,
        ..press.clone()
    }
    .made(&signer.snapshot, 1, day(1));
    let [one, two, again, anew] = [one, two, again, anew].map(|it| proven(&press, &it));
    let nothing = Seen::nothing(press.root.fingerprint());
    let seen = nothing.with(&one).unwrap().with(&two).unwrap();
    assert_eq!(seen.with(&two).unwrap(), seen);
    for older in [&one, &again] {
        assert_eq!(seen.with(older).unwrap_err().code(), Code::BundleRolledBack);
    }
    // The root begins anew; then the old numbers are old.
    let anew = seen.with(&anew).unwrap();
    assert_eq!(anew.with(&two).unwrap_err().code(), Code::BundleRolledBack);
    let production = Press::new(Environment::Production, 40);
    let foreign = production.made(&signer.snapshot, 9, day(3));
    let foreign = seen.with(&proven(&production, &foreign));
    assert_eq!(foreign.unwrap_err().code(), Code::EnvironmentMismatch);
}

#[test]
fn the_clock_goes_on() {
    let (press, signer, one) = first();
    let nothing = Seen::nothing(press.root.fingerprint());
    let seen = nothing.with(&proven(&press, &one)).unwrap();
    assert_eq!(seen.latest, day(0));
    assert_eq!(
        seen.at(day(0).plus(-301)).unwrap_err().code(),
        Code::ClockSuspect
    );
    let seen = seen.at(day(0).plus(-300)).unwrap();
    let seen = seen.at(day(3)).unwrap();
    assert_eq!(seen.at(day(2)).unwrap_err().code(), Code::ClockSuspect);
    // A newer bundle that was held back does not bring its own day back.
    let held = press.made(&signer.snapshot, 2, day(1));
    let seen = seen.with(&proven(&press, &held)).unwrap();
    assert_eq!(seen.at(day(2)).unwrap_err().code(), Code::ClockSuspect);
}

#[test]
fn a_bundle_grows_old_and_then_too_old() {
    let (press, _, one) = first();
    let manifest = proven(&press, &one).manifest;
    for (after, age) in [
        (-DAY_S, Age::Fresh),
        (DAY_S, Age::Fresh),
        (DAY_S + 1, Age::Old(DAY_S + 1)),
        (7 * DAY_S, Age::Old(7 * DAY_S)),
        (7 * DAY_S + 1, Age::TooOld(7 * DAY_S + 1)),
    ] {
        assert_eq!(manifest.age(day(0).plus(after)), age);
    }
}
