//! CertLogic and rule sets: what logic may be, where evaluating ends, which rules are asked and what they say.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use lintas::exchange::dgcg::read_rule;
use lintas::exchange::read_value_set;
use lintas::failure::Code;
use lintas::model::{Country, Kid, Purpose, UnixTime};
use lintas::rules::certlogic::{Budget, Data, Fault, Logic};
use lintas::rules::{Answer, Open, Question, Rule, RuleSet, ValueSets};
use serde_json::{Value, json};
use std::sync::Arc;

/// What `logic` says of `data`, as a verdict may spend on it.
fn says(logic: &Value, data: &Value, expected: &Value) -> Result<bool, Fault> {
    let logic = Logic::read(logic).unwrap();
    let value = logic.evaluate(data, &mut Budget::VERDICT.clone())?;
    Ok(value.is(expected))
}

fn fault(logic: &Value, data: &Value) -> Option<Fault> {
    says(logic, data, &json!(null)).err()
}

fn refused(logic: &Value) -> Option<Code> {
    Logic::read(logic).err().map(|failure| failure.code())
}

/// `inner` inside `depth` operations that negate.
fn negated(inner: Value, depth: usize) -> Value {
    (0..depth).fold(inner, |inner, _| json!({ "!": [inner] }))
}

#[test]
fn what_is_outside_the_language_is_refused() {
    for logic in [
        json!(null),
        json!(0.5),
        json!(9_007_199_254_740_992_i64),
        json!([1, null]),
        json!({}),
        json!({ "var": "a", "!": [true] }),
        json!({ "var": ["a"] }),
        json!({ "var": "a..b" }),
        json!({ "!": true }),
        json!({ "!": [true, true] }),
        json!({ "if": [true, true] }),
        json!({ "if": [true, true, true, true] }),
        json!({ "and": [true] }),
        json!({ "or": [true, true] }),
        json!({ "map": [[], true] }),
        json!({ "===": [1] }),
        json!({ "<": [1] }),
        json!({ "<": [1, 2, 3, 4] }),
        json!({ "plusTime": ["2021-01-01", 1.5, "day"] }),
        json!({ "plusTime": ["2021-01-01", { "var": "a" }, "day"] }),
        json!({ "plusTime": ["2021-01-01", 1, "week"] }),
        json!({ "plusTime": ["2021-01-01", 100_000_001, "day"] }),
        json!({ "extractFromUVCI": ["a", "1"] }),
        json!({ "dccDateOfBirth": [] }),
    ] {
        assert_eq!(refused(&logic), Some(Code::RuleInvalid), "{logic}");
    }
}

#[test]
fn deep_large_and_nested_logic_is_refused_and_what_stands_under_the_ceiling_is_not() {
    let reduce = |inner: Value| json!({ "reduce": [[1], inner, 0] });
    let paths = |parts: usize| json!({ "var": vec!["a"; parts].join(".") });
    for (good, bad) in [
        (negated(json!(true), 63), negated(json!(true), 64)),
        (json!(vec![1; 19_999]), json!(vec![1; 20_000])),
        (json!("a".repeat(65_536)), json!("a".repeat(65_537))),
        (reduce(reduce(json!(1))), reduce(reduce(reduce(json!(1))))),
        (paths(32), paths(33)),
    ] {
        assert_eq!(refused(&good), None);
        assert_eq!(refused(&bad), Some(Code::InputTooLarge));
    }
    assert_eq!(
        refused(&negated(json!(true), 120)),
        Some(Code::InputTooLarge)
    );
}

