//! The acceptance rules of the countries at a gateway.
//!
//! Refuses identifiers, versions and countries that could be read as anything else, each by itself.
//!
//! Source: dgc-gateway, `GET /countrylist`, `GET /rules/{cc}`.

use super::lists::MAX_SILENT;
use super::remote::{Members, Remote, read, read_item};
use crate::exchange::RecordKind;
use crate::failure::{Code, Failure, printable};
use crate::model::Country;
use crate::server::federation::feed::{Fetched, FetchedDocument};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashSet;

/// Fetches the rules of every country, or of `wanted` alone.
///
/// # Errors
/// `upstream_unavailable`, `upstream_invalid`, `input_too_large`.
pub(super) async fn fetch(
    remote: &Remote,
    wanted: Option<&[Country]>,
    fetched: &mut Fetched,
) -> Result<(), Failure> {
    let body = remote.json("/countrylist", None).await?;
    let listed: Vec<String> = read(&body)?;
    if listed.len() > MAX_COUNTRIES {
        return Err(Code::InputTooLarge.because(format!("over {MAX_COUNTRIES} countries")));
    }
    let (mut failed, mut seen) = (Vec::new(), HashSet::new());
    for text in listed {
        let place = format!("rules/{}", printable(&text));
        let plain = text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_uppercase());
        if !plain || !seen.insert(text.clone()) {
            let failure = Code::UpstreamInvalid.because("a country that is none, or stands twice");
            fetched.troubles.push((place, failure));
            continue;
        }
        // "EU" is in the list and is no country; it has rules all the same.
        let country = Country::parse(&text);
        if wanted.is_some_and(|wanted| !country.is_some_and(|it| wanted.contains(&it))) {
            continue;
        }
        if let Err(failure) = of_country(remote, &text, country, fetched).await {
            let is_silent = failure.code() == Code::UpstreamUnavailable;
            failed.push((place, failure));
            if is_silent && failed.len() >= MAX_SILENT {
                break;
            }
        }
    }
    if failed.is_empty() {
        fetched.answered.push(RecordKind::Rule);
        fetched.complete.push(RecordKind::Rule);
    }
    fetched.troubles.extend(failed);
    Ok(())
}

async fn of_country(
    remote: &Remote,
    code: &str,
    country: Option<Country>,
    fetched: &mut Fetched,
) -> Result<(), Failure> {
    let body = remote.json(&format!("/rules/{code}"), None).await?;
    let rules: Members<'_> = read(&body)?;
    if rules.0.len() > MAX_RULES {
        return Err(Code::InputTooLarge.because(format!("over {MAX_RULES} rules of a country")));
    }
    for (identifier, versions) in rules.0 {
        let place = format!("rules/{code} {}", printable(&identifier));
        let named = match is_identifier(&identifier) {
            true => of_identifier(&identifier, versions),
            false => Err(Code::UpstreamInvalid.because("no identifier of a rule")),
        };
        match named {
            Ok(versions) => {
                let document = |(name, body)| FetchedDocument {
                    kind: RecordKind::Rule,
                    name,
                    country,
                    body,
                };
                fetched.documents.extend(versions.into_iter().map(document));
            }
            Err(failure) => fetched.troubles.push((place, failure)),
        }
    }
    Ok(())
}

/// The versions of a rule, each by its name.
fn of_identifier(identifier: &str, raw: &RawValue) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    #[derive(Deserialize)]
    struct Version {
        version: String,
    }
    let versions: Vec<&RawValue> = read_item(raw)?;
    let mut named: Vec<(String, Vec<u8>)> = Vec::new();
    for raw in versions.into_iter().take(MAX_VERSIONS) {
        let Version { version } = read_item(raw)?;
        let plain = |letter: u8| letter.is_ascii_digit() || letter == b'.';
        let name = format!("{identifier}@{version}");
        let is_new = named.iter().all(|(earlier, _)| *earlier != name);
        if !version.bytes().all(plain) || !(1..=MAX_VERSION).contains(&version.len()) || !is_new {
            return Err(Code::UpstreamInvalid.because("a version that is none, or stands twice"));
        }
        named.push((name, raw.get().as_bytes().to_vec()));
    }
    Ok(named)
}

fn is_identifier(text: &str) -> bool {
    let plain =
        |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == b'-';
    text.bytes().all(plain) && (1..=MAX_IDENTIFIER).contains(&text.len())
}

const MAX_COUNTRIES: usize = 300;
const MAX_RULES: usize = 500;
const MAX_VERSIONS: usize = 50;
const MAX_IDENTIFIER: usize = 40;
const MAX_VERSION: usize = 20;
