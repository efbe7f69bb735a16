//! A trust list as a DID document on the web, as a feed: the document of one DID, and that of its signer.
//!
//! Refuses documents with another id than was asked for. Follows nothing: two addresses are asked, both from `feeds.toml`,
//! whatever the documents refer to.
//!
//! Source: did:web method specification; WHO smart-trust, trust list v2.

use super::did::Did;
use super::feed::{Feed, Fetched, FetchedDocument, Mark};
use super::feed_config::{DidWebConfig, FeedConfig, ListProof};
use super::outbound::{Answer, Outbound};
use crate::exchange::{self, RecordKind};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::files;
use async_trait::async_trait;
use reqwest::header::{ACCEPT, ETAG, IF_NONE_MATCH};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A trust list on the web.
#[derive(Debug)]
pub struct DidWebFeed {
    id: String,
    did: Did,
    signer: Signer,
    outbound: Outbound,
}

/// Where the key that proves the list comes from.
#[derive(Debug)]
enum Signer {
    Nobody,
    Published(Did),
    AtHand(Did, PathBuf),
}

impl DidWebFeed {
    /// The feed of `did_web`, whose files are below `data`.
    ///
    /// # Errors
    /// `configuration_invalid`, `input_output`, `internal`.
    pub fn new(config: &FeedConfig, did_web: &DidWebConfig, data: &Path) -> Result<Self, Failure> {
        let signer = match (&did_web.proof, &did_web.signer, &did_web.signer_document) {
            (ListProof::TlsOnly, ..) | (_, None, _) => Signer::Nobody,
            (_, Some(did), Some(path)) => Signer::AtHand(did.clone(), data.join(path)),
            (_, Some(did), None) => Signer::Published(did.clone()),
        };
        let mut hosts = vec![did_web.did.host().clone()];
        if let Signer::Published(did) = &signer {
            hosts.push(did.host().clone());
        }
        Ok(Self {
            id: config.id.clone(),
            did: did_web.did.clone(),
            signer,
            outbound: Outbound::new(hosts, &did_web.connection, data)?,
        })
    }

    /// The document of `did`, unless it is the one that `mark` knows; `None` where there is none.
    async fn ask(&self, did: &Did, mark: &Mark) -> Result<Option<Asked>, Failure> {
        let mut headers = vec![(ACCEPT, "application/did+json, application/json")];
        let known = mark.etags.get(did.as_str());
        headers.extend(known.map(|etag| (IF_NONE_MATCH, etag.as_str())));
        let url = did.url();
        let answer = self.outbound.get(&url, &headers, exchange::MAX_BYTES);
        let answer = answer.await?;
        match answer.status {
            200 => is_that_of(did, &answer.body)?,
            304 if known.is_some() => return Ok(Some(Asked::Unchanged)),
            404 | 410 => return Ok(None),
            status @ (401 | 403 | 408 | 429 | 500..) => {
                let what = format!("it does not give the document (status {status})");
                return Err(Code::UpstreamUnavailable.because(what));
            }
            status => {
                let what = format!("an answer with status {status}");
                return Err(Code::UpstreamInvalid.because(what));
            }
        }
        Ok(Some(Asked::Document(answer)))
    }

    /// The document of whoever proves the list. What is wrong with it leaves the list as it is.
    async fn ask_signer(&self, mark: &Mark, fetched: &mut Fetched) {
        let trouble = match &self.signer {
            Signer::Nobody => return,
            Signer::AtHand(did, path) => match at_hand(did, path) {
                Ok(body) => return fetched.documents.push(document(did, body)),
                Err(failure) => (did, failure),
            },
            Signer::Published(did) => match self.ask(did, mark).await {
                Ok(Some(asked)) => return asked.into_document(did, fetched),
                Ok(None) => {
                    fetched.mark.etags.remove(did.as_str());
                    let what = "its signer has not published a document";
                    (did, Code::UnverifiedProof.because(what))
                }
                Err(failure) => (did, failure),
            },
        };
        let (did, failure) = trouble;
        fetched.troubles.push((did.to_string(), failure));
    }
}

#[async_trait]
impl Feed for DidWebFeed {
    fn id(&self) -> &str {
        &self.id
    }

    async fn fetch(&self, mark: &Mark, at: UnixTime) -> Result<Fetched, Failure> {
        let asked = self.ask(&self.did, mark).await?;
        let asked = asked.ok_or_else(|| {
            // A list that is gone is no list without keys: that would be a document that says so.
            Code::UpstreamInvalid.because("there is no document of this DID")
        })?;
        let mut fetched = Fetched {
            answered: vec![RecordKind::DidDocument],
            mark: Mark {
                full_at: Some(at.seconds()),
                ..mark.clone()
            },
            ..Fetched::default()
        };
        asked.into_document(&self.did, &mut fetched);
        self.ask_signer(mark, &mut fetched).await;
        Ok(fetched)
    }
}

enum Asked {
    Unchanged,
    Document(Answer),
}

impl Asked {
    fn into_document(self, did: &Did, fetched: &mut Fetched) {
        let Self::Document(answer) = self else {
            let standing = (RecordKind::DidDocument, did.to_string());
            return fetched.standing.push(standing);
        };
        let etags = &mut fetched.mark.etags;
        match answer.header(&ETAG).filter(|it| it.len() <= MAX_ETAG) {
            Some(etag) => etags.insert(did.to_string(), etag.to_owned()),
            None => etags.remove(did.as_str()),
        };
        fetched.documents.push(document(did, answer.body));
    }
}

fn document(did: &Did, body: Vec<u8>) -> FetchedDocument {
    FetchedDocument {
        kind: RecordKind::DidDocument,
        name: did.to_string(),
        country: None,
        body,
    }
}

fn at_hand(did: &Did, path: &Path) -> Result<Vec<u8>, Failure> {
    let body = files::read(path)?;
    if body.len() > exchange::MAX_BYTES {
        return Err(Code::InputTooLarge.because("a document over the list ceiling"));
    }
    is_that_of(did, &body)?;
    Ok(body)
}

/// That `body` says it is the document of `did`. Everything else about it is for its reader.
fn is_that_of(did: &Did, body: &[u8]) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Heading {
        id: String,
    }
    let heading: Heading = serde_json::from_slice(body)
        .map_err(|_| Code::UpstreamInvalid.because("not a DID document"))?;
    if heading.id != did.as_str() {
        return Err(Code::UpstreamInvalid.because("a document of another DID"));
    }
    Ok(())
}

const MAX_ETAG: usize = 256;
