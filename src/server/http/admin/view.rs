//! What operators are shown, as JSON.
//!
//! Refuses to show a token, of which there is only a hash, and a hash of which nobody needs to know.

use crate::model::UnixTime;
use crate::server::gateway::foreign::FeedStatus;
use crate::server::gateway::registry::{Client, Operator, Registry, Request, Verdict};
use crate::server::gateway::{Done, Gateway, Synchronised};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) fn operator(operator: &Operator) -> Value {
    json!({
        "id": operator.id,
        "name": operator.name,
        "roles": operator.roles,
        "facilities": operator.facilities,
        "fingerprint": operator.fingerprint.to_string(),
        "not_after": instant(operator.not_after()),
        "enabled": operator.enabled,
    })
}

/// A client, and whether `clients.toml` says something else of its id.
pub(super) fn client(client: &Client, in_file: bool) -> Value {
    json!({
        "id": &*client.id,
        "scopes": client.scope_names(),
        "quota": client.rate.map(|_| client.quota()),
        "enabled": client.enabled,
        "named_in_clients_toml": in_file,
    })
}

/// A request as it is signed, and how it stands.
pub(super) fn request(registry: &Registry, request: &Request, now: UnixTime) -> Value {
    json!({
        "request": request.to_json(),
        "hash": request.hash(),
        "expires": request.expires_at().to_string(),
        "state": registry.state(request, now).name(),
        "decision": decision(registry, &request.id),
    })
}

/// The same in a line of many, without what it would change.
pub(super) fn request_line(registry: &Registry, request: &Request, now: UnixTime) -> Value {
    json!({
        "id": request.id,
        "act": request.act.name(),
        "asked_by": request.asked_by,
        "asked_at": request.asked_at.to_string(),
        "hash": request.hash(),
        "expires": request.expires_at().to_string(),
        "state": registry.state(request, now).name(),
        "decision": decision(registry, &request.id),
    })
}

fn decision(registry: &Registry, id: &str) -> Option<Map<String, Value>> {
    registry.decision(id).map(|decision| {
        let mut shown = Map::new();
        shown.insert("by".into(), json!(decision.by));
        shown.insert("at".into(), json!(decision.at.to_string()));
        match &decision.verdict {
            Verdict::Approved { .. } => {}
            Verdict::Refused { reason } => {
                shown.insert("reason".into(), json!(reason));
            }
        }
        shown
    })
}

/// What an approval came to.
pub(super) fn done(done: &Done) -> Value {
    let answered = done.synchronised.as_ref().map(|kept| match kept {
        Ok(kept) => synchronised(kept),
        Err(failure) => json!({
            "state": "failed", "code": failure.code().name(), "detail": failure.detail(),
        }),
    });
    json!({
        "id": done.request.id,
        "state": "approved",
        "act": done.request.act.name(),
        "feed": answered,
    })
}

/// What asking a feed came to.
pub(super) fn synchronised(kept: &Synchronised) -> Value {
    let taken = match kept {
        Synchronised::Elsewhere => return json!({ "state": "elsewhere" }),
        Synchronised::Kept(taken) => taken,
    };
    let left_out = taken.left_out.iter().take(MAX_SHOWN).map(|(place, failure)| {
        json!({ "place": place, "code": failure.code().name(), "detail": failure.detail() })
    });
    json!({
        "state": "kept",
        "added": taken.added,
        "withdrawn": taken.withdrawn,
        "repeated": taken.repeated,
        "left_out": taken.left_out.len(),
        "left_out_first": left_out.collect::<Vec<_>>(),
    })
}

/// How every foreign feed stands, and why nothing of the store is believed where that is so.
pub(crate) fn feeds_status(gateway: &Gateway) -> Value {
    let world = gateway.world();
    let foreign = gateway.foreign();
    let feeds = foreign.status(&world.snapshot, &world.report, gateway.clock().now());
    json!({ "feeds": feeds.iter().map(feed_status).collect::<Vec<_>>() })
}

/// How a foreign feed stands.
fn feed_status(feed: &FeedStatus) -> Value {
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
    let mut reasons: BTreeMap<_, usize> = BTreeMap::new();
    for refusal in &feed.refused {
        *reasons.entry(refusal.code.name()).or_default() += 1;
    }
    json!({
        "id": feed.id,
        "as_of": feed.as_of.map(|at| at.to_string()),
        "revocation_as_of": feed.revocation_as_of.map(|at| at.to_string()),
        "admitted": feed.admitted,
        "expired": feed.expired,
        "refused": reasons,
        "refusals": refusals.collect::<Vec<_>>(),
        "revoked": feed.revoked.0,
        "batches": feed.revoked.1,
        "documents": feed.documents,
        "left_out": left_out.collect::<Vec<_>>(),
        "failed": feed.attempts.failed,
        "failure": feed.attempts.failure.as_ref().map(|failure| failure.code().name()),
    })
}

fn instant(seconds: i64) -> Option<String> {
    UnixTime::from_seconds(seconds).map(|at| at.to_string())
}

/// How many rows of one kind are shown.
const MAX_SHOWN: usize = 20;
