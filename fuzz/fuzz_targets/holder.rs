//! Any texts as a holder: nothing panics, whoever is named as in the certificate is that person, and names that are typed compare
//! alike in both directions.

#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use lintas::model::{
    Coded, Date, Entry, HealthCertificate, PartialDate, Person, PersonName, Recovery, Uvci,
};
use lintas::verify::identity::{Holder, Identity, Named, compare};

#[derive(Arbitrary, Debug)]
struct Texts<'a> {
    mine: &'a str,
    theirs: &'a str,
    given: &'a str,
    birth_date: &'a str,
    mrz: &'a str,
}

fuzz_target!(|texts: Texts<'_>| {
    let Texts {
        mine,
        theirs,
        given,
        birth_date,
        mrz,
    } = texts;
    let born = "1985-01-20";
    let parts = Named::Parts {
        family: theirs,
        given,
    };
    let read = [
        Holder::read(Some(parts), Some(birth_date), Some(mrz)),
        Holder::read(Some(parts), Some(born), None),
        Holder::read(None, None, Some(mrz)),
        Holder::read(None, Some(born), Some(mrz)),
    ];
    for holder in read.iter().flatten() {
        compare(&certificate(mine), holder);
    }
    let typed = |text| Holder::read(Some(Named::Whole(text)), Some(born), None);
    let (Ok(my_holder), Ok(their_holder)) = (typed(mine), typed(theirs)) else {
        return;
    };
    let own = compare(&certificate(mine), &my_holder);
    assert!(matches!(own, Identity::Exact | Identity::NotComparable));
    assert_eq!(
        compare(&certificate(mine), &their_holder),
        compare(&certificate(theirs), &my_holder)
    );
});

/// A certificate with this name as one text.
fn certificate(full: &str) -> HealthCertificate {
    let day = Date::parse("2026-01-01").unwrap();
    let name = PersonName {
        family: None,
        given: None,
        family_icao: None,
        given_icao: None,
        full: Some(full.into()),
    };
    HealthCertificate {
        schema_version: "1.3.0".into(),
        person: Person {
            name,
            birth_date: PartialDate::parse("1985-01-20").unwrap().0,
        },
        entry: Entry::Recovery(Recovery {
            disease: Coded("840539006".into()),
            first_positive: day,
            valid_from: day,
            valid_until: day,
            country: "ID".into(),
            issuer: "Ministry of Tests".into(),
            uvci: Uvci::parse("URN:UVCI:01:ID:1").unwrap(),
        }),
        as_written: Default::default(),
    }
}
