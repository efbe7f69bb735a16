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
    for (identifier, raw) in rules.0 {
        let place = format!("rules/{code} {}", printable(&identifier));
        let versions = match is_identifier(&identifier) {
            true => read_item::<Vec<&RawValue>>(raw),
            false => Err(Code::UpstreamInvalid.because("no identifier of a rule")),
        };
        let versions = match versions {
            Ok(versions) => versions,
            Err(failure) => {
                fetched.troubles.push((place, failure));
                continue;
            }
        };
        let mut seen = HashSet::new();
        for raw in versions.into_iter().take(MAX_VERSIONS) {
            match version(raw) {
                Ok(version) if seen.insert(version.clone()) => {
                    fetched.documents.push(FetchedDocument {
                        kind: RecordKind::Rule,
                        name: format!("{identifier}@{version}"),
                        country,
                        body: raw.get().as_bytes().to_vec(),
                    });
                }
                Ok(_) => {
                    let failure = Code::UpstreamInvalid.because("a version that stands twice");
                    fetched.troubles.push((place.clone(), failure));
                }
                Err(failure) => fetched.troubles.push((place.clone(), failure)),
            }
        }
    }
    Ok(())
}

fn version(raw: &RawValue) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Version {
        version: String,
    }
    let Version { version } = read_item(raw)?;
    let plain = |letter: u8| letter.is_ascii_digit() || letter == b'.';
    if !version.bytes().all(plain) || !(1..=MAX_VERSION).contains(&version.len()) {
        return Err(Code::UpstreamInvalid.because("a version that is none"));
    }
    Ok(version)
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
