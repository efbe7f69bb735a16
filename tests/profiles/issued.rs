//! Every vaccine, dose and test of the table in every form: issued, read back, verified, held against the schema.

use crate::eu_schema::EuSchema;
use crate::ground::*;
use lintas::failure::Code;
use lintas::issue::event::{Profile, Wanted};
use lintas::issue::products::Products;
use lintas::issue::profile::profile_of;
use lintas::issue::{Profiles, checked, prepare, uvci_from_random};
use lintas::model::{
    Coded, Coding, Entry, HealthCertificate, PartialDate, PersonName, UnixTime, Uvci,
};
use lintas::verify::{Outcome, View};

#[test]
fn every_dose_of_every_vaccine_is_issued_in_every_form_that_can_state_it() {
    let (national, products) = (National::new(), Products::embedded().unwrap());
    let schema = EuSchema::load();
    let (mut issued, mut refused) = (0, 0);
    for (id, vaccine) in &products.vaccines {
        for given in 0..=vaccine.primary_doses + vaccine.boosters + 1 {
            for profile in Profile::ALL {
                let event = event(dose(id, given), Wanted::These(vec![profile]));
                let answer = national.certify(&event, profile);
                let expected = match (vaccine.check_dose(given), &vaccine.eu, profile) {
                    (Err(_), ..) => Some(Code::DoseInvalid),
                    (Ok(_), None, Profile::EuDcc) => Some(Code::ProductHasNoEuCode),
                    (Ok(_), ..) => None,
                };
                let choice = Profiles::embedded().unwrap().chosen(&event, &products);
                assert_eq!(choice.err().map(|it| it.code()), expected, "{id} {given}");
                let credential = match (answer, expected) {
                    (Ok(credential), None) => credential,
                    (Err(failure), Some(code)) => {
                        assert_eq!(failure.code(), code, "{id} {given}: {failure}");
                        refused += 1;
                        continue;
                    }
                    (answer, expected) => panic!("{id} {given}: {:?} {expected:?}", answer.err()),
                };
                issued += 1;
                assert_eq!(profile_of(&credential.certificate), profile);
                let verdict = national.verify(&credential.text);
                assert_eq!(verdict.outcome(), Outcome::Accept, "{:?}", codes(&verdict));
                let judged = &verdict.credentials[0];
                assert_eq!(judged.format.unwrap().name(), profile.name());
                assert!(judged.quirks.is_empty(), "{:?}", judged.quirks);
                assert_eq!(judged.certificate.as_deref(), Some(&credential.certificate));
                if let (Some(schema), Profile::EuDcc) = (&schema, profile) {
                    let faults = schema.faults(&content(&credential.text, 1));
                    assert!(faults.is_empty(), "{id} {given}: {faults:?}");
                }
            }
        }
    }
    assert_eq!(products.vaccines.len(), 13);
    assert_eq!(
        (issued > 80, refused > 50),
        (true, true),
        "{issued} {refused}"
    );
}

#[test]
fn every_test_is_issued_in_both_forms_and_says_what_was_found() {
    let (national, products) = (National::new(), Products::embedded().unwrap());
    let schema = EuSchema::load();
    for id in products.tests.keys() {
        for detected in [false, true] {
            for profile in Profile::ALL {
                let event = event(test(id, detected), Wanted::Usual);
                let credential = national.certify(&event, profile).unwrap();
                assert_eq!(codes(&national.verify(&credential.text)), [""; 0]);
                let (label, pointer, found) = match profile {
                    Profile::EuDcc => (1, "/t/0/tr", ["260415000", "260373001"]),
                    Profile::WhoDdcc => (4, "/test/result/code", ["QA02", "RA01.0"]),
                };
                let content = content(&credential.text, label);
                let result = content.pointer(pointer).unwrap();
                assert_eq!(result, found[usize::from(detected)]);
                if let (Some(schema), Profile::EuDcc) = (&schema, profile) {
                    assert_eq!(schema.faults(&content), Vec::<String>::new(), "{id}");
                }
            }
        }
    }
}

