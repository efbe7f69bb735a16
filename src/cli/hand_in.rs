//! `hand-in`: signers, revocations and rules of this country, to a foreign gateway of which it is a party.
//!
//! Refuses to run without the upload key that the feed's row names; it opens neither the store nor any other key.

use super::operate::{Source, block_on};
use super::{Exit, show};
use crate::failure::{Code, Failure};
use crate::server::config::Config;
use crate::server::federation::{FeedKind, Uploader};
use crate::server::files;
use crate::server::gateway::{Clock, feeds};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// Arguments of `hand-in`.
#[derive(Args)]
pub(super) struct HandIn {
    /// The feed whose gateway it goes to.
    feed: String,
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    source: Source,
}

#[derive(Subcommand)]
enum What {
    /// A signer's certificate, PEM or DER.
    Signer {
        /// Its file.
        file: PathBuf,
        /// Take it back instead.
        #[arg(long)]
        withdraw: bool,
    },
    /// A batch of revocations, JSON; prints the id that it got.
    Batch {
        /// Its file, or with `--withdraw` its id.
        batch: String,
        /// Take it back instead.
        #[arg(long)]
        withdraw: bool,
    },
    /// A version of a rule, JSON.
    Rule {
        /// Its file, or with `--withdraw` its identifier.
        rule: String,
        /// Take back all its versions instead.
        #[arg(long)]
        withdraw: bool,
    },
}

impl HandIn {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let config = self.source.config()?;
        let uploader = uploader(&config, &self.feed)?;
        block_on(hand_in(&uploader, &self.what))?;
        Ok(Exit::Success)
    }
}

fn uploader(config: &Config, id: &str) -> Result<Uploader, Failure> {
    let mut feeds = config.feeds.iter().filter(|feed| feed.id == id);
    match feeds.next().map(|feed| &feed.kind) {
        Some(FeedKind::Dgcg(gateway)) => Uploader::open(gateway, &config.data),
        Some(FeedKind::PinnedSigner { .. } | FeedKind::DidWeb(_) | FeedKind::Folder(_)) => {
            Err(Code::RequestInvalid.because("nothing is handed in to a feed of this kind"))
        }
        None => Err(Code::NotFound.because(format!("no feed {id}"))),
    }
}

async fn hand_in(to: &Uploader, what: &What) -> Result<(), Failure> {
    let now = Clock::System.now();
    match what {
        What::Signer { file, withdraw } => {
            let der = certificate(file)?;
            if *withdraw {
                to.withdraw_signer(&der, now).await?;
                show::line("taken back")
            } else if to.signer(&der, now).await? {
                show::line("handed in")
            } else {
                show::line("it was there already")
            }
        }
        What::Batch { batch, withdraw } if *withdraw => {
            to.withdraw_batch(batch, now).await?;
            show::line("taken back")
        }
        What::Batch { batch, .. } => {
            let batch = files::read(Path::new(batch))?;
            show::line(&to.batch(&batch, now).await?)
        }
        What::Rule { rule, withdraw } if *withdraw => {
            to.withdraw_rule(rule, now).await?;
            show::line("taken back")
        }
        What::Rule { rule, .. } => {
            to.rule(&files::read(Path::new(rule))?, now).await?;
            show::line("handed in")
        }
    }
}

fn certificate(path: &Path) -> Result<Vec<u8>, Failure> {
    let anchors = feeds::anchors(&files::read(path)?)?;
    let mut certificates = anchors
        .into_iter()
        .filter(|(label, _)| *label == "CERTIFICATE");
    match (certificates.next(), certificates.next()) {
        (Some((_, der)), None) => Ok(der),
        _ => Err(Code::RequestInvalid.because("the file holds not exactly one certificate")),
    }
}
