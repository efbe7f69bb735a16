//! `trust list`, `explain`, `pin` and `readmit`: whom this gateway believes, why not somebody else, and who may change it.
//!
//! Refuses to pin silently: it prints the fingerprint that has to be compared, and what to write where.

use super::door::{Operator, act};
use super::operate::{Source, block_on};
use super::{Exit, show};
use crate::exchange;
use crate::failure::{Code, Failure};
use crate::model::{Country, Kid, Thumbprint, UnixTime};
use crate::server::config::Config;
use crate::server::gateway::foreign::FeedStatus;
use crate::server::gateway::{Clock, Gateway, World, feeds};
use crate::server::{files, http};
use crate::trust::{Dsc, Refusal};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// Arguments of `trust`.
#[derive(Args)]
pub(super) struct Trust {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Every signer in force.
    List {
        #[command(flatten)]
        source: Source,
        /// Print it as `GET /v1/trust` does.
        #[arg(long)]
        json: bool,
    },
    /// Why certificates of a signer or a country are believed or not.
    Explain {
        /// A key identifier in Base64, or a country.
        what: String,
        #[command(flatten)]
        source: Source,
    },
    /// Keep an anchor's certificate, or a public key, beside the fingerprints in `feeds.toml`.
    Pin {
        /// The certificate or public key, PEM or DER.
        file: PathBuf,
        #[command(flatten)]
        source: Source,
    },
    /// Ask that a signer may come back that its feed had withdrawn; another operator approves.
    Readmit {
        /// SHA-256 over its certificate, in hexadecimal.
        thumbprint: String,
        /// The feed.
        #[arg(long)]
        feed: String,
        #[command(flatten)]
        operator: Operator,
    },
}

impl Trust {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self.verb {
            Verb::List { source, json } => list(&source.config()?, json),
            Verb::Explain { what, source } => explain(&source.config()?, &what),
            Verb::Pin { file, source } => pin(&source.config()?, &file),
            Verb::Readmit {
                thumbprint,
                feed,
                operator,
            } => {
                let members =
                    json!({ "feed": feed, "thumbprint": thumbprint.to_ascii_lowercase() });
                let act = act("signer.readmit", &members)?;
                let door = operator.door()?;
                block_on(door.ask_for(&act))
            }
        }
    }
}

fn list(config: &Config, json: bool) -> Result<Exit, Failure> {
    let gateway = block_on(Gateway::open_with_records(config, Clock::System))?;
    let world = gateway.world();
    if json {
        show::json(&http::trust_list(&world))?;
        return Ok(Exit::Success);
    }
    for dsc in world.snapshot.trust().signers() {
        show::line(&row(dsc, gateway.clock().now()))?;
    }
    let (signers, refused) = (
        world.snapshot.trust().signers().len(),
        world.report.refused.len(),
    );
    show::note(&format!(
        "{signers} signers, {refused} entries refused; `trust explain` says why"
    ));
    Ok(Exit::Success)
}

fn row(dsc: &Dsc, now: UnixTime) -> String {
    let countries: Vec<_> = dsc.countries.iter().map(ToString::to_string).collect();
    let state = if dsc.validity.not_after < now {
        "expired"
    } else {
        "until"
    };
    format!(
        "{:<12}  {:<5}  {state:<7} {}  {:<13}  {}",
        dsc.kid.to_string(),
        countries.join(","),
        dsc.validity.not_after.date(),
        dsc.assurance.name(),
        dsc.sources.join(","),
    )
}

fn explain(config: &Config, what: &str) -> Result<Exit, Failure> {
    let gateway = block_on(Gateway::open_with_records(config, Clock::System))?;
    let world = gateway.world();
    let now = gateway.clock().now();
    let status = gateway
        .foreign()
        .status(&world.snapshot, &world.report, now);
    let known = match Country::parse(&what.to_ascii_uppercase()) {
        Some(country) => of_country(&gateway, &world, country)?,
        None => of_kid(&gateway, &world, what)?,
    };
    ages(&gateway, &world, &status)?;
    Ok(if known { Exit::Success } else { Exit::Reject })
}

