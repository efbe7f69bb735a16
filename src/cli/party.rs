//! `party`: which countries' backends use this gateway, and which addresses it lists for them.
//!
//! Refuses to hold the trust anchor's key: what it has to sign is written out, signed on its own machine, and taken back.

mod offline;

use super::door::{Operator, act};
use super::operate::block_on;
use super::{Exit, show};
use crate::exchange::dgcg::Dialect;
use crate::failure::Failure;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand};
use offline::{Certificates, Issuer};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// What `party` can do.
#[derive(Subcommand)]
pub(super) enum Party {
    /// Let a country's backend use this gateway, in two steps: without `--signatures` it writes what the trust anchor has
    /// to sign, with it it asks that the party is added.
    Add(Box<Add>),
    /// Every party and issuer.
    List {
        #[command(flatten)]
        operator: Operator,
    },
    /// Ask that a country's backend uses this gateway no more.
    Remove {
        /// The country.
        country: String,
        #[command(flatten)]
        operator: Operator,
    },
    /// Addresses at which countries publish keys.
    #[command(subcommand)]
    Issuer(IssuerVerb),
}

/// Arguments of `party add`.
#[derive(Args)]
pub(super) struct Add {
    /// The country.
    #[arg(long)]
    country: String,
    /// Its name, for people.
    #[arg(long)]
    name: String,
    /// What it may do besides: `revocation_list_reader`, `revocation_uploader`, `revocation_deleter`.
    #[arg(long, value_delimiter = ',')]
    roles: Vec<String>,
    #[command(flatten)]
    certificates: Certificates,
    /// Where to write what is to be signed.
    #[arg(long, default_value = ".")]
    out: PathBuf,
    /// Where the signed messages are, `*.p7s`.
    #[arg(long)]
    signatures: Option<PathBuf>,
    #[command(flatten)]
    operator: Operator,
}

/// What `party issuer` can do.
#[derive(Subcommand)]
pub(super) enum IssuerVerb {
    /// List an address, in the same two steps.
    Add(Box<IssuerAdd>),
    /// Ask that an address is listed no more.
    Remove {
        /// The address.
        url: String,
        #[command(flatten)]
        operator: Operator,
    },
}

/// Arguments of `party issuer add`.
#[derive(Args)]
pub(super) struct IssuerAdd {
    #[command(flatten)]
    issuer: Issuer,
    /// Where to write what is to be signed.
    #[arg(long, default_value = ".")]
    out: PathBuf,
    /// Where the signed messages are, `issuer-eu.p7s` and `issuer-tng.p7s`, one at least.
    #[arg(long)]
    signatures: Option<PathBuf>,
    #[command(flatten)]
    operator: Operator,
}

impl Party {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Add(command) => command.run(),
            Self::List { operator } => {
                let door = operator.door()?;
                show::json(&block_on(door.get("/admin/v1/parties"))?)?;
                Ok(Exit::Success)
            }
            Self::Remove { country, operator } => {
                ask(&operator, "party.remove", &json!({ "country": country }))
            }
            Self::Issuer(IssuerVerb::Add(command)) => command.run(),
            Self::Issuer(IssuerVerb::Remove { url, operator }) => {
                ask(&operator, "issuer.remove", &json!({ "url": url }))
            }
        }
    }
}

impl Add {
    fn run(&self) -> Result<Exit, Failure> {
        let certificates = self.certificates.read(&self.country)?;
        let Some(folder) = &self.signatures else {
            for certificate in &certificates {
                certificate.write(&self.out)?;
            }
            show::note("then the same command again, with --signatures");
            return Ok(Exit::Success);
        };
        let mut rows = Vec::new();
        for certificate in &certificates {
            let signature = certificate.signature(folder)?;
            rows.push(json!({
                "type": certificate.role.name(),
                "certificate": BASE64_STANDARD.encode(&certificate.der),
                "signature": BASE64_STANDARD.encode(signature),
            }));
        }
        let members = json!({
            "country": self.country,
            "name": self.name,
            "roles": self.roles,
            "certificates": rows,
        });
        ask(&self.operator, "party.add", &members)
    }
}

impl IssuerAdd {
    fn run(&self) -> Result<Exit, Failure> {
        let Some(folder) = &self.signatures else {
            self.issuer.write(&self.out)?;
            show::note("then the same command again, with --signatures");
            return Ok(Exit::Success);
        };
        let mut members = self.issuer.members();
        for (dialect, signature) in self.issuer.signatures(folder)? {
            let name = match dialect {
                Dialect::Eu => "signature_eu",
                Dialect::Tng => "signature_tng",
            };
            members.insert(name.to_owned(), json!(BASE64_STANDARD.encode(signature)));
        }
        ask(&self.operator, "issuer.add", &Value::Object(members))
    }
}

fn ask(operator: &Operator, name: &str, members: &Value) -> Result<Exit, Failure> {
    let act = act(name, members)?;
    let door = operator.door()?;
    block_on(door.ask_for(&act))
}

impl Issuer {
    fn members(&self) -> Map<String, Value> {
        let pairs = [
            ("url", &self.url),
            ("type", &self.kind),
            ("country", &self.country),
            ("name", &self.name),
            ("domain", &self.domain),
        ];
        let members = pairs.map(|(name, value)| (name.to_owned(), json!(value)));
        members.into_iter().collect()
    }
}
