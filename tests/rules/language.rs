//! CertLogic: what is no logic, what is a fault, what is over budget.

use lintas::failure::Code;
use lintas::rules::certlogic::{Budget, Fault, Logic};
use serde_json::{Value, json};

/// What `logic` says of `data`, as a verdict may spend on it.
fn says(logic: &Value, data: &Value, expected: &Value) -> Result<bool, Fault> {
    let logic = Logic::read(logic).unwrap();
    let value = logic.evaluate(data, &mut Budget::default())?;
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
    let mut budget = Budget::default();
    for _ in 0..300 {
        assert!(logic.evaluate(&data, &mut budget).unwrap().is(&json!(true)));
    }
    assert!(budget.steps() > 10_000);
}
