//! What one person's certificates say together, in whatever form: that nothing hides a positive test, and who is one person.

use crate::colours::{NEGATIVE, POSITIVE, given, given_at};
use crate::sets::document;
use crate::support::{TEST, TestSigner, VACCINATION, issued_at};
use lintas::issue;
use lintas::model::{
    Coding, Country, Date, Entry, HealthCertificate, PartialDate, Person, PersonName, UnixTime,
    WhoTest, WhoVaccination,
};
use serde_json::{Value, json};

const HOUR: i64 = 3600;
const BORN: &str = "1964-03-09";

fn at() -> UnixTime {
    issued_at().plus(HOUR)
}

/// What `text` claims with these changes, of one person.
fn issued(signer: &TestSigner, text: &str, changes: &[(&str, Value)]) -> String {
    let mut claims: Value = serde_json::from_str(text).unwrap();
    claims["person"] =
        json!({ "family_name": "Suharto", "given_name": "Dewi", "birth_date": BORN });
    for (pointer, value) in changes {
        *claims.pointer_mut(pointer).unwrap() = value.clone();
    }
    signer.issue(&claims.to_string())
}

/// The QR text of `certificate`, whatever it states.
fn signed(signer: &TestSigner, certificate: HealthCertificate) -> String {
    let until = issued_at().plus(24 * HOUR);
    let dsc = &signer.snapshot.trust().signers()[0];
    let prepared = issue::prepare(certificate, Country::DEMO, issued_at(), until, dsc).unwrap();
    let signature = signer.sign(&prepared.signed_bytes());
    prepared.complete(signature).unwrap().text
}

/// The EU's certificate of a test `hours` from now, with the identifier that ends so.
fn tested(signer: &TestSigner, result: &str, hours: i64, uvci: u8) -> String {
    let claims: issue::Claims = serde_json::from_str(TEST).unwrap();
    let issuer = issue::Issuer {
        country: Country::DEMO,
        name: "Ministry of Tests".into(),
    };
    let uvci = issue::uvci_from_random(Country::DEMO, [uvci; 16]).unwrap();
    let made = issue::check(&claims, &issuer, uvci, issued_at()).unwrap();
    let Entry::Test(test) = made.entry else {
        panic!("no test")
    };
    let mut test = test;
    test.result.0 = result.into();
    test.sampled_at = at().plus(HOUR * hours);
    let name = PersonName {
        family: Some("Suharto".into()),
        given: Some("Dewi".into()),
        family_icao: Some("SUHARTO".into()),
        given_icao: Some("DEWI".into()),
        full: None,
    };
    let certificate = HealthCertificate {
        person: person(name),
        entry: Entry::Test(test),
        ..made
    };
    signed(signer, certificate)
}

fn person(name: PersonName) -> Person {
    let (birth_date, _) = PartialDate::parse(BORN).unwrap();
    Person { name, birth_date }
}

/// The WHO's certificate of `entry`, of one whose whole name this is.
fn who(signer: &TestSigner, name: &str, entry: Entry) -> String {
    let name = PersonName {
        family: None,
        given: None,
        family_icao: None,
        given_icao: None,
        full: Some(name.into()),
    };
    let certificate = HealthCertificate {
        schema_version: "RC2".into(),
        person: person(name),
        entry,
        as_written: Default::default(),
    };
    signed(signer, certificate)
}

const ICD: &str = "http://id.who.int/icd/release/11/mms";

fn who_test(result: &str) -> Entry {
    Entry::WhoTest(Box::new(WhoTest {
        pathogen: Coding::of("XN109", ICD),
        test_type: Coding::of("94558-4", "http://loinc.org"),
        brand: None,
        manufacturer: None,
        origin: None,
        sampled_at: at().plus(-20 * HOUR),
        result: Some(Coding::of(result, ICD)),
        centre: Some("Labkesda".into()),
        country: Some(Coding::of("IDN", "urn:iso:std:iso:3166")),
        issuer: Some("Ministry of Tests".into()),
        uvci: issue::uvci_from_random(Country::DEMO, [9; 16]).unwrap(),
    }))
}

fn who_dose(dose: u32, disease: &str) -> Entry {
    Entry::WhoVaccination(Box::new(WhoVaccination {
        disease: Some(Coding::of(disease, ICD)),
        vaccine: Coding::of("XM1NL1", ICD),
        brand: Some(Coding::of("CoronaVac", "urn:brands")),
        manufacturer: Some(Coding::of("Sinovac-Biotech", "urn:makers")),
        holder: None,
        lot: Some("A1".into()),
        date: Date::parse("2026-05-01"),
        valid_from: None,
        dose,
        doses: Some(2),
        next_dose: None,
        country: Some(Coding::of("IDN", "urn:iso:std:iso:3166")),
        centre: Some("Puskesmas".into()),
        issuer: Some("Ministry of Tests".into()),
        uvci: issue::uvci_from_random(Country::DEMO, [8; 16]).unwrap(),
    }))
}

/// The sample, in force at the test certificates' time.
fn in_force() -> Value {
    let mut document = document();
    for rule in document["Rules"].as_array_mut().unwrap() {
        rule["ValidFrom"] = json!("2026-01-01T00:00:00Z");
    }
    document
}

fn without_rules() -> Value {
    let mut document = document();
    document["Rules"] = json!([]);
    document
}

