//! `approvals`: what other operators ask for, and the second operator's word on it.
//!
//! Refuses to sign a hash that somebody else computed: it is made here, of what is shown.

use super::door::Operator;
use super::operate::block_on;
use super::{Exit, show};
use crate::crypto::sha256;
use crate::exchange::dgcg::{read_message, write_message};
use crate::exchange::read_policy_set;
use crate::failure::{Code, Failure};
use crate::model::Thumbprint;
use crate::server::gateway::registry::{Act, Request, RequestState, signed_bytes};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Subcommand;
use serde_json::{Value, json};

/// What `approvals` can do.
#[derive(Subcommand)]
pub(super) enum Approvals {
    /// Requests, the newest first.
    List {
        /// Only those that are open, approved, refused or expired.
        #[arg(long)]
        state: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        operator: Operator,
    },
    /// One request: who asks for what, and what it would change.
    Show {
        /// The request.
        id: String,
        #[command(flatten)]
        operator: Operator,
    },
    /// Sign a request of another operator, and have it done.
    Approve {
        /// The request.
        id: String,
        /// The hash that `show` printed: nothing else is signed then.
        #[arg(long)]
        hash: Option<String>,
        #[command(flatten)]
        operator: Operator,
    },
    /// Refuse a request, or take back one of your own.
    Refuse {
        /// The request.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        operator: Operator,
    },
}

impl Approvals {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::List {
                state,
                json,
                operator,
            } => list(&operator, state.as_deref(), json),
            Self::Show { id, operator } => {
                let door = operator.door()?;
                let (request, hash, shown) = block_on(door.request(&id))?;
                tell(&request, &hash)?;
                let state = shown.get("state").and_then(Value::as_str);
                show::line(&format!("state {}", state.unwrap_or_default()))?;
                Ok(Exit::Success)
            }
            Self::Approve { id, hash, operator } => approve(&operator, &id, hash.as_deref()),
            Self::Refuse {
                id,
                reason,
                operator,
            } => {
                let door = operator.door()?;
                let path = format!("/admin/v1/requests/{}/refuse", super::door::plain(&id)?);
                block_on(door.post(&path, &json!({ "reason": reason })))?;
                show::line(&format!("{id} is refused"))?;
                Ok(Exit::Success)
            }
        }
    }
}

fn list(operator: &Operator, state: Option<&str>, as_json: bool) -> Result<Exit, Failure> {
    let path = match state {
        None => "/admin/v1/requests".to_owned(),
        Some(name) => {
            let unknown =
                || Code::RequestInvalid.because("a state is open, approved, refused or expired");
            let state = RequestState::parse(name).ok_or_else(unknown)?;
            format!("/admin/v1/requests?state={}", state.name())
        }
    };
    let shown = block_on(operator.door()?.get(&path))?;
    if as_json {
        show::json(&shown)?;
        return Ok(Exit::Success);
    }
    let rows = shown.get("requests").and_then(Value::as_array);
    for row in rows.into_iter().flatten() {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        show::line(&format!(
            "{} {}: {} asked for {} at {}",
            text("id"),
            text("state"),
            text("asked_by"),
            text("act"),
            text("asked_at")
        ))?;
    }
    Ok(Exit::Success)
}

fn approve(operator: &Operator, id: &str, expected: Option<&str>) -> Result<Exit, Failure> {
    let door = operator.door()?;
    let approved = block_on(async {
        let (request, hash, _) = door.request(id).await?;
        tell(&request, &hash)?;
        if expected.is_some_and(|expected| !expected.eq_ignore_ascii_case(&hash)) {
            let reason = "the request is another one than that with the hash you name";
            return Err(Code::ApprovalOutdated.because(reason));
        }
        if request.id != id {
            return Err(Code::UpstreamInvalid.because("the gateway shows another request"));
        }
        let signature = BASE64_STANDARD.encode(door.key.sign(&signed_bytes(&hash))?);
        let path = format!("/admin/v1/requests/{id}/approve");
        door.post(&path, &json!({ "signature": signature })).await
    })?;
    show::line(&format!("{id} is approved and done"))?;
    match approved.get("feed").filter(|feed| !feed.is_null()) {
        None => Ok(Exit::Success),
        Some(feed) => super::feeds::answered(feed),
    }
}

/// An act as people can read it: of a policy set, what it is called and SHA-256 over it, as `rules check` prints it, computed
/// here.
fn shown(act: &Act) -> Result<Value, Failure> {
    let mut shown = act.to_json();
    if let Act::PolicyActivate { message, .. } = act {
        let message = read_message(write_message(message).as_bytes())?;
        let set = read_policy_set(message.content.as_deref().unwrap_or_default())?;
        let told = json!({
            "policy": super::rules::named(&set), "sha256": base16ct::lower::encode_string(set.digest()),
        });
        shown
            .as_object_mut()
            .and_then(|act| act.insert("message".to_owned(), told));
    }
    Ok(shown)
}

/// What a request asks for, as it is signed.
fn tell(request: &Request, hash: &str) -> Result<(), Failure> {
    let asked = format!("{} asked at {} for", request.asked_by, request.asked_at);
    show::line(&asked)?;
    show::json(&shown(&request.act)?)?;
    for der in request.act.certificates() {
        let fingerprint = Thumbprint(sha256(der));
        show::line(&format!("with certificate {fingerprint}"))?;
    }
    show::line("which changes")?;
    show::json(&request.preview)?;
    show::line(&format!("hash {hash}"))
}
