//! Bundles as SATUSEHAT and laboratories send them, and as they should not be.

use crate::failure::Code;
use crate::issue::event::rejects::Rejects;
use crate::issue::event::rows::{self, Form};
use crate::issue::event::{Action, Event, Happening};
use crate::issue::products::Products;
use serde_json::{Value, json};

const NIK: &str = "3174014107880003";

/// A transaction as a clinic sends it: the patient with a NIK and one name, two codings, the organization by its address.
fn clinic() -> Value {
    json!({ "resourceType": "Bundle", "type": "transaction", "entry": [
        { "fullUrl": "urn:uuid:1", "request": { "method": "POST", "url": "Patient" }, "resource": {
            "resourceType": "Patient", "meta": { "profile": ["https://fhir.kemkes.go.id/r4/StructureDefinition/Patient"] },
            "identifier": [
                { "use": "official", "system": "https://fhir.kemkes.go.id/id/nik", "value": NIK },
                { "use": "official", "system": "https://fhir.kemkes.go.id/id/ihs-number", "value": "P02478375538" } ],
            "active": true, "name": [{ "use": "official", "text": "Dewi Sartika Kusumawardhani" }],
            "gender": "female", "birthDate": "1988-07-01" } },
        { "fullUrl": "urn:uuid:2", "resource": {
            "resourceType": "Immunization",
            "identifier": [
                { "system": "https://fhir.kemkes.go.id/id/nik", "value": NIK },
                { "system": "http://sys-ids.kemkes.go.id/immunization/1000079374", "value": "IM-000123" } ],
            "status": "completed",
            "vaccineCode": { "coding": [
                { "system": "http://sys-ids.kemkes.go.id/kfa", "code": "93000000", "display": "CoronaVac" },
                { "system": "http://sys-ids.kemkes.go.id/kfa", "code": "VG000" },
                { "system": "http://hl7.org/fhir/sid/cvx", "code": "511" } ] },
            "patient": { "reference": "urn:uuid:1", "display": "Dewi Sartika" },
            "encounter": { "reference": "Encounter/7" },
            "occurrenceDateTime": "2026-11-20T23:30:00+07:00", "primarySource": true,
            "location": { "reference": "Location/ef011065" },
            "lotNumber": "A1", "expirationDate": "2027-01-01", "doseQuantity": { "value": 0.5, "unit": "mL" },
            "performer": [
                { "function": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v2-0443", "code": "AP" }] },
                  "actor": { "reference": "Practitioner/N10000001" } },
                { "function": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v2-0443", "code": "EP" }] },
                  "actor": { "reference": "Practitioner/N10000002" } },
                { "actor": { "reference": "Organization/1000079374" } } ],
            "reasonCode": [{ "coding": [{ "system": "http://terminology.kemkes.go.id/CodeSystem/immunization-reason",
                "code": "IM-Program" }] }],
            "protocolApplied": [{ "doseNumberPositiveInt": 2 }] } } ] })
}

fn laboratory() -> Value {
    json!({ "resourceType": "Bundle", "type": "collection", "entry": [
        { "fullUrl": "https://lab.example/fhir/Patient/9", "resource": { "resourceType": "Patient", "id": "9",
            "name": [
                { "use": "nickname", "text": "Wanja" },
                { "use": "official", "family": "Иванов", "given": ["Иван", "Петрович"] },
                { "family": "Ivanov", "given": ["Ivan", "Petrovich"], "extension": [{ "valueCode": "ABC",
                  "url": "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation" }] } ],
            "birthDate": "1988" } },
        { "resource": { "resourceType": "Organization", "id": "lab-3", "name": "Labkesda Probolinggo" } },
        { "resource": { "resourceType": "Device", "id": "d",
            "identifier": [{ "system": "https://covid-19-diagnostics.jrc.ec.europa.eu/devices", "value": "1232" }] } },
        { "resource": { "resourceType": "Observation", "id": "o-1", "status": "final",
            "code": { "coding": [{ "system": "http://loinc.org", "code": "94558-4" }] },
            "subject": { "reference": "Patient/9/_history/2" }, "effectiveDateTime": "2026-11-20T08:00:00+07:00",
            "performer": [{ "reference": "Organization/lab-3" }], "device": { "reference": "Device/d" },
            "valueCodeableConcept": { "coding": [{ "system": "http://snomed.info/sct", "code": "260415000" }] } } },
        { "resource": { "resourceType": "Observation", "id": "o-2", "status": "amended",
            "meta": { "tag": [{ "system": "urn:lintas:happening", "code": "recovery" },
                { "system": "urn:lintas:destination", "code": "DE" }, { "system": "elsewhere", "code": "x" }] },
            "code": { "coding": [{ "system": "http://loinc.org", "code": "94500-6" }] },
            "subject": { "reference": "https://lab.example/fhir/Patient/9" }, "effectiveDateTime": "2026-11-01",
            "performer": [{ "reference": "https://lab.example/fhir/Organization/lab-3" }],
            "valueCodeableConcept": { "coding": [{ "system": "http://snomed.info/sct", "code": "260373001" }] } } } ] })
}

