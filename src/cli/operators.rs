//! `operators` and `clients`: who may operate the gateway, and who may use it.
//!
//! Refuses to send a token: it is drawn here, shown once, and only its hash leaves this machine.

use super::door::{Door, Operator, act};
use super::operate::block_on;
use super::{Exit, show};
use crate::crypto::sha256;
use crate::failure::{Code, Failure};
use crate::server::gateway::registry::Quota;
use crate::server::keys::certificate_of;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// What `operators` can do.
#[derive(Subcommand)]
pub(super) enum Operators {
    /// Ask that somebody becomes an operator, or gets another certificate or other roles.
    Add {
        /// How the audit will call them.
        id: String,
        /// Who that is.
        #[arg(long)]
        name: String,
        /// What they may do: operate, approve, audit, issue, correct, revoke, keys, policy.
        #[arg(long, value_delimiter = ',', required = true)]
        roles: Vec<String>,
        /// For which facilities they may hand in events and withdraw certificates, by code; `*` for all. Without it, for none.
        #[arg(long, value_delimiter = ',')]
        facilities: Vec<String>,
        /// Their certificate, PEM.
        #[arg(long)]
        certificate: PathBuf,
        #[command(flatten)]
        operator: Operator,
    },
    /// Every operator.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        operator: Operator,
    },
    /// Ask that somebody is no operator any more.
    Disable {
        /// Whom.
        id: String,
        #[command(flatten)]
        operator: Operator,
    },
}

/// What `clients` can do.
#[derive(Subcommand)]
pub(super) enum Clients {
    /// Draw a token and ask that whoever has it may ask for these scopes.
    Add {
        /// How the log will call it.
        id: String,
        /// What it may ask for: `verify:gate`, `verify:full`, `verify:simulate`, `issue`.
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// How many units it may have done in a minute at each node; one is a credential that is judged. Without it, any number.
        #[arg(long)]
        units_per_minute: Option<u32>,
        /// How many units at once after a pause; by default those of a minute.
        #[arg(long, requires = "units_per_minute")]
        burst: Option<u32>,
        #[command(flatten)]
        operator: Operator,
    },
    /// Every client that operators added.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        operator: Operator,
    },
    /// Ask that a client is let in no more.
    Disable {
        /// Which.
        id: String,
        #[command(flatten)]
        operator: Operator,
    },
}

impl Operators {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Add {
                id,
                name,
                roles,
                facilities,
                certificate,
                operator,
            } => {
                let certificate = BASE64_STANDARD.encode(certificate_of(&certificate)?);
                let members = json!({
                    "id": id, "name": name, "roles": roles, "facilities": facilities,
                    "certificate": certificate,
                });
                let act = act("operator.add", &members)?;
                let door = operator.door()?;
                block_on(door.ask_for(&act))
            }
            Self::List { json, operator } => list(&operator.door()?, "operators", json, |row| {
                let roles = match names(row, "facilities") {
                    none if none.is_empty() => names(row, "roles"),
                    places => format!("{} at {places}", names(row, "roles")),
                };
                let state = if is(row, "enabled") { "" } else { "disabled, " };
                let (id, name) = (text(row, "id"), text(row, "name"));
                let (until, fingerprint) = (text(row, "not_after"), text(row, "fingerprint"));
                format!("{id}: {name}; {state}{roles}; until {until}, {fingerprint}")
            }),
            Self::Disable { id, operator } => {
                let act = act("operator.disable", &json!({ "id": id }))?;
                let door = operator.door()?;
                block_on(door.ask_for(&act))
            }
        }
    }
}

impl Clients {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Add {
                id,
                scopes,
                units_per_minute,
                burst,
                operator,
            } => {
                let token = token()?;
                let hash = base16ct::lower::encode_string(&sha256(token.as_bytes()));
                let mut members = json!({ "id": id, "token_sha256": hash, "scopes": scopes });
                let quota = Quota {
                    units_per_minute,
                    burst,
                };
                if let (false, Some(members)) = (quota.is_none(), members.as_object_mut()) {
                    members.insert("quota".into(), json!(quota));
                }
                let act = act("client.add", &members)?;
                let door = operator.door()?;
                let exit = block_on(door.ask_for(&act))?;
                show::line(&format!("token {}", token.as_str()))?;
                show::note("the token is shown this once and counts when the request is approved");
                Ok(exit)
            }
            Self::List { json, operator } => list(&operator.door()?, "clients", json, |row| {
                let state = if is(row, "named_in_clients_toml") {
                    "clients.toml says something else of it, "
                } else if is(row, "enabled") {
                    ""
                } else {
                    "disabled, "
                };
                let quota = row.pointer("/quota/units_per_minute");
                let quota = quota.and_then(Value::as_u64);
                let quota = quota.map_or_else(String::new, |it| format!(", {it} units a minute"));
                format!(
                    "{}: {state}{}{quota}",
                    text(row, "id"),
                    names(row, "scopes")
                )
            }),
            Self::Disable { id, operator } => {
                let act = act("client.disable", &json!({ "id": id }))?;
                let door = operator.door()?;
                block_on(door.ask_for(&act))
            }
        }
    }
}

/// 32 random bytes as text.
fn token() -> Result<Zeroizing<String>, Failure> {
    let mut random = Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(random.as_mut())
        .map_err(|error| Code::Internal.caused_by("no randomness", error))?;
    Ok(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*random)))
}

fn list(
    door: &Door,
    what: &str,
    as_json: bool,
    line: impl Fn(&Value) -> String,
) -> Result<Exit, Failure> {
    let shown = block_on(door.get(&format!("/admin/v1/{what}")))?;
    if as_json {
        show::json(&shown)?;
        return Ok(Exit::Success);
    }
    let rows = shown.get(what).and_then(Value::as_array);
    for row in rows.into_iter().flatten() {
        show::line(&line(row))?;
    }
    Ok(Exit::Success)
}

fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row.get(name).and_then(Value::as_str).unwrap_or("-")
}

fn is(row: &Value, name: &str) -> bool {
    row.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn names(row: &Value, name: &str) -> String {
    let names = row.get(name).and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    names.collect::<Vec<_>>().join(",")
}