#[test]
fn a_recovery_is_stated_from_its_eleventh_to_its_last_day() {
    let national = National::new();
    let event = event(recovery("2026-04-02"), Wanted::Usual);
    let credential = national.certify(&event, Profile::EuDcc).unwrap();
    let content = content(&credential.text, 1);
    let stated = ["fr", "df", "du"].map(|field| content["r"][0][field].as_str().unwrap());
    assert_eq!(stated, ["2026-04-02", "2026-04-13", "2026-09-29"]);
    assert_eq!(credential.expires_at.to_string(), "2026-09-29T23:59:59Z");
    if let Some(schema) = EuSchema::load() {
        assert_eq!(schema.faults(&content), Vec::<String>::new());
    }
    assert_eq!(codes(&national.verify(&credential.text)), [""; 0]);
}

#[test]
fn periods_are_those_of_the_kind_and_end_with_the_signer_at_latest() {
    let (long, short) = (National::new(), National::of(&[], 30));
    let until = |national: &National, happening, profile| {
        let event = event(happening, Wanted::Usual);
        let credential = national.certify(&event, profile).unwrap();
        credential.expires_at.seconds() - issued_at().seconds()
    };
    for profile in Profile::ALL {
        let vaccination = dose("coronavac", 2);
        assert_eq!(until(&long, vaccination.clone(), profile), 365 * DAY_S);
        assert_eq!(until(&short, vaccination, profile), 30 * DAY_S);
        let after_sample = |hours: i64| (hours - 6) * 3600;
        assert_eq!(until(&long, test("pcr", false), profile), after_sample(72));
        let rapid = test("antigen_panbio", false);
        assert_eq!(until(&long, rapid, profile), after_sample(48));
    }
    let expired = event(recovery("2025-11-01"), Wanted::Usual);
    let failure = long.certify(&expired, Profile::EuDcc).err().unwrap();
    assert_eq!(failure.code(), Code::ClaimInvalid);
}

#[test]
fn a_signer_signs_its_kinds_alone_in_either_form() {
    let tests_only = National::of(&[1], 700);
    for profile in Profile::ALL {
        let vaccination = event(dose("coronavac", 1), Wanted::Usual);
        let failure = tests_only.certify(&vaccination, profile).err().unwrap();
        assert_eq!(failure.code(), Code::ClaimInvalid);
        let tested = event(test("pcr", false), Wanted::Usual);
        assert!(tests_only.certify(&tested, profile).is_ok());
        // Whoever signs it all the same is not believed.
        let forged = National::new().certify(&vaccination, profile).unwrap();
        let forged = tests_only.text(&payload(&forged.text));
        assert_eq!(
            codes(&tests_only.verify(&forged)),
            ["signer_not_authorised"]
        );
    }
}

#[test]
fn the_longest_names_fit_a_code_of_level_q_or_m() {
    let national = National::new();
    let mut longest = event(dose("zifivax", 3), Wanted::Usual);
    let odd: String = "ĀßÇÐȨ".chars().cycle().take(80).collect();
    longest.person.name = PersonName {
        family: Some(odd.as_str().into()),
        given: Some(odd.as_str().into()),
        family_icao: Some("Z".repeat(80).into()),
        given_icao: Some("Q".repeat(80).into()),
        full: None,
    };
    for (event, profile) in [
        (longest.clone(), Profile::WhoDdcc),
        (
            lintas::issue::event::Event {
                happening: dose("coronavac", 2),
                ..longest
            },
            Profile::EuDcc,
        ),
        (event(dose("indovac", 1), Wanted::Usual), Profile::WhoDdcc),
        (event(dose("coronavac", 1), Wanted::Usual), Profile::WhoDdcc),
        (event(dose("coronavac", 1), Wanted::Usual), Profile::EuDcc),
    ] {
        let text = national.certify(&event, profile).unwrap().text;
        eprintln!("{}: {} characters", profile.name(), text.len());
        // The largest code of level Q holds 2420.
        assert!(text.len() <= 1400, "{}", text.len());
        let drawn = fast_qr::QRBuilder::new(text).ecl(fast_qr::ECL::Q).build();
        assert!(drawn.is_ok());
    }
}

