//! A flight's passengers in one call, each for the journey and with a receipt. The long run is by hand, since it measures.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a stopwatch, whose figures are read by people"
)]

use crate::home::at_home;
use crate::support::conformance_dir;
use crate::support::gateway::{TestGateway, read};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lintas::verify::Unproven;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

#[actix_web::test]
async fn forty_passengers_are_answered_in_one_call() {
    are_answered(40).await;
}

#[actix_web::test]
#[ignore = "measures"]
async fn a_wide_body_is_answered_in_one_call() {
    are_answered(400).await;
}

async fn are_answered(passengers: usize) {
    let rules = conformance_dir().map(|dir| every_rule(&dir));
    let (gateway, arrival) = at_home(rules.as_deref()).await;
    let mut manifest = Vec::new();
    for seat in 0..passengers {
        let (given, birth_date) = (given(seat), "1987-03-09");
        let credential = issued(&gateway, &given, birth_date).await;
        manifest.push(json!({
            "ref": format!("{}{}", seat / 10 + 1, char::from(b'A' + u8::try_from(seat % 10).unwrap())),
            "credential": credential,
            "for": { "destination": "ZZ", "mode": "air", "arrival": arrival.to_string() },
            "holder": { "name": { "family": "Kusumawardhani", "given": given }, "birth_date": birth_date },
            "receipt": true,
        }));
    }
    manifest[0]["include"] = json!(["rules"]);
    let lines: String = manifest.iter().map(|row| format!("{row}\n")).collect();
    let request = gateway
        .client
        .post(format!("{}/v1/verify/batch", gateway.base));
    let request = request.header(AUTHORIZATION, format!("Bearer {}", gateway.token));
    let request = request.header(CONTENT_TYPE, "application/x-ndjson");
    let (asked, started) = (lines.len(), Instant::now());
    let answer = read(request.body(lines)).await;
    let took = started.elapsed();
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answers: Vec<Value> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), passengers);
    // The sample has two rules about vaccinations.
    let asked_rules = rules.as_ref().map_or(2, |rules| about_vaccinations(rules));
    let told = answers[0]["credentials"][0]["rules"].as_array().unwrap();
    assert_eq!(told.len(), asked_rules);
    for (row, answer) in manifest.iter().zip(&answers) {
        assert_eq!(answer["ref"], row["ref"]);
        assert_eq!(answer["credentials"][0]["identity"]["agreement"], "match");
        is_confirmed(&gateway, row, answer);
    }
    println!(
        "{passengers} rows of {asked} bytes, {asked_rules} rules each: {:?} a row, {took:?} in all, {} bytes of answer",
        took / u32::try_from(passengers).unwrap(),
        answer.text.len()
    );
    gateway.stop().await;
}

/// Demands that the receipt in `answer` proves what it says about `row`.
fn is_confirmed(gateway: &TestGateway, row: &Value, answer: &Value) {
    let receipt = answer["receipt"].as_str().unwrap();
    let receipt = BASE64_URL_SAFE_NO_PAD.decode(receipt).unwrap();
    let keys = gateway.gateway().receipt_keys().iter().map(|(_, key)| key);
    let receipt = Unproven::read(&receipt).unwrap().prove(keys).unwrap();
    assert!(receipt.is_about(&[row["credential"].as_str().unwrap()]));
    assert_eq!(receipt.outcome.name(), answer["outcome"]);
    assert_eq!(receipt.at.to_string(), answer["at"]);
}

async fn issued(gateway: &TestGateway, given: &str, birth_date: &str) -> String {
    let claims = json!({
        "person": { "family_name": "Kusumawardhani", "given_name": given, "birth_date": birth_date },
        "vaccination": { "vaccine": "1119349007", "product": "EU/1/20/1528", "manufacturer": "ORG-100030215",
                         "dose": 2, "doses": 2, "date": "2026-04-20" },
    });
    let answer = gateway.post_as_client("/v1/issue", &claims).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["credential"].as_str().unwrap().to_owned()
}

/// A name for each number, as names have no digits.
fn given(number: usize) -> String {
    let digits = number.to_string();
    let letters = digits
        .bytes()
        .map(|digit| char::from(b'a' + (digit - b'0')));
    format!("Dewi {}", letters.collect::<String>())
}

/// Every published rule of any country, as the demo country's own, in Indonesian as well.
fn every_rule(dir: &Path) -> Vec<Value> {
    let folders = |dir: &Path| {
        let entries = std::fs::read_dir(dir).unwrap();
        let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        folders
    };
    let countries = folders(&dir.join("certlogic/rules")).into_iter();
    let rules = countries
        .filter(|it| it.is_dir())
        .flat_map(|it| folders(&it));
    let files = rules
        .map(|it| it.join("rule.json"))
        .filter(|it| it.is_file());
    let rules: Vec<_> = (1..)
        .zip(files)
        .map(|(number, file)| own(number, &file))
        .collect();
    assert!(rules.len() >= 145, "{}", rules.len());
    rules
}

fn own(number: u32, file: &Path) -> Value {
    let mut rule: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let kind = rule["Identifier"].as_str().unwrap()[..2].to_owned();
    rule["Identifier"] = json!(format!("{kind}-ZZ-{number:04}"));
    rule["Country"] = json!("ZZ");
    rule["ValidTo"] = json!("2030-01-01T00:00:00Z");
    let said = rule["Description"].as_array_mut().unwrap();
    said.push(json!({ "lang": "id", "desc": "Salah satu aturan yang diterbitkan." }));
    rule
}

fn about_vaccinations(rules: &[Value]) -> usize {
    let about = |rule: &&Value| {
        let kind = rule["CertificateType"].as_str().unwrap();
        ["General", "Vaccination"].contains(&kind)
    };
    rules.iter().filter(about).count()
}
