//! `feeds status` and `feeds sync`: how foreign sources stand, and asking one now.
//!
//! Refuses to hide what is missing: whatever was left out or refused is counted here and told by `trust explain`.

use super::operate::{Source, block_on};
use super::{Exit, show};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::config::Config;
use crate::server::gateway::foreign::FeedStatus;
use crate::server::gateway::{Clock, Gateway, Synchronised};
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
        /// Take in what is much shorter or older than before, having looked why.
        #[arg(long, requires = "actor")]
        accept: bool,
        /// Who answers for that, for the audit.
        #[arg(long)]
        actor: Option<String>,
        #[command(flatten)]
        source: Source,
    },
}

impl Feeds {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self.verb {
            Verb::Status { source, json } => status(&source.config()?, json),
            Verb::Sync {
                id,
                accept,
                actor,
                source,
            } => sync(&source.config()?, &id, actor.filter(|_| accept)),
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
        let feeds: Vec<_> = feeds.iter().map(to_json).collect();
        show::json(&json!({ "feeds": feeds }))?;
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

fn to_json(feed: &FeedStatus) -> Value {
    let left_out = feed
        .left_out
        .iter()
        .map(|(place, code, detail)| json!({ "place": place, "code": code, "detail": detail }));
    let refusals = feed.refused.iter().map(|refusal| {
        json!({
            "place": refusal.place.to_string(),
            "kid": refusal.kid.as_ref().map(ToString::to_string),
            "code": refusal.code.name(),
            "detail": refusal.detail,
        })
    });
    json!({
        "id": feed.id,
        "as_of": feed.as_of.map(|at| at.to_string()),
        "revocation_as_of": feed.revocation_as_of.map(|at| at.to_string()),
        "admitted": feed.admitted,
        "expired": feed.expired,
        "refused": reasons(feed),
        "refusals": refusals.collect::<Vec<_>>(),
        "revoked": feed.revoked.0,
        "batches": feed.revoked.1,
        "documents": feed.documents,
        "left_out": left_out.collect::<Vec<_>>(),
        "failed": feed.attempts.failed,
        "failure": feed.attempts.failure.as_ref().map(|failure| failure.code().name()),
    })
}

fn sync(config: &Config, id: &str, accepted_by: Option<String>) -> Result<Exit, Failure> {
    block_on(async {
        let gateway = Gateway::open_with_records(config, Clock::System).await?;
        let feeds = gateway.open_feeds(config)?;
        let feed = feeds
            .iter()
            .map(|(feed, _)| feed)
            .find(|feed| feed.id() == id);
        let feed =
            feed.ok_or_else(|| Code::NotFound.because(format!("no feed {id} is enabled")))?;
        if let Some(actor) = &accepted_by {
            gateway.tell(actor, "feed_less_accepted", id).await?;
        }
        let kept = gateway
            .synchronise(feed.as_ref(), accepted_by.is_some())
            .await?;
        let Synchronised::Kept(taken) = kept else {
            show::note("another node is asking this feed now");
            return Ok(Exit::Indeterminate);
        };
        show::line(&format!(
            "{id}: {} added, {} withdrawn, {} as before, {} left out",
            taken.added,
            taken.withdrawn,
            taken.repeated,
            taken.left_out.len()
        ))?;
        for (place, failure) in taken.left_out.iter().take(MAX_SHOWN) {
            show::line(&format!("  left out {place}: {failure}"))?;
        }
        Ok(if taken.left_out.is_empty() {
            Exit::Success
        } else {
            Exit::Reject
        })
    })
}

/// How many rows of one kind are shown.
const MAX_SHOWN: usize = 20;
