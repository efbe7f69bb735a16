//! Any bytes through the CBOR reader: nothing panics, the ceilings hold, and what was written reads back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::cbor::{self, Value};
use lintas::credential::hcert::LIMITS;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = cbor::read(bytes, LIMITS.cbor) else {
        return;
    };
    assert!(document.items <= LIMITS.cbor.items);
    let (depth, items) = measure(&document.value);
    assert!(depth <= LIMITS.cbor.depth && items <= document.items);
    // Bytes are compared, not values: NaN is a value, too.
    let written = cbor::write(&document.value).unwrap();
    let again = cbor::read(&written, LIMITS.cbor).unwrap();
    assert!(again.preferred);
    assert_eq!(cbor::write(&again.value).unwrap(), written);
});

/// How deep `value` nests and how many items it is made of.
fn measure(value: &Value) -> (usize, usize) {
    let children: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Map(entries) => entries
            .iter()
            .flat_map(|(key, value)| [key, value])
            .collect(),
        Value::Tag(_, inner) => vec![inner],
        _ => Vec::new(),
    };
    children
        .into_iter()
        .map(measure)
        .fold((1, 1), |(depth, items), child| {
            (depth.max(child.0 + 1), items + child.1)
        })
}
