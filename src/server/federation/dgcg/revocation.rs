//! The batches of revocations at a gateway: which there are, and each.
//!
//! Refuses lists that go round in circles, and batches that are no Base64, each by itself. A batch that could not be had is
//! asked for again: the mark stays before it. One that makes no sense is told, and asked for again with everything.
//!
//! Source: dgc-gateway, `GET /revocation-list`, `GET /revocation-list/{batchId}`: changes strictly after the instant
//! asked for, at most 1,000 at a time, in the order of their change, in whole seconds.

use super::lists::is_uuid;
use super::remote::{Remote, country, read, read_item, refusal};
use super::trust_list::is_due;
use crate::exchange::RecordKind;
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::federation::feed::{
    Fetched, FetchedDocument, REVOCATION as CHANGES, REVOCATION_FULL as FULL,
};
use crate::server::federation::feed_config::DgcgConfig;
use reqwest::header::{ACCEPT, ETAG};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// Fetches what changed, or everything where that is due.
///
/// # Errors
/// Whatever keeps the list from being read to its end; what was read by then is in `fetched`, with a mark to go on from.
pub(super) async fn fetch(
    remote: &Remote,
    config: &DgcgConfig,
    at: UnixTime,
    fetched: &mut Fetched,
) -> Result<(), Failure> {
    let mark = &fetched.mark.since;
    let known = mark.get(CHANGES).copied().and_then(UnixTime::from_seconds);
    // Gateways refuse an instant in the future; where our clock went back, asking from now on loses nothing.
    let known = known.map(|known| known.min(at));
    let last_full = mark.get(FULL).copied();
    let is_full = known.is_none() || is_due(last_full, config.full_interval_s, at);
    let start = known.filter(|_| !is_full).unwrap_or_else(first_instant);
    let mut walk = Walk {
        from: start,
        known: HashMap::new(),
        missed: Vec::new(),
        batches: 0,
        bytes: 0,
        readable: true,
    };
    let walked = walk.through(remote, fetched).await;
    let walked = walked.and_then(|()| {
        walk.missed
            .pop()
            .map_or(Ok(()), |(_, failure)| Err(failure))
    });
    let since = &mut fetched.mark.since;
    // Whatever was seen before stays seen, though everything was being asked for again.
    let from = match &walked {
        Ok(()) => walk.from,
        Err(_) => walk.from.max(known.unwrap_or(UnixTime::EPOCH)),
    };
    since.insert(CHANGES.to_owned(), from.min(at).seconds());
    if is_full {
        // One that broke off goes on with the changes, and everything is asked for again a day later.
        let interval = i64::from(config.full_interval_s);
        let full_at = match &walked {
            Ok(()) => at,
            Err(_) => at.plus(interval.min(DAY_S) - interval),
        };
        since.insert(FULL.to_owned(), full_at.seconds());
    }
    walked?;
    fetched.answered.push(KIND);
    if is_full && walk.readable {
        fetched.complete.push(KIND);
    }
    Ok(())
}

struct Walk {
    /// Everything that changed until then has been seen.
    from: UnixTime,
    /// What was said of each batch: when it changed, and whether it is gone.
    known: HashMap<String, (UnixTime, bool)>,
    /// When batches changed that could not be had.
    missed: Vec<(UnixTime, Failure)>,
    /// How many were downloaded, and their size.
    batches: usize,
    bytes: usize,
    /// Whether every row could be read.
    readable: bool,
}

#[derive(Deserialize)]
struct Page<'b> {
    more: bool,
    #[serde(borrow)]
    batches: Vec<&'b RawValue>,
}

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "batchId")]
    id: String,
    country: Option<String>,
    date: String,
    deleted: bool,
}

impl Walk {
    /// Reads the list to its end, and goes back to before the first batch that could not be had.
    async fn through(&mut self, remote: &Remote, fetched: &mut Fetched) -> Result<(), Failure> {
        let read = self.pages(remote, fetched).await;
        let missed = self.missed.iter().map(|(date, _)| date.plus(-1)).min();
        self.from = missed.map_or(self.from, |before| before.min(self.from));
        read
    }

