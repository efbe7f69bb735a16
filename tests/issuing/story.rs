//! From an event to a certificate, and what corrections, cancellations, lost slips and restarts make of it.

use crate::ground::{Ground, database, dose, dose_with, now};
use crate::support::gateway::{TestGateway, assert_nothing_personal, read};
use lintas::crypto::sha256;
use lintas::failure::Code;
use lintas::issue::event::Action;
use lintas::issue::event::rows::Form;
use lintas::model::Purpose;
use lintas::server::gateway::Clock;
use lintas::server::gateway::issuing::{HandedIn, Submitter};
use lintas::server::store::issuing::{NewEvent, Selector};
use serde_json::{Value, json};

/// The events of a vaccination, a test and a recovery.
fn happenings() -> [(&'static str, Value); 3] {
    let with = |id: &str, name: &str, happening: Value| {
        let mut event = dose(id);
        event.as_object_mut().unwrap().shift_remove("vaccination");
        event[name] = happening;
        event
    };
    let test = json!({ "test": "pcr", "sampled_at": "2026-05-31T20:00:00Z", "result": "not_detected",
        "centre": "Labkesda Probolinggo" });
    [
        ("v", dose("V-1")),
        ("t", with("T-1", "test", test)),
        (
            "r",
            with("R-1", "recovery", json!({ "first_positive": "2026-04-02" })),
        ),
    ]
}

#[actix_web::test]
async fn an_event_of_each_kind_becomes_a_certificate_that_is_accepted() {
    let ground = Ground::open().await;
    for (kind, event) in happenings() {
        let claim = ground.ana.claims(&event).await;
        let text = ground.text(&claim).await;
        let request = json!({ "credential": text, "view": "holder" });
        let verdict = ground.gateway.post_as_client("/v1/verify", &request).await;
        let shown = verdict.json().to_string();
        assert!(shown.contains("Kusumawardhani"), "{kind}: {shown}");
    }
    ground.ends().await;
}

#[actix_web::test]
async fn a_certificate_is_fetched_in_every_form() {
    let ground = Ground::open().await;
    let claim = ground.ana.claims(&dose("V-1")).await;
    ground.text(&claim).await;
    for (form, media_type, begins) in [
        ("svg", "image/svg+xml", "<"),
        ("png", "image/png", ""),
        ("pdf", "application/pdf", "%PDF"),
    ] {
        let answer = ground.fetch(&claim, &json!({ "format": form })).await;
        assert_eq!(
            (answer.status, answer.headers["content-type"].as_bytes()),
            (200, media_type.as_bytes())
        );
        assert!(answer.text.starts_with(begins) && answer.headers["cache-control"] == "no-store");
        let url = format!("{}/v1/claims", ground.gateway.base);
        let asked = ground.gateway.client.post(url).header("accept", media_type);
        let asked = asked.header("content-type", "application/json");
        let answer = read(asked.body(json!({ "claim": claim }).to_string())).await;
        assert_eq!(answer.headers["content-type"], media_type);
    }
    let other = ground
        .fetch(&claim, &json!({ "format": "pdf", "profile": "who_ddcc" }))
        .await;
    assert_eq!(other.status, 404);
    ground.ends().await;
}

#[actix_web::test]
async fn the_same_again_changes_nothing_and_gives_the_claim_again_to_whoever_handed_it_in() {
    let ground = Ground::open().await;
    let claim = ground.ana.claims(&dose("V-1")).await;
    for _ in 0..2 {
        let again = ground.ana.hands_in(&dose("V-1")).await;
        assert_eq!(
            (&again["status"], &again["claim"]),
            (&json!("known"), &json!(claim))
        );
        let other = ground.budi.hands_in(&dose("V-1")).await;
        assert_eq!(
            (&other["status"], &other["claim"]),
            (&json!("known"), &Value::Null)
        );
        ground.text(&claim).await;
    }
    let mut changed = dose("V-1");
    changed["vaccination"]["dose"] = json!(1);
    let refused = ground.ana.is_refused(&changed).await;
    assert_eq!(refused.0, "event_conflict");
    ground.ends().await;
}

#[actix_web::test]
async fn a_correction_a_new_slip_and_a_cancellation_each_end_the_claim_before() {
    let ground = Ground::open().await;
    let first = ground.ana.claims(&dose("V-1")).await;
    ground.text(&first).await;
    let mut corrected = dose_with("V-1", "correct");
    corrected["person"]["given_name"] = json!("Dewi");
    let second = ground.ana.claims(&corrected).await;
    assert_eq!(
        ground.fetch(&first, &json!({})).await.problem(),
        "claim_unknown"
    );
    ground.text(&second).await;
    corrected["action"] = json!("renew");
    let third = ground.ana.claims(&corrected).await;
    assert_eq!(
        ground.fetch(&second, &json!({})).await.problem(),
        "claim_unknown"
    );
    ground.text(&third).await;
    corrected["action"] = json!("cancel");
    assert_eq!(ground.ana.hands_in(&corrected).await["status"], "cancelled");
    assert_eq!(
        ground.fetch(&third, &json!({})).await.problem(),
        "claim_unknown"
    );
    ground.settles().await;
    for action in ["correct", "cancel", "renew"] {
        let refused = ground.ana.is_refused(&dose_with("V-2", action)).await;
        assert_eq!(refused.0, "event_unknown", "{action}");
    }
    ground.ends().await;
}

#[actix_web::test]
async fn one_bad_row_keeps_no_other_out() {
    let ground = Ground::open().await;
    let mut wrong = dose("V-2");
    wrong["vaccination"]["product"] = json!("SECRET");
    let mut beyond = dose("V-3");
    beyond["vaccination"]["dose"] = json!(9);
    let lines = [dose("V-1"), wrong, beyond, json!("SECRET"), dose("V-4")];
    let lines: String = lines.iter().map(|it| format!("{it}\n")).collect();
    let answer = ground
        .ana
        .post("/v1/events", "application/x-ndjson", lines)
        .await;
    assert!(!answer.text.contains("SECRET") && !answer.text.contains("Dewi"));
    let told = answer.json();
    let rows: Vec<_> = told["rows"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = rows
        .iter()
        .map(|it| it["problem"]["code"].as_str())
        .collect();
    assert_eq!(
        codes,
        [
            None,
            Some("product_unknown"),
            Some("dose_invalid"),
            Some("event_invalid"),
            None
        ]
    );
    assert_eq!((&told["taken"], &told["refused"]), (&json!(2), &json!(3)));
    for row in [0, 4] {
        ground.text(rows[row]["claim"].as_str().unwrap()).await;
    }
    ground.ends().await;
}

#[actix_web::test]
async fn nothing_personal_is_in_the_database_while_it_waits_or_after() {
    let ground = Ground::open().await;
    let claim = ground.ana.claims(&dose("V-1")).await;
    let text = ground.text(&claim).await;
    let stored = String::from_utf8_lossy(&database(ground.gateway.data.path())).into_owned();
    assert_nothing_personal(&stored, "the database");
    assert!(!stored.contains(&claim) && !stored.contains(&text[4..40]));
    ground.ends().await;
}

#[actix_web::test]
async fn what_waits_is_certified_after_a_restart_and_by_another_node() {
    let toml = "roles = [\"verify\", \"admin\"]";
    let mut ground = Ground::configured(toml, Clock::Fixed(now())).await;
    // A node that has no signer takes in all the same.
    let claim = ground.ana.claims(&dose("V-1")).await;
    let (data, store) = crate::ground::beside(ground.gateway.data.path());
    let copied = data.path().to_owned();
    let second = TestGateway::configured(
        &store,
        |folder| crate::support::copy(&copied, folder),
        Clock::Fixed(now()),
    )
    .await;
    let first = std::mem::replace(&mut ground.gateway, second);
    ground.text(&claim).await;
    ground.ends().await;
    first.stop().await;
}

/// One vaccination, one test and one recovery of one person in each of the other forms.
const CSV: &str = "source_id,family_name,given_name,birth_date,product,dose,date,lot,test,sampled_at,result,first_positive,facility
C-1,Kusumawardhani,Dewi Sartika,1987-03-09,coronavac,2,2026-05-20,A1,,,,,3174001
C-2,Kusumawardhani,Dewi Sartika,1987-03-09,,,,,pcr,2026-05-31T20:00:00Z,detected,,3174001
C-3,Kusumawardhani,Dewi Sartika,1987-03-09,,,,,,,,2026-04-02,3174001
";

fn bundle() -> Value {
    let subject = json!({ "reference": "urn:uuid:8c1f" });
    json!({ "resourceType": "Bundle", "type": "collection", "entry": [
        { "fullUrl": "urn:uuid:8c1f", "resource": { "resourceType": "Patient",
            "identifier": [{ "system": "https://fhir.kemkes.go.id/id/nik", "value": "3201234567890001" }],
            "name": [{ "use": "official", "family": "Kusumawardhani", "given": ["Dewi", "Sartika"] }],
            "birthDate": "1987-03-09" } },
        { "resource": { "resourceType": "Immunization", "id": "F-1", "status": "completed",
            "vaccineCode": { "coding": [{ "system": "http://hl7.org/fhir/sid/cvx", "code": "511" }] },
            "patient": subject, "occurrenceDateTime": "2026-05-20", "lotNumber": "A1",
            "performer": [{ "actor": { "reference": "Organization/3174001" } }],
            "protocolApplied": [{ "doseNumberPositiveInt": 2 }] } },
        { "resource": { "resourceType": "Observation", "id": "F-2", "status": "final",
            "code": { "coding": [{ "system": "http://loinc.org", "code": "94500-6" }] },
            "subject": subject, "effectiveDateTime": "2026-05-31T20:00:00Z",
            "performer": [{ "reference": "Organization/3174001", "display": "Labkesda Probolinggo" }],
            "valueCodeableConcept": { "coding": [{ "system": "http://snomed.info/sct", "code": "260415000" }] } } } ] })
}

#[actix_web::test]
async fn tables_and_bundles_become_certificates_too() {
    let ground = Ground::open().await;
    for (media_type, body, rows) in [
        ("text/csv", CSV.to_owned(), 3),
        ("application/fhir+json", bundle().to_string(), 2),
        // Many systems send FHIR as plain JSON; all of it is known by then.
        ("application/json", bundle().to_string(), 2),
    ] {
        let answer = ground
            .ana
            .post("/v1/events?import=may", media_type, body)
            .await;
        let told = answer.json();
        let told = told["rows"].as_array().unwrap();
        assert_eq!(told.len(), rows, "{}", answer.text);
        for row in told {
            ground.text(row["claim"].as_str().unwrap_or_default()).await;
        }
    }
    ground.ends().await;
}

#[actix_web::test]
async fn an_import_of_several_requests_has_one_name_and_nobody_names_anothers() {
    let ground = Ground::open().await;
    let import = async |caller: &crate::ground::Caller, path: &str, id: &str| {
        caller.post_json(path, &dose(id)).await.json()["import"].clone()
    };
    let named = "/v1/events?import=may";
    let first = import(&ground.ana, named, "V-1").await;
    assert_eq!(import(&ground.ana, named, "V-2").await, first);
    assert_ne!(import(&ground.budi, named, "V-3").await, first);
    assert_ne!(import(&ground.ana, "/v1/events", "V-4").await, first);
    for odd in [
        "/v1/events?import=",
        "/v1/events?import=a%20b",
        "/v1/events?x=1",
    ] {
        let answer = ground.ana.post_json(odd, &dose("V-5")).await;
        assert_eq!(answer.problem(), "request_invalid", "{odd}");
    }
    ground.ends().await;
}

#[actix_web::test]
async fn a_product_without_a_code_of_the_eu_becomes_the_whos_and_the_holder_is_told() {
    let ground = Ground::open().await;
    let mut event = dose("V-1");
    event["vaccination"]["product"] = json!("indovac");
    let row = ground.ana.hands_in(&event).await;
    assert_eq!(row["warnings"], json!(["product_has_no_eu_code"]));
    let fetched = ground.fetched(row["claim"].as_str().unwrap()).await;
    assert_eq!(
        fetched["certificates"][0]["profile"], "who_ddcc",
        "{fetched}"
    );
    assert_eq!(fetched["warnings"][0]["code"], "product_has_no_eu_code");
    assert!(fetched["warnings"][0]["id"]["sentence"].is_string());
    event["source_id"] = json!("V-2");
    event["profiles"] = json!(["eu_dcc"]);
    let refused = ground.ana.is_refused(&event).await;
    assert_eq!(refused.0, "product_has_no_eu_code");
    ground.ends().await;
}

#[actix_web::test]
async fn the_whole_story_on_postgresql() {
    let Some(toml) = crate::ground::postgres().await else {
        return;
    };
    let ground = Ground::configured(&toml, Clock::Fixed(now())).await;
    let first = ground.ana.claims(&dose("V-1")).await;
    ground.text(&first).await;
    let mut corrected = dose_with("V-1", "correct");
    corrected["vaccination"]["dose"] = json!(1);
    let second = ground.ana.claims(&corrected).await;
    ground.text(&second).await;
    assert_eq!(
        ground.fetch(&first, &json!({})).await.problem(),
        "claim_unknown"
    );
    corrected["action"] = json!("cancel");
    assert_eq!(ground.ana.hands_in(&corrected).await["status"], "cancelled");
    let lines: String = (0..500)
        .map(|n| format!("{}\n", dose(&format!("W-{n}"))))
        .collect();
    let answer = ground
        .ana
        .post("/v1/events", "application/x-ndjson", lines)
        .await
        .json();
    assert_eq!(answer["taken"], 500, "{answer}");
    ground.settles().await;
    ground
        .text(answer["rows"][499]["claim"].as_str().unwrap())
        .await;
    ground.ends().await;
}

#[actix_web::test]
async fn two_nodes_certify_each_event_once() {
    let ground = Ground::open().await;
    // The first event names the data key, which the other node then has.
    ground.text(&ground.ana.claims(&dose("A-0")).await).await;
    let (data, store) = crate::ground::beside(ground.gateway.data.path());
    let copied = data.path().to_owned();
    let prepare = |folder: &std::path::Path| crate::support::copy(&copied, folder);
    let second = TestGateway::configured(&store, prepare, Clock::Fixed(now())).await;
    let token = ground.ana.token(&["issue"]).await.json()["token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    for round in 1..10 {
        ground.ana.claims(&dose(&format!("A-{round}"))).await;
        let request = second.request("/v1/events", dose(&format!("B-{round}")).to_string());
        let answer = read(request.header("authorization", &bearer)).await;
        assert_eq!(answer.json()["taken"], 1, "{}", answer.text);
        // The same at both.
        let request = second.request("/v1/events", dose(&format!("A-{round}")).to_string());
        let answer = read(request.header("authorization", &bearer)).await;
        assert_eq!(answer.json()["known"], 1, "{}", answer.text);
    }
    ground.settles().await;
    let records = ground.gateway.gateway().records().unwrap();
    let tally = records.store().tally(&Selector::default()).await.unwrap();
    assert_eq!((tally.certificates, tally.events), (19, 19));
    second.stop().await;
    ground.ends().await;
}

#[actix_web::test]
async fn a_node_with_another_data_key_takes_nothing_in() {
    let ground = Ground::open().await;
    ground.text(&ground.ana.claims(&dose("A-0")).await).await;
    let (data, store) = crate::ground::beside(ground.gateway.data.path());
    std::fs::remove_file(data.path().join("keys/data.key")).unwrap();
    let copied = data.path().to_owned();
    let prepare = |folder: &std::path::Path| crate::support::copy(&copied, folder);
    let toml = format!("{store}[listen]\nadmin = \"127.0.0.1:0\"\n");
    let second = TestGateway::configured(&toml, prepare, Clock::Fixed(now())).await;
    let certificate = ground.ana.certificate();
    let submitter = Submitter::of(second.gateway().operator(&certificate).unwrap());
    let handed_in = HandedIn {
        form: Form::Json,
        bytes: dose("A-1").to_string().into(),
        import: None,
    };
    let refused = second.gateway().take_in(&submitter, handed_in).await;
    assert_eq!(refused.err().unwrap().code(), Code::ConfigurationInvalid);
    assert!(!second.data.path().join("keys/data.key").exists());
    second.stop().await;
    ground.ends().await;
}

/// One that waits for a data key that nobody has.
fn blocked(number: u32) -> NewEvent {
    let [one, other] = [b"one", b"two"].map(|it| sha256(&[it, &number.to_be_bytes()[..]].concat()));
    let early_or_late = if number.is_multiple_of(2) {
        -1000
    } else {
        1000
    };
    NewEvent {
        id: *one.first_chunk().unwrap(),
        source_key: one,
        digest: one,
        action: Action::New,
        purpose: Purpose::Vaccination,
        facility: "3174001".into(),
        operator: "ana".into(),
        submitted_by: "ana".into(),
        lot: None,
        batch: "0123456789abcdef0123456789abcdef".into(),
        received_at_ms: now().seconds() * 1000 + early_or_late,
        body: b"encrypted under another key".to_vec(),
        claim_key: other,
        claim_again: Vec::new(),
        within: None,
    }
}

#[actix_web::test]
#[ignore = "takes more than a minute where it is not optimised"]
async fn many_that_wait_at_both_ends_keep_nobody_between_them_from_a_certificate() {
    let ground = Ground::open().await;
    let store = ground.gateway.gateway().records().unwrap().store();
    // More than are looked at from either end in a turn.
    for numbers in [0..8_200, 8_200..16_400] {
        let events: Vec<_> = numbers.map(blocked).collect();
        store.take_in(&events, &[]).await.unwrap();
    }
    let claim = ground.ana.claims(&dose("V-1")).await;
    let mut tries = 0;
    while ground.fetch(&claim, &json!({})).await.status == 202 {
        tries += 1;
        assert!(tries < 600, "it waits on");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    ground.text(&claim).await;
    ground.ends().await;
}
