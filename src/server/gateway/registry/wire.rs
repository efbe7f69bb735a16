//! The JSON of records and requests: one spelling for each meaning, so that a hash over it says what was meant.
//!
//! Refuses names that are not plain, texts that a terminal would obey, and bytes that are not Base64.
//!
//! Source: RFC 8785 for the order of members, where all numbers are whole and all names ASCII.

use crate::failure::{Code, Failure};
use serde_json::Value;
use std::fmt::Write;

/// `value` without white space, its members in the order of their names.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|one, two| one.0.cmp(two.0));
            text.push('{');
            for (position, (name, member)) in members.into_iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write(&Value::from(name.as_str()), text);
                text.push(':');
                write(member, text);
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            // Writing to a text never fails.
            let _ = write!(text, "{value}");
        }
    }
}

/// Refuses an id that is not 1 to 64 letters, digits, `-`, `_` or `.`.
pub(super) fn check_id(id: &str) -> Result<(), Failure> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(plain) {
        let reason = "an id is 1 to 64 letters, digits, -, _ or .";
        return Err(Code::RequestInvalid.because(reason).about("id"));
    }
    Ok(())
}

/// Refuses facilities that are no codes of facilities, or too many of them; the one that stands for all stands alone.
pub(super) fn check_facilities(facilities: &[String]) -> Result<(), Failure> {
    let refused = |reason: String| Err(Code::RequestInvalid.because(reason).about("facilities"));
    if facilities.len() > MAX_FACILITIES {
        return refused(format!(
            "member `facilities` has over {MAX_FACILITIES} items"
        ));
    }
    if facilities == [EVERYWHERE] {
        return Ok(());
    }
    if facilities
        .iter()
        .any(|facility| check_id(facility).is_err())
    {
        let reason = "a facility is 1 to 64 letters, digits, -, _ or .; or * alone, for all";
        return refused(reason.to_owned());
    }
    Ok(())
}

/// Refuses a text that is empty, too long, or holds characters that are not shown.
pub(in crate::server::gateway) fn check_text(
    member: &str,
    text: &str,
    ceiling: usize,
) -> Result<(), Failure> {
    if text.is_empty() || text.chars().count() > ceiling || text.chars().any(is_active) {
        let reason = format!("member `{member}` is not 1 to {ceiling} plain characters");
        return Err(Code::RequestInvalid.because(reason).about(member));
    }
    Ok(())
}

fn is_active(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// Bytes as Base64, standard and padded.
pub(in crate::server::gateway) mod base64 {
    use ::base64::Engine;
    use ::base64::prelude::BASE64_STANDARD;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        BASE64_STANDARD
            .decode(text)
            .map_err(|_| D::Error::custom("not Base64"))
    }
}

/// The same where it may be missing.
pub(super) mod optional_base64 {
    use serde::de::{Deserialize, Deserializer};
    use serde::ser::Serializer;

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Bytes(#[serde(with = "super::base64")] Vec<u8>);

    pub(crate) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => super::base64::serialize(bytes, to),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<Bytes>::deserialize(from)?.map(|bytes| bytes.0))
    }
}

/// Something with a name that `Display` writes and `parse` reads.
macro_rules! named {
    ($module:ident, $kind:ty, $parse:expr, $what:literal) => {
        pub(in crate::server::gateway) mod $module {
            use serde::de::{Deserialize, Deserializer, Error};
            use serde::ser::Serializer;

            pub(crate) fn serialize<S: Serializer>(it: &$kind, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(it)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
                from: D,
            ) -> Result<$kind, D::Error> {
                let text = String::deserialize(from)?;
                $parse(&text).ok_or_else(|| D::Error::custom($what))
            }
        }
    };
}

named!(
    thumbprint,
    crate::model::Thumbprint,
    crate::model::Thumbprint::parse,
    "not a SHA-256"
);
named!(
    instant,
    crate::model::UnixTime,
    crate::model::UnixTime::parse,
    "not a time"
);

/// What stands for every facility.
pub(super) const EVERYWHERE: &str = "*";
const MAX_ID: usize = 64;
/// Facilities of one operator.
const MAX_FACILITIES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_meaning_has_one_spelling() {
        let one = json!({ "b": [1, { "d": null, "c": "x\"\n\u{1}é" }], "a": true });
        let two: Value =
            serde_json::from_str(r#" {"a":true,"b":[1,{"c":"x\"\n\u0001\u00e9","d":null}]}"#)
                .unwrap();
        assert_eq!(canonical(&one), canonical(&two));
        assert_eq!(
            canonical(&one),
            "{\"a\":true,\"b\":[1,{\"c\":\"x\\\"\\n\\u0001é\",\"d\":null}]}"
        );
    }

    #[test]
    fn ids_are_plain_and_texts_are_harmless() {
        for id in ["a", "ana.s_1-x", &"a".repeat(64)] {
            check_id(id).unwrap();
        }
        for id in ["", "a b", "ä", "a/b", &"a".repeat(65)] {
            assert_eq!(check_id(id).unwrap_err().code(), Code::RequestInvalid);
        }
        check_text("name", "Dinas Kesehatan, Jawa Barat", 100).unwrap();
        for text in ["", "a\u{202e}b", "a\nb", &"a".repeat(101)] {
            assert!(check_text("name", text, 100).is_err());
        }
    }
}