    async fn pages(&mut self, remote: &Remote, fetched: &mut Fetched) -> Result<(), Failure> {
        for page in 0..MAX_PAGES {
            let since = self.from.to_string();
            let body = remote.changes("/revocation-list", Some(&since)).await?;
            let Some(body) = body else { return Ok(()) };
            let listed: Page<'_> = read(&body)?;
            if listed.batches.len() > MAX_PER_PAGE {
                return Err(Code::InputTooLarge.because("too many batches on a page"));
            }
            let (mut is_news, mut last) = (false, self.from);
            for (index, raw) in listed.batches.into_iter().enumerate() {
                let place = format!("revocation-list page {page} item {}", index + 1);
                let (batch, date) = match row(raw) {
                    Ok(row) => row,
                    Err(failure) => {
                        self.readable = false;
                        fetched.troubles.push((place, failure));
                        continue;
                    }
                };
                last = last.max(date);
                let state = (date, batch.deleted);
                let earlier = self.known.insert(batch.id.clone(), state);
                if earlier == Some(state) {
                    continue;
                }
                is_news = true;
                if earlier.is_some() {
                    forget(fetched, &batch.id);
                }
                match self.batch(remote, batch, place, fetched).await {
                    Ok(()) => {}
                    // One that its gateway cannot give does not hold up those after it.
                    Err(failure) if failure.code() == Code::UpstreamUnavailable => {
                        if self.missed.len() >= MAX_MISSED {
                            return Err(failure);
                        }
                        self.missed.push((date, failure));
                    }
                    Err(failure) => {
                        // It is to be among the changes of the next question.
                        self.from = self.from.max(date.plus(-1));
                        return Err(failure);
                    }
                }
            }
            self.from = last;
            if !listed.more {
                return Ok(());
            }
            if !is_news {
                let what = "it says that there is more, and says the same again";
                return Err(Code::UpstreamInvalid.because(what));
            }
        }
        Err(Code::InputTooLarge.because(format!("a list of batches over {MAX_PAGES} pages")))
    }

    /// # Errors
    /// `upstream_unavailable`; `input_too_large` where there were enough for one time.
    async fn batch(
        &mut self,
        remote: &Remote,
        batch: Batch,
        place: String,
        fetched: &mut Fetched,
    ) -> Result<(), Failure> {
        let Batch {
            id,
            country: stated,
            ..
        } = batch;
        if batch.deleted {
            fetched.withdrawn.push((KIND, id));
            return Ok(());
        }
        if self.batches >= MAX_BATCHES || self.bytes >= MAX_BYTES {
            let what = "enough batches for one time; the next question goes on from here";
            return Err(Code::InputTooLarge.because(what));
        }
        match download(remote, &id).await {
            Ok(Some(body)) => {
                self.batches += 1;
                self.bytes += body.len();
                fetched.documents.push(FetchedDocument {
                    kind: KIND,
                    name: id,
                    country: country(stated.as_deref()),
                    body,
                });
            }
            // Withdrawn since the list was made.
            Ok(None) => fetched.withdrawn.push((KIND, id)),
            Err(failure) if failure.code() == Code::UpstreamUnavailable => return Err(failure),
            Err(failure) => {
                fetched.standing.push((KIND, id));
                fetched.troubles.push((place, failure));
            }
        }
        Ok(())
    }
}

/// Takes back what was said of a batch earlier on the way.
fn forget(fetched: &mut Fetched, id: &str) {
    fetched
        .documents
        .retain(|it| it.kind != KIND || it.name != id);
    fetched
        .withdrawn
        .retain(|(kind, name)| *kind != KIND || name != id);
}

fn row(raw: &RawValue) -> Result<(Batch, UnixTime), Failure> {
    let batch: Batch = read_item(raw)?;
    if !is_uuid(&batch.id) {
        return Err(Code::UpstreamInvalid.because("a batch without a usable id"));
    }
    let date = UnixTime::parse(&batch.date)
        .ok_or_else(|| Code::UpstreamInvalid.because("a batch without a usable date"))?;
    Ok((batch, date))
}

/// The batch, or `None` where it is gone.
async fn download(remote: &Remote, id: &str) -> Result<Option<Vec<u8>>, Failure> {
    let headers = [(ACCEPT, "application/cms-text, application/cms")];
    let path = format!("/revocation-list/{id}");
    let answer = remote.ask(&path, &headers, MAX_BATCH_BYTES).await?;
    match answer.status {
        200 => {}
        404 | 410 => return Ok(None),
        _ => return Err(refusal(&answer)),
    }
    // Gateways write the tag without the quotes that it should have.
    let tag = answer.header(&ETAG).map(|tag| tag.trim_matches('"'));
    if tag.is_some_and(|tag| tag != id) {
        return Err(Code::UpstreamInvalid.because("another batch than was asked for"));
    }
    let is_base64 = |letter: &u8| letter.is_ascii_alphanumeric() || b"+/=\r\n".contains(letter);
    if answer.body.is_empty() || !answer.body.iter().all(is_base64) {
        return Err(Code::UpstreamInvalid.because("a batch that is not Base64"));
    }
    Ok(Some(answer.body))
}

/// 2021-06-01T00:00:00Z, before which there was no gateway.
fn first_instant() -> UnixTime {
    UnixTime::EPOCH.plus(1_622_505_600)
}

const KIND: RecordKind = RecordKind::RevocationBatch;
const DAY_S: i64 = 86_400;
const MAX_PAGES: usize = 1_000;
const MAX_PER_PAGE: usize = 20_000;
/// How many batches may stay away before the rest is not asked for.
const MAX_MISSED: usize = 20;
const MAX_BATCHES: usize = 10_000;
const MAX_BYTES: usize = 128 << 20;
/// A thousand hashes in JSON in CMS in Base64 take a fifth of this.
const MAX_BATCH_BYTES: usize = 512 << 10;
