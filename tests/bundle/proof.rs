//! What a bundle has to prove before anybody looks into it.

use crate::ground::{Key, Press, day, first, proven, signed};
use lintas::failure::Code;
use lintas::model::{Environment, Thumbprint, Validity};
use lintas::snapshot::bundle::{Bundle, BundleKey, EPOCH, KEY, ROOT, Root, epoch_payload};
use std::collections::BTreeMap;

fn refused(bundle: &Bundle, pinned: Thumbprint) -> Code {
    bundle.prove(pinned, None).unwrap_err().code()
}

#[test]
fn a_bundle_proves_itself_to_whoever_pins_its_root_and_to_nobody_else() {
    let (press, _, bundle) = first();
    let read = Bundle::read(&bundle.write().unwrap()).unwrap();
    let proven = read.prove(press.root.fingerprint(), Some(day(1))).unwrap();
    assert_eq!(proven.manifest.sequence, 1);
    assert_eq!(read.write().unwrap(), bundle.write().unwrap());
    let other = Press::new(Environment::Demo, 50);
    assert_eq!(
        refused(&read, other.root.fingerprint()),
        Code::AnchorUnknown
    );
    // Months later the key that signed it may not sign any more.
    let later = read.prove(press.root.fingerprint(), Some(day(21)));
    assert_eq!(later.unwrap_err().code(), Code::ProofInvalid);
}

#[test]
fn a_key_counts_that_enough_of_the_root_name_and_for_a_month_at_most() {
    let (press, _, bundle) = first();
    let pinned = press.root.fingerprint();
    let payload = BundleKey::payload(&press.root, &press.key.spki(), press.validity).unwrap();
    let message = |key: &Key| signed(key, KEY, &payload);
    let [one, two, three] = [0, 1, 2].map(|place| message(&press.keys[place]));
    let stranger = message(&Key::new(77));
    let mut broken = two.clone();
    *broken.last_mut().unwrap() ^= 1;
    let other_kind = signed(&press.keys[1], ROOT, &payload);
    for (messages, code) in [
        (vec![&one, &three], None),
        (vec![&stranger, &one, &broken, &two], None),
        (vec![&one], Some(Code::ProofInvalid)),
        (vec![&one, &one], Some(Code::ProofInvalid)),
        (vec![&one, &stranger], Some(Code::ProofInvalid)),
        (vec![&one, &broken], Some(Code::ProofInvalid)),
        (vec![&one, &other_kind], Some(Code::BundleInvalid)),
        (vec![], Some(Code::BundleInvalid)),
    ] {
        let key = messages.into_iter().cloned().collect();
        let changed = Bundle {
            key,
            ..bundle.clone()
        };
        assert_eq!(changed.prove(pinned, None).err().map(|it| it.code()), code);
    }
    let long = Press {
        validity: Validity {
            not_before: day(-1),
            not_after: day(30),
        },
        ..press.clone()
    };
    let changed = long.framed(&long.manifest(1, day(0)));
    assert_eq!(refused(&changed, pinned), Code::BundleInvalid);
    let early = press.framed(&press.manifest(1, day(-2)));
    assert_eq!(refused(&early, pinned), Code::ProofInvalid);
    // Another key than the one that was named.
    let other = Press {
        key: Key::new(98),
        ..press.clone()
    };
    let manifest = other.framed(&other.manifest(1, day(0))).manifest;
    let changed = Bundle { manifest, ..bundle };
    assert_eq!(refused(&changed, pinned), Code::ProofInvalid);
}

#[test]
fn a_root_is_followed_by_one_that_both_have_signed() {
    let (press, signer, _) = first();
    let (next, messages) = press.rotated(60);
    let (last, more) = next.rotated(70);
    let bundle = last.made(&signer.snapshot, 2, day(0));
    let bytes = |press: &Press| press.root.to_bytes().to_vec();
    let chain = vec![
        (bytes(&press), Vec::new()),
        (bytes(&next), messages.clone()),
        (bytes(&last), more),
    ];
    let whole = Bundle {
        roots: chain.clone(),
        ..bundle.clone()
    };
    for (pinned, from) in [(&press, 0), (&next, 1), (&last, 2)] {
        let proven = whole.prove(pinned.root.fingerprint(), None).unwrap();
        assert_eq!(proven.root.fingerprint(), last.root.fingerprint());
        let cut = Bundle {
            roots: chain[from..].to_vec(),
            ..bundle.clone()
        };
        proven_by(&cut, pinned);
    }
    assert_eq!(
        refused(&bundle, press.root.fingerprint()),
        Code::AnchorUnknown
    );
    // Only one side has signed.
    for side in [&messages[..2], &messages[2..]] {
        let mut roots = chain.clone();
        roots[1].1 = side.to_vec();
        let changed = Bundle {
            roots,
            ..bundle.clone()
        };
        assert_eq!(
            refused(&changed, press.root.fingerprint()),
            Code::ProofInvalid
        );
    }
    // Left out in the middle.
    let roots = vec![chain[0].clone(), chain[2].clone()];
    let changed = Bundle { roots, ..bundle };
    assert_eq!(
        refused(&changed, press.root.fingerprint()),
        Code::ProofInvalid
    );
}

fn proven_by(bundle: &Bundle, press: &Press) {
    proven(press, bundle);
}

#[test]
fn worlds_and_statements_do_not_mix() {
    let (press, signer, bundle) = first();
    let pinned = press.root.fingerprint();
    let production = Press::new(Environment::Production, 40);
    let foreign = production.made(&signer.snapshot, 1, day(0));
    assert_eq!(refused(&foreign, pinned), Code::AnchorUnknown);
    // A manifest of another world under this one's root.
    let manifest = lintas::snapshot::bundle::Manifest {
        environment: Environment::Production,
        ..press.manifest(1, day(0))
    };
    assert_eq!(
        refused(&press.framed(&manifest), pinned),
        Code::EnvironmentMismatch
    );
    // A statement about another root with the same keys.
    let spkis: Vec<_> = press.keys.iter().map(Key::spki).collect();
    let alike = Root::new(Environment::Demo, 3, &spkis).unwrap();
    let payload = BundleKey::payload(&alike, &press.key.spki(), press.validity).unwrap();
    let changed = Bundle {
        key: press.stated(KEY, &payload),
        ..bundle.clone()
    };
    assert_eq!(refused(&changed, pinned), Code::BundleInvalid);
    // An epoch that the root does not state.
    let later = Press {
        epoch: 1,
        ..press.clone()
    };
    let changed = Bundle {
        epoch: Vec::new(),
        ..later.made(&signer.snapshot, 1, day(0))
    };
    assert_eq!(refused(&changed, pinned), Code::ProofInvalid);
    let payload = epoch_payload(&press.root, 2).unwrap();
    let changed = Bundle {
        epoch: press.stated(EPOCH, &payload),
        ..changed
    };
    assert_eq!(refused(&changed, pinned), Code::ProofInvalid);
    assert_eq!(
        proven(&press, &later.made(&signer.snapshot, 1, day(0)))
            .manifest
            .epoch,
        1
    );
    // Chunks of another bundle.
    let changed = Bundle {
        chunks: BTreeMap::new(),
        ..bundle.clone()
    };
    let failure = changed.snapshot(&proven(&press, &bundle)).unwrap_err();
    assert_eq!(failure.code(), Code::BundleInvalid);
}
