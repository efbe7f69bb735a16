//! Own readers beside the crates that they stand for, on the same bytes: Base45, CBOR and the `Sig_structure`.

#![no_main]

use ciborium::Value;
use coset::{CborSerializable, CoseSign1, TaggedCborSerializable};
use libfuzzer_sys::fuzz_target;
use lintas::codec::cose::Sign1;
use lintas::codec::item::{Item, Kind};
use lintas::codec::{base45 as own_base45, cbor};
use lintas::credential::hcert::LIMITS;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let upper = text.to_ascii_uppercase();
        let reference = base45::decode(&upper).ok();
        let reference = reference.filter(|bytes| base45::encode(bytes) == upper);
        let expected = reference.map(|bytes| (bytes, upper != text));
        assert_eq!(own_base45::decode_any_case(text).ok(), expected);
    }

    let mut rest = bytes;
    let reference = ciborium::from_reader::<Value, _>(&mut rest);
    if let Ok(own) = cbor::read(bytes, LIMITS.cbor) {
        let value = reference.expect("read by us and not by the crate");
        assert!(rest.is_empty() && same(own.root(), &value));
        assert!(!holds_one_key_twice(&value));
    }

    if let Ok(own) = Sign1::read(bytes, LIMITS.cbor) {
        let tagged = CoseSign1::from_tagged_slice(bytes);
        if let Ok(reference) = tagged.or_else(|_| CoseSign1::from_slice(bytes)) {
            assert_eq!(own.signed_bytes(), reference.tbs_data(&[]));
            assert_eq!(own.signature(), reference.signature);
        }
    }
});

/// Whether `item` holds what `value` does; NaN is NaN here.
fn same(item: Item<'_>, value: &Value) -> bool {
    match (item.kind(), value) {
        (Kind::Integer(own), Value::Integer(number)) => own == i128::from(*number),
        (Kind::Bytes(own), Value::Bytes(bytes)) => own == bytes,
        (Kind::Text(own), Value::Text(text)) => own == text,
        (Kind::Bool(own), Value::Bool(value)) => own == *value,
        (Kind::Null, Value::Null) => true,
        (Kind::Float(own), Value::Float(number)) => {
            own.to_bits() == number.to_bits() || own.is_nan() && number.is_nan()
        }
        (Kind::Tag(own, inner), Value::Tag(tag, value)) => own == *tag && same(inner, value),
        (Kind::Array(items), Value::Array(values)) => {
            items.clone().count() == values.len()
                && items.zip(values).all(|(item, value)| same(item, value))
        }
        (Kind::Map(entries), Value::Map(values)) => {
            entries.iter().count() == values.len()
                && entries
                    .iter()
                    .zip(values)
                    .all(|(own, pair)| same(own.0, &pair.0) && same(own.1, &pair.1))
        }
        _ => false,
    }
}

fn holds_one_key_twice(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(holds_one_key_twice),
        Value::Tag(_, value) => holds_one_key_twice(value),
        Value::Map(entries) => entries.iter().enumerate().any(|(index, (key, value))| {
            entries[..index].iter().any(|(earlier, _)| earlier == key)
                || holds_one_key_twice(key)
                || holds_one_key_twice(value)
        }),
        _ => false,
    }
}
