//! Any JSON as logic and data: nothing panics, the budget holds, and evaluating anew costs and gives the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::json;
use lintas::rules::certlogic::{Budget, Fault, Logic};
use serde_json::Value;

const TEXT: usize = 64 * 1024;

fuzz_target!(|bytes: &[u8]| {
    let Ok(Value::Array(pair)) = json::read(bytes, 50_000) else {
        return;
    };
    let [logic, data] = pair.as_slice() else {
        return;
    };
    let Ok(logic) = Logic::read(logic) else {
        return;
    };
    let mut budget = Budget::default();
    let before = budget.steps();
    let Ok(value) = logic.evaluate(data, &mut budget) else {
        return;
    };
    let spent = before - budget.steps();
    let again = logic.evaluate(data, &mut Budget::of(spent, TEXT));
    assert_eq!(format!("{:?}", again.unwrap()), format!("{value:?}"));
    let less = logic.evaluate(data, &mut Budget::of(spent - 1, TEXT));
    assert_eq!(less.err(), Some(Fault::Budget));
});
