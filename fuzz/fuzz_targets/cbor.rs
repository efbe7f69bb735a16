//! Any bytes through the CBOR reader: nothing panics, the ceilings hold, and what was written reads back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lintas::codec::cbor;
use lintas::codec::item::{Item, Kind};
use lintas::credential::hcert::LIMITS;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = cbor::read(bytes, LIMITS.cbor) else {
        return;
    };
    assert!(document.items <= LIMITS.cbor.items);
    let (depth, items) = measure(document.root());
    assert!(depth <= LIMITS.cbor.depth && items <= document.items);
    let value: cbor::Value = ciborium::from_reader(bytes).unwrap();
    // Bytes are compared, not values: NaN is a value, too.
    let written = cbor::write(&value).unwrap();
    let again = cbor::read(&written, LIMITS.cbor).unwrap();
    assert!(again.preferred);
    let value: cbor::Value = ciborium::from_reader(written.as_slice()).unwrap();
    assert_eq!(cbor::write(&value).unwrap(), written);
});

/// How deep `item` nests and how many items it is made of.
fn measure(item: Item<'_>) -> (usize, usize) {
    let children: Vec<Item<'_>> = match item.kind() {
        Kind::Array(items) => items.collect(),
        Kind::Map(entries) => entries
            .iter()
            .flat_map(|(key, value)| [key, value])
            .collect(),
        Kind::Tag(_, inner) => vec![inner],
        _ => Vec::new(),
    };
    children
        .into_iter()
        .map(measure)
        .fold((1, 1), |(depth, items), child| {
            (depth.max(child.0 + 1), items + child.1)
        })
}