fn read(text: &str) -> Vec<Result<Event, String>> {
    let products = Products::embedded().unwrap();
    let rows = rows::read(Form::Fhir, text.as_bytes(), &products).unwrap();
    let left = rows.left();
    let read: Vec<_> = rows
        .map(|row| {
            row.event.map_err(|failure| {
                format!("{} {}", failure.code(), failure.member().unwrap_or("-"))
            })
        })
        .collect();
    assert_eq!(read.len(), left);
    read
}

/// What the clinic's bundle reads as once `pointer` in it is `value`.
fn changed(pointer: &str, value: Value) -> Result<Event, String> {
    let mut bundle = clinic();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let place = bundle.pointer_mut(parent).unwrap();
    match name.parse::<usize>() {
        Ok(index) => place[index] = value,
        Err(_) => place[name] = value,
    }
    read(&bundle.to_string()).remove(0)
}

#[test]
fn a_clinics_immunization_is_read_and_no_identity_number_is_kept() {
    let event = read(&clinic().to_string()).remove(0).unwrap();
    assert_eq!(
        event.to_json(),
        json!({
            "source_id": "IM-000123", "action": "new",
            "person": { "family_name": "Dewi Sartika Kusumawardhani", "birth_date": "1988-07-01" },
            "vaccination": { "product": "coronavac", "dose": 2, "date": "2026-11-20", "lot": "A1" },
            "facility": "1000079374", "operator": "N10000002",
        })
    );
    for kept in [event.to_json().to_string(), format!("{event:?}")] {
        assert!(!kept.contains(NIK) && !kept.contains("P02478375538"));
    }
}

#[test]
fn a_laboratorys_observations_are_tests_and_where_tagged_recoveries() {
    let events = read(&laboratory().to_string());
    let test = events[0].as_ref().unwrap();
    assert_eq!(
        test.to_json(),
        json!({
            "source_id": "o-1", "action": "new",
            "person": { "family_name": "Иванов", "family_name_icao": "IVANOV", "given_name": "Иван Петрович",
                "given_name_icao": "IVAN<PETROVICH", "birth_date": "1988" },
            "test": { "test": "antigen_panbio", "sampled_at": "2026-11-20T01:00:00Z", "result": "not_detected",
                "centre": "Labkesda Probolinggo" },
            "facility": "lab-3",
        })
    );
    let recovery = events[1].as_ref().unwrap();
    assert_eq!(recovery.action, Action::Correct);
    assert!(matches!(recovery.happening, Happening::Recovery { .. }));
    assert_eq!(recovery.to_json()["destination"], "DE");
    assert_eq!(recovery.person, test.person);
}

#[test]
fn status_and_tags_say_what_is_to_be_done() {
    let tag = |code: &str| json!({ "tag": [{ "system": "urn:lintas:action", "code": code }] });
    for (status, meta, action) in [
        ("completed", json!({}), Ok(Action::New)),
        ("completed", tag("correct"), Ok(Action::Correct)),
        ("completed", tag("renew"), Ok(Action::Renew)),
        ("entered-in-error", json!({}), Ok(Action::Cancel)),
        ("entered-in-error", tag("cancel"), Ok(Action::Cancel)),
        (
            "entered-in-error",
            tag("renew"),
            Err("event_invalid action"),
        ),
        ("completed", tag("delete"), Err("event_invalid action")),
        ("not-done", json!({}), Err("event_invalid action")),
        (
            "completed",
            json!({ "tag": [{ "system": "urn:lintas:acton", "code": "x" }] }),
            Err("event_invalid tag"),
        ),
    ] {
        let mut bundle = clinic();
        let immunization = &mut bundle["entry"][1]["resource"];
        immunization["status"] = json!(status);
        immunization["meta"] = meta;
        let event = read(&bundle.to_string()).remove(0);
        assert_eq!(
            event.map(|event| event.action),
            action.map_err(str::to_owned)
        );
    }
}

#[test]
fn the_facility_is_who_performed_it_or_whose_the_place_is() {
    let organization =
        json!({ "type": "Organization", "identifier": { "system": "x", "value": "F-1" } });
    let event = changed("/entry/1/resource/performer/2/actor", organization).unwrap();
    assert_eq!(event.facility, "F-1");
    let mut bundle = clinic();
    bundle["entry"][1]["resource"]["performer"] = json!(null);
    let facility = |bundle: &Value| read(&bundle.to_string()).remove(0).unwrap().facility;
    assert_eq!(facility(&bundle), "ef011065");
    let location = json!({ "resource": { "resourceType": "Location", "id": "ef011065",
        "managingOrganization": { "reference": "Organization/3174001" } } });
    bundle["entry"].as_array_mut().unwrap().push(location);
    assert_eq!(facility(&bundle), "3174001");
}

