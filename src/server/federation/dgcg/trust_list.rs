//! The trust list of a gateway: as a whole, or what changed since an instant.
//!
//! Refuses items without a certificate, each by itself; pages without end; and, as evidence that everything was seen, a walk
//! through pages during which something was withdrawn. Client certificates of other parties are left out: they prove
//! nothing about signers.
//!
//! Source: dgc-gateway, `GET /trustList`; who-gdhcn trust network, which knows neither pages nor changes.

use super::remote::{Remote, country, read, read_item};
use crate::crypto::sha256;
use crate::exchange::{MAX_ENTRIES, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::server::federation::feed::{Fetched, FetchedDocument, SIGNERS};
use crate::server::federation::feed_config::{DgcgConfig, Dialect};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashSet};

/// Fetches what is new, or everything where that is due.
///
/// # Errors
/// Whatever keeps the list from being read to its end; what was read by then is in `fetched`.
pub(super) async fn fetch(
    remote: &Remote,
    config: &DgcgConfig,
    at: UnixTime,
    fetched: &mut Fetched,
) -> Result<(), Failure> {
    let since = fetched.mark.since.get(SIGNERS).copied();
    let since = since.filter(|_| config.dialect == Dialect::Eu);
    let is_due = is_due(fetched.mark.full_at, config.full_interval_s, at);
    let since = since.filter(|_| !is_due).and_then(UnixTime::from_seconds);
    let since = since.map(|since| since.min(at));
    let mut walk = Walk::default();
    let walked = walk.through(remote, config, since, at).await;
    let nothing_moved = !walk.moved;
    walk.end(fetched);
    walked?;
    fetched.answered.push(KIND);
    let from = at.plus(-OVERLAP_S).seconds();
    fetched.mark.since.insert(SIGNERS.to_owned(), from);
    if since.is_none() && nothing_moved {
        fetched.complete.push(KIND);
        fetched.mark.full_at = Some(at.seconds());
    }
    Ok(())
}

/// Whether everything is to be fetched again: never so, long ago, or in a future that has not come.
pub(super) fn is_due(last: Option<i64>, interval_s: u32, at: UnixTime) -> bool {
    last.is_none_or(|last| last > at.seconds() || at.plus(-i64::from(interval_s)).seconds() >= last)
}

/// What was seen on the way through the pages.
#[derive(Default)]
struct Walk {
    /// By the thumbprint of each certificate, what was said of it last.
    entries: BTreeMap<String, Entry>,
    /// Items by their text, so that a page that comes twice is noticed.
    seen: HashSet<[u8; 32]>,
    bytes: usize,
    standing: Vec<String>,
    troubles: Vec<(String, Failure)>,
    /// Whether something was withdrawn while the pages of the whole were read, so that an entry may have slipped from a page
    /// that was still to come to one that had been read.
    moved: bool,
}

enum Entry {
    Listed {
        kind: String,
        /// Whether it states the thumbprint of another certificate, so that nobody will believe it.
        lies: bool,
        document: FetchedDocument,
    },
    Gone,
}

impl Walk {
    async fn through(
        &mut self,
        remote: &Remote,
        config: &DgcgConfig,
        since: Option<UnixTime>,
        at: UnixTime,
    ) -> Result<(), Failure> {
        let pages = self.pages(remote, config, since).await?;
        if since.is_none() && pages > 1 {
            let lately = Some(at.plus(-OVERLAP_S));
            self.pages(remote, config, lately).await?;
            let gone = |entry: &Entry| matches!(entry, Entry::Gone);
            self.moved = self.entries.values().any(gone);
        }
        Ok(())
    }

    /// Reads page after page, and tells how many there were.
    async fn pages(
        &mut self,
        remote: &Remote,
        config: &DgcgConfig,
        since: Option<UnixTime>,
    ) -> Result<usize, Failure> {
        let since = since.map(|since| since.to_string());
        let size = usize::from(config.page_size);
        for page in 0..MAX_PAGES {
            let path = match config.dialect {
                Dialect::Eu => format!("/trustList?page={page}&pagesize={size}"),
                Dialect::Tng => "/trustList".to_owned(),
            };
            let body = remote.json(&path, since.as_deref()).await?;
            self.bytes += body.len();
            if self.bytes > MAX_BYTES {
                return Err(Code::InputTooLarge.because("a trust list over 64 MiB"));
            }
            let items: Vec<&RawValue> = read(&body)?;
            if items.len() > MAX_ENTRIES {
                return Err(Code::InputTooLarge.because("too many entries on a page"));
            }
            let mut is_news = false;
            for (index, item) in items.iter().enumerate() {
                if self.seen.insert(sha256(item.get().as_bytes())) {
                    is_news = true;
                    self.item(item, format!("trustList page {page} item {}", index + 1));
                }
            }
            // A gateway that does not page gives everything at once.
            if config.dialect == Dialect::Tng || items.len() != size {
                return Ok(page + 1);
            }
            if !is_news && page > 0 {
                return Err(Code::UpstreamInvalid.because("a page that came before, again"));
            }
        }
        Err(Code::InputTooLarge.because(format!("a trust list over {MAX_PAGES} pages")))
    }

