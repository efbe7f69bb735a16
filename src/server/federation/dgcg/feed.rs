//! What is taken from a gateway, kind by kind.
//!
//! Refuses to answer where every kind failed.

use super::remote::Remote;
use super::{lists, revocation, rules, trust_list};
use crate::failure::Failure;
use crate::model::{Country, UnixTime};
use crate::server::federation::feed::{Feed, Fetched, Mark};
use crate::server::federation::feed_config::{DgcgConfig, Dialect, FeedConfig, Take};
use async_trait::async_trait;
use std::path::Path;

/// An EU or TNG gateway.
#[derive(Debug)]
pub struct DgcgFeed {
    id: String,
    countries: Option<Vec<Country>>,
    config: DgcgConfig,
    remote: Remote,
}

impl DgcgFeed {
    /// The feed of `dgcg`, whose files are below `data`.
    ///
    /// # Errors
    /// `configuration_invalid`, `input_output`, `internal`.
    pub fn new(config: &FeedConfig, dgcg: &DgcgConfig, data: &Path) -> Result<Self, Failure> {
        Ok(Self {
            id: config.id.clone(),
            countries: config.countries.clone(),
            remote: Remote::new(dgcg, data)?,
            config: dgcg.clone(),
        })
    }

    async fn take(&self, what: Take, at: UnixTime, fetched: &mut Fetched) -> Result<(), Failure> {
        let (remote, config) = (&self.remote, &self.config);
        match what {
            Take::Signers => trust_list::fetch(remote, config, at, fetched).await,
            Take::Revocation => revocation::fetch(remote, config, at, fetched).await,
            Take::Rules => rules::fetch(remote, self.countries.as_deref(), fetched).await,
            Take::ValueSets => lists::value_sets(remote, fetched).await,
            Take::Issuers => {
                let issuers = lists::issuers(remote, fetched).await;
                let references = match config.dialect {
                    Dialect::Eu => Ok(()),
                    Dialect::Tng => lists::references(remote, fetched).await,
                };
                issuers.and(references)
            }
        }
    }
}

#[async_trait]
impl Feed for DgcgFeed {
    fn id(&self) -> &str {
        &self.id
    }

    async fn fetch(&self, mark: &Mark, at: UnixTime) -> Result<Fetched, Failure> {
        let mut fetched = Fetched {
            mark: mark.clone(),
            ..Fetched::default()
        };
        let mut failures = Vec::new();
        for &what in Take::ALL.iter().filter(|it| self.config.take.contains(it)) {
            if let Err(failure) = self.take(what, at, &mut fetched).await {
                failures.push((what.name().to_owned(), failure));
            }
        }
        if fetched.answered.is_empty() && !failures.is_empty() {
            return Err(failures.swap_remove(0).1);
        }
        fetched.troubles.extend(failures);
        Ok(fetched)
    }
}
