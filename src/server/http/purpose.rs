//! What a verification is for, as callers say it: the journey, the holder, and what else the answer is to tell.
//!
//! Refuses every member that is not read here, and to repeat a value in an error.

use super::body::{Members, not};
use crate::failure::{Code, Failure};
use crate::model::{Country, UnixTime};
use crate::rules::Circumstances;
use crate::verify::Journey;
use crate::verify::identity::Holder;
use serde_json::Value;
use smol_str::SmolStr;

/// The journey in the member `for`, where there is one.
///
/// # Errors
/// `request_invalid`.
pub(super) fn journey(members: &mut Members) -> Result<Option<Journey>, Failure> {
    let Some(value) = members.take("for") else {
        return Ok(None);
    };
    let mut members = Members::of_value("for", value)?;
    let destination = members.take_text("destination")?;
    let destination = destination.and_then(|it| Country::parse(&it));
    let destination =
        destination.ok_or_else(|| not("for.destination", "an ISO 3166-1 country code"))?;
    let arrival = match members.take_text("arrival")? {
        None => None,
        Some(text) => {
            let read = UnixTime::parse(&text);
            Some(read.ok_or_else(|| not("for.arrival", "RFC 3339 with a zone"))?)
        }
    };
    let region = members.take_text("region")?;
    let fits = |it: &String| {
        let mut bytes = it.bytes();
        (1..=MAX_REGION).contains(&it.len()) && bytes.all(|it| it.is_ascii_alphanumeric())
    };
    if !region.as_ref().is_none_or(fits) {
        return Err(not("for.region", "1 to 5 letters and digits"));
    }
    let journey = Journey {
        destination,
        arrival,
        region: region.map(SmolStr::from),
        circumstances: Circumstances::read(
            members.take_text("mode")?,
            members.take_text("sector")?,
            members.take_text("wilayah")?,
        )?,
    };
    members.finish()?;
    Ok(Some(journey))
}

/// The holder in the member `holder`, where there is one.
///
/// # Errors
/// `request_invalid`.
pub(super) fn holder(members: &mut Members) -> Result<Option<Holder>, Failure> {
    let stated = members.take("holder");
    stated.as_ref().map(Holder::from_json).transpose()
}

/// Whether the answer is to list every rule.
///
/// # Errors
/// `request_invalid` where something else is to be included, which is not served.
pub(super) fn includes_rules(members: &mut Members) -> Result<bool, Failure> {
    let asked = match members.take("include") {
        None => return Ok(false),
        Some(Value::Array(asked)) => asked,
        Some(_) => return Err(not("include", "a list")),
    };
    if asked.iter().any(|it| it.as_str() != Some("rules")) {
        let reason = "member `include` may hold `rules` and nothing else";
        return Err(Code::RequestInvalid.because(reason).about("include"));
    }
    Ok(!asked.is_empty())
}

/// Bytes of a region, by the schema of the EU's rules.
const MAX_REGION: usize = 5;
