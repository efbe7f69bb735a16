//! The file: full, as a delta, and broken in every way.

use crate::ground::{Press, day, first, proven};
use crate::support::country::Identity;
use crate::support::{TEST, TestSigner, VACCINATION};
use lintas::failure::Code;
use lintas::model::{Environment, Kid};
use lintas::revocation::ExactSet;
use lintas::snapshot::bundle::{Bundle, MAX_BUNDLE};
use lintas::snapshot::{Offline, Snapshot};
use lintas::trust::{KeyMaterial, Place, Purposes, Source, SourceList, TrustEntry};
use lintas::verify::{Policy, verify};
use std::collections::BTreeSet;
use std::sync::Arc;

#[test]
fn a_world_comes_back_as_it_was() {
    let (press, signer, bundle) = first();
    let read = Bundle::read(&bundle.write().unwrap()).unwrap();
    let world = read.snapshot(&proven(&press, &read)).unwrap();
    assert_eq!(world.sequence(), 1);
    assert_eq!(world.sources(), signer.snapshot.sources());
    let stranger = TestSigner::new(8).issue(VACCINATION);
    for text in [signer.issue(VACCINATION), signer.issue(TEST), stranger] {
        for at in [day(0), day(400)] {
            let codes = |world| {
                let verdict = verify(&text, at, world, &Policy::default());
                let findings = verdict.credentials[0].findings.iter();
                findings.map(|it| it.code).collect::<Vec<_>>()
            };
            assert_eq!(codes(&world), codes(&signer.snapshot));
        }
    }
}

#[test]
fn a_bare_key_lifts_nothing_that_a_certificate_over_it_says() {
    let csca = Identity::self_signed("ZZ", "CSCA", true);
    let certified = csca.issue("ZZ", "DSC", &[&[1, 3, 6, 1, 4, 1, 1847, 2021, 1, 1]]);
    let entry = |key: KeyMaterial, kid: Option<Kid>, country: &str| TrustEntry {
        place: Place {
            document: "test".into(),
            position: 1,
        },
        key,
        kid,
        country: Some(country.to_owned()),
        purposes: Purposes::ALL,
    };
    let world = |entries: Vec<TrustEntry>| {
        let source = Source::new("test", Environment::Demo, day(0));
        Snapshot::assemble(Environment::Demo, 1, &[SourceList::pinned(source, entries)]).0
    };
    let certificate = entry(KeyMaterial::Certificate(certified.der), None, "ZZ");
    let one = world(vec![certificate.clone()]);
    let signer = &one.trust().signers()[0];
    let bare = |number: u8, country: &str| {
        let kid = Kid::from_bytes(&[number; 8]);
        entry(KeyMaterial::PublicKey(signer.spki().unwrap()), kid, country)
    };
    let all = world(vec![certificate, bare(9, "ZZ"), bare(0xf0, "DE")]);
    assert_eq!(all.trust().signers().len(), 3);
    let press = Press::new(Environment::Demo, 40);
    let bundle = press.made(&all, 1, day(0));
    let carried = bundle.snapshot(&proven(&press, &bundle)).unwrap();
    let says = |world: &Snapshot| {
        let holders = world
            .trust()
            .holders(signer.key.as_ref().unwrap().spki_digest());
        let said = holders.map(|it| {
            let purposes = it.purposes.restriction().map(<[_]>::to_vec);
            (it.countries.clone(), purposes, it.validity.not_after)
        });
        let said: BTreeSet<_> = said.collect();
        said
    };
    assert_eq!(says(&all).len(), 2);
    assert_eq!(says(&carried), says(&all));
    // And every key identifier is known.
    for dsc in all.trust().signers() {
        assert_eq!(carried.trust().candidates(&dsc.kid).count(), 1);
    }
    let all = all.with_offline(Arc::new(Offline::new(
        Vec::new(),
        ExactSet::default(),
        Arc::default(),
    )));
    let bundle = press.made(&all, 1, day(0));
    let (pinned, bytes) = (press.root.fingerprint(), bundle.write().unwrap());
    let manifest = proven(&press, &bundle).manifest;
    Bundle::read_back(&bytes, pinned, &manifest, &all).unwrap();
}

#[test]
fn a_delta_and_what_it_follows_are_the_whole() {
    let (press, _, one) = first();
    let two = press.made(&TestSigner::new(0x70).snapshot, 2, day(1));
    let manifest = proven(&press, &one).manifest;
    let delta = two.following(&manifest);
    assert!(delta.write().unwrap().len() < two.write().unwrap().len());
    let next = proven(&press, &delta);
    let failure = delta.snapshot(&next).unwrap_err();
    assert_eq!(failure.code(), Code::BundleInvalid);
    let whole = delta.clone().completed(&one, &next.manifest).unwrap();
    assert_eq!(whole.write().unwrap(), two.write().unwrap());
    // Not with another bundle's chunks, and not the other way round.
    let empty = Press::new(Environment::Demo, 40).framed(&press.manifest(1, day(0)));
    let failure = delta.clone().completed(&empty, &next.manifest).unwrap_err();
    assert_eq!(failure.code(), Code::BundleInvalid);
    let failure = two.completed(&one, &manifest).unwrap_err();
    assert_eq!(failure.code(), Code::BundleInvalid);
}

#[test]
fn whatever_is_cut_or_changed_is_refused() {
    let (press, _, bundle) = first();
    let bytes = bundle.write().unwrap();
    let pinned = press.root.fingerprint();
    let opens = |bytes: &[u8]| -> Result<(), lintas::failure::Failure> {
        let bundle = Bundle::read(bytes)?;
        let proven = bundle.prove(pinned, None)?;
        let whole = bundle.completed(&Bundle::default(), &proven.manifest)?;
        whole.snapshot(&proven).map(drop)
    };
    opens(&bytes).unwrap();
    for length in 0..bytes.len() {
        assert!(opens(&bytes[..length]).is_err(), "{length}");
    }
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        // The root's own statements about a root that nobody asks about may be anything.
        assert!(opens(&changed).is_err(), "{place}");
    }
    let failure = Bundle::read(&vec![0; MAX_BUNDLE + 1]).unwrap_err();
    assert_eq!(failure.code(), Code::InputTooLarge);
}
