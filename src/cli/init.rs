//! `init`: the first two operators of a gateway, and the keys under what it publishes.
//!
//! Refuses one operator alone, two with one key, and a gateway that has operators already.

use super::operate::{Source, block_on};
use super::{Exit, show};
use crate::failure::{Code, Failure};
use crate::model::Environment;
use crate::server::config::Config;
use crate::server::gateway::registry::{Operator, OperatorRole};
use crate::server::gateway::{Clock, enrol};
use crate::server::keys::{certificate_of, demo_operators, publication_keys};
use crate::server::store;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `init`.
#[derive(Args)]
pub(super) struct Init {
    /// An operator and their certificate, `ID=certificate.pem`; twice. The demo environment makes two where none is named.
    #[arg(long = "operator", value_name = "ID=PEM")]
    operators: Vec<String>,
    #[command(flatten)]
    source: Source,
}

impl Init {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let config = self.source.config()?;
        make_publication_keys(&config)?;
        self.enrol_operators(&config)?;
        Ok(Exit::Success)
    }

    fn enrol_operators(&self, config: &Config) -> Result<(), Failure> {
        let now = Clock::System.now();
        let named = self.named(config)?;
        let [one, two] = named.map(|(id, certificate)| {
            let der = certificate_of(&certificate)?;
            let operator = Operator::new(&id, &id, &OperatorRole::ALL, &der)?;
            // Outside the demonstration, whoever is to hand in events gets their facilities by an act of two operators.
            match config.environment {
                Environment::Demo => operator.at(&["*".to_owned()]),
                Environment::Test | Environment::Production => Ok(operator),
            }
        });
        let (one, two) = (one?, two?);
        block_on(async {
            let store = store::open(&config.store, &config.data).await?;
            let done = enrol::enrol(store.as_ref(), [&one, &two], now).await;
            store.close().await;
            done
        })?;
        for operator in [&one, &two] {
            let (id, fingerprint) = (&operator.id, operator.fingerprint);
            show::line(&format!("{id} {fingerprint}"))?;
        }
        show::note(
            "Compare both fingerprints with their owners'. A gateway that runs knows these operators within a second.",
        );
        if config.admin.is_none() {
            show::note("Give it a door for them, [listen] admin, and start it anew.");
        }
        Ok(())
    }

    fn named(&self, config: &Config) -> Result<[(String, PathBuf); 2], Failure> {
        if self.operators.is_empty() && config.environment == Environment::Demo {
            let made = demo_operators(&config.data, Clock::System.now())?;
            return Ok(made.map(|(id, certificate)| (id.to_owned(), certificate)));
        }
        let [one, two] = self.operators.as_slice() else {
            let reason =
                "exactly two operators are enrolled, each with --operator ID=certificate.pem";
            return Err(Code::RequestInvalid.because(reason));
        };
        let split = |text: &str| {
            let (id, path) = text.split_once('=').ok_or_else(|| {
                Code::RequestInvalid.because("an operator is named ID=certificate.pem")
            })?;
            Ok::<_, Failure>((id.to_owned(), PathBuf::from(path)))
        };
        Ok([split(one)?, split(two)?])
    }
}

/// Makes the keys under what the gateway publishes, where there are none; those that are there stay.
fn make_publication_keys(config: &Config) -> Result<(), Failure> {
    let keys = publication_keys(&config.data, config.issuer.country, Clock::System.now())?;
    for (purpose, key) in keys.all() {
        let fingerprint = key.fingerprint();
        show::note(&format!("publication key {purpose}: {fingerprint}"));
    }
    Ok(())
}