#[test]
fn a_positive_test_counts_though_its_certificate_is_not_accepted() {
    let signer = TestSigner::new(4);
    let full = issued(&signer, VACCINATION, &[]);
    // A kind of test that the sample's rules do not take.
    let odd = ("/test/type", json!("LP97777-7"));
    let positive = [odd.clone(), ("/test/result", json!(POSITIVE))];
    let positive = issued(&signer, TEST, &positive);
    let negative = issued(&signer, TEST, &[odd, ("/test/result", json!(NEGATIVE))]);
    let case = |texts: &[&str]| {
        let given = given(&signer, texts, &in_force()).unwrap();
        (given.rule.identifier.clone(), given.is_open())
    };
    let expected = |rule: &str| (rule.to_owned(), false);
    assert_eq!(case(&[&full, &positive]), expected("CR-ID-0001"));
    assert_eq!(case(&[&positive]), expected("CR-ID-0001"));
    assert_eq!(case(&[&full, &negative]), expected("CR-ID-0030"));
    assert_eq!(case(&[&negative]), expected("CR-ID-0002"));
    let forged = TestSigner::new(9);
    let forged = issued(&forged, TEST, &[("/test/result", json!(POSITIVE))]);
    assert_eq!(case(&[&full, &forged]), expected("CR-ID-0030"));
}

#[test]
fn a_test_of_the_same_second_or_of_tomorrow_hides_nothing() {
    let signer = TestSigner::new(4);
    let full = issued(&signer, VACCINATION, &[]);
    // Looks at the newest test alone.
    let mut newest = without_rules();
    newest["Colours"][0]["Logic"] = json!({ "===": [{ "var": "payload.t.0.tr" }, POSITIVE] });
    let rule = |document: &Value, clock: UnixTime, texts: &[&str]| {
        let given = given_at((at(), clock), &signer, texts, document).unwrap();
        given.rule.identifier.clone()
    };
    let positive = tested(&signer, POSITIVE, -20, 5);
    // Whatever identifiers the two have.
    for uvci in [4, 6] {
        let same = tested(&signer, NEGATIVE, -20, uvci);
        for texts in [[&full, &positive, &same], [&same, &positive, &full]] {
            assert_eq!(
                rule(&newest, at(), &texts.map(String::as_str)),
                "CR-ID-0001"
            );
        }
    }
    let tomorrow = tested(&signer, NEGATIVE, 2, 6);
    for document in [&newest, &without_rules(), &in_force()] {
        let black = rule(document, at(), &[&full, &positive, &tomorrow]);
        assert_eq!(black, "CR-ID-0001");
        assert_eq!(rule(document, at(), &[&full, &tomorrow]), "CR-ID-0030");
    }
    // Of a time between now and the arrival nobody knows either; without such a test somebody would be yellow.
    let (arrival, rules) = (at().plus(24 * HOUR), without_rules());
    assert_eq!(rule(&rules, at(), &[&tomorrow]), "CR-ID-0099");
    let before = tested(&signer, NEGATIVE, -20, 6);
    assert_eq!(rule(&rules, arrival, &[&before]), "CR-ID-0033");
    let given = given_at((at(), arrival), &signer, &[&tomorrow], &rules).unwrap();
    assert_eq!(given.rule.identifier, "CR-ID-0003", "somebody has to look");
}

#[test]
fn certificates_of_one_person_count_together_in_whatever_form() {
    let signer = TestSigner::new(4);
    let (full, rules) = (issued(&signer, VACCINATION, &[]), without_rules());
    let case = |document: &Value, texts: [&str; 2]| {
        let rule = |texts: &[&str]| {
            let given = given(&signer, texts, document).unwrap();
            given.rule.identifier.clone()
        };
        let [one, two] = texts;
        assert_eq!(rule(&[one, two]), rule(&[two, one]), "in whatever order");
        rule(&[one, two])
    };
    let negative = who(&signer, "Dewi Suharto", who_test("QA02"));
    let positive = who(&signer, "Dewi Suharto", who_test("RA01.0"));
    let other = who(&signer, "Budi Santoso", who_test("QA02"));
    assert_eq!(case(&rules, [&full, &negative]), "CR-ID-0030");
    assert_eq!(case(&rules, [&full, &positive]), "CR-ID-0001");
    assert_eq!(
        case(&rules, [&full, &other]),
        "CR-ID-0033",
        "another's doses"
    );
    let test = tested(&signer, NEGATIVE, -20, 5);
    for (dose, disease, expected) in [
        (2, "RA01", "CR-ID-0030"),
        (1, "RA01", "CR-ID-0032"),
        // Yellow fever says nothing here; somebody looks.
        (2, "1D47", "CR-ID-0033"),
    ] {
        let dose = who(&signer, "Dewi Suharto", who_dose(dose, disease));
        assert_eq!(case(&rules, [&test, &dose]), expected, "{disease}");
    }
    // Rules are about the EU's form: they leave the WHO's in doubt, where it counts against a person alone.
    let sample = in_force();
    assert_eq!(case(&sample, [&full, &negative]), "CR-ID-0030");
    assert_eq!(case(&sample, [&full, &positive]), "CR-ID-0001");
    assert_eq!(case(&sample, [&positive, &positive]), "CR-ID-0001");
    assert_eq!(case(&sample, [&negative, &negative]), "CR-ID-0003");
}