#[test]
fn what_cannot_be_told_is_refused_by_its_field() {
    for (pointer, value, told) in [
        (
            "/entry/1/resource/patient/reference",
            json!("urn:uuid:3"),
            "event_invalid person",
        ),
        (
            "/entry/1/resource/patient",
            json!(null),
            "event_invalid person",
        ),
        (
            "/entry/1/resource/patient/reference",
            json!("urn:uuid:2"),
            "event_invalid person",
        ),
        (
            "/entry/1/resource/identifier",
            json!([]),
            "event_invalid source_id",
        ),
        (
            "/entry/0/resource/name",
            json!([]),
            "claim_invalid family_name",
        ),
        (
            "/entry/0/resource/birthDate",
            json!("01-07-1988"),
            "claim_invalid birth_date",
        ),
        (
            "/entry/1/resource/vaccineCode/coding/2/code",
            json!("500"),
            "product_unknown product",
        ),
        (
            "/entry/1/resource/vaccineCode/coding/1",
            json!({ "system": "http://hl7.org/fhir/sid/cvx", "code": "510" }),
            "event_invalid product",
        ),
        (
            "/entry/1/resource/vaccineCode",
            json!(null),
            "event_invalid product",
        ),
        (
            "/entry/1/resource/protocolApplied/0/doseNumberPositiveInt",
            json!("two"),
            "event_invalid dose",
        ),
        (
            "/entry/1/resource/protocolApplied",
            json!([{ "doseNumberPositiveInt": 1 }, { "doseNumberString": "2" }]),
            "event_invalid dose",
        ),
        (
            "/entry/1/resource/protocolApplied",
            json!([]),
            "event_invalid dose",
        ),
        (
            "/entry/1/resource/isSubpotent",
            json!(true),
            "event_invalid dose",
        ),
        (
            "/entry/1/resource/occurrenceDateTime",
            json!("2026-11"),
            "event_invalid date",
        ),
        (
            "/entry/1/resource/modifierExtension",
            json!([{ "url": "x" }]),
            "event_invalid modifierExtension",
        ),
        (
            "/entry/0/resource/photo",
            json!("x".repeat(rows::MAX_ROW)),
            "input_too_large person",
        ),
        (
            "/entry/1/resource/note",
            json!("x".repeat(rows::MAX_ROW)),
            "input_too_large -",
        ),
        (
            "/entry/0/fullUrl",
            json!("urn:uuid:2"),
            "event_invalid person",
        ),
        (
            "/entry/1/resource/resourceType",
            json!("Imunization"),
            "event_invalid event",
        ),
        ("/entry", json!([{ "resource": 7 }]), "event_invalid event"),
        ("/entry", json!(7), "event_invalid event"),
        ("/resourceType", json!("Parameters"), "event_invalid event"),
    ] {
        assert_eq!(changed(pointer, value).unwrap_err(), told, "{pointer}");
    }
    let mut lab = laboratory();
    lab["entry"][4]["resource"]["valueCodeableConcept"]["coding"][0]["code"] = json!("260415000");
    lab["entry"][3]["resource"]["device"] = json!(null);
    let told: Vec<_> = read(&lab.to_string())
        .into_iter()
        .map(Result::unwrap_err)
        .collect();
    assert_eq!(told, ["product_unknown test", "event_invalid result"]);
}

#[test]
fn a_bad_bundle_among_several_is_refused_alone_and_what_is_no_json_refuses_all() {
    let (good, products) = (clinic(), Products::embedded().unwrap());
    let text = format!("{good:#}\n{{\"resourceType\":\"Patient\"}}[]{good}");
    let told: Vec<bool> = read(&text).iter().map(Result::is_ok).collect();
    assert_eq!(told, [true, false, false, true]);
    let broken = format!("{good}{{");
    let refused = rows::read(Form::Fhir, broken.as_bytes(), &products)
        .err()
        .unwrap();
    assert_eq!(refused.code(), Code::RequestInvalid);
    assert!(read("").is_empty());
}

#[test]
fn rejected_resources_come_back_with_what_they_refer_to() {
    let products = Products::embedded().unwrap();
    let text = format!(
        "{:#}\n{:#}\n{{\"resourceType\":\"Patient\"}}",
        clinic(),
        laboratory()
    );
    let before = read(&text);
    let rejects = Rejects::new(Form::Fhir, text.as_bytes()).unwrap();
    assert!(rejects.head().is_none());
    let (mut refused, mut same) = (Vec::new(), Vec::new());
    for row in rows::read(Form::Fhir, text.as_bytes(), &products).unwrap() {
        let failure = Code::DoseInvalid.because("why").about("dose");
        refused.extend(rejects.line(&row, &failure));
        same.extend(rejects.same(&row));
    }
    for file in [refused, same] {
        let file = String::from_utf8(file).unwrap();
        assert_eq!(file.lines().count(), before.len());
        assert_eq!(read(&file), before);
    }
}
