//! `revoke`: withdraw certificates that were issued here, and take a withdrawal back.
//!
//! Refuses to guess: what is selected is counted first with `--preview`, and more than an operator may do alone waits for
//! another's approval.

use super::door::{Door, Operator, plain};
use super::operate::block_on;
use super::{Exit, input, show};
use crate::failure::{Code, Failure};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Arguments of `revoke`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Revoke {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    selected: Selected,
    /// Why: `entered_in_error`, `fraud`, `key_compromised`, `holder_request`, `lot_recalled` or `other`.
    #[arg(long)]
    reason: Option<String>,
    /// Only count what would be withdrawn.
    #[arg(long)]
    preview: bool,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Subcommand)]
enum Verb {
    /// Take a withdrawal back.
    Undo {
        /// Its id.
        id: String,
        #[command(flatten)]
        operator: Operator,
    },
    /// The newest withdrawals.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        operator: Operator,
    },
}

/// Which certificates: those for which everything that is given holds.
#[derive(Args)]
struct Selected {
    /// The one with this identifier.
    #[arg(long)]
    uvci: Option<String>,
    /// The one whose QR text is in this file; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    qr: Option<PathBuf>,
    /// Those of events that this operator entered.
    #[arg(long = "operator", value_name = "ID")]
    entered_by: Option<String>,
    /// Those of events that this operator handed in.
    #[arg(long, value_name = "ID")]
    submitted_by: Option<String>,
    /// Those of this facility.
    #[arg(long, value_name = "CODE")]
    facility: Option<String>,
    /// Those of this lot.
    #[arg(long)]
    lot: Option<String>,
    /// Those of this import.
    #[arg(long)]
    batch: Option<String>,
    /// Those signed under this key identifier, Base64.
    #[arg(long)]
    kid: Option<String>,
    /// Those issued at or after this instant, RFC 3339.
    #[arg(long)]
    from: Option<String>,
    /// Those issued before this instant, RFC 3339.
    #[arg(long)]
    to: Option<String>,
}

impl Selected {
    fn selector(&self) -> Result<Value, Failure> {
        let qr = self.qr.as_deref().map(input::file).transpose()?;
        let members = [
            ("uvci", &self.uvci),
            ("qr", &qr),
            ("operator", &self.entered_by),
            ("submitted_by", &self.submitted_by),
            ("facility", &self.facility),
            ("lot", &self.lot),
            ("batch", &self.batch),
            ("kid", &self.kid),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let given = members.into_iter().filter_map(|(name, text)| {
            let text = text.as_ref()?;
            Some((name.to_owned(), Value::from(text.trim())))
        });
        let given: Map<_, _> = given.collect();
        if given.is_empty() {
            let reason = "say which: --uvci, --qr, --operator, --submitted-by, --facility, --lot, --batch, --kid, --from, --to";
            return Err(Code::RequestInvalid.because(reason));
        }
        Ok(Value::Object(given))
    }
}

impl Revoke {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self.verb {
            Some(Verb::Undo { id, operator }) => {
                let path = format!("/admin/v1/revocations/{}/undo", plain(&id)?);
                let answer = block_on(operator.door()?.post(&path, &json!({})))?;
                told(&answer)
            }
            Some(Verb::List { json, operator }) => list(&operator.door()?, json),
            None => {
                let mut body = json!({ "selector": self.selected.selector()? });
                if let Some(body) = body.as_object_mut() {
                    body.extend(
                        self.reason
                            .map(|reason| ("reason".to_owned(), reason.into())),
                    );
                    body.insert("preview".to_owned(), self.preview.into());
                }
                let door = self.operator.door()?;
                let answer = block_on(door.post("/admin/v1/revocations", &body))?;
                if self.preview || self.json {
                    show::json(&answer)?;
                    return Ok(Exit::Success);
                }
                told(&answer)
            }
        }
    }
}

/// What asking came to.
fn told(answer: &Value) -> Result<Exit, Failure> {
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    let count = answer.get("certificates").and_then(Value::as_u64);
    if text("state") == "waits" {
        show::json(answer.get("preview").unwrap_or(&Value::Null))?;
        show::line(&format!("request {}", text("id")))?;
        show::line(&format!("hash {}", text("hash")))?;
        show::note(&format!(
            "it is more than one operator may do alone in a day, and waits until {} for another: lintas approvals approve {}",
            text("expires"),
            text("id")
        ));
        return Ok(Exit::Success);
    }
    let (state, id) = (text("state"), text("id"));
    show::line(&format!(
        "{} certificates are {state}",
        count.unwrap_or_default()
    ))?;
    show::line(&format!("withdrawal {id}"))?;
    Ok(Exit::Success)
}

fn list(door: &Door, as_json: bool) -> Result<Exit, Failure> {
    let shown = block_on(door.get("/admin/v1/revocations"))?;
    if as_json {
        show::json(&shown)?;
        return Ok(Exit::Success);
    }
    let rows = shown.get("withdrawals").and_then(Value::as_array);
    for row in rows.into_iter().flatten() {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let count = row.get("certificates").and_then(Value::as_u64);
        let undone = row.get("undone").is_some_and(|undone| !undone.is_null());
        let state = if undone { "taken back" } else { "in force" };
        show::line(&format!(
            "{} {}: {} certificates, {} by {}, {state}",
            text("id"),
            text("at"),
            count.unwrap_or_default(),
            text("reason"),
            text("by")
        ))?;
    }
    Ok(Exit::Success)
}
