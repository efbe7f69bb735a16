//! Any bytes as a policy set: nothing panics, what is refused names a place, and what is read gives everybody a colour.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::exchange::{check_policy_set, read_policy_set};
use lintas::rules::certlogic::Budget;
use lintas::rules::{Circumstances, Policies, Standing, differences};
use serde_json::json;
use std::sync::Arc;

fuzz_target!(|bytes: &[u8]| {
    let set = match check_policy_set(bytes) {
        Ok(set) => set,
        Err(flaws) => {
            assert!(flaws.iter().all(|flaw| !flaw.place.is_empty()));
            assert!(!flaws.is_empty() && read_policy_set(bytes).is_err());
            return;
        }
    };
    assert_eq!(set.content(), bytes);
    assert!(differences(Some(&set), &set).is_empty());
    let (modes, sectors) = set.parameters();
    let somewhere = Circumstances {
        mode: modes.first().cloned(),
        sector: sectors.first().cloned(),
        wilayah: Some("3171".to_owned()),
    };
    let payload = json!({ "v": [{ "dn": 1, "sd": 2, "dt": "2021-08-17" }], "t": [7], "r": {} });
    for standing in [Standing::Accept, Standing::Indeterminate, Standing::Reject] {
        for circumstances in [&Circumstances::default(), &somewhere] {
            let mut budget = Budget::default();
            let from = set.valid_from;
            let given = set.colour(&payload, standing, circumstances, from, &mut budget);
            let given = given.expect("the set knows what it names");
            assert!(given.open.len() < set.colours().count());
        }
    }
    let (from, mut policies) = (set.valid_from, Policies::default());
    policies
        .activate(Arc::new(set), from, from)
        .expect("it is the first one");
    assert!(policies.in_force(from).is_some());
});