#[test]
fn an_operand_of_another_kind_is_a_fault_and_never_a_conversion() {
    let day = json!({ "plusTime": ["2021-01-01", 0, "day"] });
    for logic in [
        json!({ "+": ["1", 1] }),
        json!({ "+": [{ "var": "half" }, 1] }),
        json!({ "<": ["a", "b"] }),
        json!({ "<": [1, { "var": "absent" }] }),
        json!({ "in": [1, "1"] }),
        json!({ "in": [1, { "var": "absent" }] }),
        json!({ "before": ["2021-01-01", "2021-01-02"] }),
        json!({ "<": [day, day] }),
        json!({ "!": [day] }),
        json!({ "if": [day, 1, 2] }),
        json!({ "and": [day, true] }),
        json!({ "===": [day, day] }),
        json!({ "===": [{ "var": "list" }, { "var": "list" }] }),
        json!({ "plusTime": [{ "var": "absent" }, 0, "day"] }),
        json!({ "extractFromUVCI": [1, 0] }),
        json!({ "dccDateOfBirth": [1990] }),
        json!({ "reduce": ["abc", 1, 0] }),
        json!({ "reduce": [[1], { "var": "" }, 0] }),
    ] {
        let data = json!({ "list": [1], "half": 0.5 });
        assert_eq!(fault(&logic, &data), Some(Fault::Operand), "{logic}");
    }
}

#[test]
fn a_reduction_sees_its_item_and_its_accumulator_and_nothing_else() {
    let logic = json!({ "reduce": [{ "var": "x" }, { "+": [{ "var": "accumulator" },
        { "if": [{ "var": "x" }, 100, { "var": "current.n" }] }] }, 0] });
    let data = json!({ "x": [{ "n": 1 }, { "n": 2.0 }] });
    assert_eq!(says(&logic, &data, &json!(3)), Ok(true));
    let made =
        json!({ "reduce": [[1, 2], [{ "var": "accumulator.0" }, { "var": "current" }], [7]] });
    assert_eq!(says(&made, &data, &json!([7, 2])), Ok(true));
    assert_eq!(says(&made, &data, &json!([7])), Ok(false));
}

#[test]
fn numbers_without_a_fraction_are_integers_however_they_are_written() {
    let data = json!({ "dn": 3.0, "sd": 3, "half": 0.5, "large": 1e300 });
    for (logic, expected) in [
        (json!({ "===": [{ "var": "dn" }, { "var": "sd" }] }), true),
        (json!({ ">=": [{ "var": "dn" }, 3] }), true),
        (json!({ "in": [{ "var": "dn" }, [1, 3]] }), true),
        (
            json!({ "===": [{ "var": "half" }, { "var": "half" }] }),
            true,
        ),
        (
            json!({ "===": [{ "var": "large" }, { "var": "dn" }] }),
            false,
        ),
        (json!({ "!": [{ "var": "half" }] }), false),
    ] {
        assert_eq!(says(&logic, &data, &json!(expected)), Ok(true), "{logic}");
    }
}

#[test]
fn dates_that_are_none_or_leave_the_calendar_are_faults() {
    let plus = |date: &str, amount: i64, unit: &str| json!({ "plusTime": [date, amount, unit] });
    for (logic, expected) in [
        (plus("1989-00-20", 0, "day"), Fault::Date),
        (plus("", 0, "day"), Fault::Date),
        (plus(&"9".repeat(60_000), 0, "day"), Fault::Date),
        (plus("9999-12-31", 100_000_000, "year"), Fault::Range),
        (plus("9999-12-31", -100_000_000, "month"), Fault::Range),
        (plus("9999-12-31", 100_000_000, "day"), Fault::Range),
        (json!({ "dccDateOfBirth": ["1989-13"] }), Fault::Date),
        (json!({ "+": [9_007_199_254_740_991_i64, 1] }), Fault::Range),
    ] {
        assert_eq!(fault(&logic, &json!({})), Some(expected), "{logic}");
    }
}

