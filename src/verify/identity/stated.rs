//! A holder as callers and files state them, in JSON: `{"name": ..., "birth_date": "1970-01", "mrz": "..."}`, where the name is a
//! text or `{"family": ..., "given": ...}`.
//!
//! Refuses every other member, and to repeat a value in an error.

use super::holder::{Holder, Named, invalid};
use crate::failure::Failure;
use serde_json::{Map, Value};

impl Holder {
    /// The holder that `value` states; members that are null are not there.
    ///
    /// # Errors
    /// `request_invalid`, as [`Holder::read`].
    pub fn from_json(value: &Value) -> Result<Self, Failure> {
        let [name, birth_date, mrz] = members(value, "holder", ["name", "birth_date", "mrz"])?;
        let (birth_date, mrz) = (
            text(birth_date, "holder.birth_date")?,
            text(mrz, "holder.mrz")?,
        );
        let name = match name {
            None => None,
            Some(Value::String(whole)) => Some(Named::Whole(whole)),
            Some(parts) => {
                let [family, given] = members(parts, "holder.name", ["family", "given"])?;
                Some(Named::Parts {
                    family: text(family, "holder.name.family")?.unwrap_or_default(),
                    given: text(given, "holder.name.given")?.unwrap_or_default(),
                })
            }
        };
        Self::read(name, birth_date, mrz)
    }
}

/// The members `names` of the object `value`, which is called `place` and may have no others.
fn members<'v, const N: usize>(
    value: &'v Value,
    place: &str,
    names: [&str; N],
) -> Result<[Option<&'v Value>; N], Failure> {
    let no_object = || invalid(place, "is not an object with what it may hold");
    let members: &Map<_, _> = value.as_object().ok_or_else(no_object)?;
    if members.keys().any(|name| !names.contains(&name.as_str())) {
        let why = format!("may hold `{}` and nothing else", names.join("`, `"));
        return Err(invalid(place, &why));
    }
    Ok(names.map(|name| members.get(name).filter(|it| !it.is_null())))
}

fn text<'v>(value: Option<&'v Value>, place: &str) -> Result<Option<&'v str>, Failure> {
    let read = |it: &'v Value| it.as_str().ok_or_else(|| invalid(place, "is not text"));
    value.map(read).transpose()
}