#[test]
fn a_single_name_and_an_unknown_birth_date_are_stated_as_they_are() {
    let national = National::new();
    let mut single = event(dose("coronavac", 1), Wanted::Usual);
    single.person.birth_date = PartialDate::parse("").unwrap().0;
    single.person.name = PersonName {
        family: Some("Suharto".into()),
        given: None,
        family_icao: Some("SUHARTO".into()),
        given_icao: None,
        full: None,
    };
    let who = national.certify(&single, Profile::WhoDdcc).unwrap();
    let stated = content(&who.text, 3);
    assert_eq!(
        (&stated["name"], stated.get("birthDate")),
        (&"Suharto".into(), None)
    );
    let eu = national.certify(&single, Profile::EuDcc).unwrap();
    if let Some(schema) = EuSchema::load() {
        assert_eq!(schema.faults(&content(&eu.text, 1)), Vec::<String>::new());
    }
    // A name that was never written in its own script stands as the passport has it.
    single.person.name.family = None;
    single.person.name.family_icao = Some("ABDUL<RAHMAN".into());
    let who = national.certify(&single, Profile::WhoDdcc).unwrap();
    assert_eq!(content(&who.text, 3)["name"], "ABDUL RAHMAN");
}

/// What `change` makes of a good certificate is withheld, and the failure names the field.
#[track_caller]
fn withheld(profile: Profile, of: &str, field: &str, change: impl FnOnce(&mut HealthCertificate)) {
    let products = Products::embedded().unwrap();
    let happening = match of {
        "vaccination" => dose("coronavac", 2),
        "test" => test("antigen_panbio", false),
        _ => recovery("2026-04-02"),
    };
    let uvci = uvci_from_random(indonesia(), [9; 16]).unwrap();
    let profiles = Profiles::embedded().unwrap();
    let event = event(happening, Wanted::Usual);
    let made = profiles.certificate(&event, &products, profile, &issuer(), uvci);
    let mut certificate = made.unwrap();
    checked(&certificate, &products).unwrap();
    change(&mut certificate);
    let failure = checked(&certificate, &products).unwrap_err();
    assert_eq!(
        (failure.code(), failure.member()),
        (Code::ReadBackFailed, Some(field))
    );
}

#[test]
fn every_field_of_an_eu_certificate_is_checked() {
    use Profile::EuDcc;
    macro_rules! wrong {
        ($of:literal $variant:ident $($field:literal $member:ident $value:expr;)*) => {$(
            withheld(EuDcc, $of, $field, |certificate| match &mut certificate.entry {
                Entry::$variant(it) => it.$member = $value,
                _ => unreachable!(),
            });
        )*};
    }
    let coded = |code: &str| Coded(code.into());
    wrong! { "vaccination" Vaccination
        "disease" disease coded("RA01");
        "product" vaccine coded("J07BX03");
        "product" product coded("EU/1/20/1528");
        "product" manufacturer coded("Sinovac- Biontech");
        "dose" dose 9;
        "dose" doses 1;
        "country" country "IDN".into();
        "country" country "id".into();
        "issuer" issuer "".into();
        "issuer" issuer "x".repeat(81).into();
        "uvci" uvci Uvci::parse("URN:UVCI:01:ID:896124875").unwrap();
        "uvci" uvci Uvci::parse("URN:UVCI:01:ID:896124875#0").unwrap();
    }
    wrong! { "test" Test
        "disease" disease coded("840539007");
        "test" test_type coded("LP6464-4");
        "test" device None;
        "test" device Some(coded("9999999"));
        "name" name Some("x".repeat(81).into());
        "result" result coded("RA01.0");
        "centre" centre Some("".into());
        "country" country "Indonesia".into();
        "issuer" issuer "".into();
    }
    wrong! { "recovery" Recovery
        "disease" disease coded("");
        "valid_from" valid_from day("2026-04-01");
        "valid_until" valid_until day("2026-04-13");
        "country" country "".into();
        "issuer" issuer "".into();
    }
    withheld(EuDcc, "test", "schema_version", |it| {
        it.schema_version = "1.0.0".into()
    });
    withheld(EuDcc, "test", "family_name", |it| {
        it.person.name.family_icao = Some("ß".into())
    });
    withheld(EuDcc, "test", "given_name", |it| {
        it.person.name.given = Some("".into())
    });
    withheld(EuDcc, "test", "family_name", |it| {
        it.person.name.family_icao = None;
        it.person.name.given_icao = None;
    });
    withheld(EuDcc, "test", "family_name", |it| {
        it.person.name.full = Some("x".into())
    });
}

