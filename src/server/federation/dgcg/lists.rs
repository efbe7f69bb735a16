//! What a gateway gives as one list of documents: trusted issuers, trusted references, value sets.
//!
//! Refuses items without the member that names them, each by itself. No address that stands in one is asked.
//!
//! Source: dgc-gateway, `GET /trustList/issuers`, `GET /valuesets`; who-gdhcn trust network, `GET /trustList/references`.

use super::remote::{Members, Remote, country, read, read_item};
use crate::exchange::RecordKind;
use crate::failure::{Code, Failure, printable};
use crate::server::federation::feed::{Fetched, FetchedDocument};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashSet;

/// Trusted issuers, all of them.
///
/// # Errors
/// `upstream_unavailable`, `upstream_invalid`, `input_too_large`, as with every function here.
pub(super) async fn issuers(remote: &Remote, fetched: &mut Fetched) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Issuer {
        url: String,
        country: Option<String>,
    }
    let kind = RecordKind::TrustedIssuer;
    named(remote, "/trustList/issuers", kind, fetched, |item| {
        let Issuer { url, country } = read_item(item)?;
        let plain = url.bytes().all(|letter| letter.is_ascii_graphic());
        if !plain || !(1..=MAX_URL).contains(&url.len()) {
            return Err(Code::UpstreamInvalid.because("a trusted issuer without a usable url"));
        }
        Ok((url, country))
    })
    .await
}

/// Trusted references, all of them.
pub(super) async fn references(remote: &Remote, fetched: &mut Fetched) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Reference {
        uuid: String,
        country: Option<String>,
    }
    let kind = RecordKind::TrustedReference;
    named(remote, "/trustList/references", kind, fetched, |item| {
        let Reference { uuid, country } = read_item(item)?;
        let uuid = uuid.to_ascii_lowercase();
        if !is_uuid(&uuid) {
            return Err(Code::UpstreamInvalid.because("a trusted reference without a uuid"));
        }
        Ok((uuid, country))
    })
    .await
}

async fn named(
    remote: &Remote,
    path: &str,
    kind: RecordKind,
    fetched: &mut Fetched,
    name_of: impl Fn(&RawValue) -> Result<(String, Option<String>), Failure>,
) -> Result<(), Failure> {
    let body = remote.json(path, None).await?;
    let items: Vec<&RawValue> = read(&body)?;
    if items.len() > MAX_ITEMS {
        return Err(Code::InputTooLarge.because(format!("over {MAX_ITEMS} items at {path}")));
    }
    let mut names = HashSet::new();
    for (index, item) in items.into_iter().enumerate() {
        match name_of(item) {
            Ok((name, _)) if !names.insert(name.clone()) => {
                let failure = Code::UpstreamInvalid.because("a name that stands twice");
                trouble(fetched, path, index, failure);
            }
            Ok((name, stated)) => fetched.documents.push(FetchedDocument {
                kind,
                name,
                country: country(stated.as_deref()),
                body: item.get().as_bytes().to_vec(),
            }),
            Err(failure) => trouble(fetched, path, index, failure),
        }
    }
    fetched.answered.push(kind);
    fetched.complete.push(kind);
    Ok(())
}

fn trouble(fetched: &mut Fetched, path: &str, index: usize, failure: Failure) {
    let place = format!("{} item {}", path.trim_start_matches('/'), index + 1);
    fetched.troubles.push((place, failure));
}

/// Value sets, all of them.
pub(super) async fn value_sets(remote: &Remote, fetched: &mut Fetched) -> Result<(), Failure> {
    let body = remote.json("/valuesets", None).await?;
    let ids: Vec<String> = read(&body)?;
    if ids.len() > MAX_VALUE_SETS {
        return Err(Code::InputTooLarge.because(format!("over {MAX_VALUE_SETS} value sets")));
    }
    let kind = RecordKind::ValueSet;
    let (mut silent, mut names) = (0, HashSet::new());
    for id in ids {
        let place = format!("valuesets/{}", printable(&id));
        if !is_id(&id) || !names.insert(id.clone()) {
            let failure = Code::UpstreamInvalid.because("an id that is none, or stands twice");
            fetched.troubles.push((place, failure));
            continue;
        }
        match value_set(remote, &id).await {
            Ok(body) => fetched.documents.push(FetchedDocument {
                kind,
                name: id,
                country: None,
                body,
            }),
            Err(failure) => {
                silent += usize::from(failure.code() == Code::UpstreamUnavailable);
                if silent >= MAX_SILENT {
                    return Err(failure);
                }
                fetched.standing.push((kind, id));
                fetched.troubles.push((place, failure));
            }
        }
    }
    fetched.answered.push(kind);
    fetched.complete.push(kind);
    Ok(())
}

async fn value_set(remote: &Remote, id: &str) -> Result<Vec<u8>, Failure> {
    let body = remote.json(&format!("/valuesets/{id}"), None).await?;
    read::<Members<'_>>(&body)?;
    Ok(body)
}

/// Letters that mean themselves in a path.
fn is_id(text: &str) -> bool {
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
    text.bytes().all(plain) && (1..=MAX_ID).contains(&text.len())
}

/// A UUID in lower case.
pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    let lengths: Vec<_> = groups.iter().map(|group| group.len()).collect();
    let is_hex = |letter: u8| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter);
    lengths == [8, 4, 4, 4, 12] && groups.iter().all(|group| group.bytes().all(is_hex))
}

/// How many documents of one kind may stay away before the rest is not asked for.
pub(super) const MAX_SILENT: usize = 3;
const MAX_ITEMS: usize = 5_000;
const MAX_VALUE_SETS: usize = 200;
const MAX_URL: usize = 512;
const MAX_ID: usize = 80;
