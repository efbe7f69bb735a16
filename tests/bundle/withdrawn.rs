//! Withdrawn certificates in layers and filters.

use crate::ground::{Press, day, first, proven};
use crate::support::{RECOVERY, TEST, TestSigner, VACCINATION, issued_at};
use lintas::crypto::sha256;
use lintas::model::{Country, Environment, Kid};
use lintas::revocation::{
    ExactSet, Filter, HashKind, Layer, Leading, RevocationBatch, RevocationHash, RevocationList,
    SignedBy,
};
use lintas::snapshot::bundle::Bundle;
use lintas::snapshot::{Offline, Own, OwnKey, Snapshot};
use lintas::verify::{self, Policy, Reached};
use std::sync::Arc;

fn hash(number: u64) -> RevocationHash {
    RevocationHash(*sha256(&number.to_be_bytes()).first_chunk().unwrap())
}

#[test]
fn a_layer_is_exact_over_what_was_issued() {
    for (issued, every) in [
        (0, 1),
        (1, 1),
        (2, 2),
        (1000, 1),
        (1000, 2),
        (10_000, 20),
        (5000, 5001),
    ] {
        let is_withdrawn = |number: u64| number.is_multiple_of(every) && number > 0;
        let mut rows: Vec<_> = (0..issued)
            .map(|number| (Leading::from(hash(number)), is_withdrawn(number)))
            .collect();
        let made = Layer::of(day(1), &mut rows);
        let read = Layer::read(&made.to_bytes()).unwrap();
        assert_eq!(read.issued_before, day(1));
        for layer in [&made, &read] {
            for number in 0..issued {
                let withdraws = layer.withdraws(hash(number).into());
                assert_eq!(withdraws, is_withdrawn(number), "{number} of {issued}");
            }
        }
        let bytes = made.to_bytes();
        for length in 0..bytes.len().min(400) {
            let _ = Layer::read(&bytes[..length]).map(|it| it.withdraws(hash(1).into()));
        }
    }
}

#[test]
fn a_filter_holds_what_the_list_holds() {
    let countries = ["FR", "DE"].map(|it| Country::parse(it).unwrap());
    let kids = [1, 2].map(|byte| Kid::from_bytes(&[byte; 8]).unwrap());
    let batch = |id: &str, country: Country, kid: Option<&Kid>, kind, from: u64| RevocationBatch {
        id: id.to_owned(),
        country,
        kid: kid.cloned(),
        kind,
        expires_at: day(if id == "over" { -1 } else { 9 }),
        hashes: (from..from + 300).map(hash).collect(),
    };
    let list = RevocationList::new([
        batch("a", countries[0], Some(&kids[0]), HashKind::Uci, 0),
        batch("b", countries[0], None, HashKind::Signature, 300),
        batch("c", countries[1], Some(&kids[1]), HashKind::Uci, 600),
        batch("over", countries[1], Some(&kids[1]), HashKind::Uci, 900),
    ]);
    let made = Filter::of(&list, day(0)).unwrap();
    let read = Filter::read(&made.to_bytes()).unwrap();
    for filter in [&made, &read] {
        assert!(!filter.has(HashKind::CountryCodeUci) && filter.has(HashKind::Uci));
        for number in 0..1300 {
            for (kind, country, kid) in [
                (HashKind::Uci, 0, 0),
                (HashKind::Uci, 0, 1),
                (HashKind::Signature, 0, 1),
                (HashKind::Signature, 1, 1),
                (HashKind::Uci, 1, 1),
            ] {
                let signed = SignedBy {
                    countries: &countries[country..=country],
                    kids: &[&kids[kid]],
                };
                let listed = list.withdrawn(kind, hash(number), signed);
                let listed = listed.filter(|(until, _)| *until >= day(0)).count() > 0;
                assert_eq!(filter.may_withdraw(kind, hash(number), signed), listed);
            }
        }
    }
    let empty = Filter::of(&RevocationList::default(), day(0)).unwrap();
    assert!(empty.is_empty() && Filter::read(&empty.to_bytes()).unwrap().is_empty());
    let bytes = made.to_bytes();
    for length in 2..bytes.len() {
        assert!(Filter::read(&bytes[..length]).is_err(), "{length}");
    }
    for place in 0..18 {
        let mut changed = bytes.clone();
        changed[place] ^= 0x41;
        let signed = SignedBy {
            countries: &countries[..1],
            kids: &[&kids[0]],
        };
        // Whatever comes of it, nothing is read behind its end.
        let _ = Filter::read(&changed).map(|it| it.may_withdraw(HashKind::Uci, hash(1), signed));
    }
}