#[test]
fn every_field_of_a_who_certificate_is_checked() {
    use Profile::WhoDdcc;
    macro_rules! wrong {
        ($of:literal $variant:ident $($field:literal $member:ident $value:expr;)*) => {$(
            withheld(WhoDdcc, $of, $field, |certificate| match &mut certificate.entry {
                Entry::$variant(it) => it.$member = $value,
                _ => unreachable!(),
            });
        )*};
    }
    let icd = |code: &str| Coding::of(code, "http://id.who.int/icd11/mms");
    wrong! { "vaccination" WhoVaccination
        "disease" disease None;
        "product" vaccine icd("XM0GQ8");
        "product" brand Some(icd("XM8NQ0"));
        "product" brand None;
        "product" holder None;
        "product" manufacturer Some(Coding::words("x"));
        "dose" dose 7;
        "dose" doses None;
        "lot" lot None;
        "lot" lot Some("x".repeat(21).into());
        "date" date None;
        "country" country Some(Coding::of("ID", "urn:iso:std:iso:3166"));
        "country" country None;
        "issuer" issuer None;
    }
    wrong! { "test" WhoTest
        "disease" pathogen icd("RA01");
        "test" test_type Coding::of("LP6464-4", "http://loinc.org");
        "test" brand None;
        "result" result None;
        "result" result Some(icd("RA01.1"));
        "country" country None;
        "issuer" issuer Some("".into());
    }
    withheld(WhoDdcc, "test", "name", |it| it.person.name.full = None);
    withheld(WhoDdcc, "test", "name", |it| {
        it.person.name.full = Some("x".repeat(162).into())
    });
    withheld(WhoDdcc, "test", "name", |it| {
        it.person.name.family = Some("x".into())
    });
    withheld(WhoDdcc, "test", "schema_version", |it| {
        it.schema_version = "".into()
    });
}

#[test]
fn a_text_that_no_code_of_level_m_holds_is_not_released() {
    let national = National::new();
    let products = Products::embedded().unwrap();
    let uvci = uvci_from_random(indonesia(), [9; 16]).unwrap();
    let event = event(test("pcr", false), Wanted::Usual);
    let profiles = Profiles::embedded().unwrap();
    let made = profiles.certificate(&event, &products, Profile::WhoDdcc, &issuer(), uvci);
    let mut certificate = made.unwrap();
    // Two hundred different letters of four bytes each do not compress.
    let odd = |from: u32| -> String {
        let letters = (0..200).filter_map(|it| char::from_u32(from + it * 173 % 40_000));
        letters.collect()
    };
    let Entry::WhoTest(it) = &mut certificate.entry else {
        unreachable!()
    };
    it.manufacturer = Some(Coding {
        code: Some(odd(0x2_0000).into()),
        system: Some(odd(0x2_1111).into()),
        display: Some(odd(0x2_2222).into()),
    });
    let until = UnixTime::from_seconds(issued_at().seconds() + DAY_S).unwrap();
    let prepared = prepare(certificate, indonesia(), issued_at(), until, &national.dsc).unwrap();
    let signature = national.sign(&prepared.signed_bytes());
    let failure = prepared.complete(signature).err().unwrap();
    assert_eq!(failure.code(), Code::InputTooLarge);
}

#[test]
fn the_views_show_a_who_certificate_with_its_systems() {
    let national = National::new();
    let event = event(dose("coronavac", 2), Wanted::Usual);
    let text = national.certify(&event, Profile::WhoDdcc).unwrap().text;
    let verdict = national.verify(&text);
    let shown = |view| verdict.to_json(view, None, None)["credentials"][0]["certificate"].clone();
    assert!(shown(View::Result).is_null());
    let gate = shown(View::Gate);
    assert_eq!(gate["name"]["full"], "Dewi Sartika Kusumawardhani");
    assert_eq!(
        (gate["birth_year"].clone(), gate.get("vaccination")),
        (1987.into(), None)
    );
    let officer = shown(View::Officer);
    let stated = &officer["vaccination"];
    for (member, value) in [
        ("disease", "RA01"),
        ("vaccine", "XM1NL1"),
        ("product", "XM7HT3"),
        ("manufacturer", "Sinovac-Biotech"),
        ("country", "IDN"),
        ("lot", "A1-2026"),
        ("date", "2026-05-20"),
    ] {
        assert_eq!(stated[member], value, "{member}");
    }
    assert_eq!(stated["systems"]["product"], "http://id.who.int/icd11/mms");
    assert_eq!(stated.get("uvci"), None);
    assert!(shown(View::Holder)["vaccination"]["uvci"].is_string());
}
