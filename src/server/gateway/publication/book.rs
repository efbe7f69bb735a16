//! Rules and value sets, each by the hash of its bytes as its country signed it, with our signature over that hash.
//!
//! Refuses rules whose proof does not hold now, and to touch a byte of what was signed: whoever fetches one compares its hash.
//!
//! Source: dgca-businessrule-service (`/rules`, `/valuesets`, `X-SIGNATURE`); EU DGCG, `GET /rules/{country}`, for which
//! versions of a rule are shown.

use super::publisher::Publisher;
use crate::crypto::{self, Algorithm, sha256};
use crate::exchange::RecordKind;
use crate::exchange::dgcg::{read_message, read_rule, read_rule_row, write_message};
use crate::failure::{Code, Failure};
use crate::model::{Country, Thumbprint, UnixTime};
use crate::rules::{Rule, Version};
use crate::server::gateway::{Gateway, World};
use crate::server::keys::{PublicationKey, Signer};
use actix_web::web::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// Everything by its hash.
#[derive(Debug, Default)]
pub struct Book {
    /// The rules that are shown now, by identifier and from the newest version on.
    pub rules: Vec<RulePage>,
    /// The value sets by id.
    pub value_sets: Vec<(String, Page)>,
}

/// A version of a rule.
#[derive(Debug)]
pub struct RulePage {
    /// Its identifier.
    pub identifier: String,
    /// Its version.
    pub version: String,
    /// Its country.
    pub country: Country,
    /// Its bytes.
    pub page: Page,
}

/// A document as it was signed.
#[derive(Debug)]
pub struct Page {
    /// SHA-256 over its bytes.
    pub hash: Thumbprint,
    /// Our signature over that hash in hexadecimal: ECDSA with SHA-256, DER in Base64.
    pub signature: String,
    /// Its bytes.
    pub body: Bytes,
}

/// A book, and what it was made of.
pub(super) struct Opened {
    world: Arc<World>,
    generation: u64,
    minute: i64,
    book: Arc<Book>,
}

impl Gateway {
    /// The rules and value sets that are shown now.
    ///
    /// # Errors
    /// `not_published` where this node has no keys; `signer_unavailable`.
    pub async fn book(self: &Arc<Self>) -> Result<Arc<Book>, Failure> {
        let gateway = Arc::clone(self);
        let opened = actix_web::rt::task::spawn_blocking(move || gateway.open_book());
        opened
            .await
            .map_err(|error| Code::Internal.caused_by("no book was made", error))?
    }

    /// Our signature over `hash` in hexadecimal, as documents bear it.
    ///
    /// # Errors
    /// `not_published` where this node has no keys; `signer_unavailable`.
    pub fn signed_hash(&self, hash: &str) -> Result<String, Failure> {
        signed(hash, &self.publisher()?.keys()?.list)
    }

    fn open_book(&self) -> Result<Arc<Book>, Failure> {
        let publisher: &Publisher = self.publisher()?;
        let (world, hub, now) = (self.world(), self.hub(), self.clock().now());
        let (generation, minute) = (hub.generation(), now.seconds() / 60);
        let mut opened = publisher
            .book
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = opened.as_ref()
            && (opened.generation, opened.minute) == (generation, minute)
            && Arc::ptr_eq(&opened.world, &world)
        {
            return Ok(Arc::clone(&opened.book));
        }
        let key = &publisher.keys()?.list;
        let mut rules: BTreeMap<String, Vec<(Rule, Vec<u8>)>> = BTreeMap::new();
        let mut take = |rule: Rule, content: Vec<u8>| {
            let versions = rules.entry(rule.identifier.clone()).or_default();
            if !versions
                .iter()
                .any(|(other, _)| other.version == rule.version)
            {
                versions.push((rule, content));
            }
        };
        {
            // The hub's own are among them, as far as they prove themselves.
            let foreign = self.foreign();
            for record in foreign.holding(RecordKind::Rule) {
                let content = read_rule_row(&record.body)
                    .and_then(|text| read_message(text.as_bytes()))
                    .map(|message| message.content.unwrap_or_default());
                let rule = content.and_then(|it| Ok((read_rule(&it)?, it)));
                // Whatever does not read is refused where the feed is read, and told there.
                if let Ok((rule, content)) = rule {
                    take(rule, content);
                }
            }
        }
        let mut book = Book::default();
        for (identifier, versions) in rules {
            for (rule, content) in shown(versions, now) {
                book.rules.push(RulePage {
                    identifier: identifier.clone(),
                    version: rule.version.to_string(),
                    country: rule.country,
                    page: Page::new(content, key)?,
                });
            }
        }
        for id in self.value_set_ids() {
            if let Some(body) = self.value_set(&id) {
                book.value_sets.push((id, Page::new(body, key)?));
            }
        }
        let book = Arc::new(book);
        *opened = Some(Opened {
            world,
            generation,
            minute,
            book: Arc::clone(&book),
        });
        Ok(book)
    }
}

impl Page {
    fn new(body: impl Into<Bytes>, key: &PublicationKey) -> Result<Self, Failure> {
        let body = body.into();
        let hash = Thumbprint(sha256(&body));
        Ok(Self {
            hash,
            signature: signed(&hash.to_string(), key)?,
            body,
        })
    }
}

/// The signature of `key` over `hash` in hexadecimal, DER in Base64.
fn signed(hash: &str, key: &PublicationKey) -> Result<String, Failure> {
    let signature = key.sign(hash.as_bytes())?;
    let signature = crypto::ecdsa_der(Algorithm::Es256, &signature);
    let signature = signature.ok_or_else(|| Code::Internal.because("not a signature"))?;
    Ok(write_message(&signature))
}

/// Of `versions` of one rule those that are shown at the instant `now`, the newest first: the one in force, and whatever
/// follows it.
fn shown(mut versions: Vec<(Rule, Vec<u8>)>, now: UnixTime) -> Vec<(Rule, Vec<u8>)> {
    let version = |rule: &Rule| -> Version { rule.version };
    versions.sort_by_key(|(rule, _)| std::cmp::Reverse(version(rule)));
    let in_force = versions.iter().position(|(rule, _)| rule.valid_from <= now);
    if let Some(in_force) = in_force {
        versions.truncate(in_force + 1);
    }
    versions
}
