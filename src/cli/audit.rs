//! `audit`: look at the audit, and hold it against the heads that were signed outside the database.
//!
//! Refuses to change a row or a head.

use super::door::Operator;
use super::operate::{self, Source};
use super::{Exit, show};
use crate::failure::{Code, Failure};
use crate::model::UnixTime;
use crate::server::store::{self, AuditRow, Heads, Store};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::sync::Arc;

/// What `audit` can do.
#[derive(Subcommand)]
pub(super) enum Audit {
    /// Name every row that is missing or was altered, and every head that does not fit.
    Verify(Verify),
    /// Show the last rows.
    Show(Show),
    /// Write all rows and all signed heads, one JSON object a line.
    Export(Export),
    /// The report on a breach: what was issued, withdrawn and approved in a span of time, through the gateway.
    Report(Report),
}

/// Arguments of `audit report`.
#[derive(Args)]
pub(super) struct Report {
    /// The first instant, RFC 3339.
    #[arg(long)]
    from: String,
    /// The instant behind the last, RFC 3339.
    #[arg(long)]
    to: String,
    /// As JSON, with every certificate.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    operator: Operator,
}

/// Arguments of `audit verify`.
#[derive(Args)]
pub(super) struct Verify {
    #[command(flatten)]
    source: Source,
}

/// Arguments of `audit show`.
#[derive(Args)]
pub(super) struct Show {
    #[command(flatten)]
    source: Source,
    /// How many rows.
    #[arg(long, default_value_t = 20)]
    last: u32,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Arguments of `audit export`.
#[derive(Args)]
pub(super) struct Export {
    #[command(flatten)]
    source: Source,
}

impl Audit {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Verify(command) => command.run(),
            Self::Show(command) => command.run(),
            Self::Export(command) => command.run(),
            Self::Report(command) => command.run(),
        }
    }
}

impl Verify {
    fn run(self) -> Result<Exit, Failure> {
        let report = with_store(&self.source, async |store, heads| {
            store::verify_audit(store.as_ref(), &heads).await
        })?;
        for finding in &report.findings {
            show::line(finding)?;
        }
        let (rows, heads) = (report.rows, report.heads);
        show::line(&format!("{rows} rows, {heads} signed heads"))?;
        Ok(if report.findings.is_empty() {
            Exit::Success
        } else {
            Exit::Reject
        })
    }
}

impl Show {
    fn run(self) -> Result<Exit, Failure> {
        let last = self.last.min(MAX_SHOWN);
        let rows = with_store(&self.source, async |store, _| {
            let head = store.audit_head().await?.sequence;
            let after = head.saturating_sub(u64::from(last));
            store.audit_rows(after, last).await
        })?;
        if self.json {
            show::json(&rows.iter().map(object).collect())?;
            return Ok(Exit::Success);
        }
        for row in &rows {
            let it = &row.event;
            show::line(&format!(
                "{} {} {} {} {}: {}",
                row.sequence, it.at, it.actor, it.event, it.subject, it.detail
            ))?;
        }
        Ok(Exit::Success)
    }
}

impl Export {
    fn run(self) -> Result<Exit, Failure> {
        with_store(&self.source, async |store, heads| {
            let mut after = 0;
            loop {
                let page = store.audit_rows(after, PAGE).await?;
                let Some(last) = page.last() else {
                    break;
                };
                after = last.sequence;
                for row in &page {
                    show::line(&show::escaped(&object(row).to_string()))?;
                }
            }
            for line in heads.lines()? {
                let head: Value = serde_json::from_str(&line?).map_err(|error| {
                    Code::InputOutput.caused_by("a signed head cannot be read", error)
                })?;
                show::line(&show::escaped(&json!({ "head": head }).to_string()))?;
            }
            Ok(())
        })?;
        Ok(Exit::Success)
    }
}