/// What is said of `text` in `world`.
fn codes(text: &str, world: &Snapshot) -> Vec<&'static str> {
    let verdict = verify::verify(text, day(0), world, &Policy::default());
    let findings = verdict.credentials[0].findings.iter();
    findings.map(|it| it.code.name()).collect()
}

fn signature(text: &str, world: &Snapshot) -> (RevocationHash, [u8; 32]) {
    match verify::open(text, world).reached {
        Reached::Signed(signed) => (signed.signature_hash, signed.spki_digest),
        Reached::Unread(_) | Reached::Unsigned { .. } => panic!(),
    }
}

/// The same world as a bundle brings it.
fn carried(press: &Press, world: &Snapshot) -> Snapshot {
    let bundle = press.made(world, 1, day(0)).write().unwrap();
    let bundle = Bundle::read(&bundle).unwrap();
    bundle.snapshot(&proven(press, &bundle)).unwrap()
}

#[test]
fn own_certificates_are_withdrawn_by_layers_and_come_back() {
    let (press, signer, _) = first();
    let texts = [VACCINATION, TEST, RECOVERY].map(|claims| signer.issue(claims));
    let signatures = texts.each_ref().map(|it| signature(it, &signer.snapshot));
    let mut rows: Vec<_> = (0..1000)
        .map(|it| (Leading::from(hash(it)), it % 9 == 0))
        .collect();
    rows.extend(signatures.map(|(hash, _)| (Leading::from(hash), hash != signatures[2].0)));
    let world = |layer: Layer, back: &[RevocationHash], fresh: &[RevocationHash]| {
        let mut own = Own::of(Country::DEMO);
        own.stands(signatures[0].1, OwnKey::Healthy);
        own.withdraw(fresh.iter().copied());
        let mut reinstated = ExactSet::default();
        reinstated.extend(back.iter().copied().map(Leading::from));
        let offline = Offline::new(vec![Arc::new(layer)], reinstated, Arc::default());
        let world = signer.snapshot.clone().with_own(Arc::new(own));
        carried(&press, &world.with_offline(Arc::new(offline)))
    };
    let in_layer = world(Layer::of(day(1), &mut rows), &[], &[]);
    assert_eq!(
        texts.each_ref().map(|it| codes(it, &in_layer)),
        [vec!["revoked"], vec!["revoked"], vec![]]
    );
    let back = world(
        Layer::of(day(1), &mut rows),
        &[signatures[0].0],
        &[signatures[2].0],
    );
    assert_eq!(
        texts.each_ref().map(|it| codes(it, &back)),
        [vec![], vec!["revoked"], vec!["revoked"]]
    );
    // Of what was issued later it says nothing.
    let earlier = world(Layer::of(issued_at(), &mut rows), &[], &[]);
    assert!(texts.iter().all(|it| codes(it, &earlier).is_empty()));
    // And nothing of what others sign.
    let stranger = TestSigner::new(8);
    let foreign = stranger.issue(VACCINATION);
    assert_eq!(codes(&foreign, &in_layer), ["unknown_signer"]);
}

#[test]
fn a_foreign_certificate_in_a_filter_is_uncertain_and_nothing_worse() {
    let (press, signer, _) = first();
    let [text, other] = [VACCINATION, TEST].map(|claims| signer.issue(claims));
    let batch = RevocationBatch {
        id: "a".to_owned(),
        country: Country::DEMO,
        kid: None,
        kind: HashKind::Signature,
        expires_at: day(9),
        hashes: vec![signature(&text, &signer.snapshot).0],
    };
    let list = RevocationList::new([batch]);
    let listed = signer
        .snapshot
        .clone()
        .with_revocations(Arc::new(list.clone()));
    assert_eq!(codes(&text, &listed), ["revoked"]);
    let filter = Arc::new(Filter::of(&list, day(0)).unwrap());
    let offline = Offline::new(Vec::new(), ExactSet::default(), filter);
    let world = carried(&press, &listed.with_offline(Arc::new(offline)));
    assert_eq!(codes(&text, &world), ["revocation_uncertain"]);
    assert!(codes(&other, &world).is_empty());
    assert_eq!(world.environment(), Environment::Demo);
}
