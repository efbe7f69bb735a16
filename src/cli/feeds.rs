//! `feeds status` and `feeds sync`: how foreign sources stand, and asking one now.
//!
//! Refuses to hide what is missing: whatever was left out or refused is counted here and told by `trust explain`. Asking goes
//! through the gateway, as an operator.

use super::door::{Operator, act, plain};
use super::operate::{Source, block_on};
use super::{Exit, show};
use crate::failure::Failure;
use crate::model::UnixTime;
use crate::server::config::Config;
use crate::server::gateway::foreign::FeedStatus;
use crate::server::gateway::{Clock, Gateway};
use crate::server::http;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Arguments of `feeds`.
#[derive(Args)]
pub(super) struct Feeds {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// How every foreign feed stands.
    Status {
        #[command(flatten)]
        source: Source,
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ask a feed now.
    Sync {
        /// The feed's id.
        id: String,
        /// Have it believed once though it says much less, or something older, than before; another operator approves.
        #[arg(long)]
        accept: bool,
        #[command(flatten)]
        operator: Operator,
    },
}

impl Feeds {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self.verb {
            Verb::Status { source, json } => status(&source.config()?, json),
            Verb::Sync {
                id,
                accept,
                operator,
            } => sync(&operator, &id, accept),
        }
    }
}

fn status(config: &Config, json: bool) -> Result<Exit, Failure> {
    let gateway = block_on(Gateway::open_with_records(config, Clock::System))?;
    let world = gateway.world();
    let now = gateway.clock().now();
    let foreign = gateway.foreign();
    let feeds = foreign.status(&world.snapshot, &world.report, now);
    if let Some(failure) = foreign.incomplete() {
        show::note(&format!("nothing of the store is believed: {failure}"));
    }
    if json {
        drop(foreign);
        show::json(&http::feeds_status(&gateway))?;
        return Ok(Exit::Success);
    }
    for feed in &feeds {
        let (as_of, revocation_as_of) = (shown(feed.as_of), shown(feed.revocation_as_of));
        show::line(&format!(
            "{}: {} signers ({} expired), {} refused, {} certificates revoked; as of {as_of}, revocations {revocation_as_of}; {} other documents hold",
            feed.id,
            feed.admitted,
            feed.expired,
            feed.refused.len(),
            feed.revoked.0,
            feed.documents,
        ))?;
        for (code, count) in reasons(feed) {
            show::line(&format!("  refused {count}: {code}"))?;
        }
        for refusal in feed.refused.iter().take(MAX_SHOWN) {
            let (place, code, detail) = (&refusal.place, refusal.code.name(), &refusal.detail);
            show::line(&format!("    {place}: {code} ({detail})"))?;
        }
        for (place, code, detail) in feed.left_out.iter().take(MAX_SHOWN) {
            show::line(&format!("  left out {place}: {code} ({detail})"))?;
        }
        if let Some(failure) = &feed.attempts.failure {
            show::line(&format!(
                "  does not answer, {} times now: {failure}",
                feed.attempts.failed
            ))?;
        }
    }
    if feeds.is_empty() {
        show::note("no foreign feed is enabled; see trust-lists/README.md");
    }
    Ok(Exit::Success)
}

fn reasons(feed: &FeedStatus) -> BTreeMap<&'static str, usize> {
    let mut reasons = BTreeMap::new();
    for refusal in &feed.refused {
        *reasons.entry(refusal.code.name()).or_default() += 1;
    }
    reasons
}

fn shown(at: Option<UnixTime>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.to_string())
}

/// Says what a feed answered, as the gateway tells it.
pub(super) fn answered(feed: &Value) -> Result<Exit, Failure> {
    let text = |name: &str| feed.get(name).and_then(Value::as_str).unwrap_or_default();
    let count = |name: &str| feed.get(name).and_then(Value::as_u64).unwrap_or_default();
    match text("state") {
        "kept" => {}
        "failed" => {
            show::note(&format!("{}: {}", text("code"), text("detail")));
            return Ok(Exit::InputOutput);
        }
        _ => {
            show::note("another node is asking this feed now");
            return Ok(Exit::Indeterminate);
        }
    }
    show::line(&format!(
        "{} added, {} withdrawn, {} as before, {} left out",
        count("added"),
        count("withdrawn"),
        count("repeated"),
        count("left_out")
    ))?;
    let first = feed.get("left_out_first").and_then(Value::as_array);
    for row in first.into_iter().flatten() {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let (place, code, detail) = (text("place"), text("code"), text("detail"));
        show::line(&format!("  left out {place}: {code}: {detail}"))?;
    }
    Ok(if count("left_out") == 0 {
        Exit::Success
    } else {
        Exit::Reject
    })
}

fn sync(operator: &Operator, id: &str, accept: bool) -> Result<Exit, Failure> {
    let door = operator.door()?;
    if accept {
        let act = act("feed.accept_less", &json!({ "feed": id }))?;
        return block_on(door.ask_for(&act));
    }
    let path = format!("/admin/v1/feeds/{}/sync", plain(id)?);
    answered(&block_on(door.post(&path, &json!({})))?)
}

/// How many rows of one kind are shown.
const MAX_SHOWN: usize = 20;