impl Report {
    fn run(self) -> Result<Exit, Failure> {
        // As the gateway writes instants, so that nothing has to be escaped.
        let instant = |text: &str| {
            let odd = || Code::RequestInvalid.because("an instant is RFC 3339 with a zone");
            UnixTime::parse(text).ok_or_else(odd)
        };
        let (from, to) = (instant(&self.from)?, instant(&self.to)?);
        let path = format!("/admin/v1/audit/report?from={from}&to={to}");
        let report = operate::block_on(self.operator.door()?.get(&path))?;
        if self.json {
            show::json(&report)?;
        } else {
            lines(&report)
                .iter()
                .try_for_each(|line| show::line(line))?;
        }
        Ok(Exit::Success)
    }
}

/// The report on a breach as lines of text, without the certificates.
fn lines(report: &Value) -> Vec<String> {
    let text = |of: &Value, name: &str| match of.get(name) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".to_owned(),
        Some(other) => other.to_string(),
    };
    let rows = |of: &Value, name: &str| {
        let rows = of.get(name).and_then(Value::as_array);
        rows.cloned().unwrap_or_default()
    };
    let null = Value::Null;
    let issued = report.get("issued").unwrap_or(&null);
    let mut lines = vec![
        format!("from {} to {}", text(report, "from"), text(report, "to")),
        format!(
            "{} certificates issued, {} of them withdrawn now",
            text(issued, "count"),
            text(issued, "withdrawn")
        ),
    ];
    lines.extend(rows(issued, "parts").iter().map(|part| {
        format!(
            "  entered by {} at facility {}, handed in by {}: {} certificates, {} withdrawn",
            text(part, "operator"),
            text(part, "facility"),
            text(part, "submitted_by"),
            text(part, "certificates"),
            text(part, "withdrawn")
        )
    }));
    lines.push("withdrawals:".to_owned());
    lines.extend(rows(report, "withdrawals").iter().map(|it| {
        let undone = it.get("undone").filter(|undone| !undone.is_null());
        let undone = undone.map(|undone| {
            format!(
                "; taken back by {} at {}",
                text(undone, "by"),
                text(undone, "at")
            )
        });
        format!(
            "  {} {}: {} certificates, {}, by {}, approved by {}, selector {}{}",
            text(it, "at"),
            text(it, "id"),
            text(it, "certificates"),
            text(it, "reason"),
            text(it, "by"),
            text(it, "approved_by"),
            text(it, "selector"),
            undone.unwrap_or_default()
        )
    }));
    lines.push("requests and approvals:".to_owned());
    lines.extend(rows(report, "approvals").iter().map(|it| {
        let decision = it.get("decision").filter(|decision| !decision.is_null());
        let decision = decision.map_or_else(
            || "not decided".to_owned(),
            |decision| {
                format!(
                    "{} by {} at {}",
                    text(decision, "decision"),
                    text(decision, "by"),
                    text(decision, "at")
                )
            },
        );
        format!(
            "  {} {} asked for by {} at {}: {decision}",
            text(it, "id"),
            text(it, "act"),
            text(it, "asked_by"),
            text(it, "asked_at")
        )
    }));
    lines.push("certificates seen that the register does not know:".to_owned());
    lines.extend(rows(report, "unlogged_seen").iter().map(|it| {
        format!(
            "  {} signer {}: {}",
            text(it, "at"),
            text(it, "kid"),
            text(it, "detail")
        )
    }));
    lines.push("audit:".to_owned());
    lines.extend(rows(report, "audit").iter().map(|it| {
        format!(
            "  {} {} by {}",
            text(it, "count"),
            text(it, "event"),
            text(it, "actor")
        )
    }));
    lines
}

fn with_store<T>(
    source: &Source,
    work: impl AsyncFnOnce(Arc<dyn Store>, Heads) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let config = source.config()?;
    operate::block_on(async {
        let heads = Heads::open(&config.data)?;
        let store = store::open(&config.store, &config.data).await?;
        let done = work(Arc::clone(&store), heads).await;
        store.close().await;
        done
    })
}

fn object(row: &AuditRow) -> Value {
    let it = &row.event;
    json!({
        "sequence": row.sequence,
        "at": it.at.to_string(),
        "actor": it.actor,
        "event": it.event,
        "subject": it.subject,
        "detail": it.detail,
        "hash": base16ct::lower::encode_string(&row.hash),
    })
}

const MAX_SHOWN: u32 = 10_000;
const PAGE: u32 = 1000;
