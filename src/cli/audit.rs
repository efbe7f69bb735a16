//! `audit`: look at the audit, and hold it against the heads that were signed outside the database.
//!
//! Refuses to change a row or a head.

use super::operate::{self, Source};
use super::{Exit, show};
use crate::failure::{Code, Failure};
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
