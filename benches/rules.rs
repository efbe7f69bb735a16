//! How long it takes to ask 20 rules about one certificate, and to bring the certificate into the form that they read.
//!
//! Prints a line each: the least and the median time of a round of a thousand, for one certificate, on one core. The rules are
//! read before.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, reads the clock, and may panic"
)]

use lintas::credential;
use lintas::exchange::dgcg::read_rule;
use lintas::exchange::read_value_set;
use lintas::issue::{self, Claims, Issuer};
use lintas::model::{Country, UnixTime};
use lintas::rules::certlogic::Budget;
use lintas::rules::{Answer, Question, RuleSet, ValueSets};
use serde_json::{Value, json};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: usize = 200;
const A_ROUND: u32 = 1_000;

/// The kinds of logic that countries publish, each as often as here.
fn logic(number: usize) -> Value {
    let after = |days: i64| json!({ "plusTime": [{ "var": "payload.v.0.dt" }, days, "day"] });
    let now = json!({ "plusTime": [{ "var": "external.validationClock" }, 0, "day"] });
    let of_vaccination = |holds: Value| json!({ "if": [{ "var": "payload.v.0" }, holds, true] });
    match number % 5 {
        0 => json!({ "!": [{ "and": [{ "var": "payload.v.0" }, { "var": "payload.t.0" }] }] }),
        1 => of_vaccination(json!({ "in": [{ "var": "payload.v.0.mp" },
            ["EU/1/20/1525", "EU/1/20/1507", "EU/1/21/1529", "EU/1/20/1528", "CoronaVac"]] })),
        2 => of_vaccination(
            json!({ ">=": [{ "var": "payload.v.0.dn" }, { "var": "payload.v.0.sd" }] }),
        ),
        3 => of_vaccination(json!({ "in": [{ "var": "payload.v.0.mp" },
            { "var": "external.valueSets.vaccines-covid-19-names" }] })),
        _ => of_vaccination(json!({ "if": [
            { "===": [{ "var": "payload.v.0.mp" }, "EU/1/20/1525"] },
            { "not-after": [after(28), now, after(270)] },
            { "not-after": [after(14), now, after(270)] }] })),
    }
}

fn rules() -> RuleSet {
    let mut rules = RuleSet::default();
    for number in 0..20 {
        let rule = json!({
            "Identifier": format!("VR-DE-{number:04}"), "Type": "Acceptance", "Country": "DE",
            "Version": "1.0.0", "SchemaVersion": "1.0.0", "Engine": "CERTLOGIC",
            "EngineVersion": "1.0.0", "CertificateType": "Vaccination",
            "Description": [{ "lang": "en", "desc": "A rule of a benchmark, in words." }],
            "ValidFrom": "2026-01-01T00:00:00Z", "ValidTo": "2030-01-01T00:00:00Z",
            "AffectedFields": ["v.0"], "Logic": logic(number),
        });
        let rule = read_rule(rule.to_string().as_bytes()).unwrap();
        rules.add(Arc::new(rule)).unwrap();
    }
    rules
}

fn value_sets() -> ValueSets {
    let code = |number: usize| match number {
        0 => "CoronaVac".to_owned(),
        _ => format!("EU/1/20/{number:04}"),
    };
    let value = json!({ "display": "", "lang": "en", "active": true, "system": "", "version": "" });
    let values: Value = (0..40)
        .map(|number| (code(number), value.clone()))
        .collect();
    let set = json!({ "valueSetId": "vaccines-covid-19-names", "valueSetDate": "2026-01-01",
        "valueSetValues": values });
    let mut sets = ValueSets::default();
    sets.add(read_value_set(set.to_string().as_bytes()).unwrap())
        .unwrap();
    sets
}

/// Prints how long `once` takes.
fn time(name: &str, mut once: impl FnMut()) {
    let rounds = (0..ROUNDS).map(|_| {
        let started = Instant::now();
        (0..A_ROUND).for_each(|_| once());
        started.elapsed() / A_ROUND
    });
    let mut rounds: Vec<Duration> = rounds.collect();
    rounds.sort_unstable();
    println!("{name:<24} {:.2?} ({:.2?})", rounds[0], rounds[ROUNDS / 2]);
}

fn main() {
    let claims = json!({
        "person": { "family_name": "Kusumawardhani", "given_name": "Dewi", "birth_date": "1970-03-09" },
        "vaccination": {
            "vaccine": "1157024006", "product": "CoronaVac", "manufacturer": "Sinovac-Biotech",
            "dose": 2, "doses": 2, "date": "2026-05-20",
        },
    });
    let claims: Claims = serde_json::from_value(claims).unwrap();
    let clock = UnixTime::parse("2026-07-01T12:00:00Z").unwrap();
    let issuer = Issuer {
        country: Country::DEMO,
        name: "Ministry of Benches".to_owned(),
    };
    let uvci = issue::uvci_from_random(Country::DEMO, [7; 16]).unwrap();
    let certificate = issue::check(&claims, &issuer, uvci, clock).unwrap();
    let (rules, sets) = (rules(), value_sets());
    let question = Question {
        country: Country::parse("DE").unwrap(),
        region: None,
        issuer: "ID",
        signers: &[],
        about: certificate.entry.purpose(),
        clock,
        issued_at: clock,
        expires_at: clock,
        kid: None,
        more: &[],
    };
    let payload = credential::payload(&certificate).unwrap();
    time("the form of rules", || {
        black_box(credential::payload(black_box(&certificate)));
    });
    time("20 rules", || {
        let mut budget = Budget::default();
        let results = rules.judge(&question, Some(black_box(&payload)), &sets, &mut budget);
        assert!(results.iter().all(|it| it.answer == Answer::Pass) && results.len() == 20);
    });
}
