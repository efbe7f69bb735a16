//! `migrate` and `store`: work on the database, for whoever operates it.
//!
//! Refuses passwords as arguments, which every process on the machine could read: a URL that has one comes from a file.

use super::operate::{self, Source};
use super::{Exit, show};
use crate::failure::{Code, Failure};
use crate::server::files;
use crate::server::gateway::{Clock, forget_marks};
use crate::server::store;
use crate::server::store::issuing::Survey;
use clap::{Args, Subcommand};
use std::path::Path;
use zeroize::Zeroizing;

/// Arguments of `migrate`.
#[derive(Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    source: Source,
}

impl Migrate {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let config = self.source.config()?;
        let version = operate::block_on(store::migrate(&config.store, &config.data))?;
        show::line(&format!("The database has version {version}."))?;
        Ok(Exit::Success)
    }
}

/// What `store` can do.
#[derive(Subcommand)]
pub(super) enum Store {
    /// Say whether everything is there that this node has ever seen, and each row of issuing bears a good seal: exit code 0 if
    /// so, 1 if not.
    Check(Check),
    /// Take what is there for whole, once every source was fetched anew; this goes into the audit.
    Accept(Accept),
    /// Copy all rows, unchanged, into an empty database that has its tables.
    Copy(Copy),
}

/// Arguments of `store check`.
#[derive(Args)]
pub(super) struct Check {
    #[command(flatten)]
    source: Source,
}

/// Arguments of `store accept`.
#[derive(Args)]
pub(super) struct Accept {
    #[command(flatten)]
    source: Source,
    /// Who answers for it.
    #[arg(long)]
    actor: String,
}

/// Arguments of `store copy`.
#[derive(Args)]
pub(super) struct Copy {
    #[command(flatten)]
    source: Source,
    /// Where from: a URL without a password, or a file (mode 0600) that holds one.
    #[arg(long)]
    from: String,
    /// Where to.
    #[arg(long)]
    to: String,
}

impl Store {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Check(command) => command.run(),
            Self::Accept(command) => command.run(),
            Self::Copy(command) => command.run(),
        }
    }
}

impl Check {
    fn run(self) -> Result<Exit, Failure> {
        let config = self.source.config()?;
        let (found, survey) = operate::block_on(async {
            let store = store::open(&config.store, &config.data).await?;
            let found = store.wholeness();
            let survey = store.survey().await;
            store.close().await;
            Ok((found, survey?))
        })?;
        show::line(&found.to_string())?;
        show_survey(&survey)?;
        Ok(
            if found == store::Wholeness::Whole && survey.findings.is_empty() {
                Exit::Success
            } else {
                Exit::Reject
            },
        )
    }
}

/// What issuing keeps, where it keeps anything.
fn show_survey(survey: &Survey) -> Result<(), Failure> {
    if *survey != Survey::default() {
        show::line(&format!(
            "issuing: {} versions of events, {} waiting, {} certificates, {} to be fetched, {} claims for a second answer, \
             {} answers kept",
            survey.events,
            survey.waiting,
            survey.certificates,
            survey.held,
            survey.receipts,
            survey.answers
        ))?;
    }
    for finding in &survey.findings {
        show::line(finding)?;
    }
    Ok(())
}

impl Accept {
    fn run(self) -> Result<Exit, Failure> {
        let config = self.source.config()?;
        let head = operate::block_on(async {
            let store = store::open(&config.store, &config.data).await?;
            if store.wholeness() == store::Wholeness::Whole {
                store.close().await;
                return Err(
                    Code::RequestInvalid.because("the store is whole: nothing is to be accepted")
                );
            }
            let head = store.accept(&self.actor, Clock::System.now()).await;
            store.close().await;
            head
        })?;
        forget_marks(&config.data)?;
        show::line(&format!(
            "Accepted up to record {}. Every feed is asked for everything now; until each has answered, nothing is issued.",
            head.sequence
        ))?;
        Ok(Exit::Success)
    }
}

impl Copy {
    fn run(self) -> Result<Exit, Failure> {
        let data = self.source.config()?.data;
        let (from, to) = (url(&self.from)?, url(&self.to)?);
        let head = operate::block_on(store::copy(&from, &to, &data))?;
        let records = head.sequence;
        show::line(&format!(
            "Copied up to record {records}; everything was checked."
        ))?;
        Ok(Exit::Success)
    }
}

/// The URL that `text` is, or that the file of this name holds.
fn url(text: &str) -> Result<Zeroizing<String>, Failure> {
    if ["sqlite:", "postgres:", "postgresql:"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
    {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    let bytes = files::read_private(Path::new(text))?;
    let url = std::str::from_utf8(&bytes)
        .map_err(|_| Code::ConfigurationInvalid.because(format!("{text} holds no URL")))?;
    Ok(Zeroizing::new(url.trim().to_owned()))
}
