//! Rule sets: which rules are asked, what they see beside the certificate, what they say.

use lintas::exchange::dgcg::read_rule;
use lintas::exchange::read_value_set;
use lintas::failure::Code;
use lintas::model::{Country, Kid, Purpose, UnixTime};
use lintas::rules::certlogic::{Budget, Data, Fault};
use lintas::rules::{Answer, Open, Question, Rule, RuleSet, ValueSets};
use serde_json::{Value, json};
use std::sync::Arc;

/// A rule with `logic`, changed by `members`.
fn rule(identifier: &str, logic: &Value, members: &Value) -> Arc<Rule> {
    let (prefix, country) = (&identifier[..2], &identifier[3..5]);
    let mut rule = json!({
        "Identifier": identifier,
        "Type": if prefix == "IR" { "Invalidation" } else { "Acceptance" },
        "Country": country,
        "Version": "1.0.0",
        "SchemaVersion": "1.0.0",
        "Engine": "CERTLOGIC",
        "EngineVersion": "1.0.0",
        "CertificateType": match prefix { "VR" => "Vaccination", "TR" => "Test", "RR" => "Recovery", _ => "General" },
        "Description": [{ "lang": "en", "desc": "A rule of a test, in some words." }],
        "ValidFrom": "2022-01-01T00:00:00Z",
        "ValidTo": "2022-12-31T23:59:59Z",
        "AffectedFields": ["v.0"],
        "Logic": logic,
    });
    let changed = members.as_object().unwrap().clone();
    rule.as_object_mut().unwrap().extend(changed);
    Arc::new(read_rule(rule.to_string().as_bytes()).unwrap())
}

fn set(rules: &[Arc<Rule>]) -> RuleSet {
    let mut set = RuleSet::default();
    for rule in rules {
        set.add(Arc::clone(rule)).unwrap();
    }
    set
}

fn question() -> Question<'static> {
    let at = |text: &str| UnixTime::parse(text).unwrap();
    Question {
        country: Country::parse("DE").unwrap(),
        region: None,
        issuer: "FR",
        signers: &[],
        about: Purpose::Vaccination,
        clock: at("2022-06-01T12:00:00Z"),
        issued_at: at("2021-06-01T00:00:00Z"),
        expires_at: at("2023-06-01T00:00:00Z"),
        kid: None,
        more: &[],
    }
}

/// Which rules are asked, with what they say.
fn judged(set: &RuleSet, question: &Question<'_>, payload: Option<&Value>) -> Vec<String> {
    let mut budget = Budget::default();
    let results = set.judge(question, payload, &ValueSets::default(), &mut budget);
    let shown = results.iter();
    let shown = shown.map(|it| {
        format!(
            "{}@{} {}",
            it.rule.identifier,
            it.rule.version,
            it.answer.name()
        )
    });
    shown.collect()
}

#[test]
fn rules_are_selected_by_country_region_kind_type_and_time() {
    let yes = json!(["x"]);
    let logic = json!({ "in": ["x", yes] });
    let set = set(&[
        rule("GR-DE-0001", &logic, &json!({})),
        rule("VR-DE-0001", &logic, &json!({})),
        rule("TR-DE-0001", &logic, &json!({})),
        rule("GR-DE-0002", &logic, &json!({ "Region": "BY" })),
        rule("GR-DE-0003", &logic, &json!({ "Region": "" })),
        rule("GR-FR-0001", &logic, &json!({})),
        rule("IR-DE-0001", &logic, &json!({})),
        rule("IR-FR-0001", &logic, &json!({ "Region": "BY" })),
        rule(
            "GR-DE-0004",
            &logic,
            &json!({ "ValidFrom": "2022-07-01T00:00:00Z" }),
        ),
        rule(
            "GR-DE-0005",
            &logic,
            &json!({ "ValidTo": "2022-05-01T00:00:00Z" }),
        ),
    ]);
    let pass = |names: &[&str]| -> Vec<String> {
        names.iter().map(|it| format!("{it}@1.0.0 pass")).collect()
    };
    let payload = json!({ "ver": "1.3.0" });
    let payload = Some(&payload);
    assert_eq!(
        judged(&set, &question(), payload),
        pass(&["GR-DE-0001", "GR-DE-0003", "VR-DE-0001", "IR-FR-0001"])
    );
    let in_bavaria = Question {
        region: Some("by"),
        about: Purpose::Test,
        ..question()
    };
    assert_eq!(
        judged(&set, &in_bavaria, payload),
        pass(&[
            "GR-DE-0001",
            "GR-DE-0002",
            "GR-DE-0003",
            "TR-DE-0001",
            "IR-FR-0001"
        ])
    );
    let of_nobody = Question {
        issuer: "CNAM",
        country: Country::parse("ID").unwrap(),
        ..question()
    };
    assert_eq!(judged(&set, &of_nobody, payload), pass(&[]));
    // Whatever the claims say, who signed it is bound by their own country's rules.
    let signers = [Country::parse("FR").unwrap()];
    for issuer in ["", "fr", "CNAM", "FR"] {
        let signed = Question {
            issuer,
            signers: &signers,
            ..of_nobody
        };
        assert_eq!(judged(&set, &signed, payload), pass(&["IR-FR-0001"]));
    }
}