#[test]
fn what_would_run_for_long_or_grow_is_over_budget() {
    let wide: Vec<i64> = (0..100_000).collect();
    let long = "a".repeat(40_000);
    let data = json!({ "wide": wide, "long": long, "same": [long.clone(), "b"] });
    let twice = |inner: Value| json!({ "reduce": [{ "var": "wide" }, inner, 0] });
    let seek = json!({ "in": [-1, { "var": "wide" }] });
    let compare = json!({ "in": [{ "var": "long" }, { "var": "same" }] });
    let split = json!({ "extractFromUVCI": [{ "var": "long" }, 9] });
    for logic in [
        twice(json!({ "+": [{ "var": "accumulator" }, 1] })),
        twice(json!(true)),
        json!({ "reduce": [{ "var": "wide" }, twice(json!(1)), 0] }),
        json!({ "and": vec![json!({ "!": [seek] }); 5] }),
        json!({ "and": [compare, compare, true] }),
        json!([split, split]),
    ] {
        assert_eq!(fault(&logic, &data), Some(Fault::Budget), "{logic}");
    }
    // A list of lists of lists does not outgrow the stack on its way out, and a text is never put together.
    let nested = json!({ "reduce": [vec![1; 1_000], [{ "var": "accumulator" }], 0] });
    assert_eq!(fault(&nested, &data), Some(Fault::Range));
    let doubled =
        json!({ "reduce": [vec![1; 15], [{ "var": "accumulator" }, { "var": "accumulator" }], 0] });
    assert_eq!(fault(&doubled, &data), None);
    assert_eq!(
        fault(
            &json!({ "+": [{ "var": "long" }, { "var": "long" }] }),
            &data
        ),
        Some(Fault::Operand)
    );
}

#[test]
fn a_budget_that_is_spent_stays_spent() {
    let logic = Logic::read(&json!([1, { "var": "a" }, 3])).unwrap();
    let mut budget = Budget::of(3, 0);
    assert_eq!(
        logic.evaluate(&json!({}), &mut budget).err(),
        Some(Fault::Budget)
    );
    let logic = Logic::read(&json!(true)).unwrap();
    assert_eq!(
        logic.evaluate(&json!({}), &mut budget).err(),
        Some(Fault::Budget)
    );
}

#[test]
fn a_large_rule_set_of_ordinary_rules_stays_within_the_budget_of_one_verdict() {
    let rule = json!({ "if": [{ "var": "payload.v.0" }, { "and": [
        { ">=": [{ "var": "payload.v.0.dn" }, { "var": "payload.v.0.sd" }] },
        { "in": [{ "var": "payload.v.0.mp" }, { "var": "external.valueSets.names" }] },
        { "not-after": [
            { "plusTime": [{ "var": "payload.v.0.dt" }, 14, "day"] },
            { "plusTime": [{ "var": "external.validationClock" }, 0, "day"] },
            { "plusTime": [{ "var": "payload.v.0.dt" }, 270, "day"] }] }] }, true] });
    let logic = Logic::read(&rule).unwrap();
    let names: Vec<_> = (0..300)
        .map(|number| format!("EU/1/20/{number:04}"))
        .collect();
    let data = json!({
        "payload": { "v": [{ "dn": 2, "sd": 2, "mp": names[299], "dt": "2021-05-01" }] },
        "external": { "valueSets": { "names": names }, "validationClock": "2021-06-01T00:00:00Z" },
    });
    let mut budget = Budget::VERDICT.clone();
    for _ in 0..300 {
        assert!(logic.evaluate(&data, &mut budget).unwrap().is(&json!(true)));
    }
    assert!(budget.steps() > 10_000);
}

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
    let mut budget = Budget::VERDICT.clone();
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
        let mut budget = Budget::VERDICT.clone();
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
        let results = set.judge(
            &question,
            Some(&payload),
            &sets,
            &mut Budget::VERDICT.clone(),
        );
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
        let results = set.judge(
            &question,
            Some(&payload),
            &sets,
            &mut Budget::VERDICT.clone(),
        );
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
fn a_rule_whose_logic_is_none_is_refused() {
    let mut set = RuleSet::default();
    let four = json!({ "if": [true, true, true, true] });
    let failure = set.add(rule("VR-MT-0005", &four, &json!({}))).unwrap_err();
    assert_eq!(failure.code(), Code::RuleInvalid);
    assert_eq!(set.rules().count(), 0);
}