fn of_kid(gateway: &Arc<Gateway>, world: &World, text: &str) -> Result<bool, Failure> {
    let bytes = BASE64_STANDARD.decode(text).ok();
    let kid = bytes
        .and_then(|bytes| Kid::from_bytes(&bytes))
        .ok_or_else(|| {
            Code::RequestInvalid.because("neither a country nor a key identifier in Base64")
        })?;
    let now = gateway.clock().now();
    let mut known = false;
    for dsc in world.snapshot.trust().candidates(&kid) {
        known = true;
        show::line(&row(dsc, now))?;
        if let Err(code) = &dsc.key {
            show::line(&format!("  its key is of no use: {}", code.name()))?;
        }
        if dsc.validity.not_after < now {
            show::line("  expired: what it signed is answered with signer_expired")?;
        }
    }
    let refused = world
        .report
        .refused
        .iter()
        .filter(|it| it.kid.as_ref() == Some(&kid));
    for refusal in refused {
        show::line(&refused_row(refusal))?;
    }
    if !known {
        show::line(&format!(
            "{kid}: not in the trust list; what it signed is answered with unknown_signer"
        ))?;
    }
    Ok(known)
}

fn of_country(gateway: &Arc<Gateway>, world: &World, country: Country) -> Result<bool, Failure> {
    let now = gateway.clock().now();
    let signers = world.snapshot.trust().signers().iter();
    let own: Vec<_> = signers
        .filter(|dsc| dsc.countries.contains(&country))
        .collect();
    let expired = own
        .iter()
        .filter(|dsc| dsc.validity.not_after < now)
        .count();
    let usable = own.iter().filter(|dsc| dsc.key.is_ok()).count();
    show::line(&format!(
        "{country}: {} signers, of which {expired} have expired and {usable} have usable keys",
        own.len()
    ))?;
    for dsc in &own {
        show::line(&row(dsc, now))?;
    }
    // A refusal names no country of its own; its place, its key identifier or its reason does.
    let name = country.to_string();
    let mentions = |text: &str| {
        text.split(|letter: char| !letter.is_ascii_alphanumeric())
            .any(|it| it == name)
    };
    let alpha3 = country.alpha3().unwrap_or_default();
    let refused = world.report.refused.iter();
    let refused: Vec<_> = refused
        .filter(|it| {
            mentions(&it.detail) || it.place.document.split(':').any(|part| part == alpha3)
        })
        .collect();
    for refusal in &refused {
        show::line(&refused_row(refusal))?;
    }
    Ok(own.len() > expired)
}

fn refused_row(refusal: &Refusal) -> String {
    let Refusal {
        source,
        place,
        code,
        detail,
        ..
    } = refusal;
    format!("  refused by {source}: {place}: {} ({detail})", code.name())
}

/// Which sources are too old, and which could not be reached: they explain what a list does not.
fn ages(gateway: &Arc<Gateway>, world: &World, status: &[FeedStatus]) -> Result<(), Failure> {
    let now = gateway.clock().now();
    for source in world.snapshot.sources() {
        if gateway.policy().is_stale(source, now) {
            let since = match source.as_of {
                UnixTime::EPOCH => "was never read".to_owned(),
                as_of => format!("is from {as_of}"),
            };
            show::line(&format!(
                "  source {} {since}: its signers are answered with trust_list_stale",
                source.id
            ))?;
        }
    }
    for feed in status {
        if let Some(failure) = &feed.attempts.failure {
            show::line(&format!("  feed {} does not answer: {failure}", feed.id))?;
        }
        for (place, code, detail) in feed.left_out.iter().take(MAX_SHOWN) {
            show::line(&format!(
                "  feed {} left out {place}: {code} ({detail})",
                feed.id
            ))?;
        }
    }
    Ok(())
}

fn pin(config: &Config, file: &std::path::Path) -> Result<Exit, Failure> {
    let anchors = feeds::anchors(&files::read(file)?)?;
    let folder = config.data.join(feeds::ANCHORS);
    files::create_dir(&folder)?;
    for (label, der) in anchors {
        let fingerprint = Thumbprint(crate::crypto::sha256(&der));
        let pem = exchange::write_pem(label, &der);
        let path = folder.join(format!("{fingerprint}.pem"));
        files::write(&path, pem.as_bytes(), files::PUBLIC)?;
        show::line(&fingerprint.to_string())?;
        let named = config.feeds.iter().filter(|feed| feed.pins(&fingerprint));
        let named: Vec<_> = named.map(|feed| feed.id.as_str()).collect();
        if named.is_empty() {
            show::note(
                "no feed names this fingerprint: compare it with its owner's by another way, then write it into feeds.toml",
            );
        } else {
            show::note(&format!("kept for {}", named.join(", ")));
        }
    }
    Ok(Exit::Success)
}

/// RFC 7468, section 2.
/// How many rows of one kind are shown.
const MAX_SHOWN: usize = 20;
