//! The value-set document: `{valueSetId, valueSetDate, valueSetValues: {code: {display, lang, active, system, version}}}`.
//!
//! Refuses documents over 1 MiB, members that stand twice, and codes without a meaning; what else is said of a code is kept.
//!
//! Source: EU DGCG, `GET /valuesets/{id}`; the eHealth Network's `DCC.ValueSets` schema.

use crate::codec::json;
use crate::failure::{Code, Failure};
use crate::model::Date;
use crate::rules::{CodedValue, ValueSet};
use serde_json::{Map, Value, json};

/// The value set in `bytes`.
///
/// # Errors
/// `value_set_invalid`, `input_too_large`.
pub fn read_value_set(bytes: &[u8]) -> Result<ValueSet, Failure> {
    if bytes.len() > MAX_BYTES {
        return Err(Code::InputTooLarge.because(format!("a value set over {MAX_BYTES} bytes")));
    }
    let document = json::read(bytes, MAX_VALUES)
        .map_err(|failure| Code::ValueSetInvalid.because(failure.detail().to_owned()))?;
    let Value::Object(mut members) = document else {
        return Err(Code::ValueSetInvalid.because("not a JSON object"));
    };
    let id = text(&mut members, "valueSetId")?;
    let date = Date::parse(&text(&mut members, "valueSetDate")?)
        .ok_or_else(|| invalid("valueSetDate", "YYYY-MM-DD"))?;
    let Some(Value::Object(values)) = members.shift_remove("valueSetValues") else {
        return Err(invalid("valueSetValues", "an object"));
    };
    let values = values
        .into_iter()
        .map(|(code, value)| Ok((code, meaning(value)?)));
    Ok(ValueSet {
        id,
        date,
        values: values.collect::<Result<_, Failure>>()?,
    })
}

/// `set` as a document.
pub fn write_value_set(set: &ValueSet) -> Value {
    let values = set.values.iter().map(|(code, value)| {
        let mut members = Map::new();
        members.insert("display".to_owned(), json!(value.display));
        members.insert("lang".to_owned(), json!(value.lang));
        members.insert("active".to_owned(), json!(value.active));
        members.insert("system".to_owned(), json!(value.system));
        members.insert("version".to_owned(), json!(value.version));
        members.extend(value.more.clone());
        (code.clone(), Value::Object(members))
    });
    json!({
        "valueSetId": set.id,
        "valueSetDate": set.date.to_string(),
        "valueSetValues": values.collect::<Map<_, _>>(),
    })
}

fn meaning(value: Value) -> Result<CodedValue, Failure> {
    let Value::Object(mut members) = value else {
        return Err(invalid("valueSetValues", "an object of objects"));
    };
    let active = members.shift_remove("active");
    Ok(CodedValue {
        display: text(&mut members, "display")?,
        lang: text(&mut members, "lang")?,
        active: active
            .and_then(|active| active.as_bool())
            .ok_or_else(|| invalid("active", "true or false"))?,
        system: text(&mut members, "system")?,
        version: text(&mut members, "version")?,
        more: members,
    })
}

fn text(members: &mut Map<String, Value>, name: &str) -> Result<String, Failure> {
    match members.shift_remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) | None => Err(invalid(name, "text")),
    }
}

fn invalid(name: &str, what: &str) -> Failure {
    Code::ValueSetInvalid.because(format!("{name} is not {what}"))
}

/// The largest in circulation has 40 KB.
const MAX_BYTES: usize = 1024 * 1024;
const MAX_VALUES: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = r#"{"valueSetId":"codes","valueSetDate":"2022-01-26","valueSetValues":{
        "a":{"display":"A","lang":"en","active":false,"system":"http://s","version":"","note":["kept"]}}}"#;

    #[test]
    fn a_set_is_written_as_it_was_read() {
        let set = read_value_set(SET.as_bytes()).unwrap();
        assert_eq!(
            (set.id.as_str(), set.date.to_string().as_str()),
            ("codes", "2022-01-26")
        );
        assert!(!set.values["a"].active && set.values["a"].more["note"] == json!(["kept"]));
        assert_eq!(
            write_value_set(&set),
            serde_json::from_str::<Value>(SET).unwrap()
        );
    }

    #[test]
    fn what_lacks_a_member_or_has_one_twice_is_refused() {
        for (from, to) in [
            ("valueSetId", "id"),
            ("2022-01-26", "2022-02-30"),
            ("false", "\"no\""),
            ("display", "shown"),
            ("\"lang\":\"en\"", "\"lang\":\"en\",\"lang\":\"id\""),
            ("\"a\":{", "\"a\":[{"),
        ] {
            let failure = read_value_set(SET.replace(from, to).as_bytes()).unwrap_err();
            assert_eq!(failure.code(), Code::ValueSetInvalid, "{to}");
        }
        let huge = vec![b' '; MAX_BYTES + 1];
        assert_eq!(
            read_value_set(&huge).unwrap_err().code(),
            Code::InputTooLarge
        );
    }
}
