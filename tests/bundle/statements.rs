//! What a root states, on its way past those who sign it.

use crate::ground::{DAY_S, Key, Press, day};
use lintas::failure::{Code, Failure};
use lintas::model::{Environment, Validity};
use lintas::snapshot::bundle::{Root, Statements};

fn validity() -> Validity {
    Validity {
        not_before: day(0),
        not_after: day(30),
    }
}

/// What follows `before` where `next` is to be the root, or the last one stays.
fn drafted(before: Option<&Statements>, next: Option<&Root>, epoch: Option<u64>) -> Statements {
    let key = Key::new(99).spki();
    Statements::draft(before, next.cloned(), &key, validity(), epoch).unwrap()
}

/// The same, signed by two of the keys of each of these.
fn signed(mut statements: Statements, by: &[&Press]) -> Statements {
    for key in by.iter().flat_map(|press| &press.keys[..2]) {
        let sign = |bytes: &[u8]| Ok::<_, Failure>(key.sign(bytes));
        statements.sign(key.kid(), sign).unwrap();
    }
    statements
}

#[test]
fn roots_follow_each_other_and_of_over_sixteen_the_oldest_goes() {
    let presses: Vec<_> = (0..20)
        .map(|place| Press::new(Environment::Demo, 100 + 4 * place))
        .collect();
    let first = drafted(None, Some(&presses[0].root), Some(3));
    let mut statements = signed(first, &[&presses[0]]);
    for pair in presses.windows(2) {
        let next = drafted(Some(&statements), Some(&pair[1].root), None);
        // What was signed before is kept; what is new has to be signed by both.
        assert_eq!(next.complete().unwrap_err().code(), Code::ProofInvalid);
        statements = signed(next, &[&pair[0], &pair[1]]);
        statements.complete().unwrap();
    }
    let read = Statements::read(&statements.write().unwrap()).unwrap();
    assert_eq!((read.roots().len(), read.epoch), (16, 3));
    let from = |place: usize| read.frame().stated(presses[place].root.fingerprint());
    for place in 4..20 {
        let (root, _, epoch) = from(place).unwrap();
        assert_eq!(root.fingerprint(), presses[19].root.fingerprint());
        assert_eq!(epoch, 3);
    }
    assert_eq!(from(3).unwrap_err().code(), Code::AnchorUnknown);
}

#[test]
fn a_draft_is_known_by_what_it_says_and_not_by_who_signed_it() {
    let press = Press::new(Environment::Demo, 40);
    let draft = drafted(None, Some(&press.root), None);
    let one = signed(draft.clone(), &[&press]);
    assert_eq!(one.hash().unwrap(), draft.hash().unwrap());
    assert_ne!(one.write().unwrap(), draft.write().unwrap());
    // Whoever has signed signs nothing twice, and nothing that has enough.
    let again = signed(one.clone(), &[&press]);
    assert_eq!(again.write().unwrap(), one.write().unwrap());
    let later = Validity {
        not_after: day(29),
        ..validity()
    };
    let key = Key::new(99).spki();
    let other = Statements::draft(None, Some(press.root.clone()), &key, later, None).unwrap();
    let mixed = one.clone().join(other).unwrap_err();
    assert_eq!(mixed.code(), Code::BundleInvalid);
    let production = Press::new(Environment::Production, 40);
    let foreign = drafted(None, Some(&production.root), None);
    let mixed = draft.clone().join(foreign).unwrap_err();
    assert_eq!(mixed.code(), Code::EnvironmentMismatch);
    let stranger = Key::new(77);
    let refused = draft.clone().sign(stranger.kid(), |_| Ok(Vec::new()));
    assert_eq!(refused.unwrap_err().code(), Code::ProofInvalid);
    // A signature of a custodian that is none.
    let forged = draft.clone().sign(press.keys[0].kid(), |_| Ok(vec![7; 64]));
    assert_eq!(forged.unwrap_err().code(), Code::ProofInvalid);
    let long = Validity {
        not_after: day(0).plus(30 * DAY_S + 1),
        ..validity()
    };
    let refused = Statements::draft(None, Some(press.root.clone()), &key, long, None);
    assert_eq!(refused.unwrap_err().code(), Code::BundleInvalid);
    for epoch in [0, 1] {
        let refused = Statements::draft(
            Some(&drafted(None, Some(&press.root), Some(1))),
            None,
            &key,
            validity(),
            Some(epoch),
        );
        assert_eq!(refused.unwrap_err().code(), Code::BundleRolledBack);
    }
    let none = Statements::draft(None, None, &key, validity(), None);
    assert_eq!(none.unwrap_err().code(), Code::RequestInvalid);
    let same = Statements::draft(Some(&one), Some(press.root), &key, validity(), None);
    assert_eq!(same.unwrap_err().code(), Code::RequestInvalid);
}
