use crate::home::at_home;
use crate::support::gateway::TestGateway;
use crate::support::{RECOVERY, TEST, VACCINATION, issued_at};
use jsonschema::Validator;
use lintas::issue::event::{Action, Event, Happening, Profile, Wanted};
use lintas::issue::products::Products;
use lintas::issue::{self, Claims, Issuer, Profiles};
use lintas::model::{Country, HealthCertificate};
use lintas::server::http::ROUTES;
use lintas::verify::{View, certificate_json};
use serde_json::{Value, json};

#[actix_web::test]
async fn the_document_describes_every_route() {
    let gateway = TestGateway::start().await;
    let document = gateway.get("/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        assert!(
            operation["summary"].is_string(),
            "{} {}",
            route.method,
            route.path
        );
    }
    gateway.stop().await;
}

fn validator(document: &Value, name: &str) -> Validator {
    let schema = json!({
        "$ref": format!("#/components/schemas/{name}"),
        "components": document["components"],
    });
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Demands that `answer` is what the document says of the schema `name`.
fn obeys(document: &Value, name: &str, answer: &Value) {
    let validator = validator(document, name);
    let faults: Vec<_> = validator
        .iter_errors(answer)
        .map(|fault| fault.to_string())
        .collect();
    assert!(faults.is_empty(), "{name}: {faults:?}");
}

#[actix_web::test]
async fn real_answers_and_requests_are_what_the_document_says() {
    let gateway = TestGateway::start().await;
    let document = gateway.get("/openapi.json").await.json();
    let text = gateway.issue().await;
    for view in ["result", "gate", "officer", "holder"] {
        for credential in [text.as_str(), "HC1:=", "x"] {
            let request = json!({ "credential": credential, "view": view, "locale": "id" });
            obeys(&document, "VerifyRequest", &request);
            let answer = gateway.post_as_client("/v1/verify", &request).await.json();
            obeys(&document, "Verdict", &answer);
        }
    }
    let several = json!({ "credentials": [{ "ref": "a", "credential": text }], "at": "2026-07-01T00:00:00Z" });
    obeys(&document, "VerifyRequest", &several);
    obeys(
        &document,
        "Verdict",
        &gateway.post_as_client("/v1/verify", &several).await.json(),
    );
    let rows = json!([{ "ref": "a", "credential": text, "view": "officer" }, several]);
    obeys(&document, "BatchRequest", &rows);
    obeys(&document, "BatchRow", &rows[0]);
    let bad = json!([rows[0], { "ref": "b" }, null]);
    let answers = gateway
        .post_as_client("/v1/verify/batch", &bad)
        .await
        .json();
    obeys(&document, "BatchResponse", &answers);
    obeys(&document, "BatchAnswer", &answers[0]);
    obeys(&document, "Verdict", &answers[0]);
    obeys(&document, "Problem", &answers[1]);
    let claims: Value = serde_json::from_str(VACCINATION).unwrap();
    obeys(&document, "IssueRequest", &claims);
    obeys(
        &document,
        "IssueResponse",
        &gateway.post_as_client("/v1/issue", &claims).await.json(),
    );
    obeys(
        &document,
        "Problem",
        &gateway.post("/v1/issue", &claims).await.json(),
    );
    obeys(
        &document,
        "Problem",
        &gateway
            .post("/v1/verify", &json!({ "for": 1, "credential": "x" }))
            .await
            .json(),
    );
    for (path, name) in [
        ("/v1/trust", "TrustList"),
        ("/codes", "Codes"),
        ("/codes/expired", "CodeRow"),
        ("/health/live", "Live"),
        ("/health/ready", "Ready"),
        ("/nowhere", "Problem"),
    ] {
        obeys(&document, name, &gateway.get(path).await.json());
    }
    gateway.stop().await;
}

#[actix_web::test]
async fn what_is_asked_for_a_journey_and_a_holder_is_what_the_document_says() {
    let (gateway, arrival) = at_home(None).await;
    let document = gateway.get("/openapi.json").await.json();
    let good = gateway.issue().await;
    let mut claims: Value = serde_json::from_str(VACCINATION).unwrap();
    claims["vaccination"]["product"] = json!("EpiVacCorona");
    let issued = gateway.post_as_client("/v1/issue", &claims).await.json();
    let home = json!({ "destination": "ZZ", "arrival": arrival.to_string(), "mode": "air", "region": "ZZ1",
                       "sector": "mall", "wilayah": "51" });
    let mut last = Value::Null;
    for (text, journey, holder) in [
        (
            json!(good),
            home.clone(),
            json!({ "name": "Dewi Sartika Kusumawardhani", "birth_date": "1987" }),
        ),
        (
            json!(good),
            json!({ "destination": "SGP" }),
            json!({ "mrz": "KUSUMAWARDHANI<<DEWI" }),
        ),
        (
            issued["credential"].clone(),
            home,
            json!({ "name": { "family": "Kusumawardhani" }, "birth_date": "1987-03-09" }),
        ),
    ] {
        let request = json!({ "credential": text, "for": journey, "holder": holder, "include": ["rules"],
                              "view": "gate", "locale": "id", "receipt": true });
        obeys(&document, "VerifyRequest", &request);
        obeys(&document, "BatchRow", &request);
        let answer = gateway.post_as_client("/v1/verify", &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = answer.json();
        obeys(&document, "Verdict", &answer);
        let credential = &answer["credentials"][0];
        obeys(&document, "CredentialVerdict", credential);
        assert!(credential["identity"].is_object() && credential["rules"].is_array());
        last = answer;
    }
    for (schema, bad) in [
        ("Journey", json!({})),
        ("Journey", json!({ "destination": "SG", "via": "MY" })),
        ("Journey", json!({ "destination": "SG", "mode": "by air" })),
        ("Holder", json!({ "birth_date": "1987-03-09" })),
        ("Holder", json!({ "name": { "full": "Dewi" } })),
    ] {
        assert!(
            !validator(&document, schema).is_valid(&bad),
            "{schema}: {bad}"
        );
    }
    // What an answer has is described, though later versions may add members.
    let described = |name: &str, part: &Value| {
        let told = &document["components"]["schemas"][name]["properties"];
        for member in part.as_object().unwrap().keys() {
            assert!(told[member].is_object(), "{name}: {member}");
        }
    };
    described("Verdict", &last);
    described("CredentialVerdict", &last["credentials"][0]);
    let findings = last["findings"].as_array().unwrap();
    assert!(findings.iter().any(|it| it["description"].is_string()));
    findings.iter().for_each(|it| described("Finding", it));
    gateway.stop().await;
}

/// A dose and a test in the WHO's form, and everything in the EU's.
fn certificates() -> Vec<HealthCertificate> {
    let issuer = Issuer {
        country: Country::DEMO,
        name: "Ministry of Tests".into(),
    };
    let uvci = issue::uvci_from_random(Country::DEMO, [7; 16]).unwrap();
    let eu = [VACCINATION, TEST, RECOVERY].map(|claims| {
        let claims: Claims = serde_json::from_str(claims).unwrap();
        issue::check(&claims, &issuer, uvci.clone(), issued_at()).unwrap()
    });
    let (products, profiles) = (Products::embedded().unwrap(), Profiles::embedded().unwrap());
    let happenings = [
        Happening::Vaccination {
            product: "indovac".into(),
            dose: 1,
            date: issued_at().date(),
            lot: Some("A1".into()),
        },
        Happening::Test {
            test: "pcr".into(),
            sampled_at: issued_at(),
            detected: false,
            centre: None,
        },
    ];
    let who = happenings.map(|happening| {
        let event = Event {
            source_id: "1".into(),
            action: Action::New,
            person: eu[0].person.clone(),
            happening,
            facility: "1".into(),
            operator: None,
            wanted: Wanted::Usual,
        };
        let profile = Profile::WhoDdcc;
        let made = profiles.certificate(&event, &products, profile, &issuer, uvci.clone());
        made.unwrap()
    });
    eu.into_iter().chain(who).collect()
}

#[actix_web::test]
async fn certificates_of_either_form_are_what_the_document_says() {
    let gateway = TestGateway::start().await;
    let document = gateway.get("/openapi.json").await.json();
    for certificate in certificates() {
        for (view, name) in [
            (View::Gate, "GateCertificate"),
            (View::Officer, "WholeCertificate"),
            (View::Holder, "WholeCertificate"),
        ] {
            obeys(
                &document,
                name,
                &certificate_json(&certificate, view).unwrap(),
            );
        }
    }
    gateway.stop().await;
}