    fn item(&mut self, raw: &RawValue, place: String) {
        let item: Item = match read_item(raw) {
            Ok(item) => item,
            Err(failure) => {
                // Whatever it was meant to be, it is still there.
                let named = read_item::<Named>(raw).ok();
                self.standing
                    .extend(named.and_then(|it| thumbprint(&it.thumbprint)));
                return self.troubles.push((place, failure));
            }
        };
        if item.kind.eq_ignore_ascii_case("AUTHENTICATION") {
            return;
        }
        let invalid = |what: &str| Code::UpstreamInvalid.because(what);
        let stated = thumbprint(&item.thumbprint);
        let certificate = match (item.raw_data, item.signature) {
            (Member::Text(certificate), Member::Text(_)) => certificate,
            (Member::Null, Member::Null) => {
                match stated {
                    Some(name) => drop(self.entries.insert(name, Entry::Gone)),
                    None => self
                        .troubles
                        .push((place, invalid("withdrawn without a thumbprint"))),
                }
                return;
            }
            _ => {
                self.standing.extend(stated);
                let what = "rawData and signature are neither both there nor both null";
                return self.troubles.push((place, invalid(what)));
            }
        };
        let Ok(der) = BASE64_STANDARD.decode(certificate) else {
            self.standing.extend(stated);
            return self
                .troubles
                .push((place, invalid("rawData is not Base64")));
        };
        let name = Thumbprint(sha256(&der)).to_string();
        let lies = stated.as_ref() != Some(&name);
        if lies {
            let what = "the stated thumbprint is of another certificate";
            self.troubles.push((place.clone(), invalid(what)));
        }
        if let Some(Entry::Listed {
            kind, lies: lied, ..
        }) = self.entries.get(&name)
        {
            // Two under one name; which one is kept does not depend on the order they come in.
            if *kind != item.kind {
                let what = "the same certificate in another role";
                self.troubles.push((place, invalid(what)));
            }
            if (*lied, rank(kind)) <= (lies, rank(&item.kind)) {
                return;
            }
        }
        let document = listed(name.clone(), country(Some(&item.country)), raw);
        let kind = item.kind;
        let entry = Entry::Listed {
            kind,
            lies,
            document,
        };
        self.entries.insert(name, entry);
    }

    /// Hands over what was seen.
    fn end(self, fetched: &mut Fetched) {
        for (name, entry) in self.entries {
            match entry {
                Entry::Listed { document, .. } => fetched.documents.push(document),
                Entry::Gone => fetched.withdrawn.push((KIND, name)),
            }
        }
        let standing = self.standing.into_iter().map(|name| (KIND, name));
        fetched.standing.extend(standing);
        fetched.troubles.extend(self.troubles);
    }
}

fn listed(name: String, country: Option<Country>, raw: &RawValue) -> FetchedDocument {
    FetchedDocument {
        kind: KIND,
        name,
        country,
        body: raw.get().as_bytes().to_vec(),
    }
}

/// What rests on a certificate in this role: the less, the later.
fn rank(kind: &str) -> usize {
    let position = ROLES.iter().position(|role| *role == kind);
    position.unwrap_or(ROLES.len())
}

/// A thumbprint as our names write it, if `text` is one.
fn thumbprint(text: &str) -> Option<String> {
    let plain = text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain.then(|| text.to_ascii_lowercase())
}

/// An item of the list, as far as fetching needs to know it.
#[derive(Deserialize)]
struct Item {
    country: String,
    #[serde(rename = "certificateType")]
    kind: String,
    thumbprint: String,
    #[serde(rename = "rawData", default, deserialize_with = "member")]
    raw_data: Member,
    #[serde(default, deserialize_with = "member")]
    signature: Member,
}

#[derive(Deserialize)]
struct Named {
    thumbprint: String,
}

/// A member that may be null, which says something else than its absence.
#[derive(Default)]
enum Member {
    #[default]
    Absent,
    Null,
    Text(String),
}

fn member<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Member, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map_or(Member::Null, Member::Text))
}

const KIND: RecordKind = RecordKind::TrustListEntry;
const ROLES: [&str; 3] = ["CSCA", "UPLOAD", "DSC"];
/// How far back each question reaches beyond the last one: our clock and theirs may differ.
const OVERLAP_S: i64 = 3600;
const MAX_PAGES: usize = 200;
const MAX_BYTES: usize = 64 << 20;
