//! JSON under ceilings.
//!
//! Refuses members that stand twice in one object, at any depth, and more values than a ceiling: two readers of one
//! document must not be able to see different things, and a small document must not become a large one in memory. Where
//! both values are lists of objects, as a real trust list has it, [`read_joining`] takes them as one list.
//!
//! Source: RFC 8259; RFC 7493 (I-JSON) for repeated members.

use crate::failure::{Code, Failure};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// The one value in `bytes`, made of at most `values` values.
///
/// # Errors
/// `request_invalid`, whose detail says where and never quotes: the parser's own words may hold what was sent.
pub fn read(bytes: &[u8], values: usize) -> Result<Value, Failure> {
    parse(bytes, values, false)
}

/// The same, with lists of objects under one repeated member joined.
///
/// # Errors
/// `request_invalid`.
pub fn read_joining(bytes: &[u8], values: usize) -> Result<Value, Failure> {
    parse(bytes, values, true)
}

fn parse(bytes: &[u8], values: usize, joins: bool) -> Result<Value, Failure> {
    let left = Cell::new(values);
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { left: &left, joins }.deserialize(&mut parser);
    let value = value.and_then(|value| parser.end().map(|()| value));
    value.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let what = if left.get() == 0 {
            "too many values"
        } else {
            "not JSON without repeated members"
        };
        Code::RequestInvalid.because(format!("{what} (line {line}, column {column})"))
    })
}

/// A value that takes from what is left of the ceiling.
#[derive(Clone, Copy)]
struct Strict<'c> {
    left: &'c Cell<usize>,
    joins: bool,
}

impl Strict<'_> {
    /// The two values of one member as one, where they are lists of objects.
    fn joined(self, earlier: Value, later: Value) -> Option<Value> {
        let (Value::Array(mut rows), Value::Array(more)) = (earlier, later) else {
            return None;
        };
        let objects = rows.iter().chain(&more).all(Value::is_object);
        rows.extend(more);
        (self.joins && objects).then_some(Value::Array(rows))
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self
            .left
            .get()
            .checked_sub(1)
            .ok_or_else(|| D::Error::custom("too many values"))?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            match object.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(mut earlier) => {
                    let joined = self.joined(earlier.get_mut().take(), value);
                    let joined = joined.ok_or_else(|| A::Error::custom("a repeated member"))?;
                    earlier.insert(joined);
                }
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_reads_as_it_is() {
        let text = r#"{"a":[1,-2,3.5,"x",null,true,{}],"b":{"a":1}}"#;
        assert_eq!(
            read(text.as_bytes(), 100).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn repeated_members_and_trailing_text_are_refused_at_any_depth() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"[{"b":{"a":1,"a":1}}]"#,
            "1 2",
            "",
            "{",
            r#"{"a" 1}"#,
        ] {
            let failure = read(text.as_bytes(), 100).unwrap_err();
            assert_eq!(failure.code(), Code::RequestInvalid, "{text}");
        }
        assert!(read(&[b'['; 100_000], usize::MAX).is_err());
    }

    #[test]
    fn only_lists_of_objects_are_joined_and_only_where_that_is_asked_for() {
        let rows = br#"{"kid":[{"a":1}],"kid":[{"b":2}]}"#;
        let expected = serde_json::json!({ "kid": [{ "a": 1 }, { "b": 2 }] });
        assert_eq!(read_joining(rows, 100).unwrap(), expected);
        assert!(read(rows, 100).is_err());
        for text in [
            r#"{"a":["t"],"a":["v"]}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":[{}],"a":[1]}"#,
        ] {
            assert!(read_joining(text.as_bytes(), 100).is_err(), "{text}");
        }
    }

    #[test]
    fn the_ceiling_of_values_holds() {
        assert!(read(b"[1,2,3]", 4).is_ok());
        assert!(
            read(b"[1,2,3]", 3)
                .unwrap_err()
                .detail()
                .starts_with("too many values")
        );
    }

    #[test]
    fn an_error_never_quotes() {
        let failure = read(br#"{"Dewi": Sartika}"#, 100).unwrap_err();
        assert!(!failure.detail().contains("Dewi") && !failure.detail().contains("Sartika"));
    }
}