#[test]
fn the_highest_version_that_has_begun_counts_and_its_end_is_the_rules_end() {
    let version = |version: &str, from: &str, to: &str| {
        let members = json!({ "Version": version, "ValidFrom": from, "ValidTo": to });
        rule("GR-DE-0001", &json!({ "===": [1, 1] }), &members)
    };
    let set = set(&[
        version("1.9.0", "2022-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        version("1.10.0", "2022-02-01T00:00:00Z", "2022-08-01T00:00:00Z"),
        version("2.0.0", "2022-10-01T00:00:00Z", "2030-01-01T00:00:00Z"),
    ]);
    for (clock, expected) in [
        ("2021-12-31T23:59:59Z", None),
        ("2022-01-01T00:00:00Z", Some("GR-DE-0001@1.9.0 pass")),
        ("2022-08-01T00:00:00Z", Some("GR-DE-0001@1.10.0 pass")),
        ("2022-08-01T00:00:01Z", None),
        ("2022-10-01T00:00:00Z", Some("GR-DE-0001@2.0.0 pass")),
    ] {
        let clock = UnixTime::parse(clock).unwrap();
        let question = Question {
            clock,
            ..question()
        };
        let found = judged(&set, &question, Some(&json!({ "ver": "1.3.0" })));
        assert_eq!(found.first().map(String::as_str), expected, "{clock}");
    }
}

#[test]
fn a_rule_that_cannot_be_evaluated_is_open_and_says_why() {
    let logic = json!({ "===": [1, 1] });
    let later = json!({ "EngineVersion": "1.3.4" });
    let other = json!({ "Engine": "OTHER", "EngineVersion": "1.0.0" });
    let set = set(&[
        rule("GR-DE-0001", &logic, &later),
        rule("GR-DE-0002", &json!({ "no": "certlogic" }), &other),
        rule("GR-DE-0003", &logic, &json!({ "SchemaVersion": "1.3.1" })),
        rule("GR-DE-0004", &logic, &json!({ "SchemaVersion": "0.1.0" })),
        rule("GR-DE-0005", &json!({ "+": [1, 1] }), &json!({})),
        rule("GR-DE-0006", &json!({ "+": ["1", 1] }), &json!({})),
        rule("GR-DE-0007", &logic, &json!({})),
    ]);
    let answers = |payload: Option<&Value>| -> Vec<Answer> {
        let mut budget = Budget::default();
        let results = set.judge(&question(), payload, &ValueSets::default(), &mut budget);
        results.iter().map(|result| result.answer).collect()
    };
    assert_eq!(
        answers(Some(&json!({ "ver": "1.3.0" }))),
        [
            Answer::Open(Open::Engine),
            Answer::Open(Open::Engine),
            Answer::Open(Open::Schema),
            Answer::Open(Open::Schema),
            Answer::Open(Open::NoAnswer),
            Answer::Open(Open::Fault(Fault::Operand)),
            Answer::Pass,
        ]
    );
    assert!(answers(None).iter().all(|it| matches!(it, Answer::Open(_))));
}

#[test]
fn rules_read_what_is_asked_and_value_sets_as_of_the_clock() {
    let mut sets = ValueSets::default();
    for (date, codes) in [("2021-06-01", ["a", "b"]), ("2022-07-01", ["a", "c"])] {
        let values = codes.map(|code| {
            let active = code != "b";
            (code.to_owned(), json!({ "display": code, "lang": "en", "active": active, "system": "", "version": "" }))
        });
        let document = json!({ "valueSetId": "codes", "valueSetDate": date,
            "valueSetValues": Value::Object(values.into_iter().collect()) });
        sets.add(read_value_set(document.to_string().as_bytes()).unwrap())
            .unwrap();
    }
    let kid = Kid::from_bytes(&[1; 8]).unwrap();
    let mode = [
        ("mode", Data::Text("2G")),
        ("countryCode", Data::Text("XX")),
    ];
    let question = Question {
        kid: Some(&kid),
        more: &mode,
        ..question()
    };
    let payload = json!({ "ver": "1.3.0" });
    for (path, expected) in [
        ("external.countryCode", json!("DE")),
        ("external.issuerCountryCode", json!("FR")),
        ("external.region", json!("")),
        ("external.validationClock", json!("2022-06-01T12:00:00Z")),
        ("external.iat", json!("2021-06-01T00:00:00Z")),
        ("external.exp", json!("2023-06-01T00:00:00Z")),
        ("external.kid", json!("AQEBAQEBAQE=")),
        ("external.mode", json!("2G")),
        ("external.valueSets.codes.1", json!("b")),
        ("payload.ver", json!("1.3.0")),
    ] {
        let logic = json!({ "===": [{ "var": path }, expected] });
        let set = set(&[rule("GR-DE-0001", &logic, &json!({}))]);
        let results = set.judge(&question, Some(&payload), &sets, &mut Budget::default());
        assert_eq!(results[0].answer, Answer::Pass, "{path}");
    }
    let known = json!({ "in": ["c", { "var": "external.valueSets.codes" }] });
    let count = json!({ "reduce": [{ "var": "external.valueSets.codes" }, { "+": [{ "var": "accumulator" }, 1] }, 0] });
    let set = set(&[
        rule("GR-DE-0001", &known, &json!({})),
        rule("GR-DE-0002", &json!({ "===": [count, 2] }), &json!({})),
        rule(
            "GR-DE-0003",
            &json!({ "!": [{ "var": "external.valueSets.others" }] }),
            &json!({}),
        ),
    ]);
    let answers = |clock: &str| -> Vec<Answer> {
        let question = Question {
            clock: UnixTime::parse(clock).unwrap(),
            ..question
        };
        let results = set.judge(&question, Some(&payload), &sets, &mut Budget::default());
        results.iter().map(|result| result.answer).collect()
    };
    assert_eq!(
        answers("2022-06-30T23:59:59Z"),
        [Answer::Fail, Answer::Pass, Answer::Pass]
    );
    assert_eq!(
        answers("2022-07-01T00:00:00Z"),
        [Answer::Pass, Answer::Pass, Answer::Pass]
    );
}

#[test]
fn all_rules_of_a_verdict_share_its_budget() {
    let logic = json!({ "===": [1, 1] });
    let set = set(&[
        rule("GR-DE-0001", &logic, &json!({})),
        rule("GR-DE-0002", &logic, &json!({})),
    ]);
    let payload = json!({ "ver": "1.3.0" });
    let results = set.judge(
        &question(),
        Some(&payload),
        &ValueSets::default(),
        &mut Budget::of(5, 0),
    );
    assert_eq!(results[0].answer, Answer::Pass);
    assert_eq!(results[1].answer, Answer::Open(Open::Fault(Fault::Budget)));
}

#[test]
fn a_set_has_the_same_hash_and_content_in_whatever_order_its_rules_came() {
    let (yes, no) = (json!({ "===": [1, 1] }), json!({ "===": [1, 2] }));
    let rules = [
        rule("GR-DE-0001", &yes, &json!({})),
        rule("GR-DE-0001", &no, &json!({ "Version": "1.0.1" })),
        rule("VR-FR-0001", &yes, &json!({})),
    ];
    let one = set(&rules);
    let mut turned = rules.clone();
    turned.reverse();
    assert_eq!(one.content_hash(), set(&turned).content_hash());
    assert_eq!(
        one.content_hash(),
        set(&[&rules[..], &turned[..]].concat()).content_hash()
    );
    assert_ne!(one.content_hash(), set(&rules[..2]).content_hash());
    let changed = rule("GR-DE-0001", &no, &json!({}));
    let hashes = [[&rules[0], &changed], [&changed, &rules[0]]].map(|rules| {
        let mut set = RuleSet::default();
        set.add(Arc::clone(rules[0])).unwrap();
        let failure = set.add(Arc::clone(rules[1])).unwrap_err();
        assert_eq!(failure.code(), Code::RuleInvalid);
        assert_eq!(set.rules().count(), 1);
        set.content_hash()
    });
    assert_eq!(hashes[0], hashes[1]);
}

#[test]
fn a_rule_whose_logic_is_none_is_refused_and_open() {
    let mut set = RuleSet::default();
    let four = json!({ "if": [true, true, true, true] });
    let refused = rule("VR-DE-0005", &four, &json!({}));
    let failure = set.add(Arc::clone(&refused)).unwrap_err();
    assert_eq!(failure.code(), Code::RuleInvalid);
    let payload = json!({ "ver": "1.3.0" });
    assert_eq!(
        judged(&set, &question(), Some(&payload)),
        ["VR-DE-0005@1.0.0 open"]
    );
    // A later version that can be read takes its place.
    let version = json!({ "Version": "1.0.1" });
    set.add(rule("VR-DE-0005", &json!({ "===": [1, 1] }), &version))
        .unwrap();
    assert_eq!(
        judged(&set, &question(), Some(&payload)),
        ["VR-DE-0005@1.0.1 pass"]
    );
}

#[test]
fn sets_that_are_put_together_tell_where_they_disagree() {
    let (yes, no) = (json!({ "===": [1, 1] }), json!({ "===": [1, 2] }));
    let one = set(&[rule("GR-DE-0001", &yes, &json!({}))]);
    let mut other = set(&[
        rule("GR-DE-0001", &no, &json!({})),
        rule("VR-FR-0001", &yes, &json!({})),
    ]);
    other.add_unread(Country::parse("FR").unwrap());
    let merged = [[&one, &other], [&other, &one]].map(|sets| {
        let mut merged = RuleSet::default();
        let refused: Vec<_> = sets.iter().flat_map(|it| merged.merge(it)).collect();
        assert_eq!(refused.len(), 1);
        assert!(refused[0].detail().contains("GR-DE-0001"), "{refused:?}");
        assert!(merged.has_unread(Country::parse("FR").unwrap()));
        merged.content_hash()
    });
    assert_eq!(merged[0], merged[1]);
    assert!(other.merge(&other.clone()).is_empty());
}
